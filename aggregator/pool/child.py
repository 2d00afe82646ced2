"""What runs inside a worker process."""

import contextlib
import pickle
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from aggregator.core.errors import ParseError, SourceError

Call = tuple[Callable[..., Any], tuple[Any, ...]]

NOT_PICKLABLE = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError)
PATIENCE = 10  # times the deadline, in CPU seconds, that a call may take by the clock
_MAX_DATA_BYTES = 2_000_000_000  # of one worker
_MAX_ERROR_LENGTH = 150


def work(handle: int) -> None:
    """Answer batches of calls until the pipe closes."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MAX_DATA_BYTES, resource.RLIM_INFINITY))
    pipe = Connection(handle)
    with contextlib.suppress(EOFError, OSError):
        while True:
            deadline, calls = pipe.recv()
            for call in calls:
                # CPU time, because a busy machine is no fault of a document. The second alarm is
                # for calls that sleep, if the parent is gone.
                signal.setitimer(signal.ITIMER_PROF, deadline)
                signal.setitimer(signal.ITIMER_REAL, PATIENCE * deadline + 5)
                began = time.process_time()
                result = run_call(call)
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
                _send(pipe, result, time.process_time() - began)


def run_call(call: Call) -> object:
    """Return the result of the call, or a SourceError for whatever it raises."""
    function, arguments = call
    try:
        return function(*arguments)
    except SourceError as error:
        return error
    except MemoryError:
        return ParseError("reading it takes too much memory")
    except Exception as error:  # noqa: BLE001  one odd document must not cost the others
        text = str(error)[:_MAX_ERROR_LENGTH]
        printable = "".join(char if char.isprintable() else " " for char in text)
        return ParseError(f"cannot be read: {type(error).__name__}: {printable}")


def _send(pipe: Connection, result: object, cpu_seconds: float) -> None:
    try:
        pipe.send((result, cpu_seconds))
    except NOT_PICKLABLE as error:
        failed = ParseError(f"the result cannot be pickled: {type(error).__name__}")
        pipe.send((failed, cpu_seconds))
