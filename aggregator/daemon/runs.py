"""Runs of the sources that are due or requested, and the pauses after those that fail."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from datetime import timedelta

from aggregator.config import Config
from aggregator.config.quantities import in_words
from aggregator.core.errors import StoreError
from aggregator.core.logger import get_logger
from aggregator.core.model import Source
from aggregator.core.ports import Clock
from aggregator.core.report import RunReport, SourceReport
from aggregator.core.run_logs import log_failure, log_report
from aggregator.daemon.settling import Settling
from aggregator.daemon.subscriptions import Subscriptions
from aggregator.daemon.tasks import Tasks
from aggregator.gather.pacing import Pacing
from aggregator.pipeline import Pipeline
from aggregator.web.metrics import Metrics

_log = get_logger()


class Runs:
    """Starts runs; a source is never in two of them. `busy` are the ids of sources in a run."""

    def __init__(
        self,
        config: Config,
        *,
        pipeline: Pipeline,
        metrics: Metrics,
        settling: Settling,
        subscriptions: Subscriptions,
        tasks: Tasks,
        clock: Clock,
    ) -> None:
        self.busy: set[str] = set()
        self.pacing = Pacing(config.fetch, pipeline.network, random.random)
        self._pipeline = pipeline
        self._metrics = metrics
        self._settling = settling
        self._subscriptions = subscriptions
        self._tasks = tasks
        self._clock = clock
        self._cannot_save = False
        self._first_look = True

    async def is_paused(self, now: float) -> bool:
        """Return whether everything waits after a failed run; not if saving works again."""
        return self.pacing.pause.is_waiting(now) and not await self._can_save_again()

    async def start_due(self, now: float) -> None:
        """Start a run of the sources that are due and not busy."""
        due = await self._pipeline.gatherer.due(self._subscriptions.live())
        due = self.pacing.ready((one for one in due if one.id not in self.busy), now)
        if due:
            self._mark_busy(due)
            self._metrics.record_due(self.busy, now=self._clock())
            self._tasks.start(self._run_due(due))
        elif self._first_look and not self.busy:
            await self._log_next("nothing is due yet; ")
        self._first_look = False

    async def run(self, sources: Sequence[Source], *, force: bool) -> RunReport | None:
        """Run sources once none of them is busy; return None if the run failed."""
        while any(source.id in self.busy for source in sources):
            await self._tasks.wait_for_another()
        self._mark_busy(sources)
        _log.info("run requested by a command", sources=len(sources))
        return await self._run(sources, force=force)

    def _mark_busy(self, sources: Iterable[Source]) -> None:
        self.busy |= {source.id for source in sources}

    async def _run_due(self, sources: Sequence[Source]) -> None:
        await self._run(sources, force=False)

    async def _run(self, sources: Sequence[Source], *, force: bool) -> RunReport | None:
        """Run sources that are marked as busy; return None if the run failed."""
        reports: list[SourceReport] = []

        def _progress(report: SourceReport) -> None:
            reports.append(report)
            self._metrics.record_source(report, now=self._clock())
            if not self._pipeline.network.down:
                log_report(report)

        was_down = self._pipeline.network.down
        self.pacing.started(sources, asyncio.get_running_loop().time())
        try:
            report = await self._pipeline.run(sources, force=force, progress=_progress)
        except Exception as error:  # noqa: BLE001  logged; the daemon continues after any error
            self._failed(sources, reports, error)
            return None
        finally:
            self.busy -= {source.id for source in sources}
        self._metrics.record_run(report, now=self._clock())
        self._ended(sources, report, was_down=was_down)
        self._subscriptions.note_run(report)
        if not self._pipeline.network.down:
            await self._log_next()
        return report

    def _ended(self, sources: Sequence[Source], report: RunReport, *, was_down: bool) -> None:
        """Note how a run ended; log when our own network went down or came back."""
        now = asyncio.get_running_loop().time()
        by_id = {one.id: one for one in report.sources}
        for source in sources:
            self.pacing.ended(source, by_id[source.id], now)
        for error in report.errors:
            _log.error("publish failed", error=error)
            self._settling.needed = True
        if any(one.unsaved for one in report.sources):
            self.pacing.pause.failed(now)
        else:
            self.pacing.pause.succeeded()
        is_down = self._pipeline.network.down
        self._metrics.monitor.network_is_down = is_down
        if is_down and not was_down:
            _log.warning("network down: no source answers, waiting for it to return")
        elif was_down and not is_down:
            _log.info("network back")

    def _failed(
        self, sources: Sequence[Source], reports: Sequence[SourceReport], error: Exception
    ) -> None:
        """Pause after a run that could not be finished; what it stored is published later."""
        now = asyncio.get_running_loop().time()
        by_id = {one.id: one for one in reports}
        for source in sources:
            if source.id in by_id:
                self.pacing.ended(source, by_id[source.id], now)
            else:
                self.pacing.not_asked(source)
        self._settling.needed = True
        pause = self.pacing.pause.failed(now)
        self._metrics.record_failed_run(error, now=self._clock())
        log_failure("run failed", error, pause)

    async def _can_save_again(self) -> bool:
        """Return whether saving was impossible and is possible again: then nothing has to wait."""
        try:
            await self._pipeline.thread.call(self._pipeline.upkeep.prove)
        except StoreError:
            self._cannot_save = True
            return False
        if not self._cannot_save:
            return False
        _log.info("the data can be saved again")
        self._cannot_save = False
        self.pacing.recovered()
        self._settling.pause.end()
        return True

    async def _log_next(self, prefix: str = "") -> None:
        """Log which source is fetched next."""
        found = await self._pipeline.gatherer.next_due(self._subscriptions.live())
        if found is None:
            _log.info(f"{prefix}no source will be fetched")
            return
        source, due = found
        wait = due - self._clock()
        if wait > timedelta():
            _log.info(
                f"{prefix}next: {{source}} in {{wait}}", source=source.id, wait=in_words(wait)
            )
