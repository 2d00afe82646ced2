"""The daemon as a process: it fetches at once, serves, and ends cleanly."""

import contextlib
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

import pytest

from tests.contract.databases import chosen_url
from tests.integration.conftest import SEEDS
from tests.integration.loopback import Site
from tests.waiting import HUNG, until

COMMAND = [sys.executable, "-m", "aggregator"]


def free_port() -> int:
    """Return a port that nobody listens on, nor gets by chance before a daemon has begun.

    The system gives away ports above these, to every connection of the tests beside this one.
    """
    while True:
        port = random.SystemRandom().randrange(15_000, 30_000)
        with contextlib.suppress(OSError), create_server(("127.0.0.1", port)):
            return port


@contextmanager
def daemon(config: Path, port: int, command: str = "run") -> Iterator[subprocess.Popen[str]]:
    """Run the daemon until the block ends."""
    words = [*COMMAND, command, "--config", str(config), "--port", str(port)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        print(process.communicate()[1])  # shown if the test fails


def get(address: str) -> bytes:
    """Return the page, asked for again until it is there."""
    pages: list[bytes] = []

    def answered() -> bool:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(address, timeout=HUNG) as answer,
        ):
            pages.append(answer.read())
        return bool(pages)

    until(answered)
    return pages[0]


def configure(folder: Path, *sources: str) -> Path:
    """Write a configuration of these sources and return its path."""
    path = folder / "aggregator.yaml"
    lines = "".join(f"  - {source}\n" for source in sources)
    path.write_text(
        f"data: data\nstore: {chosen_url(folder / 'data')}\n"
        f"fetch: {{allow_private: [127.0.0.1]}}\nsources:\n{lines}",
        encoding="utf-8",
    )
    return path


def test_daemon_fetches_at_once_serves_and_ends(tmp_path: Path) -> None:
    """The feed is there within seconds; Ctrl-C ends it with status 0 and no traceback."""
    port = free_port()
    config = configure(tmp_path, f"{{id: samples, kind: dump, path: {SEEDS}}}")
    with daemon(config, port) as process:
        get(f"http://127.0.0.1:{port}/feeds/merged.atom")
        feed = f"http://127.0.0.1:{port}/feeds/merged.atom"
        until(lambda: get(feed).count(b"<entry ") >= 4)
        assert get(feed).count(b"<entry ") == 4
        assert "布林肯与习近平会面".encode() in get(f"http://127.0.0.1:{port}/")
        assert json.loads(get(f"http://127.0.0.1:{port}/health"))["status"] == "ok"
        search = (
            f"http://127.0.0.1:{port}/search?q=%E7%BF%92%E8%BF%91%E5%B9%B3"  # in the other script
        )
        until(lambda: "布林肯与习近平会面".encode() in get(search))
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=HUNG)
    assert process.returncode == 0
    assert "Traceback" not in log


def test_second_daemon_leaves_with_a_status_of_its_own(tmp_path: Path) -> None:
    """Two processes never work in one data folder."""
    port = free_port()
    config = configure(tmp_path, f"{{id: samples, kind: dump, path: {SEEDS}}}")
    with daemon(config, port):
        get(f"http://127.0.0.1:{port}/health")
        command = [*COMMAND, "run", "--config", str(config), "--port", str(free_port())]
        second = subprocess.run(command, capture_output=True, text=True, timeout=HUNG, check=False)
    assert second.returncode == 3
    assert str(tmp_path / "data") in second.stderr


def test_daemon_ends_while_a_source_hangs(tmp_path: Path, site: Site) -> None:
    """A fetch under way does not hold up the end."""
    site.hanging.add("/hangs")
    port = free_port()
    with daemon(configure(tmp_path, f"{site.address}/hangs"), port) as process:
        get(f"http://127.0.0.1:{port}/feeds/merged.atom")
        until(lambda: site.waiting)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0


def wait_for(text: bytes, address: str) -> None:
    """Wait until a page holds a text."""
    until(lambda: text in get(address))


def wait_for_line(text: str, process: subprocess.Popen[str]) -> str:
    """Read the log up to the line that holds a text; return what was read."""
    assert process.stderr
    guard = threading.Timer(HUNG, process.kill)
    guard.start()
    read = ""
    while text not in read and (line := process.stderr.readline()):
        read += line
    guard.cancel()
    assert text in read, read
    return read


