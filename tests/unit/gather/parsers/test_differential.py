"""The fast path and feedparser say the same of every well-formed feed."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from aggregator.core.errors import ParseError
from aggregator.core.model import FeedInfo, ParsedFeed, RawEntry
from aggregator.gather.parsers import _fast, _repair, _xml, feed
from aggregator.text.charset import to_utf8

FEEDS = Path(__file__).parents[4] / "fixtures" / "feeds"
CORPUS = Path(os.environ.get("FEED_CORPUS") or FEEDS)  # a folder, searched with all that is in it
URL = "https://feeds.example.org/dir/feed"
# Where feedparser is known to say something else: what it leaves out or mixes up.
KNOWN = {
    ("cdf.xml", "updated"),  # it does not tell the date of an entry from that of a change
}
WORDS = {"title", "summary", "content", "rights"}


def both(path: Path) -> tuple[ParsedFeed, ParsedFeed] | None:
    """Return what the two paths make of a document, None if it is no well-formed feed."""
    content = _repair.fix_references(_repair.strip_head(to_utf8(path.read_bytes())))
    root = _xml.read_tree(content, URL)
    fast = _fast.read(root, content, URL) if root is not None else None
    return None if fast is None else (fast, feed.loose(content, URL))


def same(name: str, one: Any, other: Any) -> bool:
    """Compare two values, texts by their words: markup is written in more than one way."""
    if name in WORDS:
        return words(one) == words(other)
    return bool(one == other)


def words(markup: str) -> list[str]:
    """Return the words of a piece of HTML."""
    return LexborHTMLParser(markup).text(separator=" ").split() if markup else []


def differences(fast: ParsedFeed, loose: ParsedFeed) -> Iterator[tuple[str, Any, Any]]:
    """Yield the fields in which two readings differ."""
    if len(fast.entries) != len(loose.entries):
        yield "entries", len(fast.entries), len(loose.entries)
    pairs: list[tuple[FeedInfo | RawEntry, FeedInfo | RawEntry]] = [(fast.info, loose.info)]
    pairs += zip(fast.entries, loose.entries, strict=False)
    for one, other in pairs:
        for field in dataclasses.fields(one):
            values = getattr(one, field.name), getattr(other, field.name)
            if not same(field.name, *values):
                yield field.name, *values


CASES = sorted(path for path in FEEDS.iterdir() if path.suffix in (".xml", ".rdf"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_both_paths_say_the_same(path: Path) -> None:
    read = both(path)
    if read is None:
        return
    found = [found for found in differences(*read) if (path.name, found[0]) not in KNOWN]
    assert found == []


def test_both_paths_say_the_same_over_the_corpus_that_the_environment_names() -> None:
    paths = [path for path in sorted(CORPUS.rglob("*")) if path.suffix not in (".json", "")]
    compared, different = 0, []
    for path in filter(Path.is_file, paths):
        try:
            read = both(path)
        except ParseError:
            continue
        if read is None:
            continue
        compared += 1
        different += [(path.name, *found) for found in differences(*read)]
    apart = {name for name, *_ in different}
    print(f"{compared} compared, {len(apart)} differ")  # with -s
    for one in different:
        print(*one)
    assert compared
    assert len(apart) <= compared * 0.08
