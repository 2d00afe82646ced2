"""What is old is let go once a day, never what a feed shows, and never comes back as news."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from aggregator.core.model import Document, Source
from aggregator.core.settings import FeedSpec, StorySettings
from aggregator.publish import archive_files
from tests.builders import NOW, make_document, make_spec
from tests.integration.assembled import SOURCE, House

ATOM = "{http://www.w3.org/2005/Atom}"
DAY = timedelta(days=1)


def feed(*numbers: int, changed: int = 0, day: datetime = NOW) -> Document:
    """Return a feed of these entries, of which one has changed."""
    entries = "".join(
        f"<entry><id>tag:example.org,2026:{n}</id><title>Subject {n} of number {n * 7919}</title>"
        f'<link href="https://example.org/{n}"/><updated>{day.isoformat()}</updated><content>'
        f"Event {n * 104729} at place {n * 1299709}{' was corrected in every part' * (n == changed)}."
        "</content></entry>"
        for n in numbers
    )
    return make_document(
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>{entries}</feed>'
    )


class Keeping(House):
    """A house that tells what it kept and what it shows."""

    def kept(self) -> set[str]:
        """Return the numbers of the entries whose texts are kept."""
        shown = self.store.newest_stories()
        return {one.entry.link.rpartition("/")[2] for story in shown for one in story.entries}

    def published(self, file: str = "merged.atom") -> list[str]:
        """Return the numbers of the entries that a feed shows, in its order."""
        root = etree.fromstring(archive_files.read(self.folder / file))
        links = (one.find(f"{ATOM}link") for one in root.findall(f"{ATOM}entry"))
        return [link.get("href", "").rpartition("/")[2] for link in links if link is not None]


@contextmanager
def house(tmp_path: Path, *specs: FeedSpec, keep: timedelta = 30 * DAY) -> Iterator[Keeping]:
    """Open a house until the block ends."""
    shown = specs or (make_spec(limit=2),)
    with closing(Keeping(tmp_path, *shown, stories=StorySettings(keep=keep))) as one:
        yield one


def test_what_is_old_and_in_no_feed_is_let_go_and_stands_in_the_archive(tmp_path: Path) -> None:
    with house(tmp_path) as one:
        one.run(feed(1, 2, 3))
        one.clock.pass_(DAY)
        one.run(feed(4))
        assert one.published()[0] == "4"
        one.clock.pass_(28 * DAY)
        one.run(feed(4))
        assert one.kept() == {"1", "2", "3", "4"}
        one.clock.pass_(4 * DAY)
        one.run(feed(4))
        assert one.kept() == set(one.published())
        assert len(one.kept()) == 2
        page = one.published("merged/archive-0001.atom")
        assert {*page, *one.published()} == {"1", "2", "3", "4"}


def test_what_comes_back_is_no_news(tmp_path: Path) -> None:
    """An old entry is served on and on, and even changes: it goes back to where it was."""
    with house(tmp_path) as one:
        one.run(feed(1))
        (before,) = one.store.newest_stories()
        one.clock.pass_(60 * DAY)
        one.run(feed(2, 3, day=one.clock.now))
        assert one.kept() == {"2", "3"}
        one.clock.pass_(DAY)
        report = one.run(feed(1, 2, 3))
        assert (report.sources[0].new, report.stories_new, one.kept()) == (0, 0, {"2", "3"})
        feeds = (one.folder / "merged.atom").read_bytes()
        one.clock.pass_(DAY)
        one.run(feed(1, 2, 3, changed=1))
        again = next(
            shown for shown in one.store.newest_stories() if shown.lead.entry.link.endswith("/1")
        )
        assert (again.story.id, again.story.first_published) == (
            before.story.id,
            before.story.first_published,
        )
        assert (one.folder / "merged.atom").read_bytes() == feeds
        assert sorted(one.published()) == ["2", "3"]


def test_what_a_feed_of_entries_shows_is_kept(tmp_path: Path) -> None:
    specs = (make_spec(limit=1), make_spec(name="all", group="none", limit=2))
    with house(tmp_path, *specs) as one:
        for number in (1, 2, 3):
            one.run(feed(number))
            one.clock.pass_(timedelta(hours=1))
        one.clock.pass_(60 * DAY)
        one.run(feed(3))
        assert one.kept() == {"2", "3"} == set(one.published("all.atom"))


def test_it_is_looked_for_once_a_day(tmp_path: Path) -> None:
    with house(tmp_path, make_spec(limit=1)) as one:
        one.run(feed(1))
        one.clock.pass_(30 * DAY)
        one.run(feed(2))
        looked = one.store.forgotten()
        assert looked == one.clock.now - 30 * DAY
        one.clock.pass_(timedelta(hours=23))
        one.run(feed(2))
        assert (one.store.forgotten(), one.kept()) == (looked, {"1", "2"})
        one.clock.pass_(timedelta(hours=1))
        one.run(feed(2))
        assert one.kept() == {"2"}


def test_no_more_than_grouping_needs_is_let_go(tmp_path: Path) -> None:
    with house(tmp_path, make_spec(limit=1), keep=2 * DAY) as one:
        one.run(feed(1))
        one.clock.pass_(5 * DAY)
        one.run(feed(2))
        assert one.kept() == {"1", "2"}
        one.clock.pass_(2 * DAY)
        one.run(feed(2))
        assert one.kept() == {"2"}


# --- what hubs send ------------------------------------------------------------------------


def test_what_a_hub_sends_is_published_like_a_fetch(tmp_path: Path) -> None:
    with house(tmp_path, make_spec()) as one:
        one.run(feed(1, 2))
        state = one.store.source_states()["example"]
        one.clock.pass_(timedelta(minutes=5))
        seen: list[str] = []
        pushed = [(SOURCE, feed(3)), (SOURCE, feed(2, 3, changed=2)), (SOURCE, feed(1))]
        report = asyncio.run(
            one.pipeline.take(pushed, progress=lambda done: seen.append(done.outcome))
        )
        assert seen == ["ok", "ok", "unchanged"]
        assert [(done.new, done.modified) for done in report.sources] == [(1, 0), (0, 1), (0, 0)]
        assert report.stories_new == 1
        assert sorted(one.published()) == ["1", "2", "3"]
        after = one.store.source_states()["example"]
        assert (after.due, after.last_fetch, after.validators, after.info) == (
            state.due,
            state.last_fetch,
            state.validators,
            state.info,
        )
        assert after.arrivals == (one.clock.now, *state.arrivals)
        again = one.run(feed(1, 2, 3, changed=2))
        assert (again.outcome, again.written) == ("unchanged", ())


@pytest.mark.parametrize("content", ["<html><body>no feed</body></html>", "", "{}"])
def test_what_cannot_be_read_costs_nothing(tmp_path: Path, content: str) -> None:
    with house(tmp_path, make_spec()) as one:
        one.run(feed(1))
        state = one.store.source_states()
        pushed: list[tuple[Source, Document]] = [
            (SOURCE, make_document(content)),
            (SOURCE, feed(2)),
        ]
        report = asyncio.run(one.pipeline.take(pushed))
        assert [done.outcome for done in report.sources] == ["error", "ok"]
        assert report.sources[0].error
        assert sorted(one.published()) == ["1", "2"]
        assert one.store.source_states()["example"].failures == state["example"].failures
