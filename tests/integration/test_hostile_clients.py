"""Hostile clients against a server process: each is ended, and none costs the others much."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.bounded_server import CONNECTIONS, FEED_BYTES
from tests.integration.hostile_clients import CLIENTS, FEED, MOST_SENT, Client, Outcome, behave, get
from tests.integration.test_daemon import free_port
from tests.waiting import HUNG, until

_MB = 1_000_000
_MAX_MEMORY = 120 * _MB  # that all clients together add; 100 MB in one head took ten times that
_MAX_CPU_SECONDS = 60.0  # ten times what they take


@dataclass(frozen=True, slots=True)
class Process:
    """A server process."""

    pid: int
    port: int
    popen: "subprocess.Popen[bytes]"

    def memory(self) -> int:
        """Return the largest memory it has used so far, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])

    def files(self) -> int:
        """Return how many files it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208  only counted

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, request: bytes, source: str = "127.0.0.1") -> bytes:
        """Send a request from an address and return the whole response."""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, HUNG, source_address=(source, 0)) as one:
            one.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            return b"".join(iter(lambda: one.recv(65_536), b""))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Process]:
    """Run a server until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "tests.integration.bounded_server", str(folder), str(port)]
    popen = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        assert popen.stderr
        while (line := popen.stderr.readline()) and b"serving" not in line:
            pass
        yield Process(popen.pid, port, popen)
    finally:
        popen.kill()
        popen.communicate()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture(scope="module")
def outcomes(process: Process) -> dict[str, Outcome]:
    """Run all clients at the same time; return how each fared."""

    async def run() -> list[Outcome]:
        return await asyncio.gather(*(behave(one, process.port) for one in CLIENTS))

    found = asyncio.run(run())
    return {one.name: outcome for one, outcome in zip(CLIENTS, found, strict=True)}


def test_the_table_is_long_and_names_differ() -> None:
    assert len({one.name for one in CLIENTS}) == len(CLIENTS) >= 60


@pytest.mark.parametrize("client", CLIENTS, ids=lambda one: one.name.replace(" ", "-"))
def test_each_is_answered_or_ended(client: Client, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[client.name]
    assert outcome.ended
    assert outcome.status in client.statuses
    if outcome.status:
        assert outcome.answers >= client.answers
    assert outcome.sent < MOST_SENT


def test_all_together_cost_little(process: Process, outcomes: dict[str, Outcome]) -> None:
    assert len(outcomes) == len(CLIENTS)
    assert process.memory() < 3 * FEED_BYTES + 120 * _MB + _MAX_MEMORY
    assert process.cpu_seconds() < _MAX_CPU_SECONDS
    until(lambda: process.files() < 40)
    assert process.ask(get()).startswith(b"HTTP/1.1 200")
    assert len(process.ask(get(FEED))) > FEED_BYTES


def test_what_was_cut_off_is_counted(process: Process, outcomes: dict[str, Outcome]) -> None:
    assert outcomes
    told = process.ask(get(b"/metrics")).decode()
    for reason in ("head", "late", "idle", "slow reader", "malformed"):
        assert f'aggregator_connections_cut_off_total{{reason="{reason}"}}' in told


def test_a_crowd_of_one_client_does_not_keep_others_out(process: Process) -> None:
    with contextlib.ExitStack() as crowd:
        for _ in range(4 * CONNECTIONS):
            one = socket.create_connection(("127.0.0.1", process.port), HUNG)
            crowd.enter_context(one).sendall(b"GET / HTTP/1.1\r\nHost:")
        until(lambda: process.files() < CONNECTIONS + 40)
        assert process.ask(get(), source="127.0.0.2").startswith(b"HTTP/1.1 200")
        assert process.ask(get(), source="127.0.0.1").startswith(b"HTTP/1.1 200")
        assert process.files() < CONNECTIONS + 40
    until(lambda: process.files() < 40)


@contextlib.contextmanager
def stuck_reader(process: Process) -> Iterator[None]:
    """Ask for the feed and read one byte of it."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        one.connect(("127.0.0.1", process.port))
        one.sendall(get(FEED))
        one.recv(1)
        yield


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_although_a_client_does_not_read(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as process, stuck_reader(process):
        process.popen.send_signal(number)
        assert process.popen.wait(HUNG) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as process, stuck_reader(process):
        process.popen.send_signal(signal.SIGTERM)
        until(lambda: is_default(process.pid, signal.SIGTERM))
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(HUNG) == -signal.SIGTERM


def is_default(pid: int, number: signal.Signals) -> bool:
    """Say whether a process leaves a signal to the system."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return not caught >> (number - 1) & 1
