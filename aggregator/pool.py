"""Runs pure functions over documents: in a thread, or in worker processes when that pays.

Each call has a deadline. When a worker dies or hangs, what it had finished is kept, and the
call that it was at is tried once more by itself, so that it alone can fail.
"""

import asyncio
import contextlib
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, Pipe
from typing import Any, TypeVar

from aggregator.core.errors import ParseError, SourceError
from aggregator.core.model import Document

_T = TypeVar("_T")
_Call = tuple[Callable[..., Any], tuple[Any, ...]]

_BATCH = 8  # calls that a worker gets at once, at most
_HEAVY = 8_000_000  # bytes of documents in one run that pay for starting processes
_PACE = 0.005  # seconds that a call takes, until it is known better
_START = 60.0  # seconds that a worker may take to start
_MEMORY = 2_000_000_000  # bytes of a worker's own data
_UNSENDABLE = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError)


@dataclass(slots=True, eq=False)
class _Job:
    """One call, and where its result goes."""

    call: _Call
    result: asyncio.Future[Any]
    alone: bool = False  # its worker died or hung over it once

    @property
    def weight(self) -> int:
        """The bytes of the documents in the call."""
        return sum(len(one.content) for one in self.call[1] if isinstance(one, Document))

    def settle(self, result: object) -> None:
        """Hand the result over, unless nobody waits for it any more."""
        if not self.result.done():
            self.result.set_result(result)


