"""Days of editions, and a reader who asks for each: everything is news once, and only once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import httpx
from lxml import etree

from aggregator.bootstrap import Application
from aggregator.pipeline import Pipeline
from aggregator.publish import archive_files
from aggregator.publish.renderers import LIST
from aggregator.web import Site, make_app
from tests.fakes import FakeClock
from tests.integration.assembled import assembled
from tests.integration.conftest import Opener

ATOM = "{http://www.w3.org/2005/Atom}"
START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(hours=6)
DAYS, LIMIT = 8, 20
CONFIG = (
    "sources: [{id: dumps, kind: dump, path: in}]\n"
    f"feeds: [{{name: merged, title: All, formats: [atom, rss, json], limit: {LIMIT}}}]\n"
)
WORDS = (
    "harbour lantern violin glacier orchard compass saddle meadow furnace quarry ribbon thunder "
    "pepper canvas beacon marble timber walnut cobalt falcon garnet hollow island jasper kettle"
).split()


@dataclass(slots=True)
class Seen:
    """An entry as a reader keeps it."""

    updated: str
    title: str
    text: str
    reports: int
    content: str


@dataclass(slots=True)
class Reader:
    """Keeps entries by id and asks only for what is new to it, as feed readers do."""

    http: httpx.AsyncClient
    tag: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    new: Counter[str] = field(default_factory=Counter)
    updates: Counter[str] = field(default_factory=Counter)
    silent: int = 0  # changes that `updated` did not tell of
    unchanged: int = 0
    jumps: int = 0  # editions in which entries changed places

    async def poll(self) -> set[str]:
        """Ask once; return the ids of entries that are new or changed in any way."""
        headers = {"If-None-Match": self.tag, "Accept-Encoding": "identity"}
        answer = await self.http.get("/feeds/merged.atom", headers=headers)
        if answer.status_code == 304:
            self.unchanged += 1
            return set()
        self.tag = answer.headers["etag"]
        document = feedparser.parse(answer.content)
        assert not document.bozo
        ids = tuple(one.id for one in document.entries)
        assert len(set(ids)) == len(ids)
        self.jumps += [x for x in self.shown if x in ids] != [x for x in ids if x in self.shown]
        self.shown = ids
        return {one.id for one in document.entries if self._take(one)}

    def _take(self, entry: feedparser.FeedParserDict) -> bool:
        content = entry.content[0].value
        now = Seen(
            updated=entry.updated,
            title=entry.title,
            text=content.partition(f'<div class="{LIST}">')[0],
            reports=content.count("<li"),
            content=content,
        )
        before = self.seen.get(entry.id)
        self.seen[entry.id] = now
        if before is None:
            self.new[entry.id] += 1
        elif before.updated != now.updated:
            assert before.updated < now.updated
            self.updates[reason(before, now)] += 1
        elif before != now:
            self.silent += 1
        return before != now


def reason(before: Seen, now: Seen) -> str:
    """Say why `updated` moved."""
    if now.reports != before.reports:
        return "joined" if now.reports > before.reports else "left"
    if now.title != before.title:
        return "title"
    return "text" if now.text != before.text else "nothing"


@dataclass(slots=True)
class Event:
    """What publishers write about; each of its reports is the same text elsewhere."""

    number: int
    title: str
    text: str
    published: datetime

    def write(self, folder: Path, publisher: str, now: datetime, *, views: int = 0) -> None:
        """Write a report as a dump; the counter of views means nothing."""
        body = (
            f"<time>{self.published:%Y-%m-%d %H:%M}Z</time><p>{self.text}</p><p>{views} views</p>"
        )
        head = f"<!--{int(now.timestamp() * 1000)}-->\n[{self.title}](https://{publisher}/{self.number})"
        (folder / f"{publisher}_{self.number}.txt").write_text(f"{head}\n------\n\n{body}\n")


@dataclass(slots=True)
class World:
    """Events, their reports, and what happened to them."""

    folder: Path
    chance: random.Random
    events: list[Event] = field(default_factory=list)
    joined: int = 0
    edited: int = 0
    recounted: int = 0

    def happen(self, now: datetime, *, late: int = 0) -> Event:
        """Let something new be reported, which may have been published days ago."""
        number = len(self.events)
        words = [f"{word}{number}" for word in self.chance.sample(WORDS, 16)]
        event = Event(
            number=number,
            title=" ".join(words[:4]).capitalize(),
            text=" ".join(words * 4),
            published=now - timedelta(hours=1, days=late),
        )
        self.events.append(event)
        event.write(self.folder, "first.example", now)
        return event

    def join(self, event: Event, now: datetime) -> None:
        """Let another publisher report it."""
        event.write(self.folder, "second.example", now)
        self.joined += 1

    def recount(self, event: Event, now: datetime, views: int) -> None:
        """Let it be read by more people."""
        event.write(self.folder, "first.example", now, views=views)
        self.recounted += 1

    def edit(self, event: Event, now: datetime) -> None:
        """Let its publisher write more about it."""
        event.text += " and then quite unexpectedly everything turned out otherwise"
        event.write(self.folder, "first.example", now)
        self.edited += 1


@asynccontextmanager
async def opened(app: Application, clock: FakeClock) -> AsyncIterator[tuple[Pipeline, Reader]]:
    """Open a pipeline under a clock of ours, and a reader of what it publishes."""
    site = Site(
        store=app.store,
        folder=app.folder,
        feeds=app.config.feeds,
        public_url=app.config.public_url,
        clock=clock,
    )
    transport = httpx.ASGITransport(make_app(site))
    async with (
        assembled(app, clock) as pipeline,
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http,
    ):
        yield pipeline, Reader(http)


def archived(app: Application, extension: str) -> str:
    """Return the feed and all pages of its archive, one behind the other."""
    found = (app.folder / "merged").glob(f"archive-*.{extension}*")
    pages = sorted({one.with_name(one.name.removesuffix(".gz")) for one in found})
    files = (app.folder / f"merged.{extension}", *pages)
    return "".join(archive_files.read(one).decode() for one in files)


def test_every_story_is_news_once(application: Opener, tmp_path: Path) -> None:
    """New, joined, edited, late, recounted and reordered: the reader is told of what matters."""
    (tmp_path / "in").mkdir()
    chance = random.Random(28)
    app, clock = application(CONFIG), FakeClock(START)
    world = World(tmp_path / "in", chance)

    async def live() -> Reader:
        async with opened(app, clock) as (pipeline, reader):
            for edition in range(DAYS * 4):
                now = clock.pass_(STEP)
                happened = 0 if edition % 4 == 3 else 5  # nothing happens at night
                for _ in range(happened):
                    world.happen(now, late=3 if chance.random() < 0.1 else 0)
                recent = world.events[-10:-3]
                if happened and len(recent) == 7:
                    if edition % 5 == 0 and (event := recent[0]).number % 2 == 0:
                        world.join(event, now)
                    if edition % 7 == 0:
                        world.edit(recent[2], now)
                    world.recount(recent[4], now, edition * 1000)
                await pipeline.run(app.config.sources, force=True)
                changed = await reader.poll()
                assert changed or not happened
            return reader

    reader = asyncio.run(live())
    assert len(world.events) == DAYS * 3 * 5
    assert len(reader.seen) == len(world.events)
    assert set(reader.new.values()) == {1}
    assert reader.unchanged == DAYS
    assert reader.updates == {"joined": world.joined, "text": world.edited}
    assert world.joined > 1
    assert world.edited > 1
    assert reader.jumps == 0
    # a counter of views is shown as it is, and no news
    assert reader.silent == world.recounted > 1
    final = {shown.story.id for shown in app.store.newest_stories()}
    assert final == set(reader.seen)
    for extension in ("atom", "rss", "json"):
        whole = archived(app, extension)
        assert not [one for one in final if one not in whole]


def test_one_changed_entry_is_the_one_that_differs(application: Opener, tmp_path: Path) -> None:
    """Unchanged sources give the same bytes and 304; a change touches one entry in each format."""
    (tmp_path / "in").mkdir()
    app, clock = application(CONFIG), FakeClock(START)
    world = World(tmp_path / "in", random.Random(1))

    async def live() -> None:
        async with opened(app, clock) as (pipeline, reader):
            for _ in range(12):
                world.happen(clock.now)
            await pipeline.run(app.config.sources, force=True)
            assert len(await reader.poll()) == 12
            before = entries(app)
            for _ in range(3):
                clock.pass_(STEP)
                assert not (await pipeline.run(app.config.sources, force=True)).written
                assert await reader.poll() == set()
            assert reader.unchanged == 3
            clock.pass_(STEP)
            world.edit(world.events[5], clock.now)
            written = (await pipeline.run(app.config.sources, force=True)).written
            assert len(written) == 3
            (changed,) = await reader.poll()
            after = entries(app)
            assert before.keys() == after.keys()
            assert [one for one in after if after[one] != before[one]] == [changed]

    asyncio.run(live())


def entries(app: Application) -> dict[str, bytes]:
    """Return the entries of the Atom feed as they are written, by id."""
    root = etree.parse(app.folder / "merged.atom").getroot()
    return {
        one.findtext(f"{ATOM}id", ""): etree.tostring(one) for one in root.findall(f"{ATOM}entry")
    }
