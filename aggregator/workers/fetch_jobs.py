"""Fetches the sources of one host: the job of the queue `fetch`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from aggregator.core.errors import AggregatorError
from aggregator.core.logger import get_logger
from aggregator.core.model import Source, SourceState
from aggregator.core.ports import Clock
from aggregator.core.report import SourceReport
from aggregator.core.run_logs import log_report
from aggregator.core.settings import FetchSettings
from aggregator.gather import schedule
from aggregator.gather.gatherer import Outlook
from aggregator.pipeline import Pipeline
from aggregator.store import SqlStore
from aggregator.store.due_sources import Claim, Fetched
from aggregator.web.metrics import Metrics
from aggregator.workers.claims import known_sources
from aggregator.workers.engine import FETCH, GROUP, Engine
from aggregator.workers.gate import Gate
from aggregator.workers.timing import Timing

_FLOOR = timedelta(
    seconds=30
)  # at least, between two fetches of a source that has no short interval
_UNSAVED_SECONDS = 5.0  # before a source is claimed again that could not be saved
_UNKNOWN = timedelta(
    minutes=1
)  # after which a source is tried again that this worker does not know

_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchJobs:
    """Fetches what a worker claimed, and says when it is due again."""

    sources: Mapping[str, Source]  # by identity
    settings: FetchSettings
    pipeline: Pipeline
    store: SqlStore
    engine: Engine
    clock: Clock
    timing: Timing
    metrics: Metrics
    gate: Gate = field(default_factory=Gate)

    async def run(self, host: str, sources: list[str], token: int, *, alone: bool) -> None:
        """Fetch the sources of a claim, unless it was taken back meanwhile."""
        claim = Claim(host=host, sources=tuple(sources), token=token, alone=alone)
        async with self.gate.passed(alone=alone):
            try:
                async with asyncio.timeout(self.timing.claim):
                    await self._run(claim)
                self.metrics.record_job(FETCH, "done")
            except (AggregatorError, TimeoutError) as error:
                self.metrics.record_job(FETCH, "failed")
                _log.error("fetching failed", host=host, error=str(error) or "it took too long")

    async def _run(self, claim: Claim) -> None:
        call = self.pipeline.thread.call
        begin = partial(self.store.begin_sources, claim, self.timing.claim_span, self.clock())
        ours, until = await call(begin)
        waits = {ours.host: until} if until else {}
        known, unknown = known_sources(self.sources, ours.sources)
        states = await call(partial(self.store.states_of, ours.sources))
        due = [one for one in known if self._is_due(one, states, waits)]
        order = schedule.fetch_order(due, states)
        outlook = Outlook(states=states, waits=waits, order=order)
        reports = await self.pipeline.gather(order, outlook, progress=self._note)
        states = await call(partial(self.store.states_of, ours.sources))
        if any(one.unsaved for one in reports.values()):
            await asyncio.sleep(_UNSAVED_SECONDS)  # the database was away, or the disk is full
        if any(one.new or one.modified for one in reports.values()):
            await self.engine.ask(GROUP)
        fetched = [self._fetched(one, states, waits, reports.get(one.id)) for one in known]
        later = self.clock() + _UNKNOWN
        fetched += [Fetched(identity=one, due=later) for one in unknown]
        await call(partial(self.store.finish_sources, ours.token, fetched))
        if due:  # the lock of the host is held until its next request may come, from any worker
            await asyncio.sleep(self.settings.spacing.total_seconds())

    def _note(self, report: SourceReport) -> None:
        self.metrics.record_source(report, now=self.clock())
        log_report(report)

    def _is_due(
        self, source: Source, states: Mapping[str, SourceState], waits: Mapping[str, datetime]
    ) -> bool:
        state = states.get(source.identity, SourceState())
        return schedule.is_due(source, state, waits, self.clock())

    def _fetched(
        self,
        source: Source,
        states: Mapping[str, SourceState],
        waits: Mapping[str, datetime],
        report: SourceReport | None,
    ) -> Fetched:
        """Return when a source is due again: never at once, whatever its state says."""
        state, now = states.get(source.identity, SourceState()), self.clock()
        due = schedule.due_at(source, state, waits, now)
        if due is not None and report is not None:
            usual = schedule.interval(source, state, self.settings, now)
            due = max(due, now + (timedelta() if report.unsaved else min(usual / 2, _FLOOR)))
        held = state.wait_until if state.wait_until and state.wait_until > now else None
        return Fetched(identity=source.identity, due=due, held=held)
