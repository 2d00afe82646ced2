"""The metadata of a feed, or of the source of an entry → FeedInfo."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from aggregator.core.model import Author, FeedInfo
from aggregator.gather.parsers import _hints, _text, _xml
from aggregator.gather.parsers._attributes import attribute
from aggregator.gather.parsers._links import article, related
from aggregator.gather.parsers._names import RDF_ABOUT
from aggregator.gather.parsers._plan import plan
from aggregator.gather.parsers._xml import Context, Element, Fields, first

_TITLES: Final = ("title", "dc:title", "atom:title")
_PEOPLE: Final = (
    "author",
    "atom:author",
    "managingeditor",
    "dc:creator",
    "dc:author",
    "itunes:author",
)
_CHANGED: Final = ("updated", "modified", "lastbuilddate", "pubdate", "dc:date", "published")
_ICONS: Final = ("icon", "atom:icon", "logo", "atom:logo")
_IMAGES: Final = ("itunes:image", "googleplay:image")


def read(channel: Element, root: Element, context: Context) -> FeedInfo:
    """Parse a channel; the root provides an icon and a language that the channel lacks."""
    found = _xml.fields(channel, context.names)
    base = context.base(channel)
    there = plan(tuple(found))
    links = _xml.links(channel, found, there.links, context)
    guid = first(found, there.guid) or channel.get(RDF_ABOUT)
    changed = first(found, _CHANGED) or attribute(channel, "lastmod")
    people = [key for key in _PEOPLE if key in found]
    return FeedInfo(
        id=_text.cut(guid, _text.MAX_URL_CHARACTERS),
        title=_xml.plain(found, _TITLES, atom=context.atom),
        link=article(links),
        self_url=related(links, "self"),
        hub=related(links, "hub"),
        language=_language(found, channel, root),
        icon=_icon(found, root, context, base),
        rights=_xml.plain(found, there.rights, atom=context.atom),
        updated=_text.cut(changed),
        authors=authors(channel, found, people, context),
        hints=_hints.read(found),
    )


def authors(
    element: Element, found: Fields, keys: Sequence[str], context: Context
) -> tuple[Author, ...]:
    """Return the authors in the elements of these names; each name must be in `found`."""
    if not keys:
        return ()
    base = context.base(element)
    people = _xml.in_order(element, found, keys, context.names)
    return _text.authors([author(each, base) for each in people[: _text.MAX_ITEMS * 10]])


def author(element: Element, base: str) -> Author | None:
    """Parse an author: child elements as in Atom, else one line of text as in RSS."""
    if not len(element):
        return _text.person(element.text)
    parts = {_part(each.tag): each.text for each in element}
    return Author(
        name=_text.line(parts.get("name"), _text.MAX_NAME_CHARACTERS),
        email=_text.line(parts.get("email"), _text.MAX_NAME_CHARACTERS),
        url=_text.address(parts.get("uri") or parts.get("url") or parts.get("homepage"), base),
    )


@lru_cache(maxsize=64)
def _part(tag: object) -> str:
    return _xml.local(tag).lower()


def _language(found: Fields, channel: Element, root: Element) -> str:
    stated = first(found, ("language", "dc:language"))
    return _text.cut(stated or _xml.language_of(channel, root), 40)


def _icon(found: Fields, root: Element, context: Context, base: str) -> str:
    """Return the URL of the feed's icon, preferring a small image."""
    own = first(found, _ICONS)
    if own:
        return _text.address(own, base)
    outside = [each for each in root if context.names[each.tag] == "image"]  # as in RDF
    for each in [*found.get("image", ()), *outside, *_xml.all_of(found, _IMAGES)]:
        url = attribute(each, "href") or _xml.deep(each, "url") or attribute(each, "url")
        if url:
            return _text.address(url, base)
    return ""
