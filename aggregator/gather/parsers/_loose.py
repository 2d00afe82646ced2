"""feedparser's result for a feed that is not well-formed → ParsedFeed, equal to the fast path's."""

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
    deduplicate,
    enclosure,
    home,
    is_web,
    related,
    relation,
)
from aggregator.gather.parsers._names import is_of_feeds

Found = Mapping[str, Any]
_NOTHING: Final[Found] = {}
# Elements that feedparser confuses with the entry's own: renamed, and used as fallbacks.
_FALLBACK_ELEMENTS: Final = re.compile(
    rb"(</?)(media:(?:title|description)|(?:itunes|atom):summary|dc:description|itunes:owner)(?=[\s/>])"
)
_FALLBACK_TITLES: Final = ("second_media_title",)
_FALLBACK_TEXTS: Final = (
    "second_dc_description",
    "second_atom_summary",
    "second_itunes_summary",
    "second_media_description",
)
_DECLARED: Final = re.compile(
    rb"\bxmlns:([A-Za-z_][\w.-]{0,40})\s{0,9}=\s{0,9}[\"']([^\"'<>]{1,500})"
)
# Start tags whose attributes are read.
_TAG: Final = re.compile(
    rb"(<(?:[\w.-]{1,40}:)?(?:link|content|title|summary|enclosure|category|guid|thumbnail|group|source"
    rb"|subtitle|tagline|rights|info|description|image))(\s[^<>]{1,4000}?)(/?>)",
    re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(
    rb"(\s)([A-Za-z_][\w.-]{0,40}:)?([A-Za-z]{1,40})(\s{0,9}=\s{0,9}(?:\"[^\"]*\"|'[^']*'))"
)
_PLAIN_TYPE: Final = b'="text/x-plain"'  # marks declared plain text; an undeclared one may be HTML
_URL_AS_TEXT: Final = re.compile(
    rb"<((?:[\w.-]{1,40}:)?(?:link|enclosure))(\s[^<>]{1,4000}(?<!/))>\s{0,99}"
    rb"(?:(https?://[^<>\s]{1,4000})|<!\[CDATA\[\s{0,99}(https?://[^<>\s\]]{1,4000})\s{0,99}\]\]>)\s{0,99}(?=</)",
    re.IGNORECASE,
)
_REL: Final = re.compile(rb"\brel\s{0,9}=\s{0,9}[\"']([^\"'<>]{0,300})", re.IGNORECASE)
_ABOUT: Final = re.compile(
    rb"<channel\b[^<>]{0,500}?\brdf:about\s*=\s*[\"']([^\"'<>]{1,2000})[\"']", re.IGNORECASE
)


_HEAD_BYTES: Final = 100_000  # searched for the metadata of the feed
_PICTURE: Final = re.compile(
    rb"<image\b[^<>]{0,500}>(?:(?!</image>).){0,500}?<url>\s{0,99}([^<>\s]{1,2000})",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """The properties of the document that mapping an entry needs."""

    url: str
    atom: bool
    based: bool
    page: str
    language: str


def prepare(content: bytes) -> bytes:
    """Rename elements that feedparser confuses, and move URLs to where it looks for them."""
    spaces = {
        prefix
        for prefix, space in _DECLARED.findall(content)
        if is_of_feeds(space.decode("latin-1"))
    }
    content = _TAG.sub(lambda match: _plain_tag(match, spaces), content)
    content = _URL_AS_TEXT.sub(_move_url_to_attribute, content)
    return _FALLBACK_ELEMENTS.sub(_rename_fallback, content)


def _plain_tag(match: re.Match[bytes], prefixes: set[bytes]) -> bytes:
    """Remove feed-format prefixes from attributes, and mark text that is declared plain."""
    if b":" not in match[2] and b"text" not in match[2]:
        return match[0]
    own = {one[3].lower() for one in _ATTRIBUTE.finditer(match[2]) if not one[2]}
    attributes = _ATTRIBUTE.sub(lambda one: _plain_attribute(one, prefixes, own), match[2])
    return match[1] + attributes + match[3]


def _plain_attribute(match: re.Match[bytes], prefixes: set[bytes], own: set[bytes]) -> bytes:
    """Return an attribute without its prefix; `own` are the names present without a prefix."""
    prefix, name, value = match[2], match[3], match[4]
    if prefix and (prefix[:-1] not in prefixes or name.lower() in own):
        return match[0]
    if name.lower() == b"type":
        value = value.partition(b";")[0] + (value[-1:] if b";" in value else b"")
        value = _PLAIN_TYPE if value[2:-1].strip().lower() in (b"text", b"text/plain") else value
    return match[1] + name + value


def _move_url_to_attribute(match: re.Match[bytes]) -> bytes:
    """Copy a URL from the text of an element into its missing `href` or `url` attribute."""
    tag, attributes, url = match[1], match[2], match[3] or match[4]
    name = b"href" if tag.lower().endswith(b"link") else b"url"
    if name + b"=" in attributes.lower().replace(b" ", b""):
        return match[0]
    if name == b"href":
        found = _REL.search(attributes)
        if not found or relation(found[1].decode("latin-1")) not in RELATIONS:
            return match[0]
    return b'<%s%s %s="%s">' % (tag, attributes, name, url.replace(b'"', b"%22"))


def _rename_fallback(match: re.Match[bytes]) -> bytes:
    return match[1] + b"second_" + match[2].replace(b":", b"_")


def read(found: Any, content: bytes, url: str, skipped: tuple[Skipped, ...]) -> ParsedFeed:
    """Map feedparser's result; `content` is searched for what feedparser drops."""
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
    """Return a stored text; feedparser's own `get` derives missing keys from others."""
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
    """Return the first match in the head of the document, for data that feedparser drops."""
    there = pattern.search(content, 0, _HEAD_BYTES)
    return html.unescape(there[1].decode("utf-8", "ignore")) if there else ""


def _value(detail: Found) -> tuple[str, bool]:
    """Return a value and whether it is HTML."""
    return _get(detail, "value"), "html" in _get(detail, "type")


def _markup(detail: Found, *, atom: bool) -> str:
    """Return a value as HTML; the default in RSS is HTML."""
    value, is_html = _value(detail)
    value = value[: _text.MAX_TEXT_CHARACTERS]
    undeclared = _get(detail, "type") == "text/plain"
    if is_html or not atom or (undeclared and _text.contains_html(value)):
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
        for link in _list(found, "links")[: _text.MAX_ITEMS * 3]
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
    dc_source = _get(found, "dc_source")
    return RawEntry(
        where=f"entry {number}",
        guid=_text.cut(_get(found, "id") or _get(found, "dc_identifier"), _text.MAX_URL_CHARACTERS),
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
        via=related(links, "via") or (dc_source if is_web(dc_source) else ""),
        source=_source(_dict(found, "source"), feed),
    )


def _link(found: Found, links: Sequence[Link], contents: Sequence[Found], url: str) -> str:
    original = _get(found, "feedburner_origlink")
    if is_web(original):
        return original
    own = article(links)
    stated = _get(found, "link")
    if not stated and _raw(found, "guidislink") is not False:
        stated = _get(found, "id")
    guid = _text.address(stated, url) if is_web(stated) or stated.startswith("/") else ""
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
    second = next(filter(None, (_get(found, key) for key in _FALLBACK_TITLES)), "")
    return _text.line(title or second), is_html


def _summary(found: Found, *, atom: bool) -> str:
    own = _markup(_dict(found, "summary_detail"), atom=atom)  # without it, a copy of the content
    second = next(filter(None, (_get(found, key) for key in _FALLBACK_TEXTS)), "")[
        : _text.MAX_TEXT_CHARACTERS
    ]
    return own or (second if _text.looks_like_html(second) else _text.as_html(second))


def _times(found: Found, *, atom: bool) -> tuple[str, str]:
    """Return the dates of publication and change; feedparser stores RSS's one date as `updated`."""
    published = _get(found, "published") or _get(found, "created")
    updated = _text.cut(_get(found, "updated"))
    if not published and not atom:
        published, updated = updated, ""
    return _text.cut(published) or updated, updated


def _authors(found: Found, url: str) -> tuple[Author, ...]:
    people = [
        Author(
            name=_text.line(_get(each, "name"), _text.MAX_NAME_CHARACTERS),
            email=_text.line(_get(each, "email"), _text.MAX_NAME_CHARACTERS),
            url=_text.address(_get(each, "href"), url),
        )
        for each in _list(found, "authors")[: _text.MAX_ITEMS * 10]
        if each
    ]
    return _text.authors(people) or _text.authors([_text.person(_get(found, "author"))])


def _media(found: Found, links: Sequence[Link], url: str) -> tuple[Enclosure, ...]:
    media = [
        # feedparser's default type of a link is text/html
        enclosure(link.href, link.type.replace("text/html", ""), link.length, link.title)
        for link in links
        if link.rel == "enclosure"
    ]
    for each in _list(found, "media_content")[: _text.MAX_ITEMS * 2]:
        medium = _get(each, "medium").lower()
        family = f"{medium}/*" if medium in ("image", "audio", "video") else ""
        address = _text.address(_get(each, "url"), url)
        media.append(enclosure(address, _get(each, "type") or family, _get(each, "filesize")))
    return deduplicate(media)


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
    """Map feedparser's metadata of the feed, or of the source of an entry."""
    links = _links(found, url)
    title, is_html = _title(found)
    icon = _get(found, "icon") or _get(found, "logo") or _get(_dict(found, "image"), "href")
    ttl = _hints.interval(
        _get(found, "ttl"), _get(found, "sy_updateperiod"), _get(found, "sy_updatefrequency")
    )
    hours, days = ([], []) if atom else _hints.scan(content)
    return FeedInfo(
        id=_text.cut(_get(found, "id") or _found(_ABOUT, content), _text.MAX_URL_CHARACTERS),
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
