"""What /health tells: counters that runs keep up to date, so that telling it costs nearly nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.model import Source, SourceState
from aggregator.core.report import RunReport, SourceReport

_MIN_PATIENCE = timedelta(minutes=10)  # before a delay makes the service unhealthy
_MAX_NAMED = 50  # failing sources that are listed by name
_FAILED = frozenset({"error", "refused", "gone"})
_ASKED = frozenset({"ok", "unchanged"})


@dataclass(frozen=True, slots=True)
class Delay:
    """A source that has been due for some time."""

    source: str
    since: datetime


class Monitor:
    """The state of runs and sources; all calls come from the event loop.

    The counts of sources are loaded from the store, then kept up to date by the reports of runs.
    """

    def __init__(self) -> None:
        self.loaded_at: datetime | None = None
        self.last_run: datetime | None = None
        self.last_good_run: datetime | None = None
        self.run_error = ""  # of the last run; empty if it was good
        self.publish_errors: tuple[str, ...] = ()
        self.warnings: dict[str, str] = {}  # other lasting problems by subject
        self.config_is_faulty = False  # the previous configuration stays in use
        self.network_is_down = False
        self.backup_error: str | None = None  # empty after a good one, None before the first
        self.last_success: datetime | None = None
        self._started: datetime | None = None  # of the period without a good run
        self._failing: set[str] = set()
        self._gone: set[str] = set()
        self._known: set[str] = set()
        self._due: dict[str, datetime] = {}
        self._shortest = timedelta(minutes=30)

    # --- what happened ---------------------------------------------------------------------

    def load(
        self, states: Mapping[str, SourceState], sources: Iterable[Source], now: datetime
    ) -> None:
        """Set the counts of sources from what the store remembers of each."""
        names = {one.identity: one.id for one in sources}
        named = {names.get(identity, identity): state for identity, state in states.items()}
        self._known = set(named)
        self._failing = {name for name, state in named.items() if state.failures}
        self._gone = {name for name, state in named.items() if state.gone}
        successes = [state.last_success for state in named.values() if state.last_success]
        self.last_success = max(successes, default=None)
        self.loaded_at = now

    def expect(self, shortest: timedelta) -> None:
        """Set the shortest interval of all sources: a delay of twice this is a problem."""
        self._shortest = shortest

    def record_due(self, ids: Iterable[str], now: datetime) -> None:
        """Note that sources are due; those no longer due are forgotten."""
        due = dict.fromkeys(ids, now)
        longer = {one: since for one, since in self._due.items() if one in due}
        self._due = {**longer, **{one: now for one in due if one not in longer}}  # oldest first

    def record_source(self, report: SourceReport, now: datetime) -> None:
        """Count the result of one source."""
        self._due.pop(report.id, None)
        self._known.add(report.id)
        if report.outcome in _ASKED:
            self._failing.discard(report.id)
            self._gone.discard(report.id)
            self.last_success = now
        elif report.outcome in _FAILED:
            self._failing.add(report.id)
            if report.outcome == "gone":
                self._gone.add(report.id)

    def record_run(self, report: RunReport, now: datetime) -> None:
        """Note that a run ended; it was good if everything could be published.

        Its sources were recorded as they came.
        """
        self.publish_errors = report.errors
        self._end_run("; ".join(report.errors), now)

    def record_backup(self, error: str) -> None:
        """Note that a backup was made, or why it was not."""
        self.backup_error = error

    def record_failure(self, error: str, now: datetime) -> None:
        """Note that a run failed as a whole."""
        self._end_run(error or "unknown", now)

    def _end_run(self, error: str, now: datetime) -> None:
        self.last_run, self.run_error = now, error
        if error:
            self._started = self._started or now
        else:
            self.last_good_run, self._started = now, None

    # --- what is told ----------------------------------------------------------------------

    def oldest_due(self) -> Delay | None:
        """Return the source that has been due for longest; None if none is due."""
        oldest = next(iter(self._due.items()), None)
        return Delay(*oldest) if oldest else None

    def count_due(self) -> int:
        """Return how many sources are due."""
        return len(self._due)

    def failing(self) -> list[str]:
        """Return the names of failing sources, sorted, a bounded number."""
        return sorted(self._failing)[:_MAX_NAMED]

    def counts(self) -> dict[str, int]:
        """Return the number of known, failing and gone sources."""
        known, failing, gone = len(self._known), len(self._failing), len(self._gone)
        return {"known": known, "failing": failing, "gone": gone}

    @property
    def network(self) -> str:
        """Whether the network is up, in words."""
        return "unreachable: no source answers" if self.network_is_down else "ok"

    def problems(self, now: datetime) -> list[str]:
        """Return why the service is not healthy, one sentence each.

        An outage of the network is no reason: what is published is served, and a restart helps nothing.
        """
        found = ["publishing fails"] if self.publish_errors else []
        found += [] if self.network_is_down else self._delays(now)
        return found + [self.warnings[name] for name in sorted(self.warnings)]

    def _delays(self, now: datetime) -> list[str]:
        patience, found = max(2 * self._shortest, _MIN_PATIENCE), list[str]()
        if self._started and now - (self.last_good_run or self._started) > patience:
            found.append("no run was good for twice the shortest interval")
        delay = self.oldest_due()
        if delay and now - delay.since > patience:
            found.append("sources are due but not fetched")
        return found
