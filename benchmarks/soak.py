"""A month of the daemon in compressed time: does anything grow, is anything missed, is all served?

    python -m benchmarks.soak [--sources 300] [--days 30] [--farm FOLDER] [--write]

The time of the event loop jumps to the next timer as soon as nothing is under way, so that a day takes
as long as its work. The sources are those of benchmarks/soak_world.py, over real HTTP; they fail, move,
edit their entries and go away, and the network has outages. `--farm` takes the texts from the files of
a folder. A file `stop` in the folder of `--keep` ends it early. With `--write` the figures go to soak.md and the plot to soak.svg.
"""

import argparse
import asyncio
import io
import json
import mmap
import os
import platform
import re
import selectors
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config import load
from aggregator.core import logger
from aggregator.core.clock_steps import ClockSteps
from aggregator.core.log_stream import LogStream
from aggregator.core.model import Fetched, NotModified, Source, Validators
from aggregator.core.threads import StoreThread
from aggregator.core.ticker import Ticker
from aggregator.daemon.daemon import Daemon
from aggregator.daemon.nightly import Nightly
from aggregator.gather import schedule
from aggregator.gather.fetchers import open_fetchers
from aggregator.pool import Pool
from aggregator.text import urls
from aggregator.web import Site
from aggregator.web.listen import listening, port_of
from aggregator.web.metrics import Metrics
from aggregator.web.server import Server
from aggregator.websub import Inbox
from benchmarks import soak_world
from benchmarks.processes import cpu_seconds, free_port, resident_megabytes
from benchmarks.soak_world import DAY, START

_T = TypeVar("_T")

HERE = Path(__file__).parent
TICK_SECONDS = 30.0  # rather than 5, which would be most of the work
SAMPLE_SECONDS = 6 * 3600.0
LOOK_SECONDS = 600.0  # between two looks for late sources
LATE_SECONDS = 60.0
SETTLED_DAYS = 10  # slopes are those of the days after
GRACE_SECONDS = 0.3  # that a server gets to answer, in real time; then it hangs
START_MARK, END_MARK = "<!-- figures -->", "<!-- end of figures -->"
CONFIG = """\
data: data
fetch: {{allow_private: [127.3.0.0/16], interval: 6h, min_interval: 3h, timeout: 20s}}
stories: {{keep: 7d}}
backup: {{dir: backups, keep: 3}}
health_feed: true
feeds: [{{name: merged, title: Merged, limit: 100}}]
sources:
"""


# --- time ----------------------------------------------------------------------------------


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer when nothing is under way."""

    def __init__(self) -> None:
        self.jumped = 0.0
        self.in_threads = 0
        self.requests = 0  # under way
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the monotonic time, with all jumps."""
        return time.monotonic() + self.jumped

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., _T], *args: Any
    ) -> "asyncio.Future[_T]":
        """Call in a thread; time does not jump meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self.in_threads += 1
        future.add_done_callback(self._leave_thread)
        return future

    def _leave_thread(self, _: "asyncio.Future[Any]") -> None:
        self.in_threads -= 1


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or timeout is None or timeout <= 0:
            return found or super().select(timeout)
        if self._loop.in_threads:
            return super().select(0.02)
        if self._loop.requests and (found := super().select(min(timeout, GRACE_SECONDS))):
            return found
        self._loop.jumped += timeout
        return super().select(0)


class Time:
    """The time of day of the soak, which the world reads from a file."""

    def __init__(self, loop: JumpingLoop, shared: mmap.mmap) -> None:
        self._loop, self._shared = loop, shared
        self._began = loop.time()

    def seconds(self) -> float:
        """Return the seconds since the start."""
        passed = self._loop.time() - self._began
        self._shared[:8] = struct.pack("d", passed)
        return passed

    def __call__(self) -> datetime:
        """Return the time of day."""
        return START + timedelta(seconds=self.seconds())


class Watched:
    """A fetcher that tells the loop how many requests are under way, and counts them."""

    def __init__(self, fetcher: Any, loop: JumpingLoop, now: Time) -> None:
        self._fetcher, self._loop, self._now = fetcher, loop, now
        self.count = 0

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Fetch."""
        self._now()
        self.count += 1
        self._loop.requests += 1
        try:
            found: Fetched | NotModified = await self._fetcher.fetch(source, validators)
            return found
        finally:
            self._loop.requests -= 1

    async def close(self) -> None:
        """Close the fetcher."""
        await self._fetcher.close()


# --- what is noted -------------------------------------------------------------------------


