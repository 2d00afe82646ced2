"""What one worker at a time does: group, and publish."""

from dataclasses import dataclass
from functools import partial

from aggregator.core.errors import AggregatorError
from aggregator.core.logger import get_logger
from aggregator.core.report import RunTotals
from aggregator.pipeline import Pipeline
from aggregator.store import SqlStore
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

    async def group(self) -> None:
        """Group the next batch of what is new; queue what follows from it."""
        try:
            more = await self.pipeline.group_batch(RunTotals())
        except AggregatorError as error:
            _log.error("grouping failed", error=str(error))
            return
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
            _log.error("publish failed", error=str(error))
        for problem in totals.errors:
            _log.error("publish failed", error=problem)
