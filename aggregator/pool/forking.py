"""The process that workers are forked from: it has imported what they need, once for all of them."""

import contextlib
import gc
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle

from aggregator.pool.child import work

FORK, END = "fork", "end"  # requests
_GC_THRESHOLD = 20_000  # new objects: what is read makes few cycles
_WAIT_SECONDS = 0.01  # between looks at a process that should end

Prepare = Callable[[], object]


def serve(handle: int) -> None:
    """Prepare, then fork and end workers as asked, until the connection closes.

    It runs no other thread, so that a fork copies a process in a known state. Requests are
    `FORK`, followed by the worker's end of its pipe, answered by the process id; and
    `(END, process id, grace)`, answered by the exit status, None if it had to be killed.
    """
    connection = Connection(handle)
    workers: set[int] = set()
    try:
        prepare: Prepare | None = connection.recv()
        if prepare is not None:
            prepare()
        gc.collect()
        gc.set_threshold(_GC_THRESHOLD)
        gc.freeze()  # so that workers do not copy these objects' pages when they collect
        connection.send(True)
        while True:
            request, *details = connection.recv()
            if request == FORK:
                pid = _fork(connection)
                workers.add(pid)
                connection.send(pid)
            else:
                pid, grace = details
                workers.discard(pid)
                connection.send(_end(pid, grace))
    except (EOFError, OSError):  # the parent is gone, or wants no more
        for pid in workers:
            _end(pid, 0)


def _fork(connection: Connection) -> int:
    """Start a worker at the pipe that follows on the connection; return its process id."""
    pipe = recv_handle(connection)
    pid = os.fork()
    if pid:
        os.close(pipe)
        return pid
    status = 1
    try:
        connection.close()
        work(pipe)
        status = 0
    finally:
        os._exit(status)


def _end(pid: int, grace: float) -> int | None:
    """Kill a worker and return its exit status if it ended by itself within some seconds."""
    until = time.monotonic() + grace
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            break
        time.sleep(_WAIT_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None
