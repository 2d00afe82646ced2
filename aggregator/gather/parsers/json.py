"""Reads JSON Feed 1.0 and 1.1."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import (
    Author,
    Document,
    Enclosure,
    FeedInfo,
    ParsedFeed,
    RawEntry,
    Skipped,
)
from aggregator.gather.parsers import _limits, _text
from aggregator.text.charset import decode

Object = Mapping[str, Any]
_NOTHING: Final[Object] = {}
_OPEN_MOST: Final = 200_000  # objects and lists
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_EMPTY: Final = re.compile(r"\{\s*\}")


def accepts(document: Document) -> bool:
    """Say whether the content begins like a JSON object or array."""
    head = document.content[:400].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head[2:].replace(b"\x00", b"").lstrip()
    return head.startswith(b"{") or head[:2] in (b"[{", b"[]")


def parse(document: Document) -> ParsedFeed:
    """Read a JSON Feed; raise NotAFeed for other JSON, ParseError for what is no JSON at all."""
    feed = _load(decode(document.content, content_type=document.content_type))
    items = feed.get("items")
    if "jsonfeed.org" not in _string(feed.get("version")) and not (
        isinstance(items, list) and "title" in feed
    ):
        raise NotAFeed("this is JSON, but no JSON Feed")
    if not isinstance(items, list):
        raise ParseError("the JSON Feed has no list of items")
    info = _info(feed)
    base = info.link or document.url
    objects = [(number, item) for number, item in enumerate(items, 1) if isinstance(item, dict)]
    most = document.max_entries or _limits.ENTRIES_MOST
    kept = _limits.newest([_dated(item) for _, item in objects], most, info.language)
    return ParsedFeed(
        info=info,
        entries=tuple(_entry(f"entry {objects[at][0]}", objects[at][1], base) for at in kept),
        skipped=(*_no_objects(items), *_over(len(objects) - len(kept), most)),
    )


def _dated(item: Object) -> str:
    return _text.cut(_string(item.get("date_published")) or _string(item.get("date_modified")))


def _no_objects(items: Sequence[object]) -> Iterator[Skipped]:
    """Yield what is said of items that hold nothing: the first by number, the rest counted."""
    odd = (number for number, item in enumerate(items, 1) if not isinstance(item, dict))
    for number in islice(odd, _limits.REASONS_MOST // 2):
        yield Skipped(where=f"entry {number}", reason="it is no object")
    if more := sum(1 for _ in odd):
        yield Skipped(where=f"{more} more entries", reason="they are no objects")


def _over(count: int, most: int) -> Iterator[Skipped]:
    if count:
        yield _limits.over(count, most)


def _check(text: str) -> None:
    """Raise ParseError for more objects and lists than a feed may have; empty objects are free."""
    if text.count("{") + text.count("[") <= _OPEN_MOST:
        return
    bare = _STRING.sub("", text)
    if bare.count("{") + bare.count("[") - sum(1 for _ in _EMPTY.finditer(bare)) > _OPEN_MOST:
        raise ParseError("the JSON holds too many objects and lists")


def _load(text: str) -> Object:
    """Return the object that a text holds; every way to fail is a ParseError."""
    _check(text)
    try:
        found = json.loads(
            text,
            strict=False,  # line breaks and tabs stand raw in the strings of some
            parse_int=_number,
            parse_float=str,  # as written, since it may be an id
            parse_constant=lambda _: None,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise ParseError("the JSON is nested too deeply") from error
    except ValueError as error:
        raise ParseError(f"the JSON cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise NotAFeed("this is JSON, but no JSON Feed")
    return found


def _object(pairs: list[tuple[str, Any]]) -> Object | None:
    """Return an object; an empty one says nothing, and a million of them take memory."""
    return dict(pairs) if pairs else None


def _number(digits: str) -> int | str:
    """Read a number; one that no machine counts with stays as written."""
    return int(digits) if len(digits) < 19 else digits


def _string(value: object) -> str:
    """Return text or a number as text, '' for everything else."""
    if isinstance(value, str):
        # A lone surrogate may stand in JSON, but not in what we hand on.
        return value if value.isascii() else value.encode("utf-8", "ignore").decode("utf-8")
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _objects(value: object) -> list[Object]:
    """Return the objects of a list, or the one object; a bounded number."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several[: _text.MANY * 10] if isinstance(one, dict)]


