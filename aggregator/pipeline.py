"""The only place that knows the order.

gather   Source ─► fetch ─► Fetched | NotModified ─► parse ─► RawEntry* ─► clean ─► Entry* ─► store ─► Change*
group    ungrouped Entry*, in (published, key) order ─► features ► blocking ► similarity ► assign ─► Story* ─► store
publish  Story* ─► select ─► render ─► bytes ─► file

The three meet only in the store, each in its own transactions; a crash anywhere is mended by
running the later ones again.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import structlog

from aggregator.core.errors import ParseError, SourceError
from aggregator.core.model import (
    Change,
    CleanedFeed,
    Document,
    Entry,
    Fetched,
    NotModified,
    Skipped,
    Source,
    SourceState,
    Validators,
)
from aggregator.core.ports import Clock, Fetcher, Renderer, Store
from aggregator.core.report import RunReport, SourceReport
from aggregator.core.settings import CleanOptions, FeedSpec, FetchSettings, StorySettings
from aggregator.gather import schedule
from aggregator.gather.document import read_document
from aggregator.gather.harvest import Harvest, Tally
from aggregator.group.grouper import Extracted, Grouper
from aggregator.pool import Pool
from aggregator.publish.publisher import Press
from aggregator.publish.renderers import LIST
from aggregator.websub import Announcer

_log = structlog.get_logger()
_T = TypeVar("_T")
_OPEN = 256  # sources under way at one time, so that documents do not pile up before parsing
_RECOVERED = 100_000  # entries of a published feed that are read back
_HUB_SECONDS = 10.0  # that the end of a run waits for a hub
_FORGETTING = timedelta(days=1)  # between two looks for what is too old
_PATIENCE = 0.5  # seconds without news after which what has arrived is published

_NO_PUSH: Mapping[str, datetime] = MappingProxyType({})

Progress = Callable[[SourceReport], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pipeline is made of; bootstrap puts it together."""

    store: Store
    fetchers: Mapping[str, Fetcher]
    renderers: Mapping[str, Renderer]
    pool: Pool
    clock: Clock
    jitter: Callable[[], float]
    sources: tuple[Source, ...]
    feeds: tuple[FeedSpec, ...]
    fetch: FetchSettings
    stories: StorySettings
    folder: Path
    public_url: str
    hub: str = ""
    announcer: Announcer | None = None


