"""The order of a run's steps, and nothing else.

gather   Source ─► fetch ─► Fetched | NotModified ─► parse ─► RawEntry* ─► clean ─► Entry* ─► store ─► Change*
group    ungrouped Entry*, in (published, key) order ─► features ► blocking ► similarity ► assign ─► Story* ─► store
publish  Story* ─► select ─► render ─► bytes ─► file

The three steps meet only in the store, each in its own transactions. After a crash anywhere, running
the later steps again repairs the rest.
"""

import asyncio
import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from aggregator.core import profile
from aggregator.core.arrivals import Arrivals
from aggregator.core.model import Document, Source, SourceState
from aggregator.core.report import RunReport, RunTotals, SourceReport
from aggregator.core.threads import StoreThread
from aggregator.gather import schedule
from aggregator.gather.gatherer import Defer, Gatherer, Unanswered
from aggregator.gather.network import Network
from aggregator.publish.publisher import Publisher
from aggregator.store.upkeep import Upkeep
from aggregator.text import urls
from aggregator.websub import Announcer

if TYPE_CHECKING:
    from aggregator.gather.articles.article_gatherer import ArticleGatherer
    from aggregator.group.grouper import Grouper

_MAX_OPEN_SOURCES = 256  # bounds the documents that wait to be parsed
_MAX_OPEN_SOURCES_OF_HOST = 32  # so that a slow host with many sources does not hold up the others
_QUIET_SECONDS = 0.5  # without new entries, after which a running gather is published
_BUSY_SECONDS = 3.0  # between two publications while new entries keep coming

