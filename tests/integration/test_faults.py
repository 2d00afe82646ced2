"""What a home server does to the daemon: after each fault, gathering goes on at the next tick."""

import asyncio
import json
import os
import re
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.bootstrap import Application
from aggregator.core.clock_steps import ClockSteps
from aggregator.core.errors import OutOfResources, Unreachable
from aggregator.core.model import Fetched, Source, Validators
from aggregator.core.ports import Fetcher
from aggregator.daemon.daemon import Daemon
from aggregator.service import Listening
from aggregator.web.listen import listening, port_of
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox
from tests.builders import NOW, make_document
from tests.fakes import FakeFetcher
from tests.integration.assembled import assembled
from tests.integration.conftest import SEEDS, Opener
from tests.integration.loopback import Site
from tests.integration.test_daemon import configure, daemon, free_port, get, wait_for_line
from tests.waiting import HUNG, until

_HEAD = "fetch: {allow_private: [127.0.0.1]}\n"


class SetClock:
    """A time of day that passes when told, and that somebody may set."""

    def __init__(self) -> None:
        self.step, self.passed = timedelta(), 0.0

    def __call__(self) -> datetime:
        """Return the time of day."""
        return NOW + self.step + timedelta(seconds=self.passed)

    def steady(self) -> float:
        """Return the seconds that passed, however the time of day was set."""
        return self.passed


def news(*numbers: int) -> bytes:
    """Return a feed of these entries."""
    items = "".join(
        f"<item><guid>g{n}</guid><link>https://news.example/{n}</link><title>Headline {n}</title>"
        f"<description>What happened, told in text number {n}</description></item>"
        for n in numbers
    )
    return (
        '<rss version="2.0"><channel><title>News</title><link>https://news.example/</link>'
        f"{items}</channel></rss>"
    ).encode()


def with_daemon(
    app: Application,
    clock: SetClock,
    story: Callable[[Daemon], Awaitable[None]],
    fetchers: Mapping[str, Fetcher] | None = None,
) -> None:
    """Let a story happen to a daemon whose ticks it makes."""

    async def run() -> None:
        async with assembled(app, clock, fetchers) as pipeline:
            one = Daemon(app, pipeline, Metrics(), Inbox(1000), None, clock=clock)
            one._clock_steps = ClockSteps(clock, clock.steady, clock.steady)
            try:
                await one.start()
                await asyncio.gather(*one._tasks)
                await story(one)
            finally:
                await one.drain()

    asyncio.run(run())


async def tick(one: Daemon) -> None:
    """Make a tick and wait for what it began."""
    await one.tick()
    while one._tasks:
        await asyncio.gather(*one._tasks)


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize("step", [MINUTE, -MINUTE, DAY, -DAY, 366 * DAY, -366 * DAY, -20_000 * DAY])
def test_a_clock_that_is_set_changes_nothing(
    application: Opener, site: Site, step: timedelta
) -> None:
    """Sources are asked neither later nor more often, and their entries appear."""
    site.pages["/feed"] = news(1)
    app = application(f"{_HEAD}sources: [{{id: news, url: '{site.address}/feed', interval: 1s}}]\n")
    clock = SetClock()

    async def story(one: Daemon) -> None:
        await tick(one)
        for count, now in enumerate((step, timedelta(), step), start=2):
            clock.step = now
            site.pages["/feed"] = news(*range(1, count + 1))
            asked = len(site.asked)
            await tick(one)
            assert len(site.asked) == asked
            clock.passed += 601
            one._runs.pacing.not_asked(app.config.sources[0])  # nor did its floor, in real seconds
            await tick(one)
            assert len(site.asked) == asked + 1
            assert (app.folder / "merged.atom").read_bytes().count(b"</entry>") == count

    with_daemon(app, clock, story)


def test_an_outage_of_the_network_is_booked_on_no_source(application: Opener) -> None:
    """Each is asked soon after the network is back, though its interval is half a day."""
    app = application(
        "sources:\n"
        "  - {id: one, url: 'https://one.example/feed', interval: 12h}\n"
        "  - {id: two, url: 'https://two.example/feed', interval: 12h}\n"
    )
    fetcher = FakeFetcher()
    for source in app.config.sources:
        fetcher.answer(source, Unreachable("no answer", cause="lookup"))

    async def story(one: Daemon) -> None:
        await tick(one)
        assert one._pipeline.network.down
        assert not app.store.source_states()
        await tick(one)
        assert len(fetcher.asked) == 2
        for source in app.config.sources:
            fetcher.answer(source, make_document(news(1), url=source.url))
        # as if the last attempt was made when the machine started
        one._pipeline.network.judge(frozenset(), frozenset({"one.example"}), 0.0)
        for _ in range(3):
            await tick(one)
        assert sorted(name for name, _ in fetcher.asked[2:]) == ["one", "two"]
        states = app.store.source_states().values()
        assert [(one.failures, one.error) for one in states] == [(0, "")] * 2

    with_daemon(app, SetClock(), story, {"feed": fetcher})


