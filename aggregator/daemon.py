"""The daemon: schedule, publish, serve, until it is told to stop."""

import asyncio
import contextlib
import math
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config import Config
from aggregator.config.serving import host_doubt, port_doubt
from aggregator.config.units import in_words
from aggregator.core.errors import ConfigError
from aggregator.core.model import Source
from aggregator.core.report import RunReport, SourceReport
from aggregator.pipeline import Pipeline
from aggregator.store import handover
from aggregator.store.handover import FetchRequest
from aggregator.web import Site
from aggregator.web.metrics import Metrics
from aggregator.web.server import Server
from aggregator.websub import Inbox, Subscriber

_TICK = handover.LOOK_SECONDS
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
        application: Application,
        pipeline: Pipeline,
        metrics: Metrics,
        inbox: Inbox,
        subscriber: Subscriber | None,
    ) -> None:
        self._application = application
        self._pipeline = pipeline
        self._metrics = metrics
        self._sources = {source.identity: source for source in application.config.sources}
        self._inbox = inbox
        self._subscriber = subscriber
        self._busy: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._taking: asyncio.Task[None] | None = None
        self._read_at = -math.inf  # what hubs sent, by the loop's clock
        self._asking: asyncio.Task[None] | None = None
        self._aligned = subscriber is None  # with the hubs that the sources name
        self._decisions = 0  # of the user, that are applied
        self._settling: asyncio.Task[None] | None = None
        self._first = True  # no tick came before

    async def begin(self) -> None:
        """Group and publish what an earlier run left, and listen to hubs."""
        self._decisions = await self._count_decisions()
        await self._pipeline.settle()
        self.listen()

    async def tick(self) -> None:
        """Start a run of the sources that are due and not under way; speak with hubs and commands."""
        self._pipeline.announce()
        self._ask_hubs()
        await self._apply_decisions()
        self._take_requests()
        due = await self._pipeline.due(self._pushed())
        due = tuple(one for one in due if one.id not in self._busy)
        if due:
            self._busy |= {source.id for source in due}
            self._start(self._run(due))
        elif self._first and not self._under_way:
            await self._log_next("nothing is due yet; ")
        self._first = False

    def _pushed(self) -> Mapping[str, datetime]:
        """Return since when hubs send all that is new, by source."""
        return self._subscriber.live() if self._subscriber else {}

    async def _log_next(self, before: str = "") -> None:
        """Say which source is asked next."""
        found = await self._pipeline.next_due(self._pushed())
        if found is None:
            _log.info(f"{before}no source will be asked")
            return
        source, due = found
        wait = due - bootstrap.now()
        if wait > timedelta():
            _log.info(
                f"{before}next: {{source}} in {{wait}}", source=source.id, wait=in_words(wait)
            )

    async def _count_decisions(self) -> int:
        """Return how many corrections the user made so far."""
        return len(await self._pipeline.thread.call(self._application.store.decisions))

    async def _apply_decisions(self) -> None:
        """Group and publish anew when the user has corrected something, in a command or a page."""
        if self._settling and not self._settling.done():
            return
        count = await self._count_decisions()
        if count != self._decisions:
            self._settling = self._start(self._settle(count))

    async def _settle(self, decisions: int) -> None:
        before, self._decisions = self._decisions, decisions
        try:
            await self._pipeline.settle()
            _log.info("corrections applied", corrections=abs(decisions - before))
        except Exception:  # noqa: BLE001  logged whole; the next tick tries again
            self._decisions = before
            _log.exception("corrections not applied")

    def _take_requests(self) -> None:
        """Start the runs that commands ask for."""
        for request in handover.take_requests(self._application.config.data, now=bootstrap.now()):
            self._start(self._fulfil(request))

    async def _fulfil(self, request: FetchRequest) -> None:
        """Run what a command asks for, and give it the report."""
        answer: RunReport | str = "the daemon was stopped before it was done"
        try:
            wanted = self._application.pick(request.sources)
            while any(source.id in self._busy for source in wanted):
                others = {task for task in self._under_way if task is not asyncio.current_task()}
                await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
            self._busy |= {source.id for source in wanted}
            _log.info("asked by a command", sources=len(wanted))
            report = await self._gather(wanted, force=request.force)
            answer = report or "the run failed: the log of the daemon says why"
        except ConfigError as error:
            answer = f"{error}; the daemon reads its configuration again on SIGHUP"
        finally:
            handover.answer_request(self._application.config.data, request, answer)

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

    async def _run(self, due: Sequence[Source]) -> None:
        await self._gather(due)

    async def _gather(self, sources: Sequence[Source], *, force: bool = False) -> RunReport | None:
        """Run the sources, which have to be marked as busy; None if that failed."""
        try:
            report = await self._pipeline.run(sources, force=force, progress=_say)
            self._metrics.record_run(report, now=bootstrap.now())
            for error in report.errors:
                _log.error("publish failed", error=error)
            self._aligned = self._subscriber is None  # the sources may name others by now
            self._ask_hubs()
        except Exception:  # noqa: BLE001  logged whole, below
            # Whatever it was, the next tick tries again: the daemon outlives a bad day.
            _log.exception("run failed")
            return None
        finally:
            self._busy -= {source.id for source in sources}
        await self._log_next()
        return report


