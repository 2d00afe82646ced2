"""The fast path: the tree of a well-formed feed → ParsedFeed."""

from dataclasses import dataclass

from aggregator.model import Author, Enclosure, FeedInfo, ParsedFeed, RawEntry
from aggregator.parsers import _hints, _text, _xml
from aggregator.parsers._links import (
    Link,
    article,
    enclosure,
    is_web,
    once,
    related,
    relation,
)
from aggregator.parsers._names import RDF_ABOUT, RDF_RESOURCE, Names
from aggregator.parsers._xml import Element, Fields, first


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """What reading one entry needs to know of its document."""

    names: Names
    url: str
    atom: bool
    based: bool  # some element states a base of its own
    page: str = ""  # the base of an entry without a link

    def base(self, element: Element) -> str:
        """Return the base of the addresses in an element."""
        return _xml.base_of(element) if self.based else self.url


def read(root: Element, content: bytes, url: str) -> ParsedFeed | None:
    """Map a tree; None if no element of it is a feed or an entry."""
    names = Names(root.tag)
    kind = names[root.tag]
    elements = list(_xml.entries(root, names))
    if not elements and kind not in ("rss", "rdf", "feed", "channel"):
        return None
    atom = kind in ("feed", "entry")
    feed = _Feed(names=names, url=url, atom=atom, based=_xml.has_own_base(content))
    channel = _channel(root, names)
    info = _info(channel, root, feed)
    feed = _Feed(names=names, url=url, atom=atom, based=feed.based, page=info.link)
    entries = tuple(_entry(number, element, feed) for number, element in enumerate(elements, 1))
    return ParsedFeed(info=info, entries=entries)


def _channel(root: Element, names: Names) -> Element:
    """Return the element that speaks of the feed as a whole."""
    if names[root.tag] in ("feed", "channel"):
        return root
    return next((child for child in root if names[child.tag] in ("channel", "feed")), root)


# --- the entry ------------------------------------------------------------------------------


def _entry(number: int, element: Element, feed: _Feed) -> RawEntry:
    """Read one entry element."""
    found = _xml.fields(element, feed.names)
    base = feed.base(element)
    links = _links(found, element, feed)
    guid = _guid(found, element)
    link = _link(found, links, guid, base)
    title, is_html = _title(found, atom=feed.atom)
    bodies = _bodies(found)
    published, updated = _times(found, element)
    media = _media(found, links, base)
    return RawEntry(
        where=f"entry {number}",
        guid=guid,
        link=link,
        base=_content_base(bodies, base, link, feed),
        title=title,
        title_is_html=is_html,
        summary=_summary(found, atom=feed.atom),
        content=_xml.as_markup(bodies, "text" if feed.atom else "html"),
        authors=_authors(found, base),
        categories=_categories(found),
        enclosures=media,
        image=_image(found, media, base),
        published=published,
        updated=updated,
        language=_language(element, found, bodies),
        rights=_text.line(first(found, "rights", "copyright", "dc:rights")),
        via=_via(found, links),
        source=_source(found, feed),
    )


def _guid(found: Fields, element: Element) -> str:
    guid = first(found, "guid", "id", "atom:id", "dc:identifier")
    return _text.cut(guid or element.get(RDF_ABOUT), _text.URL_MOST)


def _links(found: Fields, element: Element, feed: _Feed) -> list[Link]:
    """Return the links of an entry or a feed, those of the feed's own kind first."""
    links: list[Link] = []
    for key in ("link", "atom:link"):
        for each in found.get(key, ())[: _text.MANY * 2]:
            href = each.get("href") or each.get(RDF_RESOURCE) or each.text
            if href and (url := _text.address(href, feed.base(each))):
                links.append(_link_of(each, url) if each.attrib else Link(href=url))
    own = _attribute(element, "href")
    return [*links, Link(href=_text.address(own, feed.base(element)))] if own else links


def _link_of(each: Element, url: str) -> Link:
    return Link(
        href=url,
        rel=relation(each.get("rel")),
        type=(each.get("type") or "").lower(),
        title=each.get("title") or "",
        length=each.get("length") or "",
    )


def _attribute(element: Element, name: str) -> str:
    """Return an attribute of CDF, whose names may be in capitals."""
    return element.get(name) or element.get(name.upper()) or "" if element.attrib else ""


def _link(found: Fields, links: list[Link], guid: str, base: str) -> str:
    """Return the article's address: the original one, a link, or a guid that is one."""
    original = found.get("feedburner:origlink")
    if original and is_web(url := _text.address(original[0].text)):
        return url
    link = article(links)
    if link:
        return link
    marked = found.get("guid")
    permanent = not marked or (marked[0].get("isPermaLink") or "true").lower() == "true"
    if permanent and (is_web(guid) or guid.startswith("/")):
        return _text.address(guid, base)
    return _outside(found, base)