class Pipeline:
    """Runs gather, group and publish over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._grouper = Grouper(
            store=parts.store,
            pool=parts.pool,
            settings=parts.stories,
            sources=parts.sources,
            clock=parts.clock,
        )
        self._store_thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._one_writer = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None
        self._open = asyncio.Semaphore(_OPEN)

    async def run(
        self, sources: Sequence[Source], *, force: bool = False, progress: Progress | None = None
    ) -> RunReport:
        """Gather the sources side by side, then group and publish.

        What has arrived is published early when a slow source keeps the others waiting.
        """
        await self._in_store(self._recover)
        states = await self._in_store(self._parts.store.source_states)
        waits = self._waits(states)
        tally = Tally()
        reports: dict[str, SourceReport] = {}
        pending = {
            asyncio.create_task(
                self._gather(source, states.get(source.identity, SourceState()), waits, force)
            )
            for source in sources
        }
        fresh = False
        try:
            while pending:
                patience = _PATIENCE if fresh else None
                done, pending = await asyncio.wait(
                    pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                )
                for report in sorted((task.result() for task in done), key=lambda one: one.id):
                    reports[report.id] = report
                    fresh = fresh or report.outcome == "ok"
                    if progress:
                        progress(report)
                if not done:
                    await self._settle(tally)
                    fresh = False
        finally:
            for task in pending:
                task.cancel()
        await self._settle(tally)
        return tally.report(reports[source.id] for source in sources)

    async def take(
        self, pushed: Iterable[tuple[Source, Document]], *, progress: Progress | None = None
    ) -> RunReport:
        """Take documents that hubs sent, as if they had been fetched, then group and publish."""
        await self._in_store(self._recover)
        reports: list[SourceReport] = []
        for source, document in pushed:
            started = time.monotonic()
            report = await self._taken(source, document)
            reports.append(
                dataclasses.replace(report, seconds=round(time.monotonic() - started, 3))
            )
            if progress:
                progress(reports[-1])
        tally = Tally()
        await self._settle(tally)
        return tally.report(reports)

    async def settle(self) -> None:
        """Group and publish what is in the store, with no gathering before."""
        await self._in_store(self._recover)
        await self._settle(Tally())

    def announce(self) -> None:
        """Begin to tell the hub what it has not heard, if it is time; nothing waits for it."""
        announcer = self._parts.announcer
        if announcer and announcer.is_due() and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(announcer.ping())

    async def told(self) -> None:
        """Wait until the hub is told, or did not answer in time."""
        if self._telling:
            await asyncio.wait({self._telling}, timeout=_HUB_SECONDS)
            self._telling.cancel()

    def close(self) -> None:
        """End the store's thread."""
        self._store_thread.shutdown()

    def _waits(self, states: Mapping[str, SourceState]) -> dict[str, datetime]:
        """Return until when hosts want to be left in peace."""
        scope = self._parts.fetch.retry_after_scope
        return schedule.waiting_hosts(self._parts.sources, states, self._parts.clock(), scope)

    async def due(self, pushed: Mapping[str, datetime] = _NO_PUSH) -> tuple[Source, ...]:
        """Return the sources that the daemon should ask now.

        `pushed` says since when hubs send all that is new, by identity: these are asked rarely.
        """
        states = await self._in_store(self._parts.store.source_states)
        waits, now = self._waits(states), self._parts.clock()
        return tuple(
            source
            for source in self._parts.sources
            if schedule.is_due(
                source,
                states.get(source.identity, SourceState()),
                waits,
                now,
                pushed=pushed.get(source.identity),
            )
        )

    async def _in_store(self, call: Callable[[], _T]) -> _T:
        """Call the store from its one thread, so that the event loop stays free."""
        return await asyncio.get_running_loop().run_in_executor(self._store_thread, call)

    def _recover(self) -> None:
        """Take texts that a lost database held from the feeds that we published last."""
        if not self._parts.store.rebuilt:
            return
        entries: list[Entry] = []
        ours = Source(id="published", clean=CleanOptions(strip=(f".{LIST}",)))
        for path in sorted(self._parts.folder.rglob("*.atom")):
            document = Document(name=path.name, content=path.read_bytes(), format="feed")
            try:
                entries += read_document(document, ours, {}, _RECOVERED).entries
            except ParseError as error:
                _log.warning("published feed not read back", feed=path.name, error=str(error))
        count = self._parts.store.restore(entries)
        _log.warning("texts read back from the published feeds", entries=count)

    # --- gather ----------------------------------------------------------------------------

    async def _gather(
        self,
        source: Source,
        state: SourceState,
        waits: Mapping[str, datetime],
        force: bool,
    ) -> SourceReport:
        """Gather one source; a SourceError is caught here, and of a push in `_taken`."""
        now = self._parts.clock()
        if not force and (hold := schedule.hold(source, state, waits, now)):
            return SourceReport(id=source.id, outcome=hold.outcome, error=hold.reason)
        async with self._open:
            started = time.monotonic()
            try:
                report = await self._fetch(source, schedule.recall(source, state), force)
            except SourceError as error:
                report = await self._fail(source, state, error)
        return dataclasses.replace(report, seconds=round(time.monotonic() - started, 3))

    async def _taken(self, source: Source, document: Document) -> SourceReport:
        """Read and store a document that a hub sent; it says nothing about the next fetch."""
        try:
            fetched = Fetched(documents=(document,), validators=Validators())
            harvest = await self._read(source, fetched)
        except SourceError as error:
            return SourceReport(id=source.id, outcome="error", error=str(error))
        changes = await self._in_store(lambda: self._store_pushed(source, harvest.entries))
        return harvest.report(source, changes)

    def _store_pushed(self, source: Source, entries: Sequence[Entry]) -> tuple[Change, ...]:
        """Store entries under the state that is there by now: a fetch may be under way."""
        store, now = self._parts.store, self._parts.clock()
        initial = self._parts.fetch.initial
        state = store.source_states().get(source.identity, SourceState())
        changes = store.save_gathered(source, entries, state, now=now, initial=initial)
        if any(change.kind == "new" for change in changes):
            store.save_state(source.identity, schedule.arrived(state, now))
        return changes

    async def _fetch(self, source: Source, state: SourceState, force: bool) -> SourceReport:
        validators = Validators() if force else state.validators
        asked = dataclasses.replace(source, url=schedule.address(source, state))
        answer = await self._parts.fetchers[source.kind].fetch(asked, validators)
        if isinstance(answer, NotModified):
            state = _heard(state, answer.links)
            after = self._succeed(source, state, answer)
            await self._in_store(lambda: self._parts.store.save_state(source.identity, after))
            return SourceReport(id=source.id, outcome="unchanged")
        return await self._save(source, state, answer, await self._read(source, answer))

    def _succeed(
        self, source: Source, state: SourceState, answer: Fetched | NotModified
    ) -> SourceState:
        now, jitter = self._parts.clock(), self._parts.jitter()
        return schedule.succeeded(source, state, answer, self._parts.fetch, now=now, jitter=jitter)

    async def _fail(self, source: Source, state: SourceState, error: SourceError) -> SourceReport:
        now, jitter = self._parts.clock(), self._parts.jitter()
        after = schedule.failed(source, state, error, self._parts.fetch, now=now, jitter=jitter)
        await self._in_store(lambda: self._parts.store.save_state(source.identity, after))
        return SourceReport(id=source.id, outcome=schedule.outcome(error), error=str(error))

    async def _read(self, source: Source, fetched: Fetched) -> Harvest:
        """Parse and clean; of a folder a document that fails is skipped."""
        learned = await self._in_store(self._parts.store.learned_blocks)
        limit = self._parts.fetch.max_entries
        calls = [(document, source, learned, limit) for document in fetched.documents]
        results = await self._parts.pool.run(read_document, calls)
        harvest = Harvest(skipped=list(fetched.skipped))
        for document, result in zip(fetched.documents, results, strict=True):
            if isinstance(result, CleanedFeed):
                harvest.add(document.name if source.kind == "dump" else "", result)
            elif source.kind == "feed":
                raise result
            else:
                harvest.skipped.append(Skipped(where=document.name, reason=str(result)))
        return harvest

    async def _save(
        self,
        source: Source,
        state: SourceState,
        fetched: Fetched,
        harvest: Harvest,
    ) -> SourceReport:
        if source.kind == "feed":
            state = _heard(dataclasses.replace(state, info=harvest.info), fetched.links)
        if harvest.cut:  # the whole of it is wanted still
            fetched = dataclasses.replace(fetched, validators=state.validators)
        entries = harvest.entries
        after = self._succeed(source, state, fetched)
        store, now = self._parts.store, self._parts.clock()
        initial = self._parts.fetch.initial if source.kind == "feed" else None
        changes = await self._in_store(
            lambda: store.save_gathered(source, entries, after, now=now, initial=initial)
        )
        report = harvest.report(source, changes)
        if harvest.cut and report.outcome == "unchanged":
            raise ParseError(f"the document is cut off; {len(entries)} whole entries, none new")
        if report.new:  # when to ask next depends on whether something came
            later = self._succeed(source, schedule.arrived(state, now), fetched)
            await self._in_store(lambda: store.save_state(source.identity, later))
        return report

    # --- group and publish -----------------------------------------------------------------

    async def _settle(self, tally: Tally) -> None:
        """Group what is new, then publish; one at a time in this process."""
        async with self._one_writer:
            while batch := await self._in_store(self._grouper.next):
                taken = await self._grouper.extract(batch)
                await self._in_store(partial(self._group, taken, tally))
            await self._in_store(lambda: self._publish(tally))
            await self._in_store(lambda: self._forget(tally))
        if self._parts.announcer and tally.topics:
            self._parts.announcer.note(tally.topics)
            tally.topics.clear()
            self.announce()

    def _group(self, taken: Extracted, tally: Tally) -> None:
        grouping = self._grouper.group(taken)
        tally.new += grouping.new
        tally.changed += grouping.changed

    def _publish(self, tally: Tally) -> None:
        parts = self._parts
        press = Press(
            store=parts.store,
            renderers=parts.renderers,
            sources=parts.sources,
            feeds=parts.feeds,
            folder=parts.folder,
            public_url=parts.public_url,
            hub=parts.hub,
        )
        done = press.run(now=parts.clock())
        tally.written.update(dict.fromkeys(done.written))
        tally.topics.update(dict.fromkeys(done.topics))
        tally.published, tally.errors = done.stories, done.errors

    def _forget(self, tally: Tally) -> None:
        """Let go what is too old, about once a day; what is in no feed stands in the archives."""
        store, settings = self._parts.store, self._parts.stories
        before = self._parts.clock() - max(settings.keep, 2 * settings.window)
        last = store.forgotten()
        if tally.errors or (last is not None and abs(before - last) < _FORGETTING):
            return
        if count := store.forget(before, tally.published):
            _log.info("old stories let go", stories=count)


def _heard(state: SourceState, links: Sequence[tuple[str, str]]) -> SourceState:
    """Let hub and topic in the head of an answer go before those in the document."""
    said = dict(links)
    if "hub" not in said:
        return state
    topic = said.get("self", state.info.self_url)
    info = dataclasses.replace(state.info, hub=said["hub"], self_url=topic)
    return dataclasses.replace(state, info=info)
