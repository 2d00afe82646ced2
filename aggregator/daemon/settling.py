"""Groups and publishes what is in the store, when something says that this is needed."""

import asyncio
from datetime import datetime

from aggregator.core.errors import PublishError
from aggregator.core.logger import get_logger
from aggregator.core.ports import Clock, DecisionStore
from aggregator.core.run_logs import log_failure
from aggregator.daemon.tasks import OneAtATime, Tasks
from aggregator.gather.pacing import Backoff
from aggregator.pipeline import Pipeline
from aggregator.web.metrics import Metrics

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 300.0

_log = get_logger()


class Settling:
    """Publishes after a start, corrections, failures, the loss of a published file, or for a digest.

    `needed` says that the store may hold what is not published yet.
    """

    def __init__(
        self,
        store: DecisionStore,
        pipeline: Pipeline,
        metrics: Metrics,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self.needed = True
        self.pause = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._store = store
        self._pipeline = pipeline
        self._metrics = metrics
        self._clock = clock
        self._settling = OneAtATime(tasks, self._settle)
        self._digests: tuple[datetime, ...] = ()  # when those that were published became due
        self._applied: int | None = None  # corrections by the user; unknown before the first time

    async def start_if_needed(self, now: float) -> None:
        """Start to group and publish, unless that failed just now or nothing asks for it."""
        if await self._pipeline.thread.call(self._pipeline.upkeep.notice_loss):
            self.needed = True
        if self._pipeline.publisher.digests_due() != self._digests:
            self.needed = True
        if self.pause.is_waiting(now):
            return
        corrected = await self._count_decisions() != self._applied
        if corrected or self.needed or not self._pipeline.publisher.is_complete():
            self.start()

    def start(self) -> None:
        """Group and publish in the background, unless that is under way."""
        self._settling.start()

    async def _count_decisions(self) -> int:
        """Return how many corrections the user has made."""
        return len(await self._pipeline.thread.call(self._store.decisions))

    async def _settle(self) -> None:
        before, self.needed = self._applied, False
        self._digests = self._pipeline.publisher.digests_due()
        try:
            count = await self._count_decisions()
            errors = await self._pipeline.settle()
        except Exception as error:  # noqa: BLE001  logged; a later tick retries
            self._fail(error)
            return
        if errors:
            self._fail(PublishError("; ".join(errors)))
            return
        self._applied = count
        self.pause.succeeded()
        if before not in {None, count}:
            _log.info("corrections applied", corrections=abs(count - (before or 0)))

    def _fail(self, error: Exception) -> None:
        self.needed = True
        pause = self.pause.failed(asyncio.get_running_loop().time())
        self._metrics.record_failed_run(error, now=self._clock())
        log_failure("grouping and publishing failed", error, pause)
