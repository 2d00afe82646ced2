"""Reads RSS 0.90–2.0, RDF, CDF and Atom: a fast path for what is well-formed, feedparser for the rest."""

import dataclasses
import io
import re
import warnings
from itertools import islice
from typing import Any, Final

import feedparser

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Document, ParsedFeed, Skipped
from aggregator.gather.parsers import _crowd, _fast, _limits, _loose, _mend, _xml
from aggregator.text.charset import maybe_utf8, to_utf8

ORDER: Final = 1  # after the formats that know themselves at the first letter
LOOSE_ENTRIES: Final = (
    2_000  # feedparser reads some thousand entries a second, and slower and slower
)
INFLATED_MOST: Final = 15_000_000
_PAGES: Final = {"html", "head", "body", "svg", "script"}
_FEEDS: Final = {"rss", "rdf", "feed", "channel"}
_ENTRY: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_CUT_OFF: Final = Skipped(where="end", reason="the document ends in the middle of an entry")


def accepts(document: Document) -> bool:
    """Say whether there is markup in the document, or a compressed one."""
    return b"<" in document.content or document.content.startswith(b"\x1f\x8b")


def parse(document: Document) -> ParsedFeed:
    """Read a feed; raise NotAFeed if it is something else, ParseError if it cannot be read."""
    packed = _mend.inflate(document.content, INFLATED_MOST)
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
        content = _mend.mend(content)
        root, skipped = _tree(content, document)
    if root is None:
        return loose(content, document.url)
    feed = _fast.read(root, content, document.url)
    if feed is None:
        raise NotAFeed(f"no feed: the document is <{_mend.root_name(content)}>")
    return dataclasses.replace(feed, skipped=skipped) if skipped else feed


def _tree(content: bytes, document: Document) -> tuple[_xml.Element | None, tuple[Skipped, ...]]:
    """Return the tree of a well-formed document and what was left out of it."""
    if _crowd.is_crowded(content):
        most = document.max_entries or _limits.ENTRIES_MOST
        return _crowd.read_tree(content, document.url, most)
    return _xml.read_tree(content, document.url), ()


def _body(content: bytes) -> bytes:
    """Return a document from its root on, with fit letters; raise for a web page or for nothing."""
    content = _mend.letters(_mend.strip_head(content))
    if not content or content.isspace():
        raise ParseError("the document is empty")
    if _mend.root_name(content) in _PAGES:
        raise NotAFeed("a web page came in place of a feed")
    return content


def loose(content: bytes, url: str) -> ParsedFeed:
    """Read any feed, mended, with feedparser; entries far down, and one cut off, are left out."""
    content, cut_off = _mend.whole_entries(content)
    skipped = [_CUT_OFF] if cut_off else []
    starts = (found.start() for found in _ENTRY.finditer(content))
    beyond = next(islice(starts, LOOSE_ENTRIES, None), 0)
    if beyond:
        more = 1 + sum(1 for _ in starts)
        content = content[:beyond]
        reason = f"{more} more: the document is not well-formed"
        skipped.append(Skipped(where=f"entry {LOOSE_ENTRIES + 1}", reason=reason))
    found = _feedparser(_loose.prepare(content))
    if not found["entries"] and not found.get("version") and _mend.root_name(content) not in _FEEDS:
        raise NotAFeed("no feed: nothing in it is an entry")
    feed = _loose.read(found, content, url, tuple(skipped))
    return dataclasses.replace(feed, cut=cut_off)


def _feedparser(content: bytes) -> Any:
    """Ask feedparser; its sanitizer and its pass over relative addresses are left to us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return feedparser.parse(
                io.BytesIO(content),
                response_headers={"content-type": "application/xml; charset=utf-8"},
                sanitize_html=False,
                resolve_relative_uris=False,
            )
        except Exception as error:  # a library that promises nothing about bad input
            raise ParseError(f"the feed cannot be read: {error}") from error
