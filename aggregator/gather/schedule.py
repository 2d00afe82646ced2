"""When a source is asked next, and what is remembered of it: pure decisions over values."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from aggregator.core.errors import (
    BlockedAddress,
    HeldBack,
    HTTPStatus,
    SourceError,
    Unreachable,
)
from aggregator.core.model import Fetched, Hints, NotModified, Source, SourceState, Validators
from aggregator.core.report import Outcome
from aggregator.core.settings import FetchSettings
from aggregator.text import urls

DAY, WEEK = timedelta(days=1), timedelta(days=7)
_ASKED = DAY  # the most that a server or a feed may put a fetch off, except by Retry-After
_UNREACHABLE = timedelta(hours=1)  # back-off where nobody was spoken to: a network comes back soon
_UNSAID = timedelta(hours=1)  # peace for a server that asks for it without saying how long
_SKEW = timedelta(minutes=1)  # a fetch this much later than now shows that the clock was wrong
_HELD, _SEEN = timedelta(days=3), 3  # how long and how often a permanent redirect must hold
_ARRIVALS = 20  # fetches with something new that are remembered
_RARER = 8  # times, for a source whose hub sends its news
_RARER_MOST = timedelta(hours=6)  # later than else
_POLLS = 4  # fetches for each time that something arrives
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NOTHING, _ZERO = Hints(), timedelta()
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a source is left in peace."""

    outcome: Outcome
    reason: str


# --- before a fetch ------------------------------------------------------------------------


def recall(source: Source, state: SourceState) -> SourceState:
    """Return what is remembered, without what is about another address than the configured one."""
    if state.url in ("", _place(source)):
        return state
    return SourceState(arrivals=state.arrivals, info=state.info)


def address(source: Source, state: SourceState) -> str:
    """Return the address to ask: where a permanent redirect leads once it has held for days.

    After a failure the configured one is asked again; and always if it comes with secrets,
    which are for its own server alone.
    """
    if source.headers or urls.redact(source.url) != source.url:
        return source.url
    since, until = state.permanent_since, state.last_success
    lasting = since is not None and until is not None and until - since >= _HELD
    known = lasting and state.permanent_seen >= _SEEN and state.url == _place(source)
    return state.permanent if known and not state.failures else source.url


def is_due(
    source: Source,
    state: SourceState,
    waits: Mapping[str, datetime],
    now: datetime,
    *,
    pushed: datetime | None = None,
) -> bool:
    """Say whether the daemon should ask a source now; `pushed`: since when a hub sends its news."""
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
    """Return when the daemon should ask a source, `now` if it is overdue; None for never."""
    state = recall(source, state)
    if source.paused or state.gone:
        return None
    due = state.due
    if due and state.last_fetch and pushed and pushed <= state.last_fetch and not state.failures:
        due += min((due - state.last_fetch) * (_RARER - 1), _RARER_MOST)
    if due is None or _clock_was_wrong(state, now):
        due = now
    return max(due, now, _held_until(source, state, waits, now) or now)


def hold(
    source: Source, state: SourceState, waits: Mapping[str, datetime], now: datetime
) -> Hold | None:
    """Return why a source may not even be asked by hand: it is gone, or wants to be left in peace."""
    state = recall(source, state)
    if state.gone:
        return Hold(outcome="gone", reason=state.error or "the feed was taken down for good")
    until = _held_until(source, state, waits, now)
    if until is None or until <= now:
        return None
    return Hold(outcome="later", reason=f"asked to wait until {until:%Y-%m-%d %H:%M} UTC")


def _held_until(
    source: Source, state: SourceState, waits: Mapping[str, datetime], now: datetime
) -> datetime | None:
    """Return until when a source, or its host, wants to be left in peace."""
    until, host_until = _wait(state, now), waits.get(urls.host(source.url))
    if until is None or (host_until is not None and host_until > until):
        return host_until
    return until