class Pool:
    """Runs calls one by one in a thread; in worker processes when what waits is worth them.

    That is, when at the pace so far it would take longer than `worth` seconds (a start costs
    one or two, mostly imports), or when documents are very large; `worth=0` never uses the
    thread. `prepare` is run first in every worker. Workers without work for `rest` seconds end.
    """

    def __init__(
        self,
        *,
        workers: int = 0,
        worth: float = 2.0,
        deadline: timedelta = timedelta(seconds=30),
        rest: float = 60.0,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        self._most = workers or min(8, len(os.sched_getaffinity(0)))
        self._worth = worth
        self._pace = _PACE
        self._heavy = False
        self._possible = True
        self._deadline = deadline.total_seconds()
        self._rest = rest
        self._prepare = prepare
        self._queue: deque[_Job] = deque()
        self._here: asyncio.Task[None] | None = None
        self._there: dict[asyncio.Task[None], _Worker] = {}
        self._resting: list[_Worker] = []
        self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="pool")
        self._alarm: asyncio.TimerHandle | None = None

    async def run(
        self, function: Callable[..., _T], calls: Iterable[Sequence[Any]]
    ) -> list[_T | SourceError]:
        """Return the result of each call in order, or the SourceError that it failed with.

        The function must be one of a module, its arguments and results picklable.
        """
        loop = asyncio.get_running_loop()
        jobs = [_Job((function, tuple(one)), loop.create_future()) for one in calls]
        self._queue.extend(jobs)
        self._heavy = self._heavy or sum(job.weight for job in jobs) > _HEAVY
        self._wake()
        try:
            return [await job.result for job in jobs]
        finally:
            for job in jobs:
                job.result.cancel()

    def close(self) -> None:
        """End all workers at once."""
        for task in (self._here, *self._there):
            if task is not None:
                task.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        for worker in (*self._resting, *self._there.values()):
            worker.end()
        self._resting.clear()
        self._threads.shutdown()

    # --- who does the work -----------------------------------------------------------------

    def _wake(self) -> None:
        """Start whoever is needed for what waits."""
        if self._possible and (self._resting or self._there or self._pays()):
            while len(self._there) < min(self._most, len(self._queue)):
                self._send_off(self._resting.pop() if self._resting else _Worker(self._prepare))
        elif self._queue and self._here is None:
            self._here = asyncio.create_task(self._serve_here())

    def _pays(self) -> bool:
        """Say whether what waits is worth starting processes for."""
        if not self._possible:
            return False
        return len(self._queue) * self._pace > self._worth or (self._heavy and bool(self._queue))

    def _send_off(self, worker: "_Worker") -> None:
        task = asyncio.create_task(self._serve_there(worker))
        self._there[task] = worker
        task.add_done_callback(self._come_back)

    def _come_back(self, task: asyncio.Task[None]) -> None:
        worker = self._there.pop(task)
        if task.cancelled():
            return
        self._resting.append(worker)
        self._heavy = self._heavy and bool(self._queue)
        if self._queue:  # came in while the worker was on its way
            self._wake()
        elif self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(self._rest, self._send_home)

    def _send_home(self) -> None:
        """End the workers that rest: each holds some 100 MB."""
        self._alarm = None
        for worker in self._resting:
            worker.end()
        self._resting.clear()

    # --- in a thread -----------------------------------------------------------------------

    async def _serve_here(self) -> None:
        """Do what waits one by one, until it is done or pays for processes."""
        loop = asyncio.get_running_loop()
        while self._queue and not self._pays():
            job = self._queue.popleft()
            if job.result.done():
                continue
            start = loop.time()
            try:
                async with asyncio.timeout(self._deadline):
                    job.settle(await _in_thread(job.call))
            except TimeoutError:
                job.settle(_late(self._deadline))
                self._worth = 0  # a thread cannot be ended, so no more of them
            # One slow call is no pace yet: the first one loads tables.
            self._pace += (min(loop.time() - start, 4 * self._pace) - self._pace) / 10
        self._heavy = self._heavy and bool(self._queue)
        self._here = None
        self._wake()

    # --- in processes ----------------------------------------------------------------------

    async def _serve_there(self, worker: "_Worker") -> None:
        """Do what waits in batches."""
        loop = asyncio.get_running_loop()
        while batch := self._take():
            calls = [job.call for job in batch]
            try:
                results, cause = await loop.run_in_executor(
                    self._threads, worker.ask, calls, self._deadline
                )
            except OSError:
                self._possible = False  # no process can be started here: the thread does it all
                self._queue.extendleft(reversed(batch))
                return
            for job, result in zip(batch, results, strict=False):
                job.settle(result)
            if cause is not None:
                self._put_back(batch, len(results), cause)

    def _take(self) -> list[_Job]:
        """Take the next calls; one over which a worker was lost goes by itself."""
        size = max(1, min(_BATCH, len(self._queue) // (2 * self._most)))
        batch: list[_Job] = []
        while self._queue and len(batch) < size:
            if batch and self._queue[0].alone:
                break
            job = self._queue.popleft()
            if not job.result.done():
                batch.append(job)
                size = 1 if job.alone else size
        return batch

    def _put_back(self, batch: list[_Job], finished: int, cause: ParseError) -> None:
        """Queue again what a lost worker left undone; what was by itself has failed."""
        suspect, *others = batch[finished:]
        self._queue.extendleft(reversed(others))
        if len(batch) == 1:
            suspect.settle(cause)
        else:
            suspect.alone = True
            self._queue.appendleft(suspect)


class _Worker:
    """A process, started when first asked, and again after it was lost."""

    def __init__(self, prepare: Callable[[], object] | None) -> None:
        self._prepare = prepare
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._ended = False
        self._lock = threading.Lock()

    def ask(self, calls: list[_Call], deadline: float) -> tuple[list[Any], ParseError | None]:
        """Return the results, and if the worker was lost over a call why; raises OSError.

        The results are then fewer: the next call is the one that it was lost over.
        """
        results: list[Any] = []
        pipe = self._pipe or self._start()
        try:
            pipe.send((deadline, calls))
            while len(results) < len(calls):
                if not pipe.poll(deadline):
                    self._kill()
                    return results, _late(deadline)
                results.append(pipe.recv())
        except (EOFError, OSError):
            return results, ParseError(f"reading it ended the worker{self._kill()}")
        except _UNSENDABLE as error:
            self._kill()
            return results, ParseError(f"cannot be handed over: {type(error).__name__}")
        return results, None

    def end(self) -> None:
        """End the process, for good."""
        self._ended = True
        self._kill(patience=0)

    def _start(self) -> Connection:
        """Start the process and wait until it is ready; raises OSError."""
        ours, theirs = Pipe()
        code = f"import sys; sys.path[:] = {sys.path!r}; from aggregator import pool; pool.work({theirs.fileno()})"
        with self._lock, theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and code
                [sys.executable, "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is the parent's business
            )
            self._pipe = ours
        if self._ended:
            self._kill(patience=0)
        try:
            ours.send(self._prepare)
            ready = ours.poll(_START) and ours.recv()
        except (EOFError, OSError):
            ready = False
        if not ready:
            self._kill()
            raise OSError("a worker cannot be started")
        return ours

    def _kill(self, patience: float = 0.2) -> str:
        """End the process and say how it ended."""
        with self._lock:
            process, pipe = self._process, self._pipe
            self._process = self._pipe = None
        if process is None or pipe is None:
            return ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)  # one that died of itself has a reason
        code = process.poll()
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            pipe.close()
        return "" if code is None else f" (status {code})"


def work(handle: int) -> None:
    """Answer batches of calls until the pipe closes: what a worker process runs."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, resource.RLIM_INFINITY))
    pipe = Connection(handle)
    with contextlib.suppress(EOFError, OSError):
        if (prepare := pipe.recv()) is not None:
            prepare()
        pipe.send(True)
        while True:
            deadline, calls = pipe.recv()
            for call in calls:
                # Should the parent be gone by then, the system ends what hangs.
                signal.setitimer(signal.ITIMER_REAL, 2 * deadline + 5)
                result = _result(call)
                signal.setitimer(signal.ITIMER_REAL, 0)
                _send(pipe, result)


def _send(pipe: Connection, result: object) -> None:
    try:
        pipe.send(result)
    except _UNSENDABLE as error:
        pipe.send(ParseError(f"the result cannot be handed over: {type(error).__name__}"))


def _result(call: _Call) -> object:
    """Return what the call returns, or a SourceError for whatever it raises."""
    function, arguments = call
    try:
        return function(*arguments)
    except SourceError as error:
        return error
    except MemoryError:
        return ParseError("reading it takes too much memory")
    except Exception as error:  # noqa: BLE001  one odd document must not cost the others
        words = "".join(char if char.isprintable() else " " for char in str(error)[:150])
        return ParseError(f"cannot be read: {type(error).__name__}: {words}")


def _late(deadline: float) -> ParseError:
    return ParseError(f"reading it took longer than {deadline:g} s")


async def _in_thread(call: _Call) -> object:
    """Run the call in a thread of its own, which does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()

    def _answer(result: object) -> None:
        if not future.done():
            future.set_result(result)

    def _run() -> None:
        result = _result(call)
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(_answer, result)

    threading.Thread(target=_run, name="pool", daemon=True).start()
    return await future
