"""Keeps the daemon from asking too often when something fails; in memory, on the monotonic clock."""

from collections.abc import Callable, Iterable

from aggregator.core.backoff import doubled
from aggregator.core.model import Source
from aggregator.core.report import SourceReport
from aggregator.core.settings import FetchSettings
from aggregator.gather.network import Network
from aggregator.text import urls

_FLOOR_SECONDS = 30.0  # at most, between two fetches of a source, whatever its stored state says
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 300.0
_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 30.0, 600.0  # of a source that could not be saved


class Backoff:
    """A pause that doubles with each failure in a row."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._failures = 0
        self._until = 0.0

    def is_waiting(self, now: float) -> bool:
        """Say whether the pause lasts."""
        return now < self._until

    def failed(self, now: float) -> float:
        """Begin a pause, longer after each failure; return its seconds."""
        span = doubled(self._first, self._failures, self._longest)
        self._failures += 1
        self._until = now + span
        return span

    def succeeded(self) -> None:
        """End the pause and forget the failures."""
        self._failures = 0
        self._until = 0.0

    def end(self) -> None:
        """End the pause; the next one is longer still."""
        self._until = 0.0


class Pacing:
    """When sources may be asked, beside what their stored states say.

    Stored states are wrong after a clock was, and stay as they are when they cannot be saved. All
    times are seconds of a monotonic clock; `jitter` returns a random number in [0, 1).
    """

    def __init__(
        self, settings: FetchSettings, network: Network, jitter: Callable[[], float]
    ) -> None:
        self.network = network
        self.pause = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)  # of everything
        self._settings = settings
        self._jitter = jitter
        self._not_before: dict[str, float] = {}
        self._unsaved: dict[str, int] = {}  # attempts in a row, by identity

    def ready(self, due: Iterable[Source], now: float) -> tuple[Source, ...]:
        """Return which of the due sources may be asked now; during an outage one feed at most."""
        found = [one for one in due if now >= self._not_before.get(one.identity, 0.0)]
        if not self.network.down:
            return tuple(found)
        local = [one for one in found if one.kind != "feed"]
        feeds = [one for one in found if one.kind == "feed"]
        if feeds and self.network.may_try(now):
            local.append(feeds[self.network.best(urls.host(one.url) for one in feeds)])
        return tuple(local)

    def started(self, sources: Iterable[Source], now: float) -> None:
        """Note that sources are asked."""
        for source in sources:
            usual = source.interval or self._settings.interval
            span = min(usual.total_seconds() / 2, _FLOOR_SECONDS)
            self._not_before[source.identity] = now + span

    def ended(self, source: Source, report: SourceReport, now: float) -> None:
        """Note what came of asking a source: one that cannot be saved waits longer each time."""
        if not report.unsaved:
            self._unsaved.pop(source.identity, None)
            if report.unbooked:
                self._not_before.pop(source.identity, None)
            return
        tries = self._unsaved.get(source.identity, 0)
        self._unsaved[source.identity] = tries + 1
        wait = doubled(_FIRST_RETRY_SECONDS, tries, _LONGEST_RETRY_SECONDS)
        self._not_before[source.identity] = now + wait * (0.9 + 0.2 * self._jitter())

    def not_asked(self, source: Source) -> None:
        """Note that a run failed before it asked the source."""
        self._not_before.pop(source.identity, None)

    def recovered(self) -> None:
        """End all waiting for what made runs fail: it is over."""
        self.pause.end()
        for identity in self._unsaved:
            self._not_before.pop(identity, None)
        self._unsaved.clear()
