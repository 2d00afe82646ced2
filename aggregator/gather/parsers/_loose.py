"""What feedparser found in a feed that is not well-formed → ParsedFeed, as the fast path would say it."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aggregator.core.model import Author, Enclosure, FeedInfo, ParsedFeed, RawEntry, Skipped
from aggregator.gather.parsers import _hints, _text
from aggregator.gather.parsers._links import (
    RELATIONS,
    Link,
    article,
    enclosure,
    home,
    is_web,
    once,
    related,
    relation,
)
from aggregator.gather.parsers._names import is_of_feeds

Found = Mapping[str, Any]
_NOTHING: Final[Found] = {}
# Elements that feedparser would take for the entry's own: renamed, and read as second choice.
_SECOND: Final = re.compile(
    rb"(</?)(media:(?:title|description)|(?:itunes|atom):summary|dc:description|itunes:owner)(?=[\s/>])"
)
_SECOND_TITLES: Final = ("second_media_title",)
_SECOND_TEXTS: Final = (
    "second_dc_description",
    "second_atom_summary",
    "second_itunes_summary",
    "second_media_description",
)
_DECLARED: Final = re.compile(
    rb"\bxmlns:([A-Za-z_][\w.-]{0,40})\s{0,9}=\s{0,9}[\"']([^\"'<>]{1,500})"
)
# The start of an element whose attributes are ours.
_TAG: Final = re.compile(
    rb"(<(?:[\w.-]{1,40}:)?(?:link|content|title|summary|enclosure|category|guid|thumbnail|group|source"
    rb"|subtitle|tagline|rights|info|description|image))(\s[^<>]{1,4000}?)(/?>)",
    re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(
    rb"(\s)([A-Za-z_][\w.-]{0,40}:)?([A-Za-z]{1,40})(\s{0,9}=\s{0,9}(?:\"[^\"]*\"|'[^']*'))"
)
_TOLD: Final = b'="text/x-plain"'  # what says that it is plain; without a word it may be HTML
_SPELT: Final = re.compile(
    rb"<((?:[\w.-]{1,40}:)?(?:link|enclosure))(\s[^<>]{1,4000}(?<!/))>\s{0,99}"
    rb"(?:(https?://[^<>\s]{1,4000})|<!\[CDATA\[\s{0,99}(https?://[^<>\s\]]{1,4000})\s{0,99}\]\]>)\s{0,99}(?=</)",
    re.IGNORECASE,
)
_REL: Final = re.compile(rb"\brel\s{0,9}=\s{0,9}[\"']([^\"'<>]{0,300})", re.IGNORECASE)
_ABOUT: Final = re.compile(
    rb"<channel\b[^<>]{0,500}?\brdf:about\s*=\s*[\"']([^\"'<>]{1,2000})[\"']", re.IGNORECASE
)


_LOOKED_AT: Final = 100_000  # bytes in which a feed speaks of itself
_PICTURE: Final = re.compile(
    rb"<image\b[^<>]{0,500}>(?:(?!</image>).){0,500}?<url>\s{0,99}([^<>\s]{1,2000})",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """What mapping one entry needs to know of its document."""

    url: str
    atom: bool
    based: bool
    page: str
    language: str


def prepare(content: bytes) -> bytes:
    """Rename what feedparser would mix up, and write addresses where it looks for them."""
    spaces = {
        prefix
        for prefix, space in _DECLARED.findall(content)
        if is_of_feeds(space.decode("latin-1"))
    }
    content = _TAG.sub(lambda match: _plain_tag(match, spaces), content)
    content = _SPELT.sub(_spelt, content)
    return _SECOND.sub(_second, content)


def _plain_tag(match: re.Match[bytes], prefixes: set[bytes]) -> bytes:
    """Take the prefix of a feed's own namespace off attributes; tell what is said to be text."""
    if b":" not in match[2] and b"text" not in match[2]:
        return match[0]
    own = {one[3].lower() for one in _ATTRIBUTE.finditer(match[2]) if not one[2]}
    attributes = _ATTRIBUTE.sub(lambda one: _plain_attribute(one, prefixes, own), match[2])
    return match[1] + attributes + match[3]


def _plain_attribute(match: re.Match[bytes], prefixes: set[bytes], own: set[bytes]) -> bytes:
    """Return an attribute without prefix; `own` are the names that stand there without one."""
    prefix, name, value = match[2], match[3], match[4]
    if prefix and (prefix[:-1] not in prefixes or name.lower() in own):
        return match[0]
    if name.lower() == b"type":
        value = value.partition(b";")[0] + (value[-1:] if b";" in value else b"")
        value = _TOLD if value[2:-1].strip().lower() in (b"text", b"text/plain") else value
    return match[1] + name + value