@dataclass(frozen=True, slots=True)
class Listening:
    """The host that the server is to listen on, and its sockets, which are open already."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...]


async def run(application: Application, listening: Listening, reread: Reread) -> None:
    """Gather on schedule and serve until SIGINT or SIGTERM; read the configuration again on SIGHUP.

    Each configuration has a pipeline of its own, and begins when the one before has ended what it
    was about; the server stays, and answers from the old one meanwhile.
    """
    metrics = Metrics()
    server = Server(listening.sockets, _site(application, listening, metrics))
    serving: asyncio.Task[None] | None = None
    inbox = Inbox(_PUSHED * application.config.fetch.max_size)
    current: Application | None = application
    with handover.taking_requests(application.config.data):
        while current is not None:
            _doubt(current, listening)
            async with current.pipeline() as pipeline, current.subscriber(inbox) as subscriber:
                daemon = Daemon(current, pipeline, metrics, inbox, subscriber)
                await daemon.begin()
                server.set_site(_site(current, listening, metrics, subscriber))
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


async def serve(application: Application, listening: Listening, reread: Reread) -> None:
    """Serve the published feeds until SIGINT or SIGTERM; read the configuration again on SIGHUP."""
    metrics = Metrics()
    server = Server(listening.sockets, _site(application, listening, metrics))
    _doubt(application, listening)
    serving = asyncio.create_task(server.serve())
    while found := await _next(application, server, serving, reread):
        application = found
        server.set_site(_site(application, listening, metrics))
        _doubt(application, listening)


def _doubt(application: Application, listening: Listening) -> None:
    """Warn of an address that readers cannot use."""
    url = application.config.public_url
    for doubt in (
        port_doubt(url, listening.port),
        host_doubt(url, listening.host),
    ):
        if doubt:
            _log.warning("public_url {doubt}", doubt=doubt)


async def _next(
    application: Application, server: Server, serving: asyncio.Task[None], reread: Reread
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


def _site(
    application: Application,
    listening: Listening,
    metrics: Metrics,
    subscriber: Subscriber | None = None,
) -> Site:
    """Return what is served of an application; hubs are answered for the subscriber."""
    return Site(
        store=application.store,
        folder=application.folder,
        feeds=application.config.feeds,
        public_url=application.config.public_url,
        sources=application.config.sources,
        clock=bootstrap.now,
        host=listening.host,
        metrics=metrics,
        hub=application.config.websub.hub,
        callbacks=subscriber,
    )


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