def test_configuration_is_read_again_on_a_signal(tmp_path: Path) -> None:
    """A new feed and a new title are there without a new start; a wrong file changes nothing."""
    port = free_port()
    config = configure(tmp_path, f"{{id: samples, kind: dump, path: {SEEDS}}}")
    first = config.read_text("utf-8")
    feeds = f"http://127.0.0.1:{port}/feeds"
    with daemon(config, port) as process:
        wait_for(b"<entry", f"{feeds}/merged.atom")
        config.write_text(first + "feeds: [{name: two, title: Second, limit: 0}]\n", "utf-8")
        process.send_signal(signal.SIGHUP)
        log = wait_for_line("configuration not reloaded", process)
        assert b"Merged news" in get(f"{feeds}/merged.atom")
        config.write_text(first.replace("data: data", "data: other"), "utf-8")
        process.send_signal(signal.SIGHUP)
        log += wait_for_line("configuration not reloaded", process)
        new = "feeds: [{name: two, title: Second, formats: [json]}, {name: merged}]\n"
        config.write_text(first + new, "utf-8")
        process.send_signal(signal.SIGHUP)
        wait_for(b"Second", f"http://127.0.0.1:{port}/")
        assert json.loads(get(f"{feeds}/two.json"))["title"] == "Second"
        wait_for(b"<title>merged<", f"{feeds}/merged.atom")
        process.send_signal(signal.SIGTERM)
        log += process.communicate(timeout=HUNG)[1]
    assert process.returncode == 0
    assert "Traceback" not in log
    assert log.count("configuration not reloaded") == 2
    assert log.count("configuration reloaded") == 1
    assert "limit" in log


def test_a_source_that_hangs_does_not_hold_up_the_end_of_a_reload(
    tmp_path: Path, site: Site
) -> None:
    """Told to end while it waits for runs of the old configuration, the daemon ends."""
    site.hanging.add("/hangs")
    port = free_port()
    with daemon(configure(tmp_path, f"{site.address}/hangs"), port) as process:
        get(f"http://127.0.0.1:{port}/feeds/merged.atom")
        until(lambda: site.waiting)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0


def test_serving_alone_reads_the_configuration_again(tmp_path: Path) -> None:
    """The server takes the new configuration as well."""
    port = free_port()
    config = configure(tmp_path, f"{{id: samples, kind: dump, path: {SEEDS}}}")
    first = config.read_text("utf-8")
    with daemon(config, port, "serve") as process:
        get(f"http://127.0.0.1:{port}/")
        config.write_text(first + "feeds: [{name: two, title: Second}]\n", "utf-8")
        process.send_signal(signal.SIGHUP)
        wait_for(b"Second", f"http://127.0.0.1:{port}/")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HUNG)
    assert process.returncode == 0


def run(*words: str, within: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, timeout=within, check=False
    )


SAMPLES = f"{{id: samples, kind: dump, path: {SEEDS}}}"


@pytest.mark.parametrize("command", ["run", "serve"])
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "port {port} is in use: choose another with --port"),
        (["--host", "203.0.113.5"], "203.0.113.5 is not an address of this machine: choose another with --host"),
    ],
    ids=["port", "host"],
)  # fmt: skip
def test_an_address_that_cannot_be_had_is_told_in_one_line(
    tmp_path: Path, command: str, more: list[str], told: str
) -> None:
    """Nothing is begun, and nothing is said to be served."""
    config = configure(tmp_path, SAMPLES)
    with create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run(command, "--config", str(config), "--port", port, *more)
    assert result.returncode == 1
    assert result.stderr == f"aggregator: {told.format(port=port)}\n"
    assert not (tmp_path / "data" / "aggregator.db").exists()


