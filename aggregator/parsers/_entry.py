"""An entry element → RawEntry."""

from typing import Final

from aggregator.model import FeedInfo, RawEntry
from aggregator.parsers import _info, _media, _text, _xml
from aggregator.parsers._links import Link, article, is_web, related
from aggregator.parsers._names import RDF_ABOUT
from aggregator.parsers._xml import Context, Element, Fields, first

# What a field may be called, the best name first.
_TITLES: Final = ("title", "dc:title", "media:title", "itunes:title", "atom:title")
_BODIES: Final = ("content:encoded", "xhtml:body", "body", "fullitem", "content", "atom:content")
_TEXTS: Final = ("description", "summary", "abstract")
_OTHER_TEXTS: Final = (
    "dc:description",
    "atom:summary",
    "itunes:summary",
    "googleplay:description",
    "media:description",
)
_PUBLISHED: Final = ("pubdate", "published", "issued", "dcterms:issued", "atom:published")
_CREATED: Final = ("created", "dcterms:created")
_DATED: Final = ("dc:date", "dcterms:date", "date")
_UPDATED: Final = ("updated", "modified", "dcterms:modified", "atom:updated", "lastbuilddate")
_PEOPLE: Final = frozenset(
    ("author", "dc:creator", "dc:author", "atom:author", "itunes:author", "googleplay:author")
)
_KEYWORDS: Final = frozenset(("keywords", "itunes:keywords", "media:keywords"))
_FILED: Final = _KEYWORDS | frozenset(
    ("category", "dc:subject", "atom:category", "media:category", "itunes:category")
)


def read(number: int, element: Element, context: Context) -> RawEntry:
    """Read one entry element; `number` counts from 1."""
    found = _xml.fields(element, context.names)
    base = context.base(element)
    links = _xml.links(found, element, context)
    guid = _guid(found, element)
    link = _link(found, links, guid, base)
    title, is_html = _xml.title(found, _TITLES, atom=context.atom)
    bodies = [each for each in _xml.all_of(found, _BODIES) if not each.get("src")]
    published, updated = _times(found, element)
    media = _media.files(element, found, links, context)
    summary = _summary(found, atom=context.atom)
    content = _xml.as_markup(bodies, "text" if context.atom else "html")
    return RawEntry(
        where=f"entry {number}",
        guid=guid,
        link=link,
        base=_content_base(bodies or _xml.all_of(found, _TEXTS), base, link, context),
        title=title or _title_of_media(found),
        title_is_html=is_html,
        summary=summary if summary != content else "",
        content=content,
        authors=_info.authors(_xml.in_order(element, found, _PEOPLE, context.names), base),
        categories=_categories(element, found, context),
        enclosures=media,
        image=_media.picture(found, media, base),
        published=published,
        updated=updated,
        language=_language(element, found, bodies, context),
        rights=_xml.plain(found, _info.RIGHTS, atom=context.atom),
        via=_via(found, links),
        source=_source(found, context),
    )


def _guid(found: Fields, element: Element) -> str:
    own = first(found, "guid", "id", "atom:id") or element.get(RDF_ABOUT)
    return _text.cut(own or first(found, "dc:identifier"), _text.URL_MOST)


def _link(found: Fields, links: list[Link], guid: str, base: str) -> str:
    """Return the article's address: the original one, a link, or a guid that is one."""
    if "feedburner:origlink" in found:
        original = _text.address(first(found, "feedburner:origlink"))
        if is_web(original):
            return original
    link = article(links)
    if link:
        return link
    marked = found.get("guid")
    permanent = not marked or (marked[0].get("isPermaLink") or "true").lower() == "true"
    if permanent and (is_web(guid) or guid.startswith("/")):
        return _text.address(guid, base)
    outside = (_text.address(each.get("src"), base) for each in found.get("content", ()))
    return next(filter(None, outside), "")


def _title_of_media(found: Fields) -> str:
    groups = found.get("media:group", ())
    return _text.line(next((_xml.deep(group, "title") for group in groups), ""))


def _summary(found: Fields, *, atom: bool) -> str:
    """Return the short text, or all that a feed gives in its description."""
    own = _xml.as_markup(_xml.all_of(found, _TEXTS), "text" if atom else "html")
    if own:
        return own
    groups = found.get("media:group", ())
    grouped = [each for group in groups for each in group if _xml.local(each.tag) == "description"]
    return _xml.as_markup([*_xml.all_of(found, _OTHER_TEXTS), *grouped], "guess")


def _times(found: Fields, element: Element) -> tuple[str, str]:
    """Return when an entry was published and when it changed, as written."""
    published = first(found, *_PUBLISHED) or first(found, *_CREATED)
    stated = first(found, *_DATED)
    updated = first(found, *_UPDATED) or _xml.attribute(element, "lastmod")
    if not published:
        published, stated = stated, ""
    return _text.cut(published), _text.cut(updated or stated)


def _categories(element: Element, found: Fields, context: Context) -> tuple[str, ...]:
    """Return the words that an entry is filed under."""
    terms: list[str | None] = []
    for each in _xml.in_order(element, found, _FILED, context.names)[: _text.MANY * 10]:
        if context.names[each.tag] in _KEYWORDS:
            terms += (each.text or "")[:10_000].split(",")
        else:
            terms.append(_term(each))
    return _text.words(terms) if terms else ()


def _term(element: Element) -> str | None:
    return element.get("term") or element.text or element.get("label") or element.get("text")


def _language(element: Element, found: Fields, bodies: list[Element], context: Context) -> str:
    """Return the language that an entry or its text states, if it is not the feed's."""
    stated = first(found, "dc:language", "language")
    if not stated and context.spoken:
        stated = _xml.language_of(element, *bodies[:1], *found.get("title", ())[:1])
    stated = _text.cut(stated, 40)
    return "" if stated.lower() == context.language.lower() else stated


def _content_base(texts: list[Element], base: str, link: str, context: Context) -> str:
    """Return the base of the text: as stated, else in Atom the feed, in RSS the article."""
    if context.based:
        return context.base(texts[0]) if texts else base
    return base if context.atom else (link or context.page or base)


def _via(found: Fields, links: list[Link]) -> str:
    via = related(links, "via")
    if via or "dc:source" not in found:
        return via
    said = first(found, "dc:source")
    return said if is_web(said) else ""


def _source(found: Fields, context: Context) -> FeedInfo | None:
    """Return the feed that an entry was taken from."""
    for element in found.get("source") or found.get("atom:source") or ():
        if len(element):
            return _info.read(element, element, context)
        url, title = _text.address(element.get("url"), context.url), _text.line(element.text)
        if url or title:
            return FeedInfo(title=title, self_url=url)
    return None
