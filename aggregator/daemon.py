"""The background work of a running service: fetch on schedule, receive pushes, apply commands."""

import asyncio
import contextlib
import math
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config.quantities import in_words
from aggregator.core.errors import ConfigError
from aggregator.core.logger import get_logger
from aggregator.core.model import Source
from aggregator.core.report import RunReport, SourceReport
from aggregator.pipeline import Pipeline
from aggregator.store import handover
from aggregator.store.handover import FetchRequest
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox, Subscriber

_TICK_SECONDS = handover.LOOK_SECONDS
_BURST_SECONDS = 0.2  # documents that hubs push within this time are published together
_MIN_PUSH_INTERVAL_SECONDS = 3.0  # between two batches of pushed documents: bounds their cost
_FAILED_OUTCOMES = ("error", "refused", "gone")

_log = get_logger()


class Daemon:
    """Gathers due sources and pushed documents while the web server runs."""

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
        self._busy_sources: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._push_task: asyncio.Task[None] | None = None
        self._pushes_read_at = -math.inf  # time of the event loop
        self._hub_task: asyncio.Task[None] | None = None
        self._subscriptions_current = subscriber is None  # match the hubs that the sources name
        self._decisions_applied = 0  # corrections by the user
        self._correction_task: asyncio.Task[None] | None = None
        self._article_task: asyncio.Task[None] | None = None
        self._first_tick = True

    async def start(self) -> None:
        """Group and publish what an earlier run stored but did not finish, and accept pushed documents."""
        self._decisions_applied = await self._count_decisions()
        await self._pipeline.settle()
        self.listen()

    async def tick(self) -> None:
        """Start a run of the sources that are due and not busy; process hubs, corrections and requests."""
        self._pipeline.announce()
        self._update_subscriptions()
        await self._apply_decisions()
        self._start_requests()
        self._start_articles()
        due = await self._pipeline.due(self._push_since())
        due = tuple(one for one in due if one.id not in self._busy_sources)
        if due:
            self._busy_sources |= {source.id for source in due}
            self._metrics.record_due(self._busy_sources, now=bootstrap.now())
            self._start_task(self._run(due))
        elif self._first_tick and not self._tasks:
            await self._log_next("nothing is due yet; ")
        self._first_tick = False

    def _start_articles(self) -> None:
        """Fetch whole texts that are due: of pushed entries, or pages that failed before."""
        if self._article_task is None or self._article_task.done():
            self._article_task = self._start_task(self._fetch_articles())

    async def _fetch_articles(self) -> None:
        try:
            await self._pipeline.fetch_articles(self._busy_sources)
        except Exception:  # noqa: BLE001  logged with traceback; the next tick retries
            _log.exception("fetching whole texts failed")

    def _push_since(self) -> Mapping[str, datetime]:
        """Return since when hubs push all new entries, by source."""
        return self._subscriber.live() if self._subscriber else {}

    async def _log_next(self, prefix: str = "") -> None:
        """Log which source is fetched next."""
        found = await self._pipeline.next_due(self._push_since())
        if found is None:
            _log.info(f"{prefix}no source will be fetched")
            return
        source, due = found
        wait = due - bootstrap.now()
        if wait > timedelta():
            _log.info(
                f"{prefix}next: {{source}} in {{wait}}", source=source.id, wait=in_words(wait)
            )

    async def _count_decisions(self) -> int:
        """Return how many corrections the user has made."""
        return len(await self._pipeline.thread.call(self._application.store.decisions))

    async def _apply_decisions(self) -> None:
        """Group and publish again if the user has made corrections, by command or web page."""
        if self._correction_task and not self._correction_task.done():
            return
        count = await self._count_decisions()
        if count != self._decisions_applied:
            self._correction_task = self._start_task(self._apply(count))

    async def _apply(self, decisions: int) -> None:
        before, self._decisions_applied = self._decisions_applied, decisions
        try:
            await self._pipeline.settle()
            _log.info("corrections applied", corrections=abs(decisions - before))
        except Exception:  # noqa: BLE001  logged with traceback; the next tick retries
            self._decisions_applied = before
            _log.exception("corrections not applied")

    def _start_requests(self) -> None:
        """Start the runs that commands have requested."""
        for request in handover.take_requests(self._application.config.data, now=bootstrap.now()):
            self._start_task(self._run_request(request))

    async def _run_request(self, request: FetchRequest) -> None:
        """Run what a command requested, and send it the report."""
        answer: RunReport | str = "the daemon was stopped before the run ended"
        try:
            wanted = self._application.pick(request.sources)
            while any(source.id in self._busy_sources for source in wanted):
                others = {task for task in self._tasks if task is not asyncio.current_task()}
                await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
            self._busy_sources |= {source.id for source in wanted}
            _log.info("run requested by a command", sources=len(wanted))
            report = await self._gather(wanted, force=request.force)
            answer = report or "the run failed: see the log of the daemon"
        except ConfigError as error:
            answer = f"{error}; send the daemon SIGHUP to reload its configuration"
        finally:
            handover.answer_request(self._application.config.data, request, answer)

    def wake(self) -> None:
        """Start processing pushed documents, unless that is running."""
        if self._inbox and (self._push_task is None or self._push_task.done()):
            self._push_task = self._start_task(self._process_pushes())

    def listen(self) -> None:
        """Process pushed documents from now on, including those already in the inbox."""
        self._inbox.wake = self.wake
        self.wake()

    def _start_task(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        tasks = (*self._tasks, *((self._hub_task,) if self._hub_task else ()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def finish(self, serving: asyncio.Task[None]) -> None:
        """Wait until all tasks have ended, or the server has stopped."""
        while self._tasks and not serving.done():
            await asyncio.wait({serving, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)

    def _update_subscriptions(self) -> None:
        """Update the subscriptions in the background, unless an update is running."""
        subscriber = self._subscriber
        if subscriber is None or (self._hub_task and not self._hub_task.done()):
            return
        if subscriber.is_due() or not self._subscriptions_current:
            self._hub_task = asyncio.create_task(self._contact_hubs(subscriber))

    async def _contact_hubs(self, subscriber: Subscriber) -> None:
        try:
            if not self._subscriptions_current:
                self._subscriptions_current = True
                await subscriber.align()
            await subscriber.step()
        except Exception:  # noqa: BLE001  logged with traceback
            self._subscriptions_current = False
            _log.exception("updating hub subscriptions failed")

    async def _process_pushes(self) -> None:
        """Gather pushed documents until the inbox is empty; sources that fail are fetched instead."""
        while self._inbox and self._inbox.wake:
            loop = asyncio.get_running_loop()
            # Documents pushed at about the same time are published together.
            await asyncio.sleep(
                max(_BURST_SECONDS, self._pushes_read_at + _MIN_PUSH_INTERVAL_SECONDS - loop.time())
            )
            self._pushes_read_at = loop.time()
            taken = self._inbox.take()
            known = [
                (self._sources[identity], document)
                for identity, document in taken
                if identity in self._sources
            ]
            failed = {source.id for source, _ in known}
            try:
                report = await self._pipeline.take(known, progress=log_report)
                self._metrics.record_run(report, now=bootstrap.now(), pushed=True)
                failed = {one.id for one in report.sources if one.outcome in _FAILED_OUTCOMES}
            except Exception:  # noqa: BLE001  logged with traceback
                _log.exception("processing pushed documents failed")
            if self._subscriber:
                for identity in {source.identity for source, _ in known if source.id in failed}:
                    self._subscriber.miss(identity)

    def _note_polls(self, report: RunReport) -> None:
        """Tell the subscriber what polls found, which a hub should have pushed."""
        identities = {source.id: source.identity for source in self._sources.values()}
        for one in report.sources if self._subscriber else ():
            if self._subscriber and one.id in identities and one.outcome in ("ok", "unchanged"):
                self._subscriber.note_poll(identities[one.id], one.new)

    def _note(self, report: SourceReport) -> None:
        self._metrics.record_source(report, now=bootstrap.now())
        log_report(report)

    async def _run(self, due: Sequence[Source]) -> None:
        await self._gather(due)

    async def _gather(self, sources: Sequence[Source], *, force: bool = False) -> RunReport | None:
        """Run the sources, which must be marked as busy; return None if the run failed."""
        try:
            report = await self._pipeline.run(sources, force=force, progress=self._note)
            self._metrics.record_run(report, now=bootstrap.now())
            self._note_polls(report)
            for error in report.errors:
                _log.error("publish failed", error=error)
            self._subscriptions_current = (
                self._subscriber is None
            )  # the run may have found new hubs
            self._update_subscriptions()
        except Exception as error:  # noqa: BLE001  logged with traceback
            # The daemon continues after any error; the next tick retries.
            self._metrics.record_failed_run((), error, now=bootstrap.now())
            _log.exception("run failed")
            return None
        finally:
            self._busy_sources -= {source.id for source in sources}
        await self._log_next()
        return report


def schedule(daemon: Daemon) -> AsyncIOScheduler:
    """Start calling `Daemon.tick`, now and then every few seconds."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        tick_safely,
        "interval",
        args=(daemon,),
        seconds=_TICK_SECONDS,
        next_run_time=bootstrap.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return scheduler


async def tick_safely(daemon: Daemon) -> None:
    """Tick; cancellation at shutdown is not logged as a failure."""
    with contextlib.suppress(asyncio.CancelledError):
        await daemon.tick()


def log_report(report: SourceReport) -> None:
    """Log the result of one source."""
    log = _log.warning if report.outcome in _FAILED_OUTCOMES else _log.info
    log(
        "gathered",
        source=report.id,
        outcome=report.outcome,
        new=report.new,
        modified=report.modified,
        seconds=report.seconds,
        error=report.error or None,
    )
