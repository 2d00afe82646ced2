"""The media files and the picture of an entry."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from aggregator.core.model import Enclosure
from aggregator.gather.parsers import _text, _xml
from aggregator.gather.parsers._attributes import attribute
from aggregator.gather.parsers._links import Link, deduplicate, enclosure, is_web
from aggregator.gather.parsers._plan import Plan
from aggregator.gather.parsers._xml import Context, Element, Fields

_THUMBNAIL: Final = "{*}thumbnail"
_MEDIUMS: Final = ("image", "audio", "video")


def files(
    element: Element, found: Fields, there: Plan, links: Sequence[Link], context: Context
) -> tuple[Enclosure, ...]:
    """Return the media files, each once, at most `MAX_ITEMS`."""
    linked = [link for link in links if link.rel == "enclosure"]
    base = context.base(element)
    media = [
        _file(each, base, "length") for each in found.get("enclosure", ())[: _text.MAX_ITEMS * 2]
    ]
    media += [enclosure(link.href, link.type, link.length, link.title) for link in linked]
    for each in _xml.in_order(element, found, there.groups, context.names)[: _text.MAX_ITEMS * 2]:
        if context.names[each.tag] == "media:content":
            media.append(_file(each, base, "fileSize"))
        else:
            media += [_file(inner, base, "fileSize") for inner in _contents(each)]
    return deduplicate(media)


def _contents(group: Element) -> Iterator[Element]:
    """Yield the `content` elements of a group of Media RSS."""
    for each in islice(group, _text.MAX_ITEMS * 2):
        if _xml.local(each.tag) == "content":
            yield each


def _file(element: Element, base: str, size: str) -> Enclosure:
    """Parse a media file; `medium` replaces a missing type, as in `image/*`."""
    kind = attribute(element, "type")
    medium = attribute(element, "medium").lower()
    if not kind and medium in _MEDIUMS:
        kind = f"{medium}/*"
    url = attribute(element, "url") or attribute(element, "href") or _own_address(element)
    return enclosure(_text.address(url, base), kind, attribute(element, size))


def _own_address(element: Element) -> str:
    """Return the text of an element if it is a URL, else ''."""
    text = (element.text or "").strip()
    return text if is_web(text) else ""


def picture(found: Fields, there: Plan, media: Sequence[Enclosure], base: str) -> str:
    """Return the URL of the entry's image: its own, a thumbnail, else the first image file."""
    own = _own_picture(found, there)
    if own:
        return _text.address(own, base)
    for file in media:
        if file.type.startswith("image/"):
            return file.url
    return ""


def _own_picture(found: Fields, there: Plan) -> str:
    for element in _xml.all_of(found, there.pictures):
        url = _address(element)
        if url:
            return url
    thumbs = (each for group in _xml.all_of(found, there.groups) for each in group.iter(_THUMBNAIL))
    return next(filter(None, (attribute(each, "url") for each in thumbs)), "")


def _address(element: Element) -> str:
    url = attribute(element, "href") or attribute(element, "url") or _xml.deep(element, "url")
    return (url or element.text or "").strip()
