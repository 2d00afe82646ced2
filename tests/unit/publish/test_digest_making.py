"""Digests: when a period ends, and what is in them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from aggregator.core import ids
from aggregator.core.news_digest import NewsDigest
from aggregator.core.plugins import Plugins
from aggregator.core.settings import DigestSpec, FeedSpec
from aggregator.publish import digest_making
from aggregator.publish.publisher import Publication, Publisher, digest_ends
from aggregator.store import SqlStore, open_store
from tests.builders import (
    make_entry,
    make_grouping,
    make_key,
    make_publisher,
    make_source,
    make_spec,
    make_story,
)
from tests.fakes import FakeClock
from tests.stores import gather

BERLIN, UTC_ZONE = "Europe/Berlin", "UTC"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def utc(text: str) -> datetime:
    """Return a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "now", "day", "start", "end"),
    [
        (DigestSpec(), "2026-03-02 07:00", "2026-03-02", "2026-03-01 07:00", "2026-03-02 07:00"),
        (DigestSpec(), "2026-03-02 06:59", "2026-03-01", "2026-02-28 07:00", "2026-03-01 07:00"),
        (DigestSpec(zone=BERLIN), "2026-03-02 06:00", "2026-03-02", "2026-03-01 06:00", "2026-03-02 06:00"),
        (DigestSpec(zone="Pacific/Kiritimati"), "2026-03-02 20:00", "2026-03-03", "2026-03-01 17:00", "2026-03-02 17:00"),
        # the clocks go forward on 29 March and back on 25 October, at 01:00 UTC
        (DigestSpec(zone=BERLIN), "2026-03-29 12:00", "2026-03-29", "2026-03-28 06:00", "2026-03-29 05:00"),
        (DigestSpec(zone=BERLIN), "2026-10-25 12:00", "2026-10-25", "2026-10-24 05:00", "2026-10-25 06:00"),
        (DigestSpec(zone=BERLIN, at=time(2, 30)), "2026-03-29 12:00", "2026-03-29", "2026-03-28 01:30", "2026-03-29 01:30"),
        (DigestSpec(zone=BERLIN, at=time(2, 30)), "2026-10-25 12:00", "2026-10-25", "2026-10-24 00:30", "2026-10-25 00:30"),
        (DigestSpec(day="monday"), "2026-03-04 12:00", "2026-03-02", "2026-02-23 07:00", "2026-03-02 07:00"),
        (DigestSpec(day="monday"), "2026-03-02 06:00", "2026-02-23", "2026-02-16 07:00", "2026-02-23 07:00"),
    ],
)  # fmt: skip
def test_a_period_ends_at_its_time(
    spec: DigestSpec, now: str, day: str, start: str, end: str
) -> None:
    last = digest_making.periods(spec, utc(now))[0]
    assert (last.day.isoformat(), last.start, last.end) == (day, utc(start), utc(end))


SPECS = st.builds(
    DigestSpec,
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    zone=st.sampled_from([UTC_ZONE, BERLIN, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]),
    day=st.sampled_from(["", "sunday", "wednesday"]),
)  # fmt: skip
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(SPECS, TIMES)
def test_every_moment_is_in_one_period(spec: DigestSpec, now: datetime) -> None:
    last, *others = digest_making.periods(spec, now)
    assert last.end <= now < digest_making.next_end(spec, now)
    for later, earlier in zip((last, *others), others, strict=False):
        assert earlier.end == later.start
        assert earlier.day == later.day - timedelta(days=7 if spec.day else 1)
    assert all(one.start < one.end for one in (last, *others))


SPEC = make_spec(
    name="daily", title="Morning news", digest=DigestSpec(top=3), formats=("atom", "rss", "json")
)
MORNING = utc("2026-03-02 07:00")


