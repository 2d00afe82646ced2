"""The queue of calls, and the thread and workers that run them."""

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from aggregator.core import profile
from aggregator.core.errors import ParseError, SourceError
from aggregator.core.model import Document
from aggregator.pool.child import PATIENCE, Call, run_call
from aggregator.pool.fork_server import ForkServer
from aggregator.pool.forking import Prepare
from aggregator.pool.worker import Worker, timed_out

_T = TypeVar("_T")

_MAX_WORKERS = 8
_CALLS_PER_BATCH = 8
_HEAVY_BYTES = 8_000_000  # of documents in one run: worth a process, because they would block the thread for long
_FIRST_SECONDS_PER_CALL = 0.005  # an estimate, until calls have been timed
_BYTES_PER_CALL = 10_000  # of a document that takes as long as a call without one, roughly
_PATIENCE = (
    1.0  # seconds at most, while many calls are expected, before the thread loads what they need
)
_MANY_EXPECTED = 8
_PAUSE = 0.01
_SMOOTHING = 10  # the mean follows about the last ten calls


@dataclass(slots=True, eq=False)
class _Job:
    """One call and the future of its result."""

    call: Call
    result: asyncio.Future[Any]
    suspect: bool = False  # a worker was lost over it

    @property
    def weight(self) -> int:
        """The bytes of the documents in the call."""
        return sum(len(one.content) for one in self.call[1] if isinstance(one, Document))

    @property
    def calls(self) -> float:
        """How many calls of usual length this one is worth."""
        return max(1.0, self.weight / _BYTES_PER_CALL)

    def settle(self, result: object) -> None:
        """Set the result, unless the caller has given up."""
        if not self.result.done():
            self.result.set_result(result)


