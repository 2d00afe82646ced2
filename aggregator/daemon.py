"""The background work of a running service: fetch on schedule, receive pushes, apply commands."""

import asyncio
import os
import random
import signal
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime, timedelta

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config.quantities import in_words
from aggregator.core import sd_notify
from aggregator.core.clock_steps import ClockSteps
from aggregator.core.errors import ConfigError, StoreError
from aggregator.core.file_watch import FileWatch
from aggregator.core.logger import get_logger
from aggregator.core.model import Source
from aggregator.core.ports import Clock
from aggregator.core.report import RunReport, SourceReport
from aggregator.core.run_logs import log_failure, log_report
from aggregator.core.ticker import Ticker
from aggregator.gather.pacing import Pacing
from aggregator.nightly import Nightly
from aggregator.pipeline import Pipeline
from aggregator.pushes import Pushes
from aggregator.settling import Settling
from aggregator.store import handover
from aggregator.store.handover import FetchRequest
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox, Subscriber

_TICK_SECONDS = handover.LOOK_SECONDS

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
        *,
        clock: Clock = bootstrap.now,
    ) -> None:
        self._application = application
        self._pipeline = pipeline
        self._metrics = metrics
        self._subscriber = subscriber
        self._busy_sources: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pushes = Pushes(
            application.config.sources,
            pipeline=pipeline,
            metrics=metrics,
            inbox=inbox,
            subscriber=subscriber,
            clock=clock,
            start_task=self._start_task,
        )
        self._hub_task: asyncio.Task[None] | None = None
        self._subscriptions_current = subscriber is None  # match the hubs that the sources name
        self._settling = Settling(application.store, pipeline, metrics, clock, self._start_task)
        self._nightly = Nightly(application.config, pipeline.upkeep, pipeline.thread, clock)
        self._pacing = Pacing(application.config.fetch, pipeline.network, random.random)
        self._clock = clock
        self._clock_steps = ClockSteps(clock)
        self._config_watch = FileWatch(application.config.path)
        self._cannot_save = False
        self._watchdog: Ticker | None = None
        self._article_task: asyncio.Task[None] | None = None
        self._first_tick = True

    async def start(self) -> None:
        """Begin to finish what an earlier run stored but did not publish; accept pushed documents."""
        self._settling.start()
        self._nightly.start()
        sd_notify.notify("READY=1")
        if sd_notify.is_wanted():
            self._watchdog = Ticker(sd_notify.keep_alive, sd_notify.SECONDS)
        self.listen()

    async def tick(self) -> None:
        """Start a run of the sources that are due and not busy; process hubs, corrections and requests."""
        if self._config_watch.has_changed():
            os.kill(os.getpid(), signal.SIGHUP)
        await self._follow_clock()
        if self._pipeline.announcer:
            self._pipeline.announcer.start()
        self._update_subscriptions()
        now = asyncio.get_running_loop().time()
        is_paused = self._pacing.pause.is_waiting(now) and not await self._can_save_again()
        if not is_paused:
            await self._settling.start_if_needed(now)
        self._start_requests()
        if is_paused:
            return
        self._start_articles()
        due = await self._pipeline.gatherer.due(self._push_since())
        due = tuple(one for one in due if one.id not in self._busy_sources)
        due = self._pacing.ready(due, now)
        if due:
            self._busy_sources |= {source.id for source in due}
            self._metrics.record_due(self._busy_sources, now=self._clock())
            self._start_task(self._run(due))
        elif self._first_tick and not self._busy_sources:
            await self._log_next("nothing is due yet; ")
        self._first_tick = False

    async def _follow_clock(self) -> None:
        """Move all stored due times if the clock was set, so that nothing waits for the old time."""
        step, before = self._clock_steps.take()
        if not step:
            return
        _log.warning("clock set", seconds=round(step.total_seconds()))
        self._nightly.follow_clock()
        await self._pipeline.follow_clock(step, before)
        if self._subscriber:
            await self._subscriber.follow_clock(step)

    async def _can_save_again(self) -> bool:
        """Say whether saving was impossible and is possible again: then nothing has to wait."""
        try:
            await self._pipeline.thread.call(self._pipeline.upkeep.prove)
        except StoreError:
            self._cannot_save = True
            return False
        if self._cannot_save:
            _log.info("the data can be saved again")
            self._cannot_save = False
            self._pacing.recovered()
            self._settling.pause.end()
            return True
        return False

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
        found = await self._pipeline.gatherer.next_due(self._push_since())
        if found is None:
            _log.info(f"{prefix}no source will be fetched")
            return
        source, due = found
        wait = due - self._clock()
        if wait > timedelta():
            _log.info(
                f"{prefix}next: {{source}} in {{wait}}", source=source.id, wait=in_words(wait)
            )

    def _start_requests(self) -> None:
        """Start the runs that commands have requested."""
        for request in handover.take_requests(self._application.config.data, now=self._clock()):
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
            answer = f"{error}; aggregator run reloads a changed configuration within {2 * _TICK_SECONDS} seconds: try again then"
        finally:
            handover.answer_request(self._application.config.data, request, answer)

    def listen(self) -> None:
        """Process pushed documents from now on, including those already in the inbox."""
        self._pushes.listen()

    def _start_task(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        self._nightly.shutdown()
        if self._watchdog:
            self._watchdog.shutdown()
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

    def _note_polls(self, report: RunReport) -> None:
        """Tell the subscriber what polls found, which a hub should have pushed."""
        identities = {source.id: source.identity for source in self._application.config.sources}
        for one in report.sources if self._subscriber else ():
            if self._subscriber and one.id in identities and one.outcome in ("ok", "unchanged"):
                self._subscriber.note_poll(identities[one.id], one.new)

    async def _run(self, due: Sequence[Source]) -> None:
        await self._gather(due)

    async def _gather(self, sources: Sequence[Source], *, force: bool = False) -> RunReport | None:
        """Run the sources, which must be marked as busy; return None if the run failed."""
        reports: list[SourceReport] = []

        def _progress(report: SourceReport) -> None:
            reports.append(report)
            self._metrics.record_source(report, now=self._clock())
            if not self._pipeline.network.down:
                log_report(report)

        was_down = self._pipeline.network.down
        self._pacing.started(sources, asyncio.get_running_loop().time())
        try:
            report = await self._pipeline.run(sources, force=force, progress=_progress)
        except Exception as error:  # noqa: BLE001  logged; the daemon continues after any error
            self._run_failed(sources, reports, error)
            return None
        finally:
            self._busy_sources -= {source.id for source in sources}
        self._metrics.record_run(report, now=self._clock())
        self._note_polls(report)
        self._run_ended(sources, report, was_down=was_down)
        self._subscriptions_current = self._subscriber is None  # it may have found new hubs
        self._update_subscriptions()
        if not self._pipeline.network.down:
            await self._log_next()
        return report

    def _run_ended(self, sources: Sequence[Source], report: RunReport, *, was_down: bool) -> None:
        """Note what a run brought, and say so when our network went down or came back."""
        now = asyncio.get_running_loop().time()
        by_id = {one.id: one for one in report.sources}
        for source in sources:
            self._pacing.ended(source, by_id[source.id], now)
        for error in report.errors:
            _log.error("publish failed", error=error)
        self._settling.needed = self._settling.needed or bool(report.errors)
        if any(one.unsaved for one in report.sources):
            self._pacing.pause.failed(now)
        else:
            self._pacing.pause.succeeded()
        is_down = self._pipeline.network.down
        if is_down and not was_down:
            _log.warning("network down: no source answers, waiting for it to return")
        elif was_down and not is_down:
            _log.info("network back")

    def _run_failed(
        self, sources: Sequence[Source], reports: Sequence[SourceReport], error: Exception
    ) -> None:
        """Pause after a run that could not be finished; what it stored is published later."""
        now = asyncio.get_running_loop().time()
        by_id = {one.id: one for one in reports}
        for source in sources:
            if source.id in by_id:
                self._pacing.ended(source, by_id[source.id], now)
            else:
                self._pacing.not_asked(source)
        self._settling.needed = True
        pause = self._pacing.pause.failed(now)
        self._metrics.record_failed_run(reports, error, now=self._clock())
        log_failure("run failed", error, pause)


def schedule(daemon: Daemon) -> Ticker:
    """Start calling `Daemon.tick`, now and then every few seconds."""
    return Ticker(daemon.tick, _TICK_SECONDS)
