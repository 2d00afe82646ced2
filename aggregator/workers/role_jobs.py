"""What one worker at a time does: group, and publish."""

from dataclasses import dataclass
from functools import partial

from aggregator.core.errors import AggregatorError
from aggregator.core.logger import get_logger
from aggregator.core.report import RunTotals
from aggregator.pipeline import Pipeline
from aggregator.store import SqlStore
from aggregator.web.metrics import Metrics
from aggregator.workers.edition_store import EditionStore
from aggregator.workers.engine import GROUP, PUBLISH, Engine

_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleJobs:
    """The jobs of the queues `group` and `publish`."""

    pipeline: Pipeline
    store: SqlStore
    engine: Engine
    editions: EditionStore
    metrics: Metrics

    async def group(self) -> None:
        """Group the next batch of what is new; queue what follows from it."""
        totals = RunTotals()
        try:
            more = await self.pipeline.group_batch(totals)
        except AggregatorError as error:
            self.metrics.record_job(GROUP, "failed")
            _log.error("grouping failed", error=str(error))
            return
        self.metrics.record_stories(totals.stories_new, totals.stories_changed)
        self.metrics.record_job(GROUP, "done")
        if more:
            await self.engine.ask(GROUP)
        await self.engine.ask(PUBLISH)

    async def publish(self) -> None:
        """Publish what is grouped, in the folder and in the database."""
        totals = RunTotals()
        try:
            await self.pipeline.publish(totals)
            await self.pipeline.thread.call(partial(self.editions.save))
        except AggregatorError as error:
            totals.errors += (str(error),)
        for problem in totals.errors:
            _log.error("publish failed", error=problem)
        self.metrics.record_edition(len(totals.written), now=self.pipeline.publisher.clock())
        self.metrics.record_job(PUBLISH, "failed" if totals.errors else "done")