class Pool:
    """Runs calls in a thread, or in worker processes when the queue is long enough to justify them.

    Processes are started when the queue would keep the thread busy for more than `threshold` seconds
    (the first takes about that long to start), or when documents are very large; `threshold=0` never
    uses the thread. `prepare` runs once, in the process that all workers are forked from, and imports
    what they need. Idle workers end after `idle` seconds. Before its first call the thread waits up to
    `patience` seconds while many others are expected.
    """

    def __init__(
        self,
        *,
        workers: int = 0,
        threshold: float = 0.5,
        deadline: timedelta = timedelta(seconds=30),
        idle: float = 60.0,
        prepare: Prepare | None = None,
        patience: float = 1.0,
    ) -> None:
        self._max_workers = workers or min(_MAX_WORKERS, len(os.sched_getaffinity(0)))
        self._threshold = threshold
        self._seconds_per_call = _FIRST_SECONDS_PER_CALL
        self._heavy = False
        self._can_start = True
        self._is_thread_ready = False
        self._patience = patience
        self._expected = 0  # runs that may follow soon
        self._deadline = deadline.total_seconds()
        self._idle_seconds = idle
        self._server = ForkServer(prepare)
        self._queue: deque[_Job] = deque()
        self._thread_task: asyncio.Task[None] | None = None
        self._busy: dict[asyncio.Task[None], Worker] = {}
        self._idle: list[Worker] = []
        self._threads = ThreadPoolExecutor(self._max_workers, thread_name_prefix="pool")
        self._idle_timer: asyncio.TimerHandle | None = None

    async def run(
        self, function: Callable[..., _T], calls: Iterable[Sequence[Any]]
    ) -> list[_T | SourceError]:
        """Return the result of each call in order, or the SourceError that it failed with.

        The function must be one of a module, its arguments and results picklable.
        """
        loop = asyncio.get_running_loop()
        jobs = [_Job((function, tuple(one)), loop.create_future()) for one in calls]
        self._queue.extend(jobs)
        self._heavy = self._heavy or sum(job.weight for job in jobs) > _HEAVY_BYTES
        self._schedule()
        try:
            return [await job.result for job in jobs]
        finally:
            for job in jobs:
                job.result.cancel()

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Tell, while this is open, that one more run may follow soon."""
        self._expected += 1
        try:
            yield
        finally:
            self._expected -= 1

    @property
    def waiting(self) -> int:
        """How many calls wait for a worker."""
        return len(self._queue)

    def close(self) -> None:
        """Cancel all calls and end all workers."""
        for task in (self._thread_task, *self._busy):
            if task is not None:
                task.cancel()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        for worker in (*self._idle, *self._busy.values()):
            worker.end()
        self._idle.clear()
        self._server.close()
        self._threads.shutdown()

    # --- scheduling ------------------------------------------------------------------------

    def _schedule(self) -> None:
        """Start workers if the queue is worth their start, else the thread."""
        if self._can_start and (self._idle or self._busy or self._pays()):
            while len(self._busy) < min(self._max_workers, len(self._queue)):
                self._dispatch(self._idle.pop() if self._idle else Worker(self._server))
        elif self._queue and self._thread_task is None:
            self._thread_task = asyncio.create_task(self._run_in_thread())

    def _pays(self) -> bool:
        """Return whether the queue is worth starting processes for."""
        if not self._can_start:
            return False
        calls = sum(job.calls for job in self._queue)
        return calls * self._seconds_per_call > self._threshold or (
            self._heavy and bool(self._queue)
        )

    def _dispatch(self, worker: Worker) -> None:
        task = asyncio.create_task(self._run_in_worker(worker))
        self._busy[task] = worker
        task.add_done_callback(self._worker_done)

    def _worker_done(self, task: asyncio.Task[None]) -> None:
        worker = self._busy.pop(task)
        if task.cancelled():
            return
        self._idle.append(worker)
        self._heavy = self._heavy and bool(self._queue)
        if self._queue:  # queued while the worker was ending its last batch
            self._schedule()
        elif self._idle_timer is None:
            self._idle_timer = asyncio.get_running_loop().call_later(
                self._idle_seconds, self._end_idle
            )

    def _end_idle(self) -> None:
        """End the idle workers, and what they were forked from, which uses about 100 MB."""
        self._idle_timer = None
        for worker in self._idle:
            worker.end()
        self._idle.clear()
        if not self._busy:
            self._server.end()

    # --- in a thread -----------------------------------------------------------------------

    async def _run_in_thread(self) -> None:
        """Run the queue one by one until it is empty or worth starting processes for."""
        loop = asyncio.get_running_loop()
        if not self._is_thread_ready and self._can_start:
            await self._await_expected()
        while self._queue and not self._pays():
            self._is_thread_ready = True
            job = self._queue.popleft()
            if job.result.done():
                continue
            start = loop.time()
            try:
                job.settle(await _in_thread(job.call, self._deadline))
            except TimeoutError:
                job.settle(timed_out(self._deadline))
                self._threshold = 0  # a thread cannot be ended: use processes from now on
            # Clipped, because one slow call is not typical: the first one loads tables.
            seconds = min((loop.time() - start) / job.calls, 4 * self._seconds_per_call)
            self._seconds_per_call += (seconds - self._seconds_per_call) / _SMOOTHING
        self._heavy = self._heavy and bool(self._queue)
        self._thread_task = None
        self._schedule()

    async def _await_expected(self) -> None:
        """Wait while many runs are expected, which may make processes worth their start."""
        until = asyncio.get_running_loop().time() + self._patience
        while self._expected >= _MANY_EXPECTED and self._queue and not self._pays():
            if asyncio.get_running_loop().time() >= until:
                break
            await asyncio.sleep(_PAUSE)

    # --- in processes ----------------------------------------------------------------------

    async def _run_in_worker(self, worker: Worker) -> None:
        """Run the queue in batches until it is empty."""
        loop = asyncio.get_running_loop()
        while batch := self._next_batch():
            calls = [job.call for job in batch]
            try:
                results, cause = await loop.run_in_executor(
                    self._threads, worker.ask, calls, self._deadline
                )
            except OSError:
                self._can_start = False  # the thread takes over permanently
                self._queue.extendleft(reversed(batch))
                return
            for job, result in zip(batch, results, strict=False):
                job.settle(result)
            if cause is not None:
                self._requeue(batch, len(results), cause)

    def _next_batch(self) -> list[_Job]:
        """Take the next jobs off the queue; a suspect goes in a batch of its own."""
        size = max(1, min(_CALLS_PER_BATCH, len(self._queue) // (2 * self._max_workers)))
        batch: list[_Job] = []
        while self._queue and len(batch) < size:
            if batch and self._queue[0].suspect:
                break
            job = self._queue.popleft()
            if not job.result.done():
                batch.append(job)
                size = 1 if job.suspect else size
        return batch

    def _requeue(self, batch: list[_Job], finished: int, cause: ParseError) -> None:
        """Requeue the unfinished calls of a lost worker; a suspect that ran alone has failed."""
        first, *others = batch[finished:]
        self._queue.extendleft(reversed(others))
        if len(batch) == 1:
            first.settle(cause)
        else:
            first.suspect = True
            self._queue.appendleft(first)


async def _in_thread(call: Call, deadline: float) -> object:
    """Run the call in a daemon thread, which does not keep the process alive.

    Raises TimeoutError when it has used `deadline` seconds of CPU, or some times as long by the clock.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()
    clocks: list[int] = []

    def _answer(result: object) -> None:
        if not future.done():
            future.set_result(result)

    def _run() -> None:
        clocks.append(time.pthread_getcpuclockid(threading.get_ident()))
        with profile.run.measure(call[0].__name__):
            result = run_call(call)
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(_answer, result)

    threading.Thread(target=_run, name="pool", daemon=True).start()
    until = loop.time() + PATIENCE * deadline
    left = deadline
    while left > 0 and loop.time() < until:
        await asyncio.wait([future], timeout=left)
        if future.done():
            return future.result()
        left = deadline - _cpu_seconds(clocks)
    raise TimeoutError


def _cpu_seconds(clocks: Sequence[int]) -> float:
    """Return the CPU time of a thread that has noted its clock."""
    try:
        return time.clock_gettime(clocks[0])
    except (IndexError, OSError):  # it has not begun, or has just ended
        return 0.0
