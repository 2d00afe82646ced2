"""The tick of the daemon: what it looks at every few seconds, in order."""

import asyncio
import os
import signal

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.core import sd_notify
from aggregator.core.clock_steps import ClockSteps
from aggregator.core.errors import ConfigError
from aggregator.core.file_watch import FileWatch
from aggregator.core.logger import get_logger
from aggregator.core.ports import Clock
from aggregator.core.report import RunReport
from aggregator.core.ticker import Ticker
from aggregator.daemon.health_watch import HealthWatch
from aggregator.daemon.indexing import Indexing
from aggregator.daemon.nightly import Nightly
from aggregator.daemon.pushes import Pushes
from aggregator.daemon.runs import Runs
from aggregator.daemon.settling import Settling
from aggregator.daemon.subscriptions import Subscriptions
from aggregator.daemon.tasks import OneAtATime, Task, Tasks
from aggregator.pipeline import Pipeline
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
        clock_steps: ClockSteps | None = None,
    ) -> None:
        config = application.config
        self._application = application
        self._pipeline = pipeline
        self._clock = clock
        self._tasks = tasks = Tasks()
        self._subscriptions = Subscriptions(subscriber, config.sources)
        self._settling = Settling(application.store, pipeline, metrics, clock, tasks)
        self._runs = Runs(
            config,
            pipeline=pipeline,
            metrics=metrics,
            settling=self._settling,
            subscriptions=self._subscriptions,
            tasks=tasks,
            clock=clock,
        )
        self._pushes = Pushes(
            config.sources,
            pipeline=pipeline,
            metrics=metrics,
            inbox=inbox,
            subscriber=subscriber,
            clock=clock,
            tasks=tasks,
        )
        self._articles = OneAtATime(tasks, self._fetch_articles)
        self._pictures = OneAtATime(tasks, self._make_pictures)
        monitor = metrics.monitor
        self._nightly = Nightly(
            config, pipeline.upkeep, pipeline.thread, clock, monitor.record_backup
        )
        self._health = HealthWatch(
            config, application.store, monitor=monitor, thread=pipeline.thread, clock=clock
        )
        self._watching = OneAtATime(tasks, self._health.look)
        indexing = Indexing(application.store, pipeline.thread, config.search)
        self._indexing = OneAtATime(tasks, indexing.run)
        self._clock_steps = clock_steps or ClockSteps(clock)
        self._config_watch = FileWatch(config.path)
        self._watchdog: Ticker | None = None

    async def start(self) -> None:
        """Begin to finish what an earlier run stored but did not publish; accept pushed documents."""
        self._settling.start()
        self._nightly.start()
        sd_notify.notify("READY=1")
        if sd_notify.is_wanted():
            self._watchdog = Ticker(sd_notify.keep_alive, sd_notify.SECONDS)
        self.listen()

    async def tick(self) -> None:
        """Process corrections, requests and hubs, and start a run of the sources that are due."""
        if self._config_watch.has_changed():
            os.kill(os.getpid(), signal.SIGHUP)
        await self._follow_clock()
        if self._pipeline.announcer:
            self._pipeline.announcer.start()
        self._subscriptions.update()
        now = asyncio.get_running_loop().time()
        is_paused = await self._runs.is_paused(now)
        if not is_paused:
            await self._settling.start_if_needed(now)
        self._start_requests()
        self._watching.start()
        if not is_paused:
            self._articles.start()
            await self._runs.start_due(now)
        if self._pipeline.pictures and self._pipeline.pictures.is_due():
            self._pictures.start()
        if not self._runs.busy:
            self._indexing.start()

    async def _follow_clock(self) -> None:
        """Move all stored due times if the clock was set, so that nothing waits for the old time."""
        step, before = self._clock_steps.take()
        if not step:
            return
        _log.warning("clock set", seconds=round(step.total_seconds()))
        self._nightly.follow_clock()
        await self._pipeline.follow_clock(step, before)
        await self._subscriptions.follow_clock(step)

    async def _fetch_articles(self) -> None:
        """Fetch whole texts that are due: of pushed entries, or pages that failed before."""
        try:
            await self._pipeline.fetch_articles(self._runs.busy)
        except Exception:  # noqa: BLE001  logged with traceback; the next tick retries
            _log.exception("fetching whole texts failed")

    async def _make_pictures(self) -> None:
        """Make the pictures of new stories for the pages."""
        try:
            await self._pipeline.make_pictures()
        except Exception:  # noqa: BLE001  logged with traceback; the next tick retries
            _log.exception("making pictures failed")

    def _start_requests(self) -> None:
        """Start the runs that commands have requested."""
        for request in handover.take_requests(self._application.config.data, now=self._clock()):
            self._tasks.start(self._run_request(request))

    async def _run_request(self, request: FetchRequest) -> None:
        """Run what a command requested, and send it the report."""
        answer: RunReport | str = "the daemon was stopped before the run ended"
        try:
            wanted = self._application.pick(request.sources)
            report = await self._runs.run(wanted, force=request.force)
            answer = report or "the run failed: see the log of the daemon"
        except ConfigError as error:
            answer = f"{error}; aggregator run reloads a changed configuration within {2 * _TICK_SECONDS} seconds: try again then"
        finally:
            handover.answer_request(self._application.config.data, request, answer)

    def listen(self) -> None:
        """Process pushed documents from now on, including those already in the inbox."""
        self._pushes.listen()

    async def finish(self, serving: Task) -> None:
        """Wait until all tasks have ended, or the server has stopped."""
        await self._tasks.finish(serving)

    async def drain(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        self._nightly.shutdown()
        if self._watchdog:
            self._watchdog.shutdown()
        await asyncio.gather(self._tasks.cancel(), self._subscriptions.tasks.cancel())


def schedule(daemon: Daemon) -> Ticker:
    """Start calling `Daemon.tick`, now and then every few seconds."""
    return Ticker(daemon.tick, _TICK_SECONDS)
