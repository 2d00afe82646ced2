"""The parent's end of a worker process."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any

from aggregator.core import profile
from aggregator.core.errors import ParseError
from aggregator.pool.child import NOT_PICKLABLE, Call

_START_TIMEOUT = 60.0  # seconds


def timed_out(deadline: float) -> ParseError:
    """Return the error of a call that did not end in time."""
    return ParseError(f"reading it took longer than {deadline:g} s")


class Worker:
    """A process that is started by the first batch, and again after it was lost."""

    def __init__(self, initializer: Callable[[], object] | None) -> None:
        self._initializer = initializer
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._ended = False
        self._lock = threading.Lock()

    def ask(self, calls: list[Call], deadline: float) -> tuple[list[Any], ParseError | None]:
        """Return the results, and the reason if the worker was lost.

        There are then fewer results than calls; the first call without one is the suspect.
        Raises OSError if the process cannot be started.
        """
        results: list[Any] = []
        pipe = self._pipe or self._start()
        try:
            pipe.send((deadline, calls))
            for function, _ in calls:
                began = time.perf_counter()
                if not pipe.poll(deadline):
                    self._kill()
                    return results, timed_out(deadline)
                result, cpu = pipe.recv()
                results.append(result)
                seconds = time.perf_counter() - began
                profile.run.add(function.__name__, seconds=seconds, cpu_seconds=cpu, is_worker=True)
        except (EOFError, OSError):
            return results, ParseError(f"the worker process ended while reading it{self._kill()}")
        except NOT_PICKLABLE as error:
            self._kill()
            return results, ParseError(f"the call cannot be pickled: {type(error).__name__}")
        return results, None

    def end(self) -> None:
        """End the process; it is not started again."""
        self._ended = True
        self._kill(grace=0)

    def _start(self) -> Connection:
        """Start the process and wait until it is ready; raise OSError if it cannot be started."""
        ours, theirs = Pipe()
        code = f"import sys; sys.path[:] = {sys.path!r}; from aggregator.pool.child import work; work({theirs.fileno()})"
        with self._lock, theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and code
                [sys.executable, "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is handled by the parent
            )
            self._pipe = ours
        if self._ended:
            self._kill(grace=0)
        try:
            ours.send(self._initializer)
            ready = ours.poll(_START_TIMEOUT) and ours.recv()
        except (EOFError, OSError):
            ready = False
        if not ready:
            self._kill()
            raise OSError("a worker process cannot be started")
        return ours

    def _kill(self, grace: float = 0.2) -> str:
        """End the process and return its exit status as text, if it ended by itself."""
        with self._lock:
            process, pipe = self._process, self._pipe
            self._process = self._pipe = None
        if process is None or pipe is None:
            return ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)  # if it died by itself, its status says why
        code = process.poll()
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            pipe.close()
        return "" if code is None else f" (status {code})"