def _outside(found: Fields, base: str) -> str:
    """Return where a content stands that is not in the feed."""
    return next((_text.address(each.get("src"), base) for each in found.get("content", ())), "")


def _title(found: Fields, *, atom: bool) -> tuple[str, bool]:
    """Return the title and whether it is HTML."""
    for key in ("title", "dc:title", "media:title", "itunes:title", "atom:title"):
        for element in found.get(key, ()):
            value, kind = _xml.construct(element, "text" if atom else "guess")
            if value:
                return _text.line(value), kind == "html"
    group = found.get("media:group")
    return _text.line(_deep(group[0], "title")) if group else "", False


def _deep(element: Element, name: str) -> str:
    """Return the text of the first element of this local name inside another."""
    return next((each.text or "" for each in element.iter("{*}" + name)), "")


def _bodies(found: Fields) -> list[Element]:
    """Return the elements that hold the whole text, the fullest kind first."""
    keys = ("content:encoded", "xhtml:body", "body", "fullitem", "content", "atom:content")
    return [each for key in keys for each in found.get(key, ()) if not each.get("src")]


def _summary(found: Fields, *, atom: bool) -> str:
    """Return the short text, or all that a feed gives in its description."""
    kind = "text" if atom else "html"
    own = [*found.get("description", ()), *found.get("summary", ()), *found.get("abstract", ())]
    return (
        _xml.as_markup(own, kind)
        or _xml.as_markup(
            (
                each
                for key in (
                    "dc:description",
                    "atom:summary",
                    "itunes:summary",
                    "googleplay:description",
                )
                for each in found.get(key, ())
            ),
            "guess",
        )
        or _media_text(found)
    )


def _media_text(found: Fields) -> str:
    """Return the description of the media, for an entry that has no other text."""
    group = found.get("media:group")
    inside = (
        each for each in (group[0] if group else ()) if str(each.tag).endswith("}description")
    )
    return _xml.as_markup([*found.get("media:description", ()), *inside], "guess")


def _times(found: Fields, element: Element) -> tuple[str, str]:
    """Return when an entry was published and when it changed, as written."""
    published = first(
        found,
        "pubdate",
        "published",
        "issued",
        "dcterms:issued",
        "atom:published",
        "created",
        "dcterms:created",
    )
    stated = first(found, "dc:date", "dcterms:date", "date")
    updated = first(
        found, "updated", "modified", "dcterms:modified", "atom:updated", "lastbuilddate"
    )
    updated = updated or _attribute(element, "lastmod")
    if not published:
        published, stated = stated, ""
    return _text.cut(published), _text.cut(updated or stated)


def _authors(found: Fields, base: str) -> tuple[Author, ...]:
    """Return who wrote an entry; names of Dublin Core before e-mails of RSS."""
    if not any(key.endswith(("author", "creator")) for key in found):
        return ()
    keys = (
        "dc:creator",
        "author",
        "dc:author",
        "atom:author",
        "itunes:author",
        "googleplay:author",
    )
    return _text.authors(
        _author(each, base) for key in keys for each in found.get(key, ())[: _text.MANY]
    )


def _author(element: Element, base: str) -> Author | None:
    """Read an author with parts as in Atom, else one line as in RSS."""
    if not len(element):
        return _text.person(element.text)
    parts = {_xml.local(each.tag).lower(): each.text for each in element}
    return Author(
        name=_text.line(parts.get("name"), _text.WORD_MOST),
        email=_text.line(parts.get("email"), _text.WORD_MOST),
        url=_text.address(parts.get("uri") or parts.get("url") or parts.get("homepage"), base),
    )


def _categories(found: Fields) -> tuple[str, ...]:
    """Return the words that an entry is filed under."""
    terms: list[str | None] = []
    for key in ("category", "dc:subject", "atom:category", "media:category", "itunes:category"):
        terms += map(_term, found.get(key, ())[: _text.MANY * 10])
    for key in ("keywords", "itunes:keywords", "media:keywords"):
        for each in found.get(key, ()):
            terms += (each.text or "")[:10_000].split(",")
    return _text.words(terms) if terms else ()


def _term(element: Element) -> str | None:
    return element.get("term") or element.text or element.get("label") or element.get("text")


