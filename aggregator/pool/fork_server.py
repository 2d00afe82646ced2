"""The parent's end of the process that workers are forked from."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import send_handle

from aggregator.pool.forking import END, FORK, Prepare

_START_TIMEOUT = 60.0  # seconds
_END_TIMEOUT = 5.0
_PATIENCE = 0.5  # for a request to be answered, before the process is ended


class ForkServer:
    """Starts and ends workers; its process is started by the first, and again after it was lost."""

    def __init__(self, prepare: Prepare | None) -> None:
        """`prepare` runs in the process before any worker is forked."""
        self._prepare = prepare
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._lock = threading.Lock()  # one request at a time
        self._closed = False

    def fork(self, pipe: Connection) -> int:
        """Start a worker at its end of a pipe; return its process id. OSError if that fails."""
        with self._lock:
            was_running = self._process is not None
            try:
                return self._fork(pipe)
            except (EOFError, OSError):
                self._kill()
            if was_running and not self._closed:  # something has killed it
                with contextlib.suppress(EOFError, OSError):
                    return self._fork(pipe)
                self._kill()
        raise OSError("a worker process cannot be started")

    def _fork(self, pipe: Connection) -> int:
        process, connection = self._running()
        connection.send((FORK,))
        send_handle(connection, pipe.fileno(), process.pid)
        pid: int = connection.recv()
        return pid

    def end_worker(self, pid: int, grace: float) -> int | None:
        """End a worker; return its exit status, None if it had to be killed."""
        with self._lock:
            connection = self._connection
            try:
                if connection is None:
                    return None
                connection.send((END, pid, grace))
                status: int | None = connection.recv()
            except (EOFError, OSError):
                self._kill()
                return None
        return status

    def close(self) -> None:
        """End the process with all its workers, for good."""
        self._closed = True
        self.end()

    def end(self) -> None:
        """End the process with all its workers."""
        if self._lock.acquire(timeout=_PATIENCE):
            try:
                self._close()
            finally:
                self._lock.release()
        elif self._process is not None:  # it is being started
            self._process.kill()

    def _running(self) -> tuple[subprocess.Popen[bytes], Connection]:
        """Return the process and the connection to it; start it if there is none."""
        if self._process is not None and self._connection is not None:
            return self._process, self._connection
        if self._closed:
            raise OSError("the pool is closed")
        ours, theirs = Pipe()
        code = f"import sys; sys.path[:] = {sys.path!r}; from aggregator.pool.forking import serve; serve({theirs.fileno()})"
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and code
                [sys.executable, "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is handled by the parent
                # a fork copies the thread that forks and no other: BLAS must not start any
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        self._connection = ours
        ours.send(self._prepare)
        if not ours.poll(_START_TIMEOUT):
            raise OSError("it does not become ready")
        ours.recv()
        return self._process, ours

    def _close(self) -> None:
        """Close the connection, whereupon the process ends its workers and itself."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is None:
            return
        try:
            process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process = process
            self._kill()

    def _kill(self) -> None:
        """Kill the process and all its workers, which are of one process group."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
