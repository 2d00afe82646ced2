"""Reads RSS 0.90–2.0, RDF, CDF and Atom: a fast path for what is well-formed, feedparser for the rest."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import feedparser

from aggregator.decode import to_utf8
from aggregator.errors import NotAFeed, ParseError
from aggregator.model import (
    Author,
    Document,
    Enclosure,
    FeedInfo,
    ParsedFeed,
    RawEntry,
    Skipped,
)
from aggregator.parsers import _fast, _hints, _mend, _text, _xml
from aggregator.parsers._links import Link, article, enclosure, is_web, once, related

ORDER: Final = 1
LOOSE_ENTRIES: Final = (
    2_000  # feedparser reads some thousand entries a second, and slower and slower
)
INFLATED_MOST: Final = 15_000_000
_PAGES: Final = {"html", "head", "body", "svg", "script"}
_ENTRY: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_CUT_OFF: Final = Skipped(where="end", reason="the document ends in the middle of an entry")


def accepts(document: Document) -> bool:
    """Say whether there is markup in the document."""
    return b"<" in document.content or document.content.startswith(b"\x1f\x8b")


def parse(document: Document) -> ParsedFeed:
    """Read a feed; raise NotAFeed if it is something else, ParseError if it cannot be read."""
    content = _mend.inflate(document.content, INFLATED_MOST)
    content = to_utf8(content, content_type=document.content_type)
    content = _mend.letters(_mend.strip_head(content))
    if not content.strip():
        raise ParseError("the document is empty")
    if _mend.root_name(content) in _PAGES or content[:14].lower() == b"<!doctype html":
        raise NotAFeed("a web page came in place of a feed")
    return strict(content, document.url) or loose(content, document.url)


def strict(content: bytes, url: str) -> ParsedFeed | None:
    """Read a feed that is well-formed, if need be after small repairs; None for any other."""
    root = _xml.read_tree(content, url)
    if root is None:
        content = _mend.mend(content)
        root = _xml.read_tree(content, url)
    if root is None:
        return None
    feed = _fast.read(root, content, url)
    if feed is None:
        raise NotAFeed(f"no feed: the document is <{_mend.root_name(content)}>")
    return feed


def loose(content: bytes, url: str) -> ParsedFeed:
    """Read any feed with feedparser; entries far down, and one that is cut off, are left out."""
    content, cut_off = _mend.whole_entries(_mend.mend(content))
    skipped = [_CUT_OFF] if cut_off else []
    starts = [found.start() for found in _ENTRY.finditer(content)]
    if len(starts) > LOOSE_ENTRIES:
        content = content[: starts[LOOSE_ENTRIES]]
        reason = f"{len(starts) - LOOSE_ENTRIES} more: the document is not well-formed"
        skipped.append(Skipped(where=f"entry {LOOSE_ENTRIES + 1}", reason=reason))
    found = _feedparser(content, url)
    if not found.entries and not found.version:
        raise NotAFeed("no feed: nothing in it is an entry")
    atom = found.version.startswith("atom")
    info = _info(found.feed)
    base = url if atom else info.link
    entries = tuple(
        _entry(number, entry, base, atom=atom) for number, entry in enumerate(found.entries, 1)
    )
    return ParsedFeed(info=info, entries=entries, skipped=tuple(skipped))


def _feedparser(content: bytes, url: str) -> Any:
    """Ask feedparser; its sanitizer and its pass over relative addresses are left to us."""
    headers = {"content-type": "application/xml; charset=utf-8"}
    if is_web(url):
        headers["content-location"] = url
    for name in (b"description", b"title"):  # else they take the place of the entry's own
        content = content.replace(b"media:" + name, b"media:other" + name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return feedparser.parse(
                io.BytesIO(content),
                response_headers=headers,
                sanitize_html=False,
                resolve_relative_uris=False,
            )
        except Exception as error:  # a library that promises nothing about bad input
            raise ParseError(f"the feed cannot be read: {error}") from error


# --- what feedparser found -----------------------------------------------------------------

Found = Mapping[str, Any]


def _get(found: Found, key: str) -> str:
    """Return a text that is really there; feedparser's own `get` makes up some."""
    value = dict.get(found, key)  # type: ignore[call-overload]
    return value.strip() if isinstance(value, str) else ""


def _list(found: Found, key: str) -> list[Found]:
    value = dict.get(found, key)  # type: ignore[call-overload]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _markup(detail: Found | None, plain: str) -> tuple[str, bool]:
    """Return a value and whether it is HTML."""
    value = _get(detail, "value") if detail else plain
    return value, bool(detail) and "html" in _get(detail or {}, "type")