def _media(found: Fields, links: list[Link], base: str) -> tuple[Enclosure, ...]:
    """Return the media files of an entry."""
    media = [
        enclosure(
            _text.address(each.get("url"), base), each.get("type") or "", each.get("length") or ""
        )
        for each in found.get("enclosure", ())[: _text.MANY * 2]
    ]
    media += [
        enclosure(link.href, link.type, link.length, link.title)
        for link in links
        if link.rel == "enclosure"
    ]
    if "media:content" in found or "media:group" in found:
        grouped = [each for group in found.get("media:group", ()) for each in group]
        for each in [*found.get("media:content", ()), *grouped][: _text.MANY * 2]:
            if each.tag.endswith("}content"):
                kind = each.get("type") or _kind(each.get("medium"))
                media.append(
                    enclosure(
                        _text.address(each.get("url"), base), kind, each.get("fileSize") or ""
                    )
                )
    return once(media) if media else ()


def _kind(medium: str | None) -> str:
    """Return the family of types of a medium, '' for one that is no file."""
    return f"{medium.lower()}/*" if medium and medium.lower() in ("image", "audio", "video") else ""


def _image(found: Fields, media: tuple[Enclosure, ...], base: str) -> str:
    """Return the picture of an entry: its own, a thumbnail, or the first image among its files."""
    for key in ("itunes:image", "image", "media:thumbnail", "googleplay:image"):
        for each in found.get(key, ()):
            url = each.get("href") or each.get("url") or _deep(each, "url") or each.text
            if url and url.strip():
                return _text.address(url, base)
    for group in [*found.get("media:group", ()), *found.get("media:content", ())]:
        for each in group.iter("{*}thumbnail"):
            if each.get("url"):
                return _text.address(each.get("url"), base)
    return next((each.url for each in media if each.type.startswith("image/")), "")


def _language(element: Element, found: Fields, bodies: list[Element]) -> str:
    """Return the language that an entry or its text states."""
    own = _xml.language_of(element, *bodies[:1], *found.get("title", ())[:1])
    return _text.cut(own or first(found, "dc:language", "language"), 40)


def _content_base(bodies: list[Element], base: str, link: str, feed: _Feed) -> str:
    """Return the base of the text: as stated, else in Atom the feed, in RSS the article."""
    if feed.based:
        return feed.base(bodies[0]) if bodies else base
    return base if feed.atom else (link or feed.page or base)


def _via(found: Fields, links: list[Link]) -> str:
    via = related(links, "via")
    if via or "dc:source" not in found:
        return via
    said = first(found, "dc:source")
    return said if is_web(said) else ""


def _source(found: Fields, feed: _Feed) -> FeedInfo | None:
    """Return the feed that an entry was taken from."""
    for element in found.get("source") or found.get("atom:source") or ():
        if len(element):
            return _info(element, element, feed)
        url, title = _text.address(element.get("url"), feed.url), _text.line(element.text)
        if url or title:
            return FeedInfo(title=title, self_url=url)
    return None


# --- the feed -------------------------------------------------------------------------------


def _info(channel: Element, root: Element, feed: _Feed) -> FeedInfo:
    """Read what a feed says of itself."""
    found = _xml.fields(channel, feed.names)
    base = feed.base(channel)
    links = _links(found, channel, feed)
    title, is_html = _title(found, atom=feed.atom)
    people = ("author", "atom:author", "managingeditor", "dc:creator", "itunes:author")
    return FeedInfo(
        id=_text.cut(
            first(found, "id", "atom:id", "guid") or channel.get(RDF_ABOUT), _text.URL_MOST
        ),
        title=_text.flat(title) if is_html else title,
        link=article(links),
        self_url=related(links, "self"),
        hub=related(links, "hub"),
        language=_feed_language(found, channel, root),
        icon=_icon(found, root, feed.names, base),
        rights=_text.line(first(found, "rights", "copyright", "dc:rights")),
        updated=_text.cut(
            first(found, "updated", "modified", "lastbuilddate", "pubdate", "dc:date", "published")
        ),
        authors=_text.authors(
            _author(each, base) for key in people for each in found.get(key, ())[: _text.MANY]
        ),
        hints=_hints.read(found),
    )


def _feed_language(found: Fields, channel: Element, root: Element) -> str:
    stated = first(found, "language", "dc:language")
    return _text.cut(stated or _xml.language_of(channel, root), 40)


def _icon(found: Fields, root: Element, names: Names, base: str) -> str:
    """Return the picture of a feed: a small one before a large one."""
    own = first(found, "icon", "atom:icon", "logo", "atom:logo")
    if own:
        return _text.address(own, base)
    images = [*found.get("image", ()), *(each for each in root if names[each.tag] == "image")]
    for each in [*images, *found.get("itunes:image", ()), *found.get("googleplay:image", ())]:
        url = each.get("href") or _deep(each, "url") or each.get("url")
        if url:
            return _text.address(url, base)
    return ""