def waiting_hosts(
    sources: Iterable[Source],
    states: Mapping[str, SourceState],
    now: datetime,
    scope: str = "host",
) -> dict[str, datetime]:
    """Return until when hosts want to be left in peace, from what any source was told.

    Give all configured sources, not only those of a run.
    """
    waits: dict[str, datetime] = {}
    for source in sources if scope == "host" else ():
        state = recall(source, states.get(source.identity, SourceState()))
        until, host = _wait(state, now), urls.host(source.url)
        if host and until and until > waits.get(host, now):
            waits[host] = until
    return waits


def in_turn(sources: Iterable[Source], states: Mapping[str, SourceState]) -> tuple[Source, ...]:
    """Return sources in the order to ask them: those that were refused last time come first.

    Of these the one that was served longest ago is the first, so that the sources of a host
    that answers only a few requests take turns.
    """

    def _turn(source: Source) -> tuple[bool, datetime, datetime]:
        state = recall(source, states.get(source.identity, SourceState()))
        if state.wait_until is None:
            return True, _LONG_AGO, _LONG_AGO
        return False, state.last_success or _LONG_AGO, state.last_fetch or _LONG_AGO

    return tuple(sorted(sources, key=_turn))


def conditions(
    source: Source, state: SourceState, settings: FetchSettings, now: datetime
) -> Validators:
    """Return what makes the next request conditional; nothing if 304 was the answer for too long."""
    last = state.last_document
    stale = source.kind == "feed" and last is not None and now - last >= settings.full_every
    return Validators() if stale else state.validators


# --- after a fetch -------------------------------------------------------------------------


def outcome(error: SourceError) -> Outcome:
    """Return the word for a failed fetch."""
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
    answer: Fetched | NotModified,
    settings: FetchSettings,
    *,
    now: datetime,
    jitter: float,
) -> SourceState:
    """Return what to remember after a document or a 304; `jitter` is chance in [0, 1).

    `state.info` is that of the document just read, so that its own hints count.
    """
    state = dataclasses.replace(
        _redirected(source, recall(source, state), answer.permanent, now),
        url=_place(source),
        validators=answer.validators,
        failures=0,
        last_fetch=now,
        last_success=now,
        last_document=_last_document(state, answer, settings, now),
        error="",
        gone=False,
        wait_until=None,
    )
    hints = (answer.hints, state.info.hints)
    due = next_due(source, state, settings, hints=hints, now=now, jitter=jitter)
    return dataclasses.replace(state, due=due)


def arrived(state: SourceState, now: datetime) -> SourceState:
    """Note that a fetch brought something new."""
    if now in state.arrivals:
        return state
    newest = sorted({now, *state.arrivals}, reverse=True)[:_ARRIVALS]
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
    """Return what to remember after an error; validators, entries and redirects are kept."""
    state = recall(source, state)
    held = isinstance(error, HeldBack)
    state = dataclasses.replace(
        state,
        url=_place(source),
        failures=state.failures + (not held),
        last_fetch=state.last_fetch if held else now,
        error=str(error),
        gone=outcome(error) == "gone",
        wait_until=_asked_to_wait(error, now),
    )
    if state.gone:
        return dataclasses.replace(state, due=None)
    if isinstance(error, HTTPStatus) and error.retry_after and state.wait_until:
        # The server has said when; if that proves wrong, the wait grows up to the usual one.
        usual = interval(source, state, settings, now)
        patience = min(usual, _SKEW * (1 << min(max(state.failures - 1, 0), 16)))
        due = max(state.wait_until, now + patience * (not held))
        return dataclasses.replace(state, due=due)
    cap = _UNREACHABLE if isinstance(error, Unreachable) else DAY
    due = next_due(source, state, settings, now=now, jitter=jitter, cap=cap)
    return dataclasses.replace(state, due=due)


