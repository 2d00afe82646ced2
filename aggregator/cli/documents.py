"""Parses one document and presents the result as JSON values or text."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator.cli.output import iso
from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Author, Document, FeedInfo, RawEntry
from aggregator.gather import parsers
from aggregator.gather.cleaning import discover
from aggregator.text import dates
from aggregator.text.charset import decode

MAX_DOCUMENT_BYTES = 64_000_000


def read_path(path: str) -> dict[str, Any]:
    """Parse a file; return {outcome, feed, entries}, with `error` if it fails."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _failure(f"{path or 'path'}: {reason}")
    return read_bytes(content, Path(path).name)


def read_bytes(content: bytes, name: str) -> dict[str, Any]:
    """Parse a document; return {outcome, feed, entries}, with `error` if it fails."""
    if len(content) > MAX_DOCUMENT_BYTES:
        return _failure(f"larger than {MAX_DOCUMENT_BYTES} bytes")
    try:
        parsed = parsers.parse(Document(name=name, content=content))
    except NotAFeed as error:
        feeds = error.feeds or discover.feeds_in_page(decode(content), "")
        return _failure(str(error)) | {"feeds": list(feeds)}
    except ParseError as error:
        return _failure(str(error))
    reply: dict[str, Any] = {
        "outcome": "ok",
        "feed": _feed(parsed.info),
        "entries": [_entry(one, parsed.info) for one in parsed.entries],
    }
    if parsed.skipped:
        reply["skipped"] = [asdict(one) for one in parsed.skipped]
    return reply


def in_words(reply: dict[str, Any]) -> Iterator[str]:
    """Yield the result as lines of text."""
    if reply["outcome"] != "ok":
        yield f"{reply['outcome']}: {reply['error']}"
        for one in reply.get("feeds", ()):
            yield f"  the page links to {one}"
        return
    feed = reply["feed"]
    yield f"{feed['title'] or '(no title)'}  {feed['link']}"
    for one in reply["entries"]:
        yield f"  {one['published'] or one['published_raw'] or '(no date)'}  {one['title']}"
        yield f"    {one['link'] or one['id']}"
    for one in reply.get("skipped", ()):
        yield f"  skipped {one['where']}: {one['reason']}"


def _failure(error: str) -> dict[str, Any]:
    return {"outcome": "error", "error": error, "feed": None, "entries": []}


def _feed(info: FeedInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "title": info.title,
        "link": info.link,
        "self": info.self_url,
        "hub": info.hub,
        "language": info.language,
        "icon": info.icon,
        "rights": info.rights,
        "updated": _iso(info.updated, info.language),
        "updated_raw": info.updated,
        "authors": _authors(info.authors),
    }


def _entry(raw: RawEntry, info: FeedInfo) -> dict[str, Any]:
    language = raw.language or info.language
    return {
        "id": raw.guid,
        "guid": raw.guid,
        "title": raw.title,
        "title_type": "html" if raw.title_is_html else "text",
        "link": raw.link,
        "base": raw.base,
        "published": _iso(raw.published, language),
        "published_raw": raw.published,
        "updated": _iso(raw.updated, language),
        "updated_raw": raw.updated,
        "gathered": _text(raw.gathered),
        "authors": _authors(raw.authors),
        "categories": list(raw.categories),
        "summary": raw.summary,
        "content": raw.content,
        "enclosures": [asdict(one) for one in raw.enclosures],
        "image": raw.image,
        "language": raw.language,
        "rights": raw.rights,
        "via": raw.via,
        "source": _feed(raw.source) if raw.source else None,
    }


def _authors(authors: tuple[Author, ...]) -> list[dict[str, str]]:
    return [asdict(one) for one in authors]


def _iso(written: str, language: str) -> str | None:
    return _text(dates.parse(written, language=language)) if written else None


def _text(when: datetime | None) -> str | None:
    return iso(when, "auto") if when else None
