"""The daemon: schedule, publish, serve, until it is told to stop."""

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence

import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from starlette.types import Receive, Scope, Send

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config import Config
from aggregator.core.errors import ConfigError
from aggregator.core.model import Source
from aggregator.core.report import SourceReport
from aggregator.pipeline import Pipeline
from aggregator.web import Site, make_app
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox, Subscriber

_TICK = 5  # seconds between two looks at what is due
_BURST = 0.2  # seconds for what hubs send at once
_BREATH = 3.0  # seconds from one reading of it to the next, so that a flood costs no more
_PUSHED = 4  # of the largest documents may wait in memory
_BAD = ("error", "refused", "gone")
Reread = Callable[[], Config]
"""Reads the configuration again, or raises ConfigError."""

_log = structlog.get_logger()


class Daemon:
    """Gathers the sources that are due, and what hubs send, side by side with serving."""

    def __init__(
        self,
        pipeline: Pipeline,
        metrics: Metrics,
        sources: Sequence[Source],
        inbox: Inbox,
        subscriber: Subscriber | None,
    ) -> None:
        self._pipeline = pipeline
        self._metrics = metrics
        self._sources = {source.identity: source for source in sources}
        self._inbox = inbox
        self._subscriber = subscriber
        self._busy: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._taking: asyncio.Task[None] | None = None
        self._read_at = -math.inf  # what hubs sent, by the loop's clock
        self._asking: asyncio.Task[None] | None = None
        self._aligned = subscriber is None  # with the hubs that the sources name

    async def tick(self) -> None:
        """Start a run of the sources that are due and not under way; speak with hubs."""
        self._pipeline.announce()
        self._ask_hubs()
        pushed = self._subscriber.live() if self._subscriber else {}
        due = [one for one in await self._pipeline.due(pushed) if one.id not in self._busy]
        if due:
            self._busy |= {source.id for source in due}
            self._start(self._run(due))

    def wake(self) -> None:
        """Begin to read what hubs sent, unless that is under way."""
        if self._inbox and (self._taking is None or self._taking.done()):
            self._taking = self._start(self._take())

    def listen(self) -> None:
        """Be woken by what hubs send from now on, and read what waits already."""
        self._inbox.wake = self.wake
        self.wake()

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def drain(self) -> None:
        """Cancel the runs under way and wait until they are gone."""
        tasks = (*self._under_way, *((self._asking,) if self._asking else ()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def finish(self, serving: asyncio.Task[None]) -> None:
        """Wait until the runs under way are done, or serving has ended."""
        while self._under_way and not serving.done():
            await asyncio.wait({serving, *self._under_way}, return_when=asyncio.FIRST_COMPLETED)

    def _ask_hubs(self) -> None:
        """Bring the subscriptions up to date, unless that is under way; nothing waits for it."""
        subscriber = self._subscriber
        if subscriber is None or (self._asking and not self._asking.done()):
            return
        if subscriber.is_due() or not self._aligned:
            self._asking = asyncio.create_task(self._ask(subscriber))

    async def _ask(self, subscriber: Subscriber) -> None:
        try:
            if not self._aligned:
                self._aligned = True
                await subscriber.align()
            await subscriber.step()
        except Exception:  # noqa: BLE001  logged whole
            self._aligned = False
            _log.exception("hubs not asked")

    async def _take(self) -> None:
        """Read what hubs sent, until nothing is left; what fails is asked for instead."""
        while self._inbox and self._inbox.wake:
            loop = asyncio.get_running_loop()
            # What comes together is published together.
            await asyncio.sleep(max(_BURST, self._read_at + _BREATH - loop.time()))
            self._read_at = loop.time()
            taken = self._inbox.take()
            known = [(self._sources[one], two) for one, two in taken if one in self._sources]
            failed = {source.id for source, _ in known}
            try:
                report = await self._pipeline.take(known, progress=_say)
                self._metrics.record_run(report, now=bootstrap.now(), pushed=True)
                failed = {one.id for one in report.sources if one.outcome in _BAD}
            except Exception:  # noqa: BLE001  logged whole
                _log.exception("reading what hubs sent failed")
            if self._subscriber:
                for identity in {source.identity for source, _ in known if source.id in failed}:
                    self._subscriber.miss(identity)

    async def _run(self, due: list[Source]) -> None:
        try:
            report = await self._pipeline.run(due, progress=_say)
            self._metrics.record_run(report, now=bootstrap.now())
            for error in report.errors:
                _log.error("publish failed", error=error)
            self._aligned = self._subscriber is None  # the sources may name others by now
            self._ask_hubs()
        except Exception:  # noqa: BLE001  logged whole, below
            # Whatever it was, the next tick tries again: the daemon outlives a bad day.
            _log.exception("run failed")
        finally:
            self._busy -= {source.id for source in due}


async def run(application: Application, host: str, port: int, reread: Reread) -> None:
    """Gather on schedule and serve until SIGINT or SIGTERM; read the configuration again on SIGHUP.

    Each configuration has a pipeline of its own, and begins when the one before has ended what it
    was about; the server stays, and answers from the old one meanwhile.
    """
    metrics = Metrics()
    server = _Server(application, host, port, metrics)
    serving: asyncio.Task[None] | None = None
    inbox = Inbox(_PUSHED * application.config.fetch.max_size)
    current: Application | None = application
    while current is not None:
        async with current.pipeline() as pipeline, current.subscriber(inbox) as subscriber:
            daemon = Daemon(pipeline, metrics, current.config.sources, inbox, subscriber)
            await pipeline.settle()  # what an earlier run left ungrouped or unpublished
            server.show(current, subscriber)
            daemon.listen()
            serving = serving or asyncio.create_task(server.serve())
            scheduler = _schedule(daemon)
            try:
                current = await _next(current, server, serving, reread)
            finally:
                scheduler.shutdown(wait=False)
                inbox.wake = None  # what comes now waits for the next configuration
                if current is not None:
                    await daemon.finish(serving)
                await daemon.drain()


async def serve(application: Application, host: str, port: int, reread: Reread) -> None:
    """Serve the published feeds until SIGINT or SIGTERM; read the configuration again on SIGHUP."""
    server = _Server(application, host, port, Metrics())
    serving = asyncio.create_task(server.serve())
    while found := await _next(application, server, serving, reread):
        application = found
        server.show(application)


async def _next(
    application: Application, server: "_Server", serving: asyncio.Task[None], reread: Reread
) -> Application | None:
    """Wait for a new configuration; None when the server has ended.

    One that is wrong is logged, and the one before stays.
    """
    while True:
        asked = asyncio.create_task(server.reload.wait())
        await asyncio.wait({asked, serving}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if serving.done():
            await serving
            return None
        server.reload.clear()
        try:
            found = bootstrap.renew(application, await asyncio.to_thread(reread))
        except ConfigError as error:
            _log.error("configuration not taken, the one before stays", error=str(error))
        else:
            _log.info("configuration read again", sources=len(found.config.sources))
            return found


class _Server(uvicorn.Server):
    """Serves an application, which may be changed under way, and notes the signals."""

    def __init__(self, application: Application, host: str, port: int, metrics: Metrics) -> None:
        self.reload = asyncio.Event()
        self._host = host
        self._metrics = metrics
        self.show(application)
        settings = uvicorn.Config(
            self._answer,
            interface="asgi3",
            host=host,
            port=port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        super().__init__(settings)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def show(self, application: Application, subscriber: Subscriber | None = None) -> None:
        """Answer from this application from now on, hubs for this subscriber."""
        site = Site(
            store=application.store,
            folder=application.folder,
            feeds=application.config.feeds,
            public_url=application.config.public_url,
            sources=application.config.sources,
            clock=bootstrap.now,
            host=self._host,
            metrics=self._metrics,
            hub=application.config.websub.hub,
            callbacks=subscriber,
        )
        self._app = make_app(site)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal ends it."""
        _log.info("serving", address=f"http://{self.config.host}:{self.config.port}/")
        await super().serve(sockets)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def _schedule(daemon: Daemon) -> AsyncIOScheduler:
    """Start to look at what is due, at once and then every few seconds."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        _look,
        "interval",
        args=(daemon,),
        seconds=_TICK,
        next_run_time=bootstrap.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return scheduler


async def _look(daemon: Daemon) -> None:
    """Tick; a look that the end cuts short is no failure to be logged."""
    with contextlib.suppress(asyncio.CancelledError):
        await daemon.tick()


def _say(report: SourceReport) -> None:
    log = _log.warning if report.outcome in _BAD else _log.info
    log(
        "gathered",
        source=report.id,
        outcome=report.outcome,
        new=report.new,
        modified=report.modified,
        seconds=report.seconds,
        error=report.error or None,
    )
