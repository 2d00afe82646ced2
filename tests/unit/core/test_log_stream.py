"""The log while its reader is gone, stuck or back."""

import contextlib
import fcntl
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest

from aggregator.core.log_stream import LogStream
from tests.waiting import HUNG, until

_PIPE_BYTES = 65_536


@contextlib.contextmanager
def pipe() -> Iterator[tuple[int, TextIO]]:
    """Open a pipe; give its reading end and a stream that writes to it."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        yield reading, stream
        with contextlib.suppress(OSError):
            os.close(reading)


def test_lines_are_written_in_their_order() -> None:
    with pipe() as (reading, stream):
        log = LogStream(stream, background=True)
        for number in range(100):
            print(number, file=log, flush=True)
        log.close(HUNG)
        assert os.read(reading, _PIPE_BYTES).decode().split() == [str(n) for n in range(100)]
        assert log.dropped == 0


def test_a_part_of_a_line_waits_for_its_end() -> None:
    with pipe() as (reading, stream):
        log = LogStream(stream, background=True)
        log.write("one ")
        log.write("line\nnext")
        log.close(HUNG)
        assert os.read(reading, _PIPE_BYTES) == b"one line\n"


@pytest.mark.parametrize("background", [True, False])
def test_a_reader_that_is_gone_ends_nothing(background: bool) -> None:
    with pipe() as (reading, stream):
        log = LogStream(stream, background=background)
        os.close(reading)
        for _ in range(1_000):
            print("x" * 100, file=log, flush=True)
        log.close(HUNG)
        until(lambda: log.dropped > 0)


def test_a_stuck_reader_holds_nobody_up_and_is_told_when_it_is_back() -> None:
    told: list[int] = []
    with pipe() as (reading, stream):
        log = LogStream(stream, background=True, on_room=told.append, max_bytes=200_000)
        for _ in range(10_000):
            print("x" * 99, file=log, flush=True)
        assert log.dropped >= 7_000
        log.close(0.01)  # returns although nobody reads
        lines = 0
        while lines < 10_000 - log.dropped:
            lines += os.read(reading, _PIPE_BYTES).count(b"\n")
        until(lambda: told)
        assert sum(told) == log.dropped


def test_a_pipe_that_does_not_block_gets_everything() -> None:
    with pipe() as (reading, stream):
        flags = fcntl.fcntl(stream, fcntl.F_GETFL)
        fcntl.fcntl(stream, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        log = LogStream(stream, background=True)
        for _ in range(2_000):
            print("x" * 99, file=log, flush=True)
        lines = 0
        while lines < 2_000:
            lines += os.read(reading, _PIPE_BYTES).count(b"\n")
        assert log.dropped == 0


def test_a_closed_stream_ends_nothing() -> None:
    stream = io.StringIO()
    log = LogStream(stream)
    log.write("a\n")
    stream.close()
    log.write("b\n")
    log.flush()
    assert log.dropped == 1


@pytest.mark.parametrize("fate", ["gone", "stuck"])
def test_a_process_ends_whatever_its_reader_does(fate: str) -> None:
    code = (
        "import sys; from aggregator.core import logs; import structlog;"
        "from aggregator.core.log_stream import LogStream;"
        "logs.configure(LogStream(sys.stderr, background=True));"
        "[structlog.get_logger().info('x' * 99) for _ in range(3000)]; print('done')"
    )
    with pipe() as (reading, stream):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=stream
        ) as process:
            if fate == "gone":
                os.close(reading)
            output, _ = process.communicate(timeout=HUNG)
        assert output == b"done\n"
        assert process.returncode == 0
