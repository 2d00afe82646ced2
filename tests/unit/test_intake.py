"""Documents become cleaned entries, with their features if all entries are new."""

import asyncio
from dataclasses import replace

import pytest

from aggregator.core.errors import SourceError
from aggregator.core.model import CleanedFeed, Document
from aggregator.group.features.unweighted import from_bytes
from aggregator.intake import Intake
from aggregator.pool import Pool
from tests.builders import NOW, make_source, make_stored

ITEM = "<item><title>{0}</title><guid>{0}</guid><description>{0} happened yesterday.</description></item>"
ITEMS = "".join(ITEM.format(name) for name in ("A bridge opens", "双桥通车", "A ferry sinks"))
FEED = Document(name="feed", content=f"<rss><channel>{ITEMS}</channel></rss>".encode())
PAGE = Document(name="page", content=b"<html><body>No feed</body></html>")
SOURCE = make_source()


def read(*, threshold: float, all_new: bool) -> list[CleanedFeed | SourceError]:
    """Read a feed and a page."""

    async def run() -> list[CleanedFeed | SourceError]:
        pool = Pool(workers=1, threshold=threshold)
        try:
            intake = Intake(pool=pool, names=(), clock=lambda: NOW)
            return await intake.read([FEED, PAGE], SOURCE, {}, 500, all_new=all_new)
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
