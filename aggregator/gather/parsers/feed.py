"""Parse RSS 0.90–2.0, RDF, CDF and Atom: well-formed feeds with lxml, others with feedparser."""

import dataclasses
import io
import re
import warnings
from itertools import islice
from typing import Any, Final

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Document, ParsedFeed, Skipped
from aggregator.gather import document_limits
from aggregator.gather.parsers import _fast, _loose, _oversized, _repair, _xml
from aggregator.text.charset import maybe_utf8, to_utf8

ORDER: Final = 1  # after the formats that are recognized by their first characters
MAX_LOOSE_ENTRIES: Final = (
    2_000  # feedparser reads about a thousand entries per second, and slows down as they grow
)
MAX_INFLATED_BYTES: Final = 15_000_000
_PAGES: Final = {"html", "head", "body", "svg", "script"}
_FEEDS: Final = {"rss", "rdf", "feed", "channel"}
_ENTRY: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_TRUNCATED: Final = Skipped(where="end", reason="the document ends in the middle of an entry")


def accepts(document: Document) -> bool:
    """Return whether the document contains markup or is gzipped."""
    return b"<" in document.content or document.content.startswith(b"\x1f\x8b")


def parse(document: Document) -> ParsedFeed:
    """Parse a feed; raise NotAFeed for other documents, ParseError if it cannot be parsed."""
    packed = _repair.inflate(document.content, MAX_INFLATED_BYTES)
    content = maybe_utf8(packed, content_type=document.content_type)
    root: _xml.Element | None = None
    skipped: tuple[Skipped, ...] = ()
    if content is not None:
        content = _body(content)
        root, skipped = _tree(content, document)
    if content is None or root is None:
        content = _body(to_utf8(packed, content_type=document.content_type))
        root, skipped = _tree(content, document)
    if root is None:
        content = _repair.repair(content)
        root, skipped = _tree(content, document)
    if root is None:
        return loose(content, document.url)
    feed = _fast.read(root, content, document.url)
    if feed is None:
        raise NotAFeed(f"not a feed: the document is <{_repair.root_name(content)}>")
    return dataclasses.replace(feed, skipped=skipped) if skipped else feed


def _tree(content: bytes, document: Document) -> tuple[_xml.Element | None, tuple[Skipped, ...]]:
    """Return the tree of a well-formed document, else None, and the skipped entries."""
    if _oversized.is_oversized(content):
        most = document.max_entries or document_limits.MAX_ENTRIES
        return _oversized.read_tree(content, document.url, most)
    return _xml.read_tree(content, document.url), ()


def _body(content: bytes) -> bytes:
    """Return a document from its root on with valid references; raise for a web page or nothing."""
    content = _repair.fix_references(_repair.strip_head(content))
    if not content or content.isspace():
        raise ParseError("the document is empty")
    if _repair.root_name(content) in _PAGES:
        raise NotAFeed("the document is a web page, not a feed")
    return content


def loose(content: bytes, url: str) -> ParsedFeed:
    """Parse a repaired feed with feedparser; skip a truncated entry and those over the limit."""
    content, truncated = _repair.drop_truncated_entry(content)
    skipped = [_TRUNCATED] if truncated else []
    starts = (found.start() for found in _ENTRY.finditer(content))
    beyond = next(islice(starts, MAX_LOOSE_ENTRIES, None), 0)
    if beyond:
        more = 1 + sum(1 for _ in starts)
        content = content[:beyond]
        reason = f"{more} more: the document is not well-formed"
        skipped.append(Skipped(where=f"entry {MAX_LOOSE_ENTRIES + 1}", reason=reason))
    found = _feedparser(_loose.prepare(content))
    if (
        not found["entries"]
        and not found.get("version")
        and _repair.root_name(content) not in _FEEDS
    ):
        raise NotAFeed("not a feed: the document has no entries")
    feed = _loose.read(found, content, url, tuple(skipped))
    return dataclasses.replace(feed, cut=truncated)


def _feedparser(content: bytes) -> Any:
    """Parse with feedparser, without its sanitizer and its resolution of relative URLs."""
    import feedparser  # noqa: PLC0415  slow, and few feeds are not well-formed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return feedparser.parse(
                io.BytesIO(content),
                response_headers={"content-type": "application/xml; charset=utf-8"},
                sanitize_html=False,
                resolve_relative_uris=False,
            )
        except Exception as error:  # feedparser documents no exceptions for bad input
            raise ParseError(f"the feed cannot be parsed: {error}") from error