_AT_ONCE_SECONDS = 1.0  # a lookup or connection that fails faster was not tried on the network

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
    network: Network = field(default_factory=Network)
    articles: "ArticleGatherer | None" = None  # None: no source wants whole texts
    _one_writer: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(
        self, sources: Sequence[Source], *, force: bool = False, progress: Progress | None = None
    ) -> RunReport:
        """Gather the sources concurrently, then group and publish.

        Entries that have arrived are published while slow sources are still being gathered. Nothing
        is asked if it could not be saved. Fetches without an answer are judged together.
        """
        await self.thread.call(self.upkeep.prove)
        await self.thread.call(self.upkeep.recover)
        totals = RunTotals()
        reports: dict[str, SourceReport] = {}
        unanswered: list[Unanswered] = []
        pending = await self._start(sources, force=force, defer=unanswered.append)
        unpublished, publishing = False, Publishing(lambda: self._group_and_publish(totals))
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
        await self.gatherer.buffer.flush()
        await self._judge(sources, reports, unanswered)
        await self._group_and_publish(totals)
        return totals.report(reports[source.id] for source in sources)

    async def _judge(
        self,
        sources: Sequence[Source],
        reports: dict[str, SourceReport],
        unanswered: Sequence[Unanswered],
    ) -> None:
        """Book fetches without an answer on their sources, unless our own network is down."""
        silent = {one.source.id for one in unanswered}
        asked = [one for one in sources if one.kind == "feed" and reports[one.id].seconds]
        reached = {
            urls.host(one.url)
            for one in asked
            if one.id not in silent and not reports[one.id].unsaved
        }
        failed = {urls.host(one.source.url) for one in unanswered} - reached
        at_once = all(reports[one.source.id].seconds < _AT_ONCE_SECONDS for one in unanswered)
        now = time.monotonic()
        if self.network.judge(reached, failed, now, at_once=at_once) == "book":
            await self.gatherer.book(unanswered)
            return
        for id_ in silent:
            reports[id_] = dataclasses.replace(reports[id_], unbooked=True)

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

    async def settle(self) -> tuple[str, ...]:
        """Group and publish what is in the store, without gathering; return what failed."""
        await self.thread.call(self.upkeep.recover)
        totals = RunTotals()
        await self._group_and_publish(totals)
        return totals.errors

    async def prove(self) -> None:
        """Raise StoreError unless the data can be saved now."""
        await self.thread.call(self.upkeep.prove)

    async def notice_loss(self) -> bool:
        """Say whether the database was lost and made anew."""
        return await self.thread.call(self.upkeep.notice_loss)

    def is_published(self) -> bool:
        """Say whether all files of the feeds are there."""
        return self.publisher.is_complete()

    async def fetch_articles(self, busy: Collection[str] = ()) -> bool:
        """Fetch the whole texts that are due, then group and publish; return whether there were any.

        `busy` are the ids of sources that a run is working on, which fetches them as well.
        """
        due = await self.articles.due() if self.articles else ()
        wanted = [one for one in due if one.id not in busy]
        if not self.articles or not wanted:
            return False
        tried = sum(await asyncio.gather(*map(self.articles.take, wanted)))
        if tried:
            await self._group_and_publish(RunTotals())
        return tried > 0

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

    async def follow_clock(self, step: timedelta, before: datetime) -> None:
        """Move all times of the schedule after the clock was set."""
        await self.gatherer.follow_clock(step, before)
        if self.announcer:
            self.announcer.follow_clock(step)

    async def _start(
        self, sources: Sequence[Source], *, force: bool, defer: Defer
    ) -> Arrivals[SourceReport]:
        """Start gathering the sources, a bounded number at a time, of one host a share of it."""
        states = await self.gatherer.states()
        waits = self.gatherer.waits(states)
        slots = asyncio.Semaphore(_MAX_OPEN_SOURCES)
        shares = defaultdict[str, asyncio.Semaphore](
            lambda: asyncio.Semaphore(_MAX_OPEN_SOURCES_OF_HOST)
        )

        async def _gather(source: Source) -> SourceReport:
            async with shares[urls.host(source.url)], slots:
                state = states.get(source.identity, SourceState())
                report = await self.gatherer.gather(source, state, waits, force=force, defer=defer)
            if self.articles:
                await self.articles.take(source)
            return report

        return Arrivals(_gather(one) for one in schedule.fetch_order(sources, states))

    async def _group_and_publish(self, totals: RunTotals) -> None:
        """Group new entries, publish, and delete entries past retention; one caller at a time."""
        call = self.thread.call
        async with self._one_writer:
            began, published_at = self.publisher.clock(), time.monotonic()
            while await call(self.has_ungrouped):
                grouper = self.grouper()
                taken = await grouper.extract(await call(grouper.next))
                totals.add_grouping(await call(partial(grouper.group, taken), stage="group"))
                if time.monotonic() - published_at >= _BUSY_SECONDS:
                    await self._publish(totals, began)
                    published_at = time.monotonic()
            await self._publish(totals, began)

    async def _publish(self, totals: RunTotals, began: datetime) -> None:
        """Publish what is grouped, tell the hub, and delete entries past retention."""
        call = self.thread.call
        published = await call(partial(self.publisher.run, since=began), stage="publish")
        profile.run.add("publish", size=published.bytes, count=0)
        totals.add_edition(published.written, published.stories, published.errors)
        if self.announcer and published.topics:
            self.announcer.note(published.topics)
            self.announcer.start()
        await self.thread.call(partial(self.upkeep.forget, published))


class Publishing:
    """Publishes beside a running gather, now and then; its failures are raised in the run."""

    def __init__(self, publish: Callable[[], Coroutine[None, None, None]]) -> None:
        self._publish = publish
        self._task: asyncio.Task[None] | None = None
        self._next = time.monotonic() + _BUSY_SECONDS

    def start(self, *, at_once: bool) -> bool:
        """Begin to publish unless that is under way, or was done a moment ago; say whether it began."""
        if self._task is not None and not self._task.done():
            return False
        if not at_once and time.monotonic() < self._next:
            return False
        if self._task is not None:
            self._task.result()
        self._task = asyncio.create_task(self._publish())
        self._task.add_done_callback(self._ended)
        return True

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._next = time.monotonic() + _BUSY_SECONDS

    async def end(self) -> None:
        """Wait until it is published."""
        if self._task is not None:
            await self._task

    def cancel(self) -> None:
        """Stop publishing."""
        if self._task is not None:
            self._task.cancel()