def _as_markup(detail: Found | None, plain: str, *, atom: bool) -> str:
    """Return a value as HTML; RSS means HTML where it says nothing."""
    value, is_html = _markup(detail, plain)
    value = value[: _text.TEXT_MOST]
    return value if is_html or not atom else _text.as_html(value)


def _links(found: Found) -> list[Link]:
    return [
        Link(
            href=_text.address(_get(link, "href")),
            rel=_get(link, "rel") or "alternate",
            type=_get(link, "type"),
            title=_get(link, "title"),
            length=_get(link, "length"),
        )
        for link in _list(found, "links")[: _text.MANY * 3]
    ]


def _entry(number: int, found: Found, base: str, *, atom: bool) -> RawEntry:
    """Map one entry of feedparser."""
    links = _links(found)
    contents = _list(found, "content")
    original = _get(found, "feedburner_origlink")
    guid = _text.cut(_get(found, "id"), _text.URL_MOST)
    said = _get(found, "link")
    link = original if is_web(original) else article(links) or (said if is_web(said) else "")
    title, is_html = _markup(dict.get(found, "title_detail"), _get(found, "title"))  # type: ignore[call-overload]
    summary = _as_markup(dict.get(found, "summary_detail"), _get(found, "summary"), atom=atom)  # type: ignore[call-overload]
    content = _as_markup(contents[0], "", atom=atom) if contents else ""
    published, updated = _get(found, "published") or _get(found, "created"), _get(found, "updated")
    if not published and not atom:
        published, updated = updated, ""
    media = _media(found, links)
    return RawEntry(
        where=f"entry {number}",
        guid=guid,
        link=link,
        base=(_get(contents[0], "base") if contents else "") or (base if atom else link or base),
        title=_text.line(title),
        title_is_html=is_html,
        summary=summary,
        content=content,
        authors=_authors(found),
        categories=_text.words(
            _get(tag, "term") or _get(tag, "label") for tag in _list(found, "tags")
        ),
        enclosures=media,
        image=_image(found, media),
        published=_text.cut(published),
        updated=_text.cut(updated),
        language=_text.cut(_get(found, "language"), 40),
        rights=_text.line(_get(found, "rights")),
        via=related(links, "via"),
        source=_source(dict.get(found, "source")),  # type: ignore[call-overload]
    )


def _authors(found: Found) -> tuple[Author, ...]:
    people = [
        Author(
            name=_text.line(_get(each, "name"), 300),
            email=_get(each, "email")[:300],
            url=_text.address(_get(each, "href")),
        )
        for each in _list(found, "authors")
        if each
    ]
    return _text.authors(people) or _text.authors([_text.person(_get(found, "author"))])


def _media(found: Found, links: Sequence[Link]) -> tuple[Enclosure, ...]:
    media = [
        enclosure(link.href, link.type, link.length, link.title)
        for link in links
        if link.rel == "enclosure"
    ]
    media += [
        enclosure(_text.address(_get(each, "url")), _get(each, "type"), _get(each, "filesize"))
        for each in _list(found, "media_content")
    ]
    return once(media)


def _image(found: Found, media: Sequence[Enclosure]) -> str:
    image = dict.get(found, "image")  # type: ignore[call-overload]
    own = _get(image, "href") if isinstance(image, dict) else ""
    thumbs = [_get(each, "url") for each in _list(found, "media_thumbnail")]
    images = [each.url for each in media if each.type.startswith("image/")]
    return _text.address(next(filter(None, [own, *thumbs, *images]), ""))


def _source(found: Found | None) -> FeedInfo | None:
    if not isinstance(found, dict) or not found:
        return None
    info = _info(found)
    return replace(info, self_url=info.self_url or _text.address(_get(found, "href")))


def _info(found: Found) -> FeedInfo:
    """Map what feedparser found of the feed."""
    links = _links(found)
    title, is_html = _markup(dict.get(found, "title_detail"), _get(found, "title"))  # type: ignore[call-overload]
    image = dict.get(found, "image")  # type: ignore[call-overload]
    icon = _get(found, "icon") or _get(found, "logo")
    ttl = _hints.interval(
        _get(found, "ttl"), _get(found, "sy_updateperiod"), _get(found, "sy_updatefrequency")
    )
    return FeedInfo(
        id=_text.cut(_get(found, "id"), _text.URL_MOST),
        title=_text.flat(title) if is_html else _text.line(title),
        link=article(links),
        self_url=related(links, "self"),
        hub=related(links, "hub"),
        language=_text.cut(_get(found, "language"), 40),
        icon=_text.address(icon or (_get(image, "href") if isinstance(image, dict) else "")),
        rights=_text.line(_get(found, "rights")),
        updated=_text.cut(_get(found, "updated") or _get(found, "published")),
        authors=_authors(found),
        hints=_hints.make(ttl, (), ()),
    )