@contextmanager
def logged(folder: Path, config: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Run the daemon on a port that the system chooses, its log in a file."""
    path = folder / "log"
    with path.open("w") as log:
        words = [*COMMAND, "run", "--config", str(config), "--port", "0", *more]
        process = subprocess.Popen(words, stderr=log, text=True)
        try:
            yield process, path
        finally:
            process.kill()
            process.wait(HUNG)
            print(path.read_text("utf-8"))


def line_of(log: Path, pattern: str) -> re.Match[str]:
    """Wait until a line of the log fits, and return the match."""
    until(lambda: re.search(pattern, log.read_text("utf-8")))
    found = re.search(pattern, log.read_text("utf-8"))
    assert found
    return found


def test_the_log_says_what_is_served_published_and_next(tmp_path: Path) -> None:
    """The address is the one that is open; no line of the web server's own repeats it."""
    config = configure(tmp_path, SAMPLES)
    with logged(tmp_path, config) as (process, log):
        address = line_of(log, r"serving  address=(http://127\.0\.0\.1:\d+/)")[1]
        get(f"{address}health")
        line_of(log, "published merged: 4 stories, 4 new")
        line_of(log, r"next: samples in \d+ min")
        process.send_signal(signal.SIGTERM)
        assert process.wait(HUNG) == 0
        text = log.read_text("utf-8")
        assert text.count("serving") == 1
        assert "vicorn" not in text
        assert text.rstrip().endswith("stopped")
        line_of(log, f"public_url names port 8080, but port {address.split(':')[2][:-1]} is served")
    with logged(tmp_path, config) as (process, log):
        line_of(log, r"nothing is due yet; next: samples in \d+ min")


def test_a_fetch_beside_a_daemon_is_done_by_the_daemon(tmp_path: Path, site: Site) -> None:
    """It prints the report of the run, as if it had done it."""
    site.pages["/feed"] = entry(1)
    config = configure(tmp_path, f"{{id: news, url: '{site.address}/feed', interval: 1h}}", SAMPLES)
    words = ["fetch", "--config", str(config)]
    with logged(tmp_path, config) as (process, log):
        line_of(log, "gathered  source=samples")
        line_of(log, "gathered  source=news")
        site.pages["/feed"] = entry(2)
        result = run(*words, "--source", "news", "--json")
        assert result.returncode == 0, result.stderr
        report = json.loads(result.stdout)
        assert [(one["id"], one["outcome"], one["new"]) for one in report["sources"]] == [
            ("news", "ok", 1)
        ]
        assert report["entries"][0]["title"] == "Entry 2"
        assert "aggregator run is working" in result.stderr
        line_of(log, "run requested by a command  sources=1")
        whole = run(*words)
        assert (whole.returncode, "samples" in whole.stdout) == (0, True)
        alone = run(*words, "--url", f"{site.address}/feed")
        assert (alone.returncode, "stop it, or choose another folder" in alone.stderr) == (3, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(HUNG) == 0
    assert list((tmp_path / "data" / "requests").iterdir()) == []
    assert run(*words, "--source", "news").returncode == 0


def test_corrections_made_by_command_are_applied_by_the_daemon(tmp_path: Path) -> None:
    """A story is split, and joined again, while nothing is due."""
    config = configure(tmp_path, SAMPLES)
    with logged(tmp_path, config) as (_, log):
        address = line_of(log, r"serving  address=(\S+)/")[1] + "/feeds/merged.atom"
        line_of(log, "published merged: 4 stories")
        listed = run("stories", "list", "--config", str(config), "--json").stdout
        stories = [json.loads(line) for line in listed.splitlines()]
        story = next(one for one in stories if len(one["members"]) == 2)
        told = run("stories", "split", story["id"], story["members"][1], "--config", str(config))
        assert "aggregator run applies it within 5 seconds" in told.stdout
        line_of(log, "corrections applied")
        assert get(address).count(b"<entry ") == 5
        run("stories", "join", *story["members"], "--config", str(config))
        line_of(log, "(?s)corrections applied.*corrections applied")
        assert get(address).count(b"<entry ") == 4
    told = run("stories", "never", *story["members"], "--config", str(config))
    assert "the next run applies it" in told.stdout


def entry(number: int) -> bytes:
    """Return a feed of one entry."""
    return (
        '<rss version="2.0"><channel><title>News</title><link>https://news.example/</link>'
        f"<item><guid>g{number}</guid><link>https://news.example/{number}</link>"
        f"<title>Entry {number}</title><description>Text {number}</description></item></channel></rss>"
    ).encode()