def test_a_source_that_cannot_be_saved_costs_the_others_nothing(application: Opener) -> None:
    """Nor is our own lack of files booked on it."""
    app = application(
        "sources: [{id: one, url: 'https://one.example/feed'},"
        " {id: two, url: 'https://two.example/feed'}]\n"
    )
    fetcher = FakeFetcher()
    one, two = app.config.sources
    fetcher.answer(one, OutOfResources("too many open files"))
    fetcher.answer(two, make_document(news(1), url=two.url))

    async def story(daemon: Daemon) -> None:
        await tick(daemon)
        await tick(daemon)
        assert [name for name, _ in fetcher.asked] == ["one", "two"]
        assert app.store.source_states().keys() == {two.identity}
        assert (app.folder / "merged.atom").read_bytes().count(b"</entry>") == 1
        assert b"aggregator_run_errors_total 1.0" in daemon._runs._metrics.text()

    with_daemon(app, SetClock(), story, {"feed": fetcher})


def test_a_feed_that_was_removed_is_back_at_the_next_tick(application: Opener) -> None:
    app = application(f"sources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n")

    async def story(daemon: Daemon) -> None:
        await tick(daemon)
        feed = app.folder / "merged.atom"
        before = feed.read_bytes()
        feed.unlink()
        await tick(daemon)
        assert feed.read_bytes() == before

    with_daemon(app, SetClock(), story)


def test_a_database_that_was_removed_is_made_anew(application: Opener) -> None:
    """With the same ids and texts, and without fetching what is not due."""
    app = application(f"sources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n")

    async def story(daemon: Daemon) -> None:
        await tick(daemon)
        feed = app.folder / "merged.atom"
        before = sorted(re.findall(rb"<id>(.*?)</id>", feed.read_bytes()))
        for path in app.config.data.glob("aggregator.db*"):
            path.unlink()
        await tick(daemon)
        assert (app.config.data / "aggregator.db").exists()
        assert sorted(re.findall(rb"<id>(.*?)</id>", feed.read_bytes())) == before
        assert len(list(app.store.newest_stories())) == 4

    with_daemon(app, SetClock(), story)


class Trickle:
    """Answers one source after the other, without a pause, until the feed holds an entry."""

    def __init__(self, feed: Path) -> None:
        self._feed = feed
        self._turn = asyncio.Lock()
        self.answered = 0
        self.late = 0

    def _is_published(self) -> bool:
        return self._feed.exists() and b"</entry>" in self._feed.read_bytes()

    async def fetch(self, source: Source, validators: Validators) -> Fetched:
        """Return a new entry."""
        del validators
        async with self._turn:
            if not self._is_published():
                await asyncio.sleep(0.1)
                self.late += 1
            self.answered += 1
        document = make_document(news(self.answered), url=source.url)
        return Fetched(documents=(document,), validators=Validators())

    async def close(self) -> None:
        """Close nothing."""


def test_entries_are_published_while_others_keep_arriving(application: Opener) -> None:
    """Not only once no more come."""
    urls = ", ".join(f"'https://{n}.example/feed'" for n in range(400))
    app = application(f"sources: [{urls}]\n")

    async def story(daemon: Daemon) -> None:
        await tick(daemon)
        assert fetcher.answered == 400
        assert fetcher.late < 400

    fetcher = Trickle(app.folder / "merged.atom")
    with_daemon(app, SetClock(), story, {"feed": fetcher})


