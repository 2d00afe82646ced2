"""Documents become cleaned entries, with their features if the entries are new."""

import asyncio
from dataclasses import replace

import pytest

from aggregator.core.errors import SourceError
from aggregator.core.model import CleanedFeed, Document
from aggregator.core.traces import KnownDocument, TracedFeed
from aggregator.group.features.unweighted import from_bytes
from aggregator.intake import Intake
from aggregator.pool import Pool
from tests.builders import NOW, make_source, make_stored

ITEM = "<item><title>{0}</title><guid>{0}</guid><description>{0} happened yesterday.</description></item>"
TITLES = ("A bridge opens", "双桥通车", "A ferry sinks")


def feed_of(*titles: str) -> Document:
    """Return a feed of entries with these titles."""
    items = "".join(map(ITEM.format, titles))
    return Document(name="feed", content=f"<rss><channel>{items}</channel></rss>".encode())


FEED = feed_of(*TITLES)
PAGE = Document(name="page", content=b"<html><body>No feed</body></html>")
SOURCE = make_source()


def read(
    *, threshold: float, all_new: bool, feed: Document = FEED, known: KnownDocument | None = None
) -> list[CleanedFeed | SourceError]:
    """Read a feed and a page."""

    async def run() -> list[CleanedFeed | SourceError]:
        pool = Pool(workers=1, threshold=threshold)
        try:
            intake = Intake(pool=pool, names=(), clock=lambda: NOW)
            return await intake.read([feed, PAGE], SOURCE, {}, 500, all_new=all_new, known=known)
        finally:
            pool.close()

    return asyncio.run(run())


@pytest.mark.parametrize("threshold", [0.0, 60.0])
def test_new_entries_come_with_features(threshold: float) -> None:
    feed, page = read(threshold=threshold, all_new=True)
    assert isinstance(page, SourceError)
    assert isinstance(feed, CleanedFeed)
    assert len(feed.extracted) == len(feed.entries) == 3
    for entry, features in zip(feed.entries, feed.extracted, strict=True):
        stored = make_stored(1, entry=entry, published=NOW)
        found = from_bytes(replace(stored, extracted=features))
        assert found
        assert found.title == entry.title.lower()


def test_the_entries_are_the_same_without_features() -> None:
    (feed, _), (bare, _) = (read(threshold=60.0, all_new=one) for one in (True, False))
    assert isinstance(feed, CleanedFeed)
    assert replace(feed, extracted=()) == bare


@pytest.mark.parametrize(
    ("titles", "new", "extracted"),
    [
        (TITLES, 0, 0),
        (("A train stops", *TITLES), 1, 1),
        (("A train stops", "船沉没", TITLES[0]), 2, 2),
        (("A train stops",), 1, 0),  # beside no known entry it may be an old one
    ],
)
def test_entries_beside_known_ones_come_with_features(
    titles: tuple[str, ...], new: int, extracted: int
) -> None:
    before, _ = read(threshold=60.0, all_new=False)
    assert isinstance(before, TracedFeed)
    assert before.trace
    known = KnownDocument(
        body="",
        context=before.trace.context,
        publishers=before.trace.publishers,
        entries=tuple((digest, digest) for digest in before.trace.digests),
    )
    feed, page = read(threshold=60.0, all_new=False, feed=feed_of(*titles), known=known)
    assert isinstance(feed, CleanedFeed)
    assert isinstance(page, SourceError)
    assert len(feed.entries) == new
    assert len(feed.extracted) == extracted
