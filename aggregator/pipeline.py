"""The order of a run's steps, and nothing else.

gather   Source ─► fetch ─► Fetched | NotModified ─► parse ─► RawEntry* ─► clean ─► Entry* ─► store ─► Change*
group    ungrouped Entry*, in (published, key) order ─► features ► blocking ► similarity ► assign ─► Story* ─► store
publish  Story* ─► select ─► render ─► bytes ─► file

The three steps meet only in the store, each in its own transactions. After a crash anywhere, running
the later steps again repairs the rest.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from aggregator.core import profile
from aggregator.core.model import Document, Source, SourceState
from aggregator.core.report import RunReport, RunTotals, SourceReport
from aggregator.core.threads import StoreThread
from aggregator.gather import schedule
from aggregator.gather.gatherer import Gatherer
from aggregator.publish.publisher import Publisher
from aggregator.store.upkeep import Upkeep
from aggregator.websub import Announcer

if TYPE_CHECKING:
    from aggregator.group.grouper import Grouper

_MAX_OPEN_SOURCES = 256  # bounds the documents that wait to be parsed
_QUIET_SECONDS = 0.5  # without new entries, after which a running gather is published

_NO_PUSH: Mapping[str, datetime] = MappingProxyType({})

Progress = Callable[[SourceReport], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Runs gather, group and publish."""

    gatherer: Gatherer
    has_ungrouped: Callable[[], bool]
    grouper: Callable[[], "Grouper"]  # made when there is something to group
    publisher: Publisher
    upkeep: Upkeep
    thread: StoreThread
    announcer: Announcer | None = None
    _one_writer: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(
        self, sources: Sequence[Source], *, force: bool = False, progress: Progress | None = None
    ) -> RunReport:
        """Gather the sources concurrently, then group and publish.

        Entries that have arrived are published while slow sources are still being gathered.
        """
        await self.thread.call(self.upkeep.recover)
        totals = RunTotals()
        reports: dict[str, SourceReport] = {}
        pending = await self._start(sources, force=force)
        unpublished = False
        try:
            while pending:
                done, pending = await asyncio.wait(
                    pending,
                    timeout=_QUIET_SECONDS if unpublished else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for report in sorted((task.result() for task in done), key=lambda one: one.id):
                    reports[report.id] = report
                    unpublished = unpublished or report.outcome == "ok"
                    if progress:
                        progress(report)
                if not done:
                    await self._group_and_publish(totals)
                    unpublished = False
        finally:
            for task in pending:
                task.cancel()
        await self.gatherer.buffer.flush()
        await self._group_and_publish(totals)
        return totals.report(reports[source.id] for source in sources)

    async def take(
        self, pushed: Iterable[tuple[Source, Document]], *, progress: Progress | None = None
    ) -> RunReport:
        """Store pushed documents as if they had been fetched, then group and publish."""
        await self.thread.call(self.upkeep.recover)
        reports: list[SourceReport] = []
        for source, document in pushed:
            reports.append(await self.gatherer.store_pushed(source, document))
            if progress:
                progress(reports[-1])
        totals = RunTotals()
        await self._group_and_publish(totals)
        return totals.report(reports)

    async def settle(self) -> None:
        """Group and publish what is in the store, without gathering."""
        await self.thread.call(self.upkeep.recover)
        await self._group_and_publish(RunTotals())

    async def due(self, pushed: Mapping[str, datetime] = _NO_PUSH) -> tuple[Source, ...]:
        """Return the sources to fetch now; see `Gatherer.due`."""
        return await self.gatherer.due(pushed)

    async def next_due(
        self, pushed: Mapping[str, datetime] = _NO_PUSH
    ) -> tuple[Source, datetime] | None:
        """Return the source to fetch next and when; see `Gatherer.next_due`."""
        return await self.gatherer.next_due(pushed)

    def announce(self) -> None:
        """Notify the hub of new editions, in the background."""
        if self.announcer:
            self.announcer.start()

    async def _start(self, sources: Sequence[Source], *, force: bool) -> set["_Gathering"]:
        """Start gathering the sources, a bounded number at a time."""
        states = await self.gatherer.states()
        waits = self.gatherer.waits(states)
        slots = asyncio.Semaphore(_MAX_OPEN_SOURCES)

        async def _gather(source: Source) -> SourceReport:
            async with slots:
                state = states.get(source.identity, SourceState())
                return await self.gatherer.gather(source, state, waits, force=force)

        return {asyncio.create_task(_gather(one)) for one in schedule.fetch_order(sources, states)}

    async def _group_and_publish(self, totals: RunTotals) -> None:
        """Group new entries, publish, and delete entries past retention; one caller at a time."""
        call = self.thread.call
        async with self._one_writer:
            began = self.publisher.clock()
            while await call(self.has_ungrouped):
                grouper = self.grouper()
                taken = await grouper.extract(await call(grouper.next))
                totals.add_grouping(await call(partial(grouper.group, taken), stage="group"))
            published = await call(partial(self.publisher.run, since=began), stage="publish")
            profile.run.add("publish", size=published.bytes, count=0)
            totals.add_edition(published.written, published.stories, published.errors)
            await call(partial(self.upkeep.forget, published))
        if self.announcer and published.topics:
            self.announcer.note(published.topics)
            self.announcer.start()


_Gathering = asyncio.Task[SourceReport]
