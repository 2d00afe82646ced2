"""Gathers one source: fetch, parse, clean, store."""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from aggregator.core import profile
from aggregator.core.errors import (
    OutOfResources,
    ParseError,
    SourceError,
    StoreError,
    Timeout,
    Unreachable,
)
from aggregator.core.gathered import Gathered
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
from aggregator.core.ports import Boilerplate, Clock, DocumentReader, Fetcher, GatherStore
from aggregator.core.report import SourceReport
from aggregator.core.settings import FetchSettings
from aggregator.core.threads import StoreThread
from aggregator.core.traces import KnownDocument, ReadDocument
from aggregator.gather import clock_checks, schedule, tracing
from aggregator.gather.due_times import QuietTime
from aggregator.gather.harvest import SourceHarvest
from aggregator.gather.save_queue import SaveQueue
from aggregator.gather.state_buffer import StateBuffer

_MAX_AT_ONCE = (
    32  # sources that are read and stored: read entries take ten times a document's memory
)
_LONGEST_QUIET = timedelta(hours=1)  # without any source that will be due


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A fetch without an answer, which may be the fault of our own network."""

    source: Source
    state: SourceState
    error: SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The states of all sources, until when hosts asked to wait, and the order to fetch sources in."""

    states: Mapping[str, SourceState]
    waits: Mapping[str, datetime]
    order: tuple[Source, ...]