def _info(feed: Object) -> FeedInfo:
    hubs = _objects(feed.get("hubs"))  # there are others, of protocols that are not ours
    hub = next((hub for hub in hubs if _is_websub(hub) and hub.get("url")), _NOTHING)
    return FeedInfo(
        title=_text.line(_string(feed.get("title"))),
        link=_text.address(_string(feed.get("home_page_url"))),
        self_url=_text.address(_string(feed.get("feed_url"))),
        hub=_text.address(_string(hub.get("url"))),
        language=_text.cut(_string(feed.get("language")), 40),
        icon=_text.address(_string(feed.get("icon") or feed.get("favicon"))),
        authors=_authors(feed),
    )


def _is_websub(hub: Object) -> bool:
    return _string(hub.get("type")).lower() in {"", "websub", "pubsubhubbub"}


def _authors(thing: Object) -> tuple[Author, ...]:
    """Return the authors of version 1.1, else the one author of 1.0; a name alone is one, too."""
    value = thing.get("authors") or thing.get("author")
    several = value if isinstance(value, list) else [value]
    return _text.authors([_author(one) for one in several[: _text.MANY * 10]])


def _author(value: object) -> Author | None:
    if not isinstance(value, dict):
        return _text.person(_string(value)) if isinstance(value, str) else None
    written = _text.line(_string(value.get("name")), _text.WORD_MOST)
    email = _text.line(_string(value.get("email")), _text.WORD_MOST)
    return Author(name=written, email=email, url=_text.address(_string(value.get("url"))))


def _tags(value: object) -> tuple[str, ...]:
    """Return the tags of a list, or of one text with commas."""
    if isinstance(value, str):
        return _text.words(_string(value)[:10_000].split(","))
    several = value if isinstance(value, list) else [value]
    return _text.words(_tag(one) for one in several[: _text.MANY * 10])


def _tag(value: object) -> str:
    if isinstance(value, dict):
        named = (_string(value.get(key)) for key in ("name", "term", "label", "title"))
        return next(filter(None, named), "")
    return _string(value)


def _entry(where: str, item: Object, base: str) -> RawEntry:
    """Read one item; `external_url` is what a link blog points at."""
    link = _text.address(_string(item.get("url")), base)
    external = _text.address(_string(item.get("external_url")), base)
    guid = _text.cut(_string(item.get("id")), _text.URL_MOST)
    html, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    summary = _string(item.get("summary"))
    updated = _text.cut(_string(item.get("date_modified")))
    return RawEntry(
        where=where,
        guid=guid,
        link=link or external or (guid if guid.startswith(("https://", "http://")) else ""),
        base=link or base,
        title=_text.line(_string(item.get("title"))),
        summary=_text.as_html(_text.cut(summary, _text.TEXT_MOST)),
        content=_text.cut(html, _text.TEXT_MOST)
        or _text.as_html(_text.cut(plain, _text.TEXT_MOST)),
        authors=_authors(item),
        categories=_tags(item.get("tags")),
        enclosures=_enclosures(item, base),
        image=_text.address(_string(item.get("image") or item.get("banner_image")), base),
        published=_text.cut(_string(item.get("date_published"))) or updated,
        updated=updated,
        language=_text.cut(_string(item.get("language")), 40),
        via=external if link else "",
    )


def _enclosures(item: Object, base: str) -> tuple[Enclosure, ...]:
    found: list[Enclosure] = []
    for attachment in _objects(item.get("attachments"))[: _text.MANY]:
        size = attachment.get("size_in_bytes")
        length = size if isinstance(size, int) and 0 < size < 2**53 else 0
        url = _text.address(_string(attachment.get("url")), base)
        if url:
            kind = _text.cut(_string(attachment.get("mime_type")), 100)
            title = _text.line(_string(attachment.get("title")), _text.WORD_MOST)
            found.append(Enclosure(url=url, type=kind, length=length, title=title))
    return tuple(found)
