"""Decides when a source is fetched next and what state is stored: pure functions over values."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from statistics import median

from aggregator.core.backoff import doubled
from aggregator.core.errors import (
    BlockedAddress,
    HeldBack,
    HTTPStatus,
    SourceError,
    Unreachable,
)
from aggregator.core.model import Fetched, Hints, NotModified, Source, SourceState, Validators
from aggregator.core.outcomes import with_outcome
from aggregator.core.report import Outcome
from aggregator.core.settings import FetchSettings
from aggregator.gather import clock_checks
from aggregator.gather.clock_checks import WEEK
from aggregator.gather.skip_hints import after_skipped
from aggregator.text import urls

DAY = timedelta(days=1)
_MAX_HINT = DAY  # longest delay by caching headers, ttl or skipHours; Retry-After may be longer
_UNREACHABLE_BACKOFF = timedelta(hours=1)  # upper bound without a connection: networks recover
# The first retries when a host cannot be looked up or connected to: about an hour altogether.
_QUICK_RETRIES = tuple(timedelta(minutes=count) for count in (1, 2, 5, 15, 30))
_DEFAULT_WAIT = timedelta(hours=1)  # after a 429 without Retry-After
_MIN_EXTRA_WAIT = timedelta(minutes=1)  # after a Retry-After that was too short; then doubled
_REDIRECT_SPAN, _REDIRECT_COUNT = timedelta(days=3), 3  # before a permanent redirect is trusted
_MAX_ARRIVALS = 20  # stored times of fetches with new entries
_PUSHED_FACTOR = 8  # for the interval of a source with a WebSub subscription
_MAX_PUSHED_DELAY = timedelta(hours=6)  # of such a source, beyond its interval
_POLLS_PER_ARRIVAL = 4  # fetches for each fetch with new entries
_ZERO = timedelta()
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a source is not fetched now."""

    outcome: Outcome
    reason: str


# --- before a fetch ------------------------------------------------------------------------


def current_state(source: Source, state: SourceState) -> SourceState:
    """Return the stored state, without the parts that belong to another URL than the configured one."""
    if state.url in ("", _location(source), source.url):
        return state
    return SourceState(arrivals=state.arrivals, info=state.info)


def address(source: Source, state: SourceState) -> str:
    """Return the URL to request: the target of a permanent redirect once it was stable for days.

    After a failure it is the configured URL again, and always if it comes with secrets, which are
    only for its own server.
    """
    if _has_secrets(source):
        return source.url
    since, until = state.permanent_since, state.last_success
    is_stable = since is not None and until is not None and until - since >= _REDIRECT_SPAN
    is_seen = state.permanent_seen >= _REDIRECT_COUNT and state.url == _location(source)
    is_trusted = is_stable and is_seen
    return state.permanent if is_trusted and not state.failures else source.url


def is_due(
    source: Source,
    state: SourceState,
    waits: Mapping[str, datetime],
    now: datetime,
    *,
    pushed: datetime | None = None,
) -> bool:
    """Return whether to fetch a source now; `pushed` is the start of its WebSub subscription."""
    due = due_at(source, state, waits, now, pushed=pushed)
    return due is not None and due <= now


def due_at(
    source: Source,
    state: SourceState,
    waits: Mapping[str, datetime],
    now: datetime,
    *,
    pushed: datetime | None = None,
) -> datetime | None:
    """Return when to fetch a source, `now` if it is overdue; None for never."""
    state = current_state(source, state)
    if source.paused or state.gone:
        return None
    due = state.due
    if due and state.last_fetch and pushed and pushed <= state.last_fetch and not state.failures:
        due += min((due - state.last_fetch) * (_PUSHED_FACTOR - 1), _MAX_PUSHED_DELAY)
    if due is None or clock_checks.is_wrong(state, now):
        due = now
    return max(due, now, _held_until(source, state, waits, now) or now)


def hold(
    source: Source, state: SourceState, waits: Mapping[str, datetime], now: datetime
) -> Hold | None:
    """Return why a source must not be fetched, even manually: it is gone, or asked to wait."""
    state = current_state(source, state)
    if state.gone:
        return Hold(outcome="gone", reason=state.error or "the feed was taken down for good")
    until = _held_until(source, state, waits, now)
    if until is None or until <= now:
        return None
    return Hold(outcome="later", reason=f"asked to wait until {until:%Y-%m-%d %H:%M} UTC")


def _held_until(
    source: Source, state: SourceState, waits: Mapping[str, datetime], now: datetime
) -> datetime | None:
    """Return the time until which a source or its host asked to wait."""
    until, host_until = _wait_until(state, now), waits.get(urls.host(source.url))
    if until is None or (host_until is not None and host_until > until):
        return host_until
    return until


