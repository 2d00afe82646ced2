"""Faults of files, and a suspension: a real daemon goes on when they are over; ids stay."""

import asyncio
import ctypes
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.core.clock_steps import ClockSteps
from aggregator.daemon.daemon import Daemon
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox
from tests.integration.assembled import assembled
from tests.integration.conftest import Opener
from tests.integration.loopback import Site
from tests.integration.test_daemon import COMMAND, configure, free_port, get
from tests.integration.test_faults import SetClock, failures, news, tick
from tests.waiting import HUNG, until

_DROP_FROM_BOUNDING_SET = 24
_PASSES_RIGHTS = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def without_privileges() -> None:
    """Make the rights of files hold for root as well, in a process that is about to start."""
    libc = ctypes.CDLL(None)
    for capability in _PASSES_RIGHTS:
        libc.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


@contextmanager
def bound_daemon(config: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """Run a daemon that may open only what the rights of files allow."""
    words = [*COMMAND, "run", "--config", str(config), "--port", str(port)]
    process = subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=without_privileges,  # noqa: PLW1509  before any thread of its own
    )
    try:
        yield process
    finally:
        process.kill()
        print(process.communicate()[1])  # shown if the test fails


def entries(feed: bytes) -> list[tuple[str, str]]:
    """Return the titles and ids of a feed, sorted."""
    parts = re.findall(rb"<entry.*?</entry>", feed, re.DOTALL)
    found = (
        re.search(rb"<id>(.*?)</id>.*?<title[^>]*>(.*?)</title>", one, re.DOTALL) for one in parts
    )
    return sorted((one[2].decode(), one[1].decode()) for one in found if one)


def set_folder(data: Path, mode: int) -> None:
    """Make the data folder and all in it read-only, or writable again."""
    for path in (data, *data.rglob("*")):
        path.chmod(mode if path.is_dir() else mode & 0o666)


def set_files(data: Path, mode: int) -> None:
    """Let database and journal belong to somebody else, as far as rights go, or to us again."""
    for path in (*data.glob("aggregator.db*"), data / "journal.jsonl"):
        path.chmod(mode & 0o666)


@pytest.mark.parametrize("fault", [set_folder, set_files])
def test_files_that_cannot_be_written_cost_nothing(
    tmp_path: Path, site: Site, fault: Callable[[Path, int], None]
) -> None:
    """Nothing is asked meanwhile; at the next tick after it, all appears once, under its old ids."""
    site.pages["/feed"] = news(1)
    port, data = free_port(), tmp_path / "data"
    config = configure(tmp_path, f"{{url: '{site.address}/feed', interval: 1s}}")
    with bound_daemon(config, port) as process:
        address = f"http://127.0.0.1:{port}/feeds/merged.atom"
        until(lambda: get(address).count(b"</entry>") == 1)
        before = entries(get(address))
        fault(data, 0o500 if fault is set_folder else 0o000)
        site.pages["/feed"] = news(1, 2)
        until(lambda: failures(port) >= 2)
        asked = len(site.asked)
        until(lambda: failures(port) >= 3)
        assert len(site.asked) == asked
        assert entries(get(address)) == before
        fault(data, 0o700)
        until(lambda: get(address).count(b"</entry>") == 2)
        assert set(before) < set(entries(get(address)))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0


class Asleep(SetClock):
    """A machine that was suspended: its time of day went on, its programs did not."""

    def awake(self) -> float:
        """Return the seconds that programs ran."""
        return 0.0


@pytest.mark.parametrize("span", [timedelta(minutes=2), timedelta(days=2)])
def test_after_a_suspension_what_is_due_is_asked_once(
    application: Opener, site: Site, span: timedelta
) -> None:
    """It is no change of the clock, and the ticks that were missed are not made up for."""
    site.pages["/feed"] = news(1)
    app = application(
        "fetch: {allow_private: [127.0.0.1]}\n"
        f"sources: [{{id: news, url: '{site.address}/feed', interval: 1m}}]\n"
    )
    clock = Asleep()

    async def run() -> None:
        async with assembled(app, clock) as pipeline:
            steps = ClockSteps(clock, clock.steady, clock.awake)
            daemon = Daemon(
                app, pipeline, Metrics(), Inbox(1000), None, clock=clock, clock_steps=steps
            )
            await daemon.start()
            await tick(daemon)
            before = app.store.source_states()["news"]
            site.pages["/feed"] = news(1, 2)
            clock.passed += span.total_seconds()
            daemon._runs.pacing.not_asked(app.config.sources[0])  # its floor is in real seconds
            await tick(daemon)
            await tick(daemon)
            await daemon.drain()
            after = app.store.source_states()["news"]
            assert before.due
            assert after.due
            assert after.due - before.due >= span - timedelta(minutes=1)

    asyncio.run(run())
    assert len(site.asked) == 2
    assert (app.folder / "merged.atom").read_bytes().count(b"</entry>") == 2


def test_a_database_that_cannot_be_read_is_said_in_one_line(tmp_path: Path, site: Site) -> None:
    """At the start, when there is nothing to go on with."""
    site.pages["/feed"] = news(1)
    config = configure(tmp_path, f"{site.address}/feed")
    fetch = [*COMMAND, "fetch", "--config", str(config)]
    subprocess.run(fetch, check=True, capture_output=True, timeout=HUNG)
    set_files(tmp_path / "data", 0o000)
    words = [*COMMAND, "run", "--config", str(config), "--port", str(free_port())]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=HUNG,
        check=False,
        preexec_fn=without_privileges,
    )
    set_files(tmp_path / "data", 0o600)
    assert done.returncode not in {0, -signal.SIGKILL}
    assert "Traceback" not in done.stderr
    assert "aggregator.db" in done.stderr or "cannot" in done.stderr
    again = subprocess.run(
        [*fetch, "--json"], check=True, capture_output=True, timeout=HUNG, env=os.environ
    )
    assert b'"new": 0' in again.stdout or b'"new":0' in again.stdout
