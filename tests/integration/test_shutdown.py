"""The daemon serves before anything else, and ends whatever is under way."""

import os
import signal
import socket
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import bootstrap
from aggregator.bootstrap import open_application
from aggregator.config import load
from aggregator.core.model import Source, SourceState
from tests.builders import make_entry
from tests.integration.loopback import Site
from tests.integration.test_daemon import COMMAND, configure, daemon, free_port, get
from tests.waiting import HUNG, until

BACKLOG = 6_000  # entries; grouping them takes several seconds


def store_backlog(config: Path) -> None:
    """Store entries that are not grouped, as a process that was killed leaves them."""
    application = open_application(load(config, {}))
    now = bootstrap.now()
    entries = tuple(
        make_entry(n, title=f"Report {n} of event {n % 700}", published=now - timedelta(minutes=n))
        for n in range(BACKLOG)
    )
    source = Source(id="backlog", url="https://backlog.example/")
    state = SourceState(url=source.url, due=now + timedelta(hours=1), last_fetch=now)
    application.store.save_gathered(source, entries, state, now=now, initial=None)
    application.close()


def count_ungrouped(config: Path) -> int:
    """Return how many entries are left to group."""
    application = open_application(load(config, {}))
    try:
        return len(application.store.ungrouped(BACKLOG))
    finally:
        application.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_backlog_neither_delays_serving_nor_the_end(
    tmp_path: Path, number: signal.Signals
) -> None:
    port, config = free_port(), configure(tmp_path)
    store_backlog(config)
    with daemon(config, port) as process:
        get(f"http://127.0.0.1:{port}/healthz")
        process.send_signal(number)
        _, log = process.communicate(timeout=HUNG)
    assert process.returncode == 0, log
    assert "Traceback" not in log
    assert count_ungrouped(config) > 0  # it did not finish them first


def test_it_ends_while_sources_and_clients_hang(tmp_path: Path, site: Site) -> None:
    site.hanging |= {f"/{n}" for n in range(4)}
    port = free_port()
    config = configure(tmp_path, *(f"{site.address}/{n}" for n in range(4)))
    with daemon(config, port) as process, socket.socket() as half:
        get(f"http://127.0.0.1:{port}/healthz")
        until(lambda: site.waiting)
        half.connect(("127.0.0.1", port))
        half.sendall(b"GET / HTTP/1.1\r\nHost:")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=HUNG)
    assert process.returncode == 0, log


@pytest.mark.parametrize("fate", ["gone", "stuck"])
def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path, site: Site, fate: str) -> None:
    item = "<item><title>Report {n}</title><link>https://example.org/{n}</link></item>"
    feed = "".join(item.format(n=n) for n in range(20))
    site.pages["/feed"] = f"<rss><channel><title>F</title>{feed}</channel></rss>".encode()
    port, config = free_port(), configure(tmp_path, f"{site.address}/feed")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while fate == "stuck":  # fill the pipe before the daemon writes
            os.write(writing, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writing, True)
    if fate == "gone":
        os.close(reading)
    with subprocess.Popen(
        [*COMMAND, "run", "--config", str(config), "--port", str(port)], stderr=writing
    ) as process:
        os.close(writing)
        feed_url = f"http://127.0.0.1:{port}/feeds/merged.atom"
        until(lambda: b"<entry" in get(feed_url))
        process.send_signal(signal.SIGTERM)
        assert process.wait(HUNG) == 0
    if fate == "stuck":
        os.close(reading)
    assert len(site.asked) == 1