def waiting_hosts(
    sources: Iterable[Source],
    states: Mapping[str, SourceState],
    now: datetime,
    scope: str = "host",
) -> dict[str, datetime]:
    """Return the time until which each host asked to wait, from the Retry-After of any of its sources.

    `sources` must be all configured sources, not only those of a run.
    """
    waits: dict[str, datetime] = {}
    for source in sources if scope == "host" else ():
        state = states.get(source.identity)
        if state is None or state.wait_until is None:
            continue  # nearly all
        until, host = _wait_until(current_state(source, state), now), urls.host(source.url)
        if host and until and until > waits.get(host, now):
            waits[host] = until
    return waits


def fetch_order(sources: Iterable[Source], states: Mapping[str, SourceState]) -> tuple[Source, ...]:
    """Return sources in the order to fetch them: those that were refused last time come first.

    Of these, the one with the oldest success is first, so that the sources of a host with a low
    rate limit take turns.
    """

    def _priority(source: Source) -> tuple[bool, datetime, datetime]:
        state = current_state(source, states.get(source.identity, SourceState()))
        if state.wait_until is None:
            return True, _LONG_AGO, _LONG_AGO
        return False, state.last_success or _LONG_AGO, state.last_fetch or _LONG_AGO

    return tuple(sorted(sources, key=_priority))


def conditions(
    source: Source, state: SourceState, settings: FetchSettings, now: datetime
) -> Validators:
    """Return the validators of the next request; none if the last 200 response was too long ago."""
    last = state.last_document
    stale = source.kind == "feed" and last is not None and now - last >= settings.full_every
    return Validators() if stale else state.validators


# --- after a fetch -------------------------------------------------------------------------


def outcome(error: SourceError) -> Outcome:
    """Return the outcome of a failed fetch."""
    if isinstance(error, BlockedAddress):
        return "refused"
    if isinstance(error, HTTPStatus):
        if error.status == 410:
            return "gone"
        if error.status == 429 or error.retry_after is not None:
            return "later"
    return "error"


def succeeded(
    source: Source,
    state: SourceState,
    result: Fetched | NotModified,
    settings: FetchSettings,
    *,
    now: datetime,
    jitter: float,
) -> SourceState:
    """Return the state after a document or a 304; `jitter` is a random number in [0, 1).

    `state.info` must be that of the new document, so that its hints apply.
    """
    state = dataclasses.replace(
        _redirected(source, current_state(source, state), result.permanent, now),
        url=_location(source),
        validators=result.validators,
        failures=0,
        last_fetch=now,
        last_success=now,
        last_document=_last_document(state, result, settings, now),
        error="",
        gone=False,
        wait_until=None,
        history=with_outcome(state.history, "", now),
    )
    hints = (result.hints, state.info.hints)
    due = next_due(source, state, settings, hints=hints, now=now, jitter=jitter)
    return dataclasses.replace(state, due=due)


def arrived(state: SourceState, now: datetime) -> SourceState:
    """Record the time of a fetch with new entries."""
    if now in state.arrivals:
        return state
    newest = sorted({now, *state.arrivals}, reverse=True)[:_MAX_ARRIVALS]
    return dataclasses.replace(state, arrivals=tuple(newest))


def failed(
    source: Source,
    state: SourceState,
    error: SourceError,
    settings: FetchSettings,
    *,
    now: datetime,
    jitter: float,
) -> SourceState:
    """Return the state after an error; validators, arrivals and redirects are kept."""
    state = current_state(source, state)
    held_back = isinstance(error, HeldBack)
    state = dataclasses.replace(
        state,
        url=_location(source),
        failures=state.failures + (not held_back),
        last_fetch=state.last_fetch if held_back else now,
        error=str(error),
        gone=outcome(error) == "gone",
        wait_until=_wait_after(error, now),
        history=state.history if held_back else with_outcome(state.history, str(error), now),
    )
    if state.gone:
        return dataclasses.replace(state, due=None)
    if isinstance(error, HTTPStatus) and error.retry_after and state.wait_until:
        # The server gave a time. If it fails again then, the wait grows up to the usual interval.
        usual = interval(source, state, settings, now)
        extra_wait = doubled(_MIN_EXTRA_WAIT, state.failures - 1, usual)
        due = max(state.wait_until, now + extra_wait * (not held_back))
        return dataclasses.replace(state, due=due)
    cap = _UNREACHABLE_BACKOFF if isinstance(error, Unreachable) else DAY
    due = next_due(source, state, settings, now=now, jitter=jitter, cap=cap)
    if is_quick_retry(error) and state.failures <= len(_QUICK_RETRIES):
        due = min(due, now + _QUICK_RETRIES[state.failures - 1] * (0.9 + 0.2 * jitter))
    return dataclasses.replace(state, due=due)