@dataclass
class House:
    """A store, and the publisher of a feed of digests."""

    folder: Path
    store: SqlStore
    clock: FakeClock
    spec: FeedSpec = SPEC
    stories: dict[int, list[int]] = field(default_factory=dict)

    def publisher(self, **kw: Any) -> Publisher:
        """Return what publishes the feed."""
        return Publisher(
            store=self.store, renderers=Plugins("aggregator.publish.renderers"), sources=(make_source(),),
            feeds=(self.spec,), folder=self.folder / "feeds", public_url="http://127.0.0.1:8080/",
            clock=self.clock, **kw,
        )  # fmt: skip

    def publish(self, **kw: Any) -> Publication:
        """Publish the feed."""
        published = self.publisher(**kw).run()
        assert not published.errors
        return published

    def report(self, n: int, story: int = 0, publisher: str = "a.org", **kw: Any) -> None:
        """Bring a report that founds a story or joins the one that another report founded."""
        now = self.clock()
        entry = make_entry(n, published=now - HOUR, publisher=make_publisher(publisher), **kw)
        gather(self.store, entry, now=now)
        members = self.stories.setdefault(story or n, [])
        members.append(n)
        founded = [*members]
        kept = self.store.stories([ids.story_id(make_key(founded[0]))])
        first = kept[0].story.first_published if kept else now
        one = make_story(*map(make_key, founded), first_published=first, updated=now)
        self.store.save_grouping(make_grouping(one))

    def entries(self, format_: str = "atom") -> list[Any]:
        """Return the entries that a reader finds."""
        parsed = feedparser.parse((self.folder / "feeds" / f"daily.{format_}").read_bytes())
        assert not parsed.bozo
        return list(parsed.entries)

    def lists(self) -> list[list[str]]:
        """Return the titles that each digest lists."""
        found: list[Any] = [html.fromstring(one.content[0].value) for one in self.entries()]
        return [[str(li.xpath("string(.//b)")) for li in one.xpath("//li")] for one in found]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Open an empty house at noon of the day before."""
    clock = FakeClock(MORNING - 19 * HOUR)
    with closing(open_store("sqlite", data=tmp_path, now=clock())) as store:
        yield House(tmp_path, store, clock)


def test_one_entry_lists_what_mattered(house: House) -> None:
    house.report(1)
    house.report(2, publisher="b.org", title="Ferry & sinks <b>")
    house.report(3, 2, publisher="c.org")
    house.report(4, title="")
    house.report(5)
    house.publish()
    assert house.entries() == []
    house.clock.now = MORNING
    house.publish()
    (entry,) = house.entries()
    assert entry.title == "Morning news, 2 March 2026"
    assert entry.id == ids.digest_id("daily", "2026-03-02")
    assert entry.updated.startswith("2026-03-02T07:00:00")
    (titles,) = house.lists()
    assert titles[0] == "Ferry & sinks <b>"
    assert len(titles) == 3
    found: Any = html.fromstring(entry.content[0].value)
    assert found.xpath("string(//li[1])").endswith("2 publishers: B.Org, C.Org")
    assert found.xpath("//li[1]//a/@href") == [f"https://example.org/{n}" for n in (2, 2, 3)]
    assert "story_page" not in entry
    for format_ in ("rss", "json"):
        content = (house.folder / "feeds" / f"daily.{format_}").read_text(encoding="utf-8")
        assert entry.id in content
        assert "Ferry &amp;amp; sinks" in content or "Ferry &amp; sinks" in content


def test_a_digest_stays_as_it_was_made(house: House) -> None:
    house.report(1)
    house.clock.now = MORNING + HOUR
    house.publish()
    first = (house.folder / "feeds" / "daily.atom").read_bytes()
    house.report(1000, 1, publisher="b.org", title="Changed")
    house.report(2)
    assert not house.publish().written
    house.publish(shortcuts=False)
    with closing(open_store("sqlite", data=house.folder, now=house.clock())) as again:
        replace(house, store=again).publish(shortcuts=False)
    assert (house.folder / "feeds" / "daily.atom").read_bytes() == first


def test_a_story_is_listed_once(house: House) -> None:
    house.report(1, title="Early")
    house.clock.now = MORNING - timedelta(minutes=5)
    house.report(2, title="Late")
    for n in (10, 11, 12):
        house.report(n, title=f"Loud {n}")
        house.report(n + 100, n, publisher="b.org")
    house.clock.now = MORNING
    house.publish()
    house.report(3, 1, publisher="c.org")
    house.report(13, 10, publisher="c.org")
    house.report(4, title="New")
    house.clock.now = MORNING + DAY
    house.publish()
    second, first = house.lists()
    assert sorted(first) == ["Loud 10", "Loud 11", "Loud 12"]
    assert second == ["Early", "New"]  # it grew, and no digest had it


def test_missed_periods_are_made_up_and_empty_ones_left_out(house: House) -> None:
    house.report(1)
    house.clock.now = MORNING
    house.publish()
    house.clock.now += 2 * HOUR
    house.report(2)
    house.clock.now = MORNING + 3 * DAY + 5 * HOUR
    house.publish()
    assert [one.title[-12:] for one in house.entries()] == ["3 March 2026", "2 March 2026"]
    house.clock.now = MORNING + 40 * DAY
    house.report(3)
    house.clock.now += DAY
    house.publish()
    assert [one.title.rpartition(", ")[2] for one in house.entries()] == [
        "12 April 2026", "3 March 2026", "2 March 2026",
    ]  # fmt: skip


def test_a_clock_that_was_wrong_leaves_no_digest(house: House) -> None:
    house.report(1, title="First")
    house.clock.now = MORNING
    house.publish()
    before = (house.folder / "feeds" / "daily.atom").read_bytes()
    house.clock.now = MORNING + 400 * DAY  # ahead
    house.publish()
    house.clock.now = MORNING + HOUR
    house.publish()
    assert (house.folder / "feeds" / "daily.atom").read_bytes() == before
    house.clock.now = MORNING - 5 * DAY  # behind
    house.publish()
    house.clock.now = MORNING + 2 * HOUR
    house.report(2, title="Second")
    house.clock.now = MORNING + DAY
    house.publish()
    house.clock.now = MORNING + DAY - HOUR  # a little back
    house.publish()
    house.clock.now = MORNING + DAY + HOUR
    house.publish()
    found = house.lists()
    assert found[0] == ["Second"]
    assert len({one.id for one in house.entries()}) == len(found)


def test_the_language_is_that_of_its_stories(house: House) -> None:
    for n in (1, 2):
        house.report(n, title="渡轮沉没", language="zh-Hans", publisher="甲")
    house.report(3)
    house.clock.now = MORNING
    house.publish()
    (entry,) = house.entries()
    assert entry.title == "Morning news，2026年3月2日"


def test_conditions_limit_and_age_hold(house: House) -> None:
    house.spec = replace(SPEC, min_publishers=2, limit=2, max_age=timedelta(days=3))
    for n in range(1, 5):
        house.report(n * 10)
        house.report(n * 10 + 1)
        house.report(n * 10 + 2, n * 10 + 1, publisher="b.org", title="Two")
        house.clock.now = MORNING + (n - 1) * DAY
        house.publish()
        house.clock.now += HOUR
    assert [len(one) for one in house.lists()] == [1, 1]
    house.clock.now += 30 * DAY
    house.publish(shortcuts=False)
    assert len(house.entries()) == 0


def test_it_comes_at_its_time_without_news(house: House) -> None:
    house.report(1)
    house.publish()
    assert house.publish().written == ()
    house.clock.now = MORNING + timedelta(seconds=1)
    assert [path.name for path in house.publish().written] == [
        "daily.atom",
        "daily.rss",
        "daily.json",
    ]


def test_a_daemon_knows_when_a_digest_is_due(house: House) -> None:
    assert digest_ends([make_spec()], MORNING) == ()
    assert digest_ends([make_spec(), SPEC], MORNING - HOUR) == (MORNING - DAY,)
    assert digest_ends([make_spec(), SPEC], MORNING) == (MORNING,)
    assert house.publisher().digests_due() == (MORNING - DAY,)


def test_hidden_entries_are_not_counted(house: House) -> None:
    gather(house.store, make_entry(1), now=house.clock(), initial=0)
    house.store.save_grouping(
        make_grouping(make_story(make_key(1), first_published=house.clock(), shown=False))
    )
    house.clock.now = MORNING
    house.publish()
    assert house.entries() == []


@given(st.lists(st.integers(-50, 400), max_size=12))
def test_no_course_of_the_clock_doubles_a_digest(hours: list[int]) -> None:
    """Each period is there once at most, and none lies ahead."""
    kept: dict[str, datetime] = {}
    for hour in hours:
        now = MORNING + hour * HOUR
        kept = {day: end for day, end in kept.items() if end <= now}
        for period in digest_making._missing(DigestSpec(), _made(kept), now):
            assert period.day.isoformat() not in kept
            kept[period.day.isoformat()] = period.end
        assert all(end <= now for end in kept.values())
        assert date.fromisoformat(max(kept)) <= now.date()


def _made(kept: dict[str, datetime]) -> tuple[NewsDigest, ...]:
    empty = make_entry(1)
    return tuple(NewsDigest(period=day, end=end, entry=empty) for day, end in kept.items())