def _spelt(match: re.Match[bytes]) -> bytes:
    """Move an address that is the text of an element into its attribute, if it has none there."""
    tag, attributes, url = match[1], match[2], match[3] or match[4]
    name = b"href" if tag.lower().endswith(b"link") else b"url"
    if name + b"=" in attributes.lower().replace(b" ", b""):
        return match[0]
    if name == b"href":
        found = _REL.search(attributes)
        if not found or relation(found[1].decode("latin-1")) not in RELATIONS:
            return match[0]
    return b'<%s%s %s="%s">' % (tag, attributes, name, url.replace(b'"', b"%22"))


def _second(match: re.Match[bytes]) -> bytes:
    return match[1] + b"second_" + match[2].replace(b":", b"_")


def read(found: Any, content: bytes, url: str, skipped: tuple[Skipped, ...]) -> ParsedFeed:
    """Map what feedparser made of a document; `content` is asked for what it does not keep."""
    atom = _get(found, "version").startswith("atom")
    info = _info(found["feed"], url, atom=atom, content=content)
    feed = _Feed(
        url=home(info.link, url),
        atom=atom,
        based=b"xml:base" in content,
        page=info.link,
        language=info.language,
    )
    entries = (_entry(number, entry, feed) for number, entry in enumerate(found["entries"], 1))
    return ParsedFeed(info=info, entries=tuple(entries), skipped=skipped)


def _get(found: Found, key: str) -> str:
    """Return a text that is really there; feedparser's own `get` makes up some."""
    value = _raw(found, key)
    return value.strip() if isinstance(value, str) else ""


def _raw(found: Found, key: str) -> Any:
    return dict.get(found, key)  # type: ignore[call-overload]


def _dict(found: Found, key: str) -> Found:
    value = _raw(found, key)
    return value if isinstance(value, dict) else _NOTHING