def test_a_full_disk_costs_no_downloads_and_nothing_is_lost(tmp_path: Path, site: Site) -> None:
    """While nothing can be saved nothing is asked; when it can be again, all appears once."""
    for path in ("/one", "/two"):
        site.pages[path] = news(1)
    sources = [f"{{url: '{site.address}{path}', interval: 1s}}" for path in ("/one", "/two")]
    port = free_port()
    with daemon(configure(tmp_path, *sources), port) as process:
        feed = f"http://127.0.0.1:{port}/feeds/merged.atom"
        until(lambda: get(feed).count(b"</entry>") == 1)
        unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (8192, unlimited[1]))
        for path in ("/one", "/two"):
            site.pages[path] = news(1, 2)
        until(lambda: b"aggregator_run_errors_total 0.0" not in get_metrics(port))
        asked = len(site.asked)
        until(lambda: failures(port) >= 2)
        assert len(site.asked) <= asked + 2
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        until(lambda: get(feed).count(b"</entry>") == 2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0


def get_metrics(port: int) -> bytes:
    """Return the metrics of a daemon."""
    return get(f"http://127.0.0.1:{port}/metrics")


def failures(port: int) -> float:
    """Return how many runs failed."""
    lines = get_metrics(port).decode().splitlines()
    return float(
        next(one for one in lines if one.startswith("aggregator_run_errors_total")).split()[1]
    )


def test_a_configuration_that_is_changed_is_taken_by_itself(tmp_path: Path, site: Site) -> None:
    """A broken one is said once in the log, and in the health while it lasts; it changes nothing."""
    site.pages["/one"], site.pages["/two"] = news(1), news(2)
    port = free_port()
    config = configure(tmp_path, f"{site.address}/one")
    first = config.read_text("utf-8")
    with daemon(config, port) as process:
        feed = f"http://127.0.0.1:{port}/feeds/merged.atom"
        until(lambda: get(feed).count(b"</entry>") == 1)
        config.write_text("sources: [", "utf-8")
        log = wait_for_line("configuration not reloaded", process)
        health = f"http://127.0.0.1:{port}/health"
        assert "faulty" in json.loads(get(health))["configuration"]
        config.write_text(f"{first}  - {site.address}/two\n", "utf-8")
        log += wait_for_line("configuration reloaded", process)
        until(lambda: get(feed).count(b"</entry>") == 2)
        assert json.loads(get(health))["configuration"] == "ok"
        process.send_signal(signal.SIGTERM)
        log += process.communicate(timeout=HUNG)[1]
    assert process.returncode == 0
    assert log.count("configuration not reloaded") == 1
    (said,) = (one for one in log.splitlines() if "configuration not reloaded" in one)
    assert f"{config}:" in said
    assert "^" not in said  # the mark below the column belongs to an excerpt of several lines


@pytest.mark.parametrize("wait", [0.0, 0.3, 0.6])
def test_a_signal_to_reload_right_after_the_start_ends_nothing(tmp_path: Path, wait: float) -> None:
    """Once the program is loaded; before, the system ends every process so."""
    port = free_port()
    config = configure(tmp_path, f"{{id: samples, kind: dump, path: {SEEDS}}}")
    with daemon(config, port) as process:
        until((tmp_path / "data" / "lock").exists)
        time.sleep(wait)
        process.send_signal(signal.SIGHUP)
        get(f"http://127.0.0.1:{port}/feeds/merged.atom")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0


def test_a_signal_to_end_during_a_reload_ends_the_daemon_well(tmp_path: Path) -> None:
    config = configure(tmp_path, f"{{id: samples, kind: dump, path: {SEEDS}}}")
    with daemon(config, free_port()) as process:
        wait_for_line(" serving", process)
        process.send_signal(signal.SIGHUP)
        wait_for_line("configuration reloaded", process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0


def test_the_addresses_are_known_to_a_reload_after_the_server_has_ended() -> None:
    with listening("127.0.0.1", 0) as sockets:
        listens = Listening("127.0.0.1", port_of(sockets), sockets)
    assert sockets[0].fileno() == -1
    assert listens.addresses == ("127.0.0.1",)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_suspended_daemon_and_killed_workers_cost_nothing(tmp_path: Path, site: Site) -> None:
    site.pages["/feed"] = news(1)
    port = free_port()
    config = configure(tmp_path, f"{{url: '{site.address}/feed', interval: 1s}}")
    with daemon(config, port) as process:
        feed = f"http://127.0.0.1:{port}/feeds/merged.atom"
        until(lambda: get(feed).count(b"</entry>") == 1)
        process.send_signal(signal.SIGSTOP)
        site.pages["/feed"] = news(1, 2)
        time.sleep(2)
        process.send_signal(signal.SIGCONT)
        until(lambda: get(feed).count(b"</entry>") == 2)
        for child in children(process.pid):
            os.kill(child, signal.SIGKILL)
        site.pages["/feed"] = news(1, 2, 3)
        until(lambda: get(feed).count(b"</entry>") == 3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0
