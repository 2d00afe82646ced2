"""The order of a run's steps, and nothing else.

gather   Source ─► fetch ─► Fetched | NotModified ─► parse ─► RawEntry* ─► clean ─► Entry* ─► store ─► Change*
group    ungrouped Entry*, in (published, key) order ─► features ► blocking ► similarity ► assign ─► Story* ─► store
publish  Story* ─► select ─► render ─► bytes ─► file

The three steps meet only in the store, each in its own transactions. After a crash anywhere, running
the later steps again repairs the rest.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from aggregator.core import profile
from aggregator.core.model import Document, Source
from aggregator.core.report import RunReport, RunTotals, SourceReport
from aggregator.core.threads import StoreThread
from aggregator.gather.gatherer import Gatherer, Outlook
from aggregator.gather.network import Network
from aggregator.gather.rounds import Round
from aggregator.publish.publisher import Publisher
from aggregator.publish.repeated import INTERVAL_SECONDS, RepeatedPublishing
from aggregator.store.upkeep import Upkeep
from aggregator.websub import Announcer

if TYPE_CHECKING:
    from aggregator.gather.articles.article_gatherer import ArticleGatherer
    from aggregator.gather.pictures.picture_gatherer import PictureGatherer
    from aggregator.group.grouper import Grouper

_QUIET_SECONDS = 0.5  # without new entries, after which a running gather is published

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
    network: Network = field(default_factory=Network)
    documents_waiting: Callable[[], int] = lambda: 0  # to be parsed
    articles: "ArticleGatherer | None" = None  # None: no source wants whole texts
    pictures: "PictureGatherer | None" = None  # None: pages show no pictures of ours
    _one_writer: asyncio.Lock = field(default_factory=asyncio.Lock)

    def queues(self) -> dict[str, Callable[[], int]]:
        """Return the functions that count what waits, by the name of the queue."""
        return {"documents": self.documents_waiting, "store": lambda: self.thread.waiting}

    async def run(
        self,
        sources: Sequence[Source],
        *,
        force: bool = False,
        progress: Progress | None = None,
        alone: bool = False,
    ) -> RunReport:
        """Gather the sources concurrently, then group and publish.

        Nothing is requested while nothing can be saved. Entries that have arrived are published
        while slow sources are still being gathered. A run `alone`, without a daemon, ends with the
        pictures of new stories.
        """
        await self.thread.call(self.upkeep.prove)
        await self.thread.call(self.upkeep.recover)
        totals = RunTotals()
        reports: dict[str, SourceReport] = {}
        gathering = Round(sources, self.gatherer, self.network, self.articles)
        publishing = RepeatedPublishing(lambda: self._group_and_publish(totals))
        pending = await gathering.start(force=force)
        unpublished = False
        try:
            while pending:
                done = await pending.take(_QUIET_SECONDS if unpublished else None)
                for report in sorted(done, key=lambda one: one.id):
                    reports[report.id] = report
                    unpublished = unpublished or report.outcome == "ok"
                    if progress:
                        progress(report)
                if unpublished and publishing.start(at_once=not done):
                    unpublished = False
            await publishing.end()
        finally:
            publishing.cancel()
            pending.cancel()
        reports = await gathering.finish(reports)
        await self._group_and_publish(totals)
        if alone:
            await self.make_pictures()
        return totals.report(reports[source.id] for source in sources)

    async def take(
        self, pushed: Iterable[tuple[Source, Document]], *, progress: Progress | None = None
    ) -> RunReport:
        """Store pushed documents as if they had been fetched, then group and publish."""
        await self.thread.call(self.upkeep.recover)
        totals, reports = RunTotals(), list[SourceReport]()
        for source, document in pushed:
            reports.append(await self.gatherer.store_pushed(source, document))
            if progress:
                progress(reports[-1])
        await self._group_and_publish(totals)
        return totals.report(reports)

    async def gather(
        self,
        sources: Sequence[Source],
        outlook: Outlook,
        *,
        progress: Progress,
    ) -> dict[str, SourceReport]:
        """Gather sources whose states are known, without grouping; return their reports by id."""
        gathering = Round(sources, self.gatherer, self.network, self.articles)
        pending = await gathering.start(force=False, outlook=outlook)
        reports: dict[str, SourceReport] = {}
        try:
            while pending:
                for report in await pending.take():
                    reports[report.id] = report
                    progress(report)
        finally:
            pending.cancel()
        return await gathering.finish(reports)

    async def settle(self) -> tuple[str, ...]:
        """Group and publish what is in the store, without gathering; return what failed."""
        await self.thread.call(self.upkeep.recover)
        totals = RunTotals()
        await self._group_and_publish(totals)
        return totals.errors

    async def fetch_articles(self, busy: Collection[str] = ()) -> bool:
        """Fetch the whole texts that are due, then group and publish; return whether there were any.

        `busy` are the ids of sources that a run is working on, which fetches them as well.
        """
        if not self.articles:
            return False
        wanted = [one for one in await self.articles.due() if one.id not in busy]
        if tried := sum(await asyncio.gather(*map(self.articles.take, wanted))):
            await self._group_and_publish(RunTotals())
        return tried > 0

    async def make_pictures(self) -> None:
        """Make the pictures of new stories for the pages, if any are missing."""
        if self.pictures and self.pictures.is_due():
            await self.pictures.take()

    async def follow_clock(self, step: timedelta, before: datetime) -> None:
        """Move all times of the schedule after the clock was set."""
        await self.gatherer.follow_clock(step, before)
        if self.announcer:
            self.announcer.follow_clock(step)

    async def _group_and_publish(self, totals: RunTotals) -> None:
        """Group new entries, publish, and delete entries past retention; one caller at a time."""
        call = self.thread.call
        async with self._one_writer:
            began, published_at = self.publisher.clock(), time.monotonic()
            while await call(self.has_ungrouped):
                await self._group_next(totals)
                if time.monotonic() - published_at >= INTERVAL_SECONDS:
                    await self._publish(totals, began)
                    published_at = time.monotonic()
            await self._publish(totals, began)

    async def group_batch(self, totals: RunTotals) -> bool:
        """Group what comes next, without publishing; return whether there is more."""
        async with self._one_writer:
            if await self.thread.call(self.has_ungrouped):
                await self._group_next(totals)
            return await self.thread.call(self.has_ungrouped)

    async def publish(self, totals: RunTotals) -> None:
        """Publish what is grouped."""
        async with self._one_writer:
            await self._publish(totals, self.publisher.clock())

    async def _group_next(self, totals: RunTotals) -> None:
        call = self.thread.call
        grouper = await call(self.grouper)
        taken = await grouper.extract(await call(grouper.next))
        totals.add_grouping(await call(partial(grouper.group, taken), stage="group"))

    async def _publish(self, totals: RunTotals, began: datetime) -> None:
        """Publish what is grouped, tell the hub, and delete entries past retention."""
        call = self.thread.call
        published = await call(partial(self.publisher.run, since=began), stage="publish")
        profile.run.add("publish", size=published.bytes, count=0)
        if self.pictures and published.written:
            self.pictures.wake()
        totals.add_edition(published.written, published.stories, published.errors)
        if self.announcer and published.topics:
            self.announcer.note(published.topics)
            self.announcer.start()
        await self.thread.call(partial(self.upkeep.forget, published))