# --- the next time -------------------------------------------------------------------------


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
    """Return when to ask next: never before the hints and Retry-After allow.

    Without Retry-After, never later than the interval or `cap`, whichever is longer; with
    it, never later than a week.
    """
    usual = interval(source, state, settings, now)
    cap = max(usual, cap)
    backed_off = min(usual * (1 << min(max(state.failures - 1, 0), 16)), cap)
    spread = backed_off * (0.9 + 0.1 * jitter)  # a little early, so that the interval holds
    asked = max((_asked(one) for one in hints), default=_ZERO)
    asked = min(asked + min(asked * 0.1, timedelta(minutes=5)) * jitter, _ASKED)
    due = now + max(spread, asked)
    for one in hints:
        due = _outside(due, one, now + max(cap, _ASKED))
    if state.wait_until and state.wait_until > now:
        due = max(due, min(state.wait_until + timedelta(minutes=5) * jitter, now + WEEK))
    return due


def interval(
    source: Source, state: SourceState, settings: FetchSettings, now: datetime
) -> timedelta:
    """Return how often to ask: as configured for the source, else by how often something arrives.

    Too few arrivals say nothing yet: then it is the configured one, or longer.
    """
    if source.interval is not None:
        return source.interval
    times = [when for when in state.arrivals if when <= now]
    if not times:
        return settings.interval
    quiet = (now - times[0]) / 2
    gaps = [later - earlier for later, earlier in pairwise(times)]
    if len(gaps) < 2:
        wanted = max(settings.interval, quiet / _POLLS)
    else:
        wanted = max(timedelta(seconds=median(gap.total_seconds() for gap in gaps)), quiet) / _POLLS
    upper = max(settings.max_interval, settings.min_interval)
    return min(max(wanted, settings.min_interval), upper)


# --- inside --------------------------------------------------------------------------------


def _place(source: Source) -> str:
    return source.url or str(source.path or "")


def _clock_was_wrong(state: SourceState, now: datetime) -> bool:
    return state.last_fetch is not None and state.last_fetch > now + _SKEW


def _wait(state: SourceState, now: datetime) -> datetime | None:
    """Return until when the source wants peace, unless a wrong clock wrote it."""
    if state.wait_until is None or state.wait_until > now + WEEK or _clock_was_wrong(state, now):
        return None
    return state.wait_until


def _asked_to_wait(error: SourceError, now: datetime) -> datetime | None:
    if outcome(error) != "later" or not isinstance(error, HTTPStatus):
        return None
    span = error.retry_after if error.retry_after and error.retry_after > _ZERO else _UNSAID
    return now + min(span, WEEK)


def _last_document(
    state: SourceState,
    answer: Fetched | NotModified,
    settings: FetchSettings,
    now: datetime,
) -> datetime:
    """Return when more than a 304 was the answer, or could have been: it was asked for the whole."""
    last = state.last_document
    if isinstance(answer, Fetched) or last is None or last > now:
        return now
    return now if now - last >= settings.full_every else last


def _redirected(source: Source, state: SourceState, permanent: str, now: datetime) -> SourceState:
    """Count how often in a row the same permanent redirect was met."""
    asked = address(source, state)
    if asked != source.url and permanent in ("", asked):
        return state  # the new address was asked and answers by itself
    if not permanent:
        return dataclasses.replace(state, permanent="", permanent_since=None, permanent_seen=0)
    if permanent != state.permanent:
        return dataclasses.replace(
            state, permanent=permanent, permanent_since=now, permanent_seen=1
        )
    return dataclasses.replace(state, permanent_seen=min(state.permanent_seen + 1, 1000))


def _asked(hints: Hints) -> timedelta:
    return min(max(hints.max_age or _ZERO, hints.ttl or _ZERO, _ZERO), _ASKED)


def _outside(due: datetime, hints: Hints, latest: datetime) -> datetime:
    """Return the first time from `due` on that is in no skipped hour or day, up to `latest`.

    skipHours and skipDays are in GMT; a feed that skips everything is not believed.
    """
    days = {name.strip().lower() for name in hints.skip_days} & set(_DAYS)
    hours = {hour % 24 for hour in hints.skip_hours if 0 <= hour <= 24}
    if len(days) == len(_DAYS) or len(hours) == 24 or not (days or hours):
        return due
    due_utc = due.astimezone(UTC)
    while due_utc < latest and (due_utc.hour in hours or _DAYS[due_utc.weekday()] in days):
        due_utc = due_utc.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return min(due_utc, max(latest, due))
