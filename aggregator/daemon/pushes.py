"""Processes the documents that hubs push, as soon as they arrive."""

import asyncio
import math
from collections.abc import Iterable

from aggregator.core.logger import get_logger
from aggregator.core.model import Source
from aggregator.core.ports import Clock
from aggregator.core.report import SourceReport
from aggregator.core.run_logs import FAILED_OUTCOMES, log_report
from aggregator.daemon.tasks import OneAtATime, Tasks
from aggregator.pipeline import Pipeline
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox, Subscriber

_BURST_SECONDS = 0.2  # documents that hubs push within this time are published together
_MIN_INTERVAL_SECONDS = 3.0  # between two batches of pushed documents: bounds their cost

_log = get_logger()


class Pushes:
    """Gathers pushed documents; sources whose documents fail are fetched instead."""

    def __init__(
        self,
        sources: Iterable[Source],
        *,
        pipeline: Pipeline,
        metrics: Metrics,
        inbox: Inbox,
        subscriber: Subscriber | None,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._sources = {source.identity: source for source in sources}
        self._pipeline = pipeline
        self._metrics = metrics
        self._inbox = inbox
        self._subscriber = subscriber
        self._clock = clock
        self._processing = OneAtATime(tasks, self._process)
        self._read_at = -math.inf  # time of the event loop

    def listen(self) -> None:
        """Process pushed documents from now on, including those already in the inbox."""
        self._inbox.wake = self.wake
        self.wake()

    def wake(self) -> None:
        """Start processing pushed documents, unless that is running."""
        if self._inbox:
            self._processing.start()

    async def _process(self) -> None:
        """Gather pushed documents until the inbox is empty; sources that fail are fetched instead."""
        while self._inbox and self._inbox.wake:
            loop = asyncio.get_running_loop()
            # Documents pushed at about the same time are published together.
            await asyncio.sleep(
                max(_BURST_SECONDS, self._read_at + _MIN_INTERVAL_SECONDS - loop.time())
            )
            self._read_at = loop.time()
            taken = self._inbox.take()
            known = [
                (self._sources[identity], document)
                for identity, document in taken
                if identity in self._sources
            ]
            failed = {source.id for source, _ in known}
            try:
                report = await self._pipeline.take(known, progress=self._record)
                self._metrics.record_run(report, now=self._clock())
                failed = {one.id for one in report.sources if one.outcome in FAILED_OUTCOMES}
            except Exception:  # noqa: BLE001  logged with traceback
                _log.exception("processing pushed documents failed")
            if self._subscriber:
                for identity in {source.identity for source, _ in known if source.id in failed}:
                    self._subscriber.miss(identity)

    def _record(self, report: SourceReport) -> None:
        log_report(report)
        self._metrics.record_source(report, now=self._clock(), pushed=True)
