"""One worker: its queues, its roles, and when it ends."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.core import sd_notify
from aggregator.core.errors import StoreError
from aggregator.core.file_watch import FileWatch
from aggregator.core.logger import get_logger
from aggregator.core.ports import Clock
from aggregator.core.ticker import Ticker
from aggregator.pipeline import Pipeline
from aggregator.store import SqlStore
from aggregator.web.metrics import Metrics
from aggregator.workers import engine
from aggregator.workers.claims import Claims
from aggregator.workers.depths import depths
from aggregator.workers.edition_store import EditionStore
from aggregator.workers.engine import FETCH, GROUP, PUBLISH, QUEUES, Engine, Handler
from aggregator.workers.fetch_jobs import FetchJobs
from aggregator.workers.role_jobs import RoleJobs
from aggregator.workers.role_keeper import RoleKeeper
from aggregator.workers.timing import Timing

_USUAL = Timing()
_REFRESH_SECONDS = 60.0  # after which is read anew what other workers learned

_log = get_logger()


@dataclass(slots=True, kw_only=True)
class Worker:
    """The parts of a worker, and its background tasks."""

    application: Application
    store: SqlStore
    pipeline: Pipeline
    jobs: Engine
    queues: Sequence[str]
    clock: Clock
    timing: Timing
    editions: EditionStore
    metrics: Metrics
    keepers: list[RoleKeeper] = field(default_factory=list)
    claims: Claims | None = None
    settled_at: float = 0.0
    refreshed_at: float = 0.0

    async def start(self) -> list[asyncio.Task[None]]:
        """Start to serve the queues; return the tasks, which end when they are cancelled."""
        work: list[Callable[[], Awaitable[None]]] = []
        if FETCH in self.queues:
            concurrency = self.application.config.fetch.concurrency
            self.claims = Claims(
                self.application.config.sources,
                store=self.store,
                jobs=self.jobs,
                thread=self.pipeline.thread,
                clock=self.clock,
                timing=self.timing,
                concurrency=concurrency,
                count=self.metrics.record_job,
            )
            await self.claims.register()
            work.append(partial(self.jobs.serve, [FETCH], concurrency))
        for name, taken in ((GROUP, self._take_group), (PUBLISH, self._take_publish)):
            if name in self.queues:
                keeper = RoleKeeper(
                    name,
                    store=self.store,
                    thread=self.pipeline.thread,
                    timing=self.timing,
                    taken=taken,
                    work=partial(self.jobs.serve, [name], 1),
                )
                self.keepers.append(keeper)
                work.append(keeper.run)
        return [asyncio.ensure_future(one()) for one in work]

    async def _take_group(self, holder: str) -> None:
        self.store.write_only_as(GROUP, holder)
        await self.jobs.ask(GROUP)

    async def _take_publish(self, holder: str) -> None:
        """Begin with the files of whoever published before, so that no page is made twice."""
        self.editions.role = (PUBLISH, holder)
        await self.pipeline.thread.call(self.editions.restore)
        await self.jobs.ask(PUBLISH)

    async def tick(self) -> None:
        """Take back what is lost, queue what is due, and look whether time changes a feed."""
        call, now = self.pipeline.thread.call, asyncio.get_running_loop().time()
        await call(self.store.prove_at_work)
        if now - self.refreshed_at >= _REFRESH_SECONDS:
            self.refreshed_at = now
            self.store.refresh()
        if self.claims:
            await self.claims.take_back()
            while await self.claims.queue_due():
                pass
        if GROUP in self.queues and await call(self.pipeline.has_ungrouped):
            await self.jobs.ask(GROUP)
        if PUBLISH in self.queues and now - self.settled_at >= self.timing.settle:
            self.settled_at = now
            await self.jobs.ask(PUBLISH)

    async def is_idle(self) -> bool:
        """Say whether nothing is due, queued or to be grouped."""
        if not all(one.settled for one in self.keepers):
            return False
        call = self.pipeline.thread.call
        found = await call(partial(self.store.ask_queues, depths))
        if any(found.get(one) for one in self.queues):
            return False
        if FETCH in self.queues and await call(
            lambda: self.store.count_due_sources(self.clock()) > 0
        ):
            return False
        return GROUP not in self.queues or not await call(self.pipeline.has_ungrouped)


async def run(
    application: Application,
    queues: Sequence[str] = QUEUES,
    *,
    until_idle: bool = False,
    clock: Clock = bootstrap.now,
    timing: Timing = _USUAL,
    metrics: Metrics | None = None,
) -> bool:
    """Work until SIGINT or SIGTERM, or until nothing is left to do; True if the configuration changed."""
    stop, changed = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, changed.set)
    watch = FileWatch(application.config.path)
    async with _opened(application, queues, clock, timing, metrics or Metrics()) as worker:
        tasks = await worker.start()
        _log.info("worker started", queues=",".join(queues))
        sd_notify.notify("READY=1")
        ticker = Ticker(worker.tick, timing.tick)
        watchdog = Ticker(sd_notify.keep_alive, sd_notify.SECONDS)
        try:
            while not (stop.is_set() or changed.is_set()):
                await _wait(stop, changed, seconds=timing.tick)
                if watch.has_changed():
                    changed.set()
                if until_idle and await _idle(worker):
                    break
        finally:
            ticker.shutdown()
            watchdog.shutdown()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return changed.is_set() and not stop.is_set()


async def _idle(worker: Worker) -> bool:
    try:
        return await worker.is_idle()
    except StoreError:
        return False  # the database is away


async def _wait(*events: asyncio.Event, seconds: float) -> None:
    """Wait for one of the events, or some seconds."""
    waiting = [asyncio.ensure_future(one.wait()) for one in events]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()


@asynccontextmanager
async def _opened(
    application: Application,
    queues: Sequence[str],
    clock: Clock,
    timing: Timing,
    metrics: Metrics,
) -> AsyncIterator[Worker]:
    """Open what a worker needs."""
    store, config = application.store, application.config
    assert isinstance(store, SqlStore)  # noqa: S101  open_store makes no other
    jobs = Engine(config.store, timing)
    with store.working():
        await asyncio.to_thread(store.prepare_queues, engine.prepare)
        async with contextlib.AsyncExitStack() as stack:
            pipeline = await stack.enter_async_context(application.pipeline(clock))
            editions = EditionStore(store, application.folder)
            fetching = FetchJobs(
                sources={one.identity: one for one in config.sources},
                settings=config.fetch,
                pipeline=pipeline,
                store=store,
                engine=jobs,
                clock=clock,
                timing=timing,
                metrics=metrics,
            )
            roles = RoleJobs(
                pipeline=pipeline, store=store, engine=jobs, editions=editions, metrics=metrics
            )
            handlers: dict[str, Handler] = {
                FETCH: fetching.run,
                GROUP: roles.group,
                PUBLISH: roles.publish,
            }
            await stack.enter_async_context(jobs.open(handlers))
            yield Worker(
                application=application,
                store=store,
                pipeline=pipeline,
                jobs=jobs,
                queues=queues,
                clock=clock,
                timing=timing,
                editions=editions,
                metrics=metrics,
            )