class CountingStream:
    """A log that counts its lines, and keeps those of errors."""

    def __init__(self, path: Path) -> None:
        self.lines = 0
        self._file = path.open("w", encoding="utf-8")

    def write(self, text: str) -> int:
        """Count the lines."""
        self.lines += text.count("\n")
        if "gathered" not in text:
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    def fileno(self) -> int:
        """Refuse: the lines have to pass through `write`."""
        raise io.UnsupportedOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The sizes of everything at one time."""

    day: float
    memory: float  # MB, of the daemon
    workers: float  # MB
    files: int  # open
    database: float  # MB
    journal: float  # MB
    published: float  # MB, feeds with archives
    published_files: int
    log_lines: int
    fetches: int
    cpu: float


@dataclass(slots=True)
class Seen:
    """What was noted in the course of the month."""

    samples: list[Sample] = field(default_factory=list)
    late: dict[str, float] = field(default_factory=dict)  # longest delay, by source
    late_looks: int = 0
    looks: int = 0
    answers: dict[str, int] = field(default_factory=dict)


class Soak:
    """A daemon with its web server under a time that jumps."""

    def __init__(self, folder: Path, app: Application, loop: JumpingLoop, now: Time) -> None:
        self.folder, self.app, self.loop, self.now = folder, app, loop, now
        self.seen = Seen()
        self.outages: Sequence[soak_world.Span] = ()
        self.stream = CountingStream(folder / "log")
        self.fetchers = open_fetchers(app.config.fetch)
        self.feed = Watched(self.fetchers["feed"], loop, now)

    async def run(self, days: float) -> None:
        """Run for so many days."""
        pool, thread = Pool(workers=1, threshold=0, idle=1e9), StoreThread()
        pipeline = bootstrap.assemble(
            self.app, fetchers={"feed": self.feed}, pool=pool, thread=thread, clock=self.now
        )
        metrics = Metrics()
        steps = ClockSteps(self.now, self.loop.time, self.loop.time)
        daemon = Daemon(
            self.app,
            pipeline,
            metrics,
            Inbox(1_000_000),
            None,
            clock=self.now,
            clock_steps=steps,
        )
        nightly = Nightly(self.app.config, pipeline.upkeep, thread, self.now)
        with listening("127.0.0.1", 0) as sockets:
            site = Site(
                store=self.app.store,
                folder=self.app.folder,
                feeds=self.app.config.feeds,
                public_url=self.app.config.public_url,
                clock=self.now,
                metrics=metrics,
            )
            serving = asyncio.create_task(Server(sockets, site).serve())
            await daemon.start()
            ticker = Ticker(daemon.tick, TICK_SECONDS)
            try:
                await self._watch(days, nightly, port_of(sockets))
            finally:
                ticker.shutdown()
                await daemon.drain()
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
                thread.close()
                pool.close()
                await self.fetchers.close()

    async def _watch(self, days: float, nightly: Nightly, port: int) -> None:
        next_sample, next_night = SAMPLE_SECONDS, DAY
        while self.now.seconds() < days * DAY and not (self.folder / "stop").exists():
            await asyncio.sleep(LOOK_SECONDS)
            await self._look_for_late()
            if self.now.seconds() >= next_sample:
                next_sample += SAMPLE_SECONDS
                await self._ask(port)
                self.seen.samples.append(await asyncio.to_thread(self._sample))
                print(json.dumps(asdict(self.seen.samples[-1])), file=sys.stderr, flush=True)
            if self.now.seconds() >= next_night:
                next_night += DAY
                await nightly.run()

    async def _look_for_late(self) -> None:
        """Note sources that are due for longer than a minute, though network and hosts are there."""
        seconds, now = self.now.seconds(), self.now()
        if any(begin <= seconds < end + LOOK_SECONDS for begin, end in self.outages):
            return
        states = await asyncio.to_thread(self.app.store.source_states)
        self.seen.looks += 1
        sources = self.app.config.sources
        waits = schedule.waiting_hosts(sources, states, now)
        free = {one.identity for one in sources if urls.host(one.url) not in waits}
        late = {
            name: (now - state.due).total_seconds()
            for name, state in states.items()
            if name in free
            and state.due
            and not state.gone
            and now - state.due > timedelta(seconds=LATE_SECONDS)
        }
        self.seen.late_looks += bool(late)
        for name, seconds in late.items():
            self.seen.late[name] = max(seconds, self.seen.late.get(name, 0.0))

    async def _ask(self, port: int) -> None:
        for path in ("/health", "/metrics", "/", "/feeds/merged.atom"):
            status = await asyncio.to_thread(_status, f"http://127.0.0.1:{port}{path}")
            key = f"{path} {status}"
            self.seen.answers[key] = self.seen.answers.get(key, 0) + 1

    def _sample(self) -> Sample:
        data, feeds = self.folder / "data", list((self.folder / "data" / "feeds").rglob("*"))
        databases = data.glob("aggregator.db*")
        whole, own = resident_megabytes(os.getpid()), _own_megabytes()
        return Sample(
            day=round(self.now.seconds() / DAY, 3),
            memory=round(own, 1),
            workers=round(whole - own, 1),
            files=sum(1 for _ in Path("/proc/self/fd").iterdir()),
            database=_megabytes(databases),
            journal=_megabytes([data / "journal.jsonl"]),
            published=_megabytes(feeds),
            published_files=len(feeds),
            log_lines=self.stream.lines,
            fetches=self.feed.count,
            cpu=round(cpu_seconds(os.getpid()), 1),
        )


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  ours
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _own_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _megabytes(paths: Iterable[Path]) -> float:
    return round(sum(one.stat().st_size for one in paths if one.is_file()) / 1e6, 3)


# --- what is served ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The entries that exist, those that are served, and entries that are stored twice."""

    existing: int
    served: int
    missing: tuple[str, ...]
    doubled: int


