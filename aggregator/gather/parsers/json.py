"""Parse JSON Feed 1.0 and 1.1."""

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
from aggregator.gather import document_limits
from aggregator.gather.parsers import _text
from aggregator.text.charset import decode

Object = Mapping[str, Any]
_NOTHING: Final[Object] = {}
_MAX_OBJECTS_AND_LISTS: Final = 200_000
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_EMPTY: Final = re.compile(r"\{\s*\}")


def accepts(document: Document) -> bool:
    """Return whether the content begins like a JSON object or array."""
    head = document.content[:400].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head[2:].replace(b"\x00", b"").lstrip()
    return head.startswith(b"{") or head[:2] in (b"[{", b"[]")


def parse(document: Document) -> ParsedFeed:
    """Parse a JSON Feed; raise NotAFeed for other JSON, ParseError for invalid JSON."""
    feed = _load(decode(document.content, content_type=document.content_type))
    items = feed.get("items")
    if "jsonfeed.org" not in _string(feed.get("version")) and not (
        isinstance(items, list) and "title" in feed
    ):
        raise NotAFeed("the document is JSON, but not a JSON Feed")
    if not isinstance(items, list):
        raise ParseError("the JSON Feed has no list of items")
    info = _info(feed)
    base = info.link or document.url
    objects = [(number, item) for number, item in enumerate(items, 1) if isinstance(item, dict)]
    most = document.max_entries or document_limits.MAX_ENTRIES
    kept = document_limits.newest([_dated(item) for _, item in objects], most, info.language)
    return ParsedFeed(
        info=info,
        entries=tuple(_entry(f"entry {objects[at][0]}", objects[at][1], base) for at in kept),
        skipped=(*_skipped_items(items), *_skipped_over_limit(len(objects) - len(kept), most)),
    )


def _dated(item: Object) -> str:
    return _text.cut(_string(item.get("date_published")) or _string(item.get("date_modified")))


def _skipped_items(items: Sequence[object]) -> Iterator[Skipped]:
    """Yield the skipped items that are not objects: the first ones by number, the others counted."""
    odd = (number for number, item in enumerate(items, 1) if not isinstance(item, dict))
    for number in islice(odd, document_limits.MAX_SKIP_REASONS // 2):
        yield Skipped(where=f"entry {number}", reason="not an object")
    if more := sum(1 for _ in odd):
        yield Skipped(where=f"{more} more entries", reason="not objects")


def _skipped_over_limit(count: int, most: int) -> Iterator[Skipped]:
    if count:
        yield document_limits.over(count, most)


def _check(text: str) -> None:
    """Raise ParseError if there are too many objects and lists; empty objects do not count."""
    if text.count("{") + text.count("[") <= _MAX_OBJECTS_AND_LISTS:
        return
    bare = _STRING.sub("", text)
    if (
        bare.count("{") + bare.count("[") - sum(1 for _ in _EMPTY.finditer(bare))
        > _MAX_OBJECTS_AND_LISTS
    ):
        raise ParseError("the JSON contains too many objects and lists")


def _load(text: str) -> Object:
    """Parse a JSON object; every failure is a ParseError."""
    _check(text)
    try:
        found = json.loads(
            text,
            strict=False,  # some feeds have raw line breaks and tabs in strings
            parse_int=_number,
            parse_float=str,  # as written, since it may be an id
            parse_constant=lambda _: None,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise ParseError("the JSON is nested too deeply") from error
    except ValueError as error:
        raise ParseError(f"the JSON cannot be parsed: {error}") from error
    if not isinstance(found, dict):
        raise NotAFeed("the document is JSON, but not a JSON Feed")
    return found


def _object(pairs: list[tuple[str, Any]]) -> Object | None:
    """Return an object; an empty one becomes None, to save memory."""
    return dict(pairs) if pairs else None


def _number(digits: str) -> int | str:
    """Parse an integer; one above 64 bits stays text."""
    return int(digits) if len(digits) < 19 else digits


def _string(value: object) -> str:
    """Return text or a number as text, '' for other values."""
    if isinstance(value, str):
        # JSON may contain lone surrogates, which cannot be encoded as UTF-8.
        return value if value.isascii() else value.encode("utf-8", "ignore").decode("utf-8")
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _objects(value: object) -> list[Object]:
    """Return the objects of a list, or a single object as a list; a bounded number."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several[: _text.MAX_ITEMS * 10] if isinstance(one, dict)]


def _info(feed: Object) -> FeedInfo:
    hubs = _objects(feed.get("hubs"))  # a hub may be of another protocol
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
    """Return the `authors` of version 1.1, else the `author` of 1.0; plain strings are accepted."""
    value = thing.get("authors") or thing.get("author")
    several = value if isinstance(value, list) else [value]
    return _text.authors([_author(one) for one in several[: _text.MAX_ITEMS * 10]])


def _author(value: object) -> Author | None:
    if not isinstance(value, dict):
        return _text.person(_string(value)) if isinstance(value, str) else None
    written = _text.line(_string(value.get("name")), _text.MAX_NAME_CHARACTERS)
    email = _text.line(_string(value.get("email")), _text.MAX_NAME_CHARACTERS)
    return Author(name=written, email=email, url=_text.address(_string(value.get("url"))))


def _tags(value: object) -> tuple[str, ...]:
    """Return the tags of a list, or of a comma-separated text."""
    if isinstance(value, str):
        return _text.words(_string(value)[:10_000].split(","))
    several = value if isinstance(value, list) else [value]
    return _text.words(_tag(one) for one in several[: _text.MAX_ITEMS * 10])


def _tag(value: object) -> str:
    if isinstance(value, dict):
        named = (_string(value.get(key)) for key in ("name", "term", "label", "title"))
        return next(filter(None, named), "")
    return _string(value)


def _entry(where: str, item: Object, base: str) -> RawEntry:
    """Parse one item; `external_url` is the page that a link blog links to."""
    link = _text.address(_string(item.get("url")), base)
    external = _text.address(_string(item.get("external_url")), base)
    guid = _text.cut(_string(item.get("id")), _text.MAX_URL_CHARACTERS)
    html, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    summary = _string(item.get("summary"))
    updated = _text.cut(_string(item.get("date_modified")))
    return RawEntry(
        where=where,
        guid=guid,
        link=link or external or (guid if guid.startswith(("https://", "http://")) else ""),
        base=link or base,
        title=_text.line(_string(item.get("title"))),
        summary=_text.as_html(_text.cut(summary, _text.MAX_TEXT_CHARACTERS)),
        content=_text.cut(html, _text.MAX_TEXT_CHARACTERS)
        or _text.as_html(_text.cut(plain, _text.MAX_TEXT_CHARACTERS)),
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
    for attachment in _objects(item.get("attachments"))[: _text.MAX_ITEMS]:
        size = attachment.get("size_in_bytes")
        length = size if isinstance(size, int) and 0 < size < 2**53 else 0
        url = _text.address(_string(attachment.get("url")), base)
        if url:
            kind = _text.cut(_string(attachment.get("mime_type")), 100)
            title = _text.line(_string(attachment.get("title")), _text.MAX_NAME_CHARACTERS)
            found.append(Enclosure(url=url, type=kind, length=length, title=title))
    return tuple(found)