def is_quick_retry(error: SourceError) -> bool:
    """Return whether a fetch failed before a server could answer, so that a retry disturbs nobody."""
    return isinstance(error, Unreachable) and error.cause != "tls"


# --- the next fetch ------------------------------------------------------------------------


def next_due(
    source: Source,
    state: SourceState,
    settings: FetchSettings,
    *,
    hints: Iterable[Hints] = (),
    now: datetime,
    jitter: float,
    cap: timedelta = DAY,
) -> datetime:
    """Return the time of the next fetch: not before the hints and Retry-After allow.

    The upper bound is the interval or `cap`, whichever is longer; with Retry-After, it is a week.
    """
    usual = interval(source, state, settings, now)
    cap = max(usual, cap)
    backed_off = doubled(usual, state.failures - 1, cap)
    # Slightly early, so that jitter never exceeds the interval.
    spread = backed_off * (0.9 + 0.1 * jitter)
    hinted = max((_hinted(one) for one in hints), default=_ZERO)
    hinted = min(hinted + min(hinted * 0.1, timedelta(minutes=5)) * jitter, _MAX_HINT)
    due = now + max(spread, hinted)
    for one in hints:
        due = after_skipped(due, one, now + max(cap, _MAX_HINT))
    if state.wait_until and state.wait_until > now:
        due = max(due, min(state.wait_until + timedelta(minutes=5) * jitter, now + WEEK))
    return due


def interval(
    source: Source, state: SourceState, settings: FetchSettings, now: datetime
) -> timedelta:
    """Return the interval of a source: the configured one, else one derived from its arrivals.

    With too few arrivals it is the default interval, or longer if the last one was long ago.
    """
    if source.interval is not None:
        return source.interval
    times = [when for when in state.arrivals if when <= now]
    if not times:
        return settings.interval
    idle = (now - times[0]) / 2
    gaps = [later - earlier for later, earlier in pairwise(times)]
    if len(gaps) < 2:
        wanted = max(settings.interval, idle / _POLLS_PER_ARRIVAL)
    else:
        wanted = (
            max(timedelta(seconds=median(gap.total_seconds() for gap in gaps)), idle)
            / _POLLS_PER_ARRIVAL
        )
    upper = max(settings.max_interval, settings.min_interval)
    return min(max(wanted, settings.min_interval), upper)


# --- helpers -------------------------------------------------------------------------------


def _location(source: Source) -> str:
    """Return the URL or path as it is stored: of one with secrets, what distinguishes it."""
    return _without_secrets(source.url) or str(source.path or "")


@lru_cache(maxsize=16_384)
def _without_secrets(url: str) -> str:
    hidden = urls.redact(url)
    return url if hidden == url else f"{hidden}#{blake2b(url.encode(), digest_size=9).hexdigest()}"


def _has_secrets(source: Source) -> bool:
    return bool(source.headers) or _without_secrets(source.url) != source.url


def _wait_until(state: SourceState, now: datetime) -> datetime | None:
    """Return the time until which a source asked to wait, unless a wrong clock stored it."""
    if (
        state.wait_until is None
        or state.wait_until > now + WEEK
        or clock_checks.is_wrong(state, now)
    ):
        return None
    return state.wait_until


def _wait_after(error: SourceError, now: datetime) -> datetime | None:
    if outcome(error) != "later" or not isinstance(error, HTTPStatus):
        return None
    span = error.retry_after if error.retry_after and error.retry_after > _ZERO else _DEFAULT_WAIT
    return now + min(span, WEEK)


def _last_document(
    state: SourceState,
    result: Fetched | NotModified,
    settings: FetchSettings,
    now: datetime,
) -> datetime:
    """Return the time of the last response that was, or could have been, more than a 304."""
    last = state.last_document
    if isinstance(result, Fetched) or last is None or last > now:
        return now
    return now if now - last >= settings.full_every else last


def _redirected(source: Source, state: SourceState, permanent: str, now: datetime) -> SourceState:
    """Count consecutive fetches with the same permanent redirect."""
    if _has_secrets(source):
        permanent = urls.redact(permanent)  # shown, never requested
    requested = address(source, state)
    if requested != source.url and permanent in ("", requested):
        return state  # the new URL was requested directly
    if not permanent:
        return dataclasses.replace(state, permanent="", permanent_since=None, permanent_seen=0)
    if permanent != state.permanent:
        return dataclasses.replace(
            state, permanent=permanent, permanent_since=now, permanent_seen=1
        )
    return dataclasses.replace(state, permanent_seen=min(state.permanent_seen + 1, 1000))


def _hinted(hints: Hints) -> timedelta:
    return min(max(hints.max_age or _ZERO, hints.ttl or _ZERO, _ZERO), _MAX_HINT)