def served(world: Sequence[soak_world.Site], now: float, folder: Path) -> Served:
    """Compare the entries that a reader of feed and archives has seen with those that exist.

    A further report of a publisher is seen with its story, which names each publisher once. Entries
    of the last day do not count, nor those that left their document before anybody could ask.
    """
    found, ids = set[str](), set[str]()
    for path in folder.rglob("*.atom"):
        if not path.name.startswith("."):
            text = path.read_text("utf-8")
            found |= set(re.findall(r"https://site\d+\.example/\d+", text))
            ids |= set(re.findall(r"urn:uuid:[0-9a-f-]+", text))
    found |= _with_stories(folder.parent / "aggregator.db", ids)
    existing: set[str] = set()
    for site in world:
        end = min(now - DAY, site.gone - DAY)
        old = [one for one in site.items if one.at <= 0][-soak_world.SHOWN :]
        new = [one for one in site.items if 0 < one.at <= end]
        existing |= {soak_world.link(site.number, one.number) for one in (*old, *new)}
    missing = sorted(existing - found)
    return Served(
        existing=len(existing),
        served=len(existing & found),
        missing=tuple(missing),
        doubled=_doubled(folder.parent / "aggregator.db"),
    )


def _with_stories(database: Path, ids: set[str]) -> set[str]:
    """Return the links of the entries of these stories."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "select entry.link, coalesce(member.story, record.story) from entry"
            " left join member on member.key = entry.key left join record on record.key = entry.key"
        ).fetchall()
    return {link for link, story in rows if story in ids}


def _doubled(database: Path) -> int:
    """Return how many entries are stored more than once: their links differ in this world."""
    with closing(sqlite3.connect(database)) as connection:
        query = "select count(*) - count(distinct link) from entry"
        count: int = connection.execute(query).fetchone()[0]
    return count


# --- figures -------------------------------------------------------------------------------

SERIES: Mapping[str, tuple[str, Callable[[Sample], float]]] = {
    "memory of the daemon": ("MB", lambda one: one.memory),
    "memory of the worker": ("MB", lambda one: one.workers),
    "open files": ("", lambda one: one.files),
    "database": ("MB", lambda one: one.database),
    "journal": ("MB", lambda one: one.journal),
    "feeds and archives": ("MB", lambda one: one.published),
    "log lines": ("", lambda one: one.log_lines),
    "fetches": ("", lambda one: one.fetches),
    "CPU seconds": ("s", lambda one: one.cpu),
}


def slope(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    """Return the growth a day, by least squares, after the first days."""
    settled = [one for one in samples if one.day >= SETTLED_DAYS] or list(samples)
    mean_day = sum(one.day for one in settled) / len(settled)
    mean = sum(map(value, settled)) / len(settled)
    above = sum((one.day - mean_day) * (value(one) - mean) for one in settled)
    return above / (sum((one.day - mean_day) ** 2 for one in settled) or 1.0)


def table(samples: Sequence[Sample]) -> str:
    """Return the sizes and slopes as a table in Markdown."""
    days = [SETTLED_DAYS, (SETTLED_DAYS + samples[-1].day) / 2, samples[-1].day]
    picked = [min(samples, key=lambda one: abs(one.day - day)) for day in days]
    lines = ["| | " + " | ".join(f"day {one.day:.0f}" for one in picked) + " | growth a day |"]
    lines.append("|---" * 5 + "|")
    for name, (unit, value) in SERIES.items():
        cells = [f"{value(one):,.6g} {unit}".strip() for one in picked]
        growth = f"{slope(samples, value):+,.3g} {unit}".strip()
        lines.append(f"| {name} | {' | '.join(cells)} | {growth} |")
    return "\n".join(lines)


def plot(samples: Sequence[Sample]) -> str:
    """Return small plots of all series as SVG."""
    width, height, across = 200, 90, 3
    parts: list[str] = []
    for place, (name, (unit, value)) in enumerate(SERIES.items()):
        left = 10 + place % across * (width + 20)
        top = 10 + place // across * (height + 40)
        values, last = [value(one) for one in samples], samples[-1].day
        most = max(values) or 1.0
        points = " ".join(
            f"{left + one.day / last * width:.1f},{top + 16 + height * (1 - value(one) / most):.1f}"
            for one in samples
        )
        parts.append(
            f'<text x="{left}" y="{top + 10}">{name}, up to {most:,.5g} {unit}</text>'
            f'<rect x="{left}" y="{top + 16}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>'
            f'<polyline points="{points}" fill="none" stroke="#2b6cb0" stroke-width="1.5"/>'
        )
    rows = -(-len(SERIES) // across)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across * (width + 20) + 10}"'
        f' height="{rows * (height + 40) + 20}" font-family="sans-serif" font-size="11">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def report(seen: Seen, found: Served, days: float, sources: int, seconds: float) -> str:
    """Return the figures in Markdown."""
    worst = max(seen.late.values(), default=0.0)
    answers = ", ".join(f"{key}: {count}" for key, count in sorted(seen.answers.items()))
    return (
        f"{sources} sources, {days:.1f} days in {seconds / 60:.0f} minutes, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}; load average {os.getloadavg()[0]:.1f} at the end.\n\n"
        f"![sizes over the days](soak.svg)\n\n{table(seen.samples)}\n\n"
        f"- Entries that exist: {found.existing:,}; served: {found.served:,}; missing:"
        f" {len(found.missing)}; stored twice: {found.doubled}.\n"
        f"- Late sources (due for more than {LATE_SECONDS:.0f} s, outages apart): at {seen.late_looks} of"
        f" {seen.looks} looks, one every {LOOK_SECONDS / 60:.0f} minutes; the longest delay was"
        f" {worst:.0f} s.\n- Answers of the server: {answers}."
    )


def run(folder: Path, given: argparse.Namespace) -> str:
    """Run the soak in a folder; return the figures."""
    port, clock = free_port(), folder / "clock"
    clock.write_bytes(bytes(8))
    lines = (f"- '{soak_world.address(n, port)}'\n" for n in range(given.sources))
    (folder / "c.yaml").write_text(CONFIG.format() + "".join(lines), encoding="utf-8")
    more = ["--texts", str(given.farm)] if given.farm else []
    words = [str(port), str(clock), str(given.sources), str(given.days), *more]
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.soak_world", *words], stdout=subprocess.PIPE
    )
    loop, began = JumpingLoop(), time.monotonic()
    asyncio.set_event_loop(loop)
    try:
        if server.stdout is None or server.stdout.readline() != b"ready\n":
            raise SystemExit("the world cannot be served")
        with clock.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
            now = Time(loop, shared)
            app = bootstrap.open_application(load(folder / "c.yaml", {}))
            soak = Soak(folder, app, loop, now)
            logger.configure(LogStream(soak.stream))  # type: ignore[arg-type]
            world, soak.outages = soak_world.make(given.sources, given.days, given.farm)
            loop.run_until_complete(soak.run(given.days))
            days = now.seconds() / DAY
            found = served(world, now.seconds(), app.folder)
            app.close()
    finally:
        server.kill()
        server.wait()
        loop.close()
    (folder / "missing").write_text("\n".join(found.missing), encoding="utf-8")
    (folder / "soak.svg").write_text(plot(soak.seen.samples), encoding="utf-8")
    seconds = time.monotonic() - began
    return report(soak.seen, found, days, given.sources, seconds)


def main() -> None:
    """Run the soak, and print or write its figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sources", type=int, default=300)
    options.add_argument("--days", type=float, default=30)
    options.add_argument("--farm", type=Path, metavar="FOLDER")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files there")
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        figures = run(folder, given)
        print(figures)
        if given.write:
            page = HERE / "soak.md"
            before, _, rest = page.read_text(encoding="utf-8").partition(START_MARK)
            after = rest.partition(END_MARK)[2]
            page.write_text(f"{before}{START_MARK}\n{figures}\n{END_MARK}{after}", encoding="utf-8")
            (HERE / "soak.svg").write_text((folder / "soak.svg").read_text("utf-8"), "utf-8")


if __name__ == "__main__":
    main()
