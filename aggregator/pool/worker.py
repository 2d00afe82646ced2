"""The parent's end of a worker process."""

import contextlib
import signal
import threading
import time
from multiprocessing.connection import Connection, Pipe
from typing import Any

from aggregator.core import profile
from aggregator.core.errors import ParseError
from aggregator.pool.child import NOT_PICKLABLE, PATIENCE, Call
from aggregator.pool.fork_server import ForkServer


def timed_out(deadline: float) -> ParseError:
    """Return the error of a call that did not end in time."""
    return ParseError(f"reading it took longer than {deadline:g} s")


def _lost(status: int | None, deadline: float) -> ParseError:
    """Return the error of a call whose process ended."""
    if status == -signal.SIGPROF:  # its own alarm
        return timed_out(deadline)
    told = "" if status is None else f" (status {status})"
    return ParseError(f"the worker process ended while reading it{told}")


class Worker:
    """A process that is started by the first batch, and again after it was lost."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self._pid: int | None = None
        self._pipe: Connection | None = None
        self._ended = False
        self._lock = threading.Lock()

    def ask(self, calls: list[Call], deadline: float) -> tuple[list[Any], ParseError | None]:
        """Return the results, and the reason if the worker was lost.

        `deadline` are CPU seconds of a call; by the clock, it may take some times as long.

        There are then fewer results than calls; the first call without one is the suspect.
        Raises OSError if the process cannot be started.
        """
        results: list[Any] = []
        if (
            self._pipe is not None and self._pipe.poll()
        ):  # it ended meanwhile: no fault of these calls
            self._kill()
        pipe = self._pipe or self._start()
        try:
            pipe.send((deadline, calls))
            for function, _ in calls:
                began = time.perf_counter()
                if not pipe.poll(PATIENCE * deadline):
                    self._kill()
                    return results, timed_out(deadline)
                result, cpu = pipe.recv()
                results.append(result)
                seconds = time.perf_counter() - began
                profile.run.add(function.__name__, seconds=seconds, cpu_seconds=cpu, is_worker=True)
        except (EOFError, OSError):
            return results, _lost(self._kill(), deadline)
        except NOT_PICKLABLE as error:
            self._kill()
            return results, ParseError(f"the call cannot be pickled: {type(error).__name__}")
        return results, None

    def end(self) -> None:
        """End the process; it is not started again."""
        self._ended = True
        self._kill(grace=0)

    def _start(self) -> Connection:
        """Start the process; raise OSError if it cannot be started."""
        ours, theirs = Pipe()
        with theirs:
            pid = self._server.fork(theirs)
        with self._lock:
            self._pid, self._pipe = pid, ours
        if self._ended:
            self._kill(grace=0)
        return ours

    def _kill(self, grace: float = 1.0) -> int | None:
        """End the process and return its exit status, if it ended by itself."""
        with self._lock:
            pid, pipe = self._pid, self._pipe
            self._pid = self._pipe = None
        if pid is None or pipe is None:
            return None
        status = self._server.end_worker(pid, grace)  # if it died by itself, its status says why
        with contextlib.suppress(OSError):
            pipe.close()
        return status