Defer = Callable[[Unanswered], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Gathers sources; the only place where a SourceError is caught."""

    store: GatherStore
    thread: StoreThread
    fetchers: Mapping[str, Fetcher]
    reader: DocumentReader
    sources: Sequence[Source]
    settings: FetchSettings
    clock: Clock
    jitter: Callable[[], float]
    buffer: StateBuffer
    saves: SaveQueue
    shortcuts: bool = True  # False: read every document whole, for tests that compare
    quiet: QuietTime = field(default_factory=QuietTime)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MAX_AT_ONCE))

    async def outlook(self, sources: Sequence[Source]) -> Outlook:
        """Return what is known of sources before they are fetched, and the order to fetch them in."""
        await self.buffer.flush()
        return await self.thread.call(partial(self._outlook, sources))

    def _outlook(self, sources: Sequence[Source]) -> Outlook:
        states = self.store.source_states()
        waits = schedule.waiting_hosts(
            self.sources, states, self.clock(), self.settings.retry_after_scope
        )
        return Outlook(states=states, waits=waits, order=schedule.fetch_order(sources, states))

    async def due(self, pushed: Mapping[str, datetime]) -> tuple[Source, ...]:
        """Return the sources to fetch now.

        `pushed` maps the identity of each source with a WebSub subscription to the time it began;
        such a source is polled less often.
        """
        await self.buffer.flush()
        return await self.thread.call(partial(self._due, pushed))

    def _due(self, pushed: Mapping[str, datetime]) -> tuple[Source, ...]:
        mark = self.store.change_mark()
        if self.quiet.covers(mark, pushed, self.clock()):
            return ()
        now, states, times = self._due_times(pushed)
        soonest = min((due for _, due in times), default=now + _LONGEST_QUIET)
        self.quiet.set(mark, pushed, now, soonest)
        return schedule.fetch_order((source for source, due in times if due <= now), states)

    async def next_due(self, pushed: Mapping[str, datetime]) -> tuple[Source, datetime] | None:
        """Return the next source to fetch and its time; None if there is none. See `due`."""
        await self.buffer.flush()
        return await self.thread.call(partial(self._next_due, pushed))

    def _next_due(self, pushed: Mapping[str, datetime]) -> tuple[Source, datetime] | None:
        _, _, times = self._due_times(pushed)
        return min(times, key=lambda one: (one[1], one[0].id), default=None)

    def _due_times(
        self, pushed: Mapping[str, datetime]
    ) -> tuple[datetime, Mapping[str, SourceState], list[tuple[Source, datetime]]]:
        """Return the time now, the states, and when each source is due."""
        outlook, now = self._outlook(()), self.clock()
        found = [
            (source, due)
            for source in self.sources
            if (due := self._due_at(source, outlook.states, outlook.waits, now, pushed)) is not None
        ]
        return now, outlook.states, found

    async def follow_clock(self, step: timedelta, before: datetime) -> None:
        """Move the stored times of all sources after the clock was set; see `clock_checks.shifted`."""
        await self.buffer.flush()
        await self.thread.call(lambda: self._move_times(step, before))

    def _move_times(self, step: timedelta, before: datetime) -> None:
        """Read and save in one call of the store's thread, so that no fetch saves in between."""
        states = self.store.source_states()
        moved = {name: clock_checks.shifted(state, step, before) for name, state in states.items()}
        changed = {name: state for name, state in moved.items() if state != states[name]}
        if changed:
            self.store.save_states(changed)

    @staticmethod
    def _due_at(
        source: Source,
        states: Mapping[str, SourceState],
        waits: Mapping[str, datetime],
        now: datetime,
        pushed: Mapping[str, datetime],
    ) -> datetime | None:
        state, since = states.get(source.identity, SourceState()), pushed.get(source.identity)
        return schedule.due_at(source, state, waits, now, pushed=since)

    async def gather(
        self,
        source: Source,
        state: SourceState,
        waits: Mapping[str, datetime],
        *,
        force: bool,
        defer: Defer | None = None,
    ) -> SourceReport:
        """Fetch one source and store its entries, unless it or its host asked us to wait.

        A fetch without an answer is passed to `defer`, for `book`, and not stored.
        """
        now = self.clock()
        if not force and (hold := schedule.hold(source, state, waits, now)):
            return SourceReport(id=source.id, outcome=hold.outcome, error=hold.reason)
        started = time.monotonic()
        try:
            report = await self._attempt(source, state, force=force, defer=defer)
        except (StoreError, OutOfResources) as error:  # ours, so that nothing is said of the source
            report = SourceReport(id=source.id, outcome="error", error=str(error), unsaved=True)
        return dataclasses.replace(report, seconds=round(time.monotonic() - started, 3))

    async def _attempt(
        self, source: Source, state: SourceState, *, force: bool, defer: Defer | None
    ) -> SourceReport:
        try:
            return await self._fetch(source, schedule.current_state(source, state), force=force)
        except OutOfResources:
            raise
        except SourceError as error:
            if defer and is_unanswered(error):
                defer(Unanswered(source=source, state=state, error=error))
                return SourceReport(id=source.id, outcome="error", error=str(error))
            return await self._fail(source, state, error)

    async def book(self, failed: Iterable[Unanswered]) -> None:
        """Store that fetches failed, which were put off until it was known whose fault it was."""
        states: dict[str, SourceState] = {}
        for one in failed:
            now, jitter = self.clock(), self.jitter()
            states[one.source.identity] = schedule.failed(
                one.source, one.state, one.error, self.settings, now=now, jitter=jitter
            )
        if states:
            await self.thread.call(lambda: self.store.save_states(states))

    async def store_pushed(self, source: Source, document: Document) -> SourceReport:
        """Store a document that a hub sent; the schedule of fetches does not change."""
        started = time.monotonic()
        try:
            fetched = Fetched(documents=(document,), validators=Validators())
            learned = await self.thread.call(self.store.learned_blocks)
            harvest = await self._read(source, fetched, learned, all_new=False)
        except SourceError as error:
            report = SourceReport(id=source.id, outcome="error", error=str(error))
        else:
            entries = harvest.entries
            await self.buffer.flush()
            changes = await self.thread.call(lambda: self._save_pushed(source, entries))
            report = harvest.report(source, changes)
        return dataclasses.replace(report, seconds=round(time.monotonic() - started, 3))

    def _save_pushed(self, source: Source, entries: Sequence[Entry]) -> tuple[Change, ...]:
        """Store entries with the current state, which a concurrent fetch may have changed."""
        store, now = self.store, self.clock()
        state = store.source_states().get(source.identity, SourceState())
        changes = store.save_gathered(
            source, entries, state, now=now, initial=self.settings.initial
        )
        if any(change.kind == "new" for change in changes):
            store.save_states({source.identity: schedule.arrived(state, now)})
        return changes

    async def _fetch(self, source: Source, state: SourceState, *, force: bool) -> SourceReport:
        conditional = schedule.conditions(source, state, self.settings, self.clock())
        validators = Validators() if force else conditional
        requested = dataclasses.replace(source, url=schedule.address(source, state))
        with self.reader.expecting():
            answer = await self._request(requested, validators)
        if isinstance(answer, NotModified):
            state = _with_hub(state, answer.links)
            self.buffer.add(source.identity, self._succeed(source, state, answer))
            return SourceReport(id=source.id, outcome="unchanged")
        async with self.turns:
            return await self._take(source, state, answer)

    async def _take(self, source: Source, state: SourceState, answer: Fetched) -> SourceReport:
        """Read and store what was fetched."""
        learned = await self.thread.call(self.store.learned_blocks)
        known = await self._known(source)
        if known and known.body == self._body(source, answer, learned, known.publishers):
            self.buffer.add(source.identity, self._succeed(source, state, answer))
            keys = tuple(key for _, key in known.entries)
            return SourceReport(id=source.id, outcome="unchanged", entries=keys)
        all_new = state.last_document is None
        harvest = await self._read(source, answer, learned, all_new=all_new, known=known)
        if harvest.trace and harvest.trace.is_partial and not await self._are_new(source, harvest):
            known = None  # what changed has to be compared with the whole document
            harvest = await self._read(source, answer, learned, all_new=False)
        read = None
        if harvest.trace and self.shortcuts:
            body = self._body(source, answer, learned, harvest.trace.publishers)
            read = ReadDocument(body=body, trace=harvest.trace, known=known)
        return await self._save(source, state, answer, harvest, read)

    async def _known(self, source: Source) -> KnownDocument | None:
        """Return the last document of a source, if what is known of it still holds."""
        if source.kind != "feed" or not self.shortcuts:
            return None
        known = await self.thread.call(partial(self.store.known_document, source.identity))
        return known if known and (known.until is None or self.clock() <= known.until) else None

    def _body(
        self, source: Source, fetched: Fetched, learned: Boilerplate, names: Iterable[str]
    ) -> str:
        limit = self.settings.max_entries
        return tracing.body_digest(fetched, source, limit, learned, names)

    async def _are_new(self, source: Source, harvest: SourceHarvest) -> bool:
        return await self.thread.call(partial(self.store.are_new, source, harvest.entries))

    async def _request(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Fetch, and measure it; its CPU time is part of that of the event loop."""
        began = time.monotonic()
        answer = await self.fetchers[source.kind].fetch(source, validators)
        documents = () if isinstance(answer, NotModified) else answer.documents
        size = sum(len(one.content) for one in documents)
        profile.run.add("request", seconds=time.monotonic() - began, size=size)
        return answer

    def _succeed(
        self, source: Source, state: SourceState, answer: Fetched | NotModified
    ) -> SourceState:
        now, jitter = self.clock(), self.jitter()
        return schedule.succeeded(source, state, answer, self.settings, now=now, jitter=jitter)

    async def _fail(self, source: Source, state: SourceState, error: SourceError) -> SourceReport:
        now, jitter = self.clock(), self.jitter()
        after = schedule.failed(source, state, error, self.settings, now=now, jitter=jitter)
        self.buffer.add(source.identity, after)
        return SourceReport(id=source.id, outcome=schedule.outcome(error), error=str(error))

    async def _read(
        self,
        source: Source,
        fetched: Fetched,
        learned: Boilerplate,
        *,
        all_new: bool,
        known: KnownDocument | None = None,
    ) -> SourceHarvest:
        """Parse and clean the documents; for dumps, a document that fails is skipped."""
        results = await self.reader.read(
            fetched.documents,
            source,
            learned,
            self.settings.max_entries,
            all_new=all_new,
            known=known,
        )
        harvest = SourceHarvest(skipped=list(fetched.skipped))
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
        harvest: SourceHarvest,
        read: ReadDocument | None,
    ) -> SourceReport:
        if source.kind == "feed":
            state = _with_hub(dataclasses.replace(state, info=harvest.info), fetched.links)
        if harvest.cut:  # keep the old validators, so that the complete document is requested again
            fetched = dataclasses.replace(fetched, validators=state.validators)
        entries, extracted = harvest.entries, harvest.extracted
        after = self._succeed(source, state, fetched)
        now = self.clock()
        self.buffer.drop(source.identity)
        changes = await self.saves.save(
            Gathered(
                source=source,
                entries=entries,
                state=after,
                now=now,
                initial=self.settings.initial if source.kind == "feed" else None,
                extracted=extracted,
                read=read,
            )
        )
        report = harvest.report(source, changes)
        if read:
            keys = read.keys([change.key for change in changes])
            report = dataclasses.replace(report, entries=tuple(dict.fromkeys(keys)))
        if harvest.cut and report.outcome == "unchanged":
            raise ParseError(f"the document is cut off; {len(entries)} complete entries, none new")
        if report.new:  # the interval depends on how often new entries arrive
            later = self._succeed(source, schedule.arrived(state, now), fetched)
            self.buffer.add(source.identity, later)
        return report


def _with_hub(state: SourceState, links: Sequence[tuple[str, str]]) -> SourceState:
    """Prefer the hub and topic of the Link header to those of the document."""
    named = dict(links)
    if "hub" not in named:
        return state
    topic = named.get("self", state.info.self_url)
    info = dataclasses.replace(state.info, hub=named["hub"], self_url=topic)
    return dataclasses.replace(state, info=info)


def is_unanswered(error: SourceError) -> bool:
    """Return whether nothing came back: no DNS server, no host, no response."""
    if isinstance(error, Unreachable):
        return error.cause in {"lookup", "connect"}
    return isinstance(error, Timeout)