def _list(found: Found, key: str) -> list[Found]:
    value = _raw(found, key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _found(pattern: re.Pattern[bytes], content: bytes) -> str:
    """Return what stands in a place that feedparser does not look at."""
    there = pattern.search(content, 0, _LOOKED_AT)
    return html.unescape(there[1].decode("utf-8", "ignore")) if there else ""


def _value(detail: Found) -> tuple[str, bool]:
    """Return a value and whether it is HTML."""
    return _get(detail, "value"), "html" in _get(detail, "type")


def _markup(detail: Found, *, atom: bool) -> str:
    """Return a value as HTML; RSS means HTML where it says nothing."""
    value, is_html = _value(detail)
    value = value[: _text.TEXT_MOST]
    untold = _get(detail, "type") == "text/plain"
    if is_html or not atom or (untold and _text.holds_html(value)):
        return value
    return _text.as_html(value)


def _plain(found: Found, key: str) -> str:
    """Return a text without its markup, on one line."""
    value = _get(found, key)
    return _text.flat(value) if _text.looks_like_html(value) else _text.line(value)


def _links(found: Found, url: str) -> list[Link]:
    return [
        Link(
            href=_text.address(_get(link, "href"), url),
            rel=relation(_get(link, "rel")),
            type=_get(link, "type"),
            title=_get(link, "title"),
            length=_get(link, "length"),
        )
        for link in _list(found, "links")[: _text.MANY * 3]
    ]


# --- the entry ------------------------------------------------------------------------------


def _entry(number: int, found: Found, feed: _Feed) -> RawEntry:
    """Map one entry."""
    links = _links(found, feed.url)
    contents = _list(found, "content")
    link = _link(found, links, contents, feed.url)
    title, is_html = _title(found)
    content = next(filter(None, (_markup(each, atom=feed.atom) for each in contents)), "")
    summary = _summary(found, atom=feed.atom)
    published, updated = _times(found, atom=feed.atom)
    media = _media(found, links, feed.url)
    said = _get(found, "dc_source")
    return RawEntry(
        where=f"entry {number}",
        guid=_text.cut(_get(found, "id") or _get(found, "dc_identifier"), _text.URL_MOST),
        link=link,
        base=_base(found, contents, link, feed),
        title=title,
        title_is_html=is_html,
        summary=summary if summary != content else "",
        content=content,
        authors=_authors(found, feed.url),
        categories=_text.words(
            _get(tag, "term") or _get(tag, "label") for tag in _list(found, "tags")
        ),
        enclosures=media,
        image=_image(found, media, feed.url),
        published=published,
        updated=updated,
        language=_language(found, contents, feed),
        rights=_plain(found, "rights"),
        via=related(links, "via") or (said if is_web(said) else ""),
        source=_source(_dict(found, "source"), feed),
    )


def _link(found: Found, links: Sequence[Link], contents: Sequence[Found], url: str) -> str:
    original = _get(found, "feedburner_origlink")
    if is_web(original):
        return original
    own = article(links)
    said = _get(found, "link")
    if not said and _raw(found, "guidislink") is not False:
        said = _get(found, "id")
    guid = _text.address(said, url) if is_web(said) or said.startswith("/") else ""
    outside = (_text.address(_get(each, "src"), url) for each in contents)
    return own or guid or next(filter(None, outside), "")


def _base(found: Found, contents: Sequence[Found], link: str, feed: _Feed) -> str:
    if feed.based:
        detail = [*contents, _dict(found, "summary_detail") or _dict(found, "title_detail")][0]
        return _text.address(_get(detail, "base") or feed.url, feed.url)
    return feed.url if feed.atom else (link or feed.page or feed.url)


def _title(found: Found) -> tuple[str, bool]:
    detail = _dict(found, "title_detail")
    title, is_html = _value(detail) if detail else (_get(found, "title"), False)
    second = next(filter(None, (_get(found, key) for key in _SECOND_TITLES)), "")
    return _text.line(title or second), is_html


def _summary(found: Found, *, atom: bool) -> str:
    own = _markup(_dict(found, "summary_detail"), atom=atom)  # without it, a copy of the content
    second = next(filter(None, (_get(found, key) for key in _SECOND_TEXTS)), "")[: _text.TEXT_MOST]
    return own or (second if _text.looks_like_html(second) else _text.as_html(second))


def _times(found: Found, *, atom: bool) -> tuple[str, str]:
    """Return when an entry was published and changed; RSS has its one date where Atom has `updated`."""
    published = _get(found, "published") or _get(found, "created")
    updated = _text.cut(_get(found, "updated"))
    if not published and not atom:
        published, updated = updated, ""
    return _text.cut(published) or updated, updated


def _authors(found: Found, url: str) -> tuple[Author, ...]:
    people = [
        Author(
            name=_text.line(_get(each, "name"), _text.WORD_MOST),
            email=_text.line(_get(each, "email"), _text.WORD_MOST),
            url=_text.address(_get(each, "href"), url),
        )
        for each in _list(found, "authors")[: _text.MANY * 10]
        if each
    ]
    return _text.authors(people) or _text.authors([_text.person(_get(found, "author"))])


def _media(found: Found, links: Sequence[Link], url: str) -> tuple[Enclosure, ...]:
    media = [
        # feedparser gives a link without a type that of a page
        enclosure(link.href, link.type.replace("text/html", ""), link.length, link.title)
        for link in links
        if link.rel == "enclosure"
    ]
    for each in _list(found, "media_content")[: _text.MANY * 2]:
        medium = _get(each, "medium").lower()
        family = f"{medium}/*" if medium in ("image", "audio", "video") else ""
        address = _text.address(_get(each, "url"), url)
        media.append(enclosure(address, _get(each, "type") or family, _get(each, "filesize")))
    return once(media)


def _image(found: Found, media: Sequence[Enclosure], url: str) -> str:
    own = _get(_dict(found, "image"), "href")
    thumbs = [_get(each, "url") for each in _list(found, "media_thumbnail")]
    images = [each.url for each in media if each.type.startswith("image/")]
    return _text.address(next(filter(None, [own, *thumbs, *images]), ""), url)


def _language(found: Found, contents: Sequence[Found], feed: _Feed) -> str:
    details = [*contents[:1], _dict(found, "title_detail")]
    own = _get(found, "language") or next(
        filter(None, (_get(each, "language") for each in details)), ""
    )
    own = _text.cut(own, 40)
    return "" if own.lower() == feed.language.lower() else own


def _source(found: Found, feed: _Feed) -> FeedInfo | None:
    if not found:
        return None
    if feed.atom:
        return _info(found, feed.url, atom=True)
    url = _text.address(_get(found, "href"), feed.url)
    return FeedInfo(title=_text.line(_get(found, "title")), self_url=url)


# --- the feed -------------------------------------------------------------------------------


def _info(found: Found, url: str, *, atom: bool, content: bytes = b"") -> FeedInfo:
    """Map what feedparser found of the feed, or of the source of an entry."""
    links = _links(found, url)
    title, is_html = _title(found)
    icon = _get(found, "icon") or _get(found, "logo") or _get(_dict(found, "image"), "href")
    ttl = _hints.interval(
        _get(found, "ttl"), _get(found, "sy_updateperiod"), _get(found, "sy_updatefrequency")
    )
    hours, days = ([], []) if atom else _hints.scan(content)
    return FeedInfo(
        id=_text.cut(_get(found, "id") or _found(_ABOUT, content), _text.URL_MOST),
        title=_text.flat(title) if is_html else title,
        link=article(links),
        self_url=related(links, "self"),
        hub=related(links, "hub"),
        language=_text.cut(_get(found, "language"), 40),
        icon=_text.address(icon or _found(_PICTURE, content), url),
        rights=_plain(found, "rights"),
        updated=_text.cut(_get(found, "updated") or _get(found, "published")),
        authors=_authors(found, url),
        hints=_hints.make(ttl, hours, days),
    )
