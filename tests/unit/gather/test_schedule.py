"""When a source is asked next is decided by values alone."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.errors import (
    BlockedAddress,
    BodyTooLarge,
    FetchError,
    HeldBack,
    HTTPStatus,
    NotAFeed,
    SourceError,
    Timeout,
    Unreachable,
)
from aggregator.core.model import (
    FeedInfo,
    Hints,
    NotModified,
    Source,
    SourceState,
    Validators,
)
from aggregator.core.outcomes import PastOutcome
from aggregator.core.settings import FetchSettings
from aggregator.gather import schedule, skip_hints
from tests.builders import NOW, at, make_source

SETTINGS = FetchSettings()
DAY, WEEK = timedelta(days=1), timedelta(days=7)
SOURCE = make_source()
URL = SOURCE.url
MOVED = "https://example.net/new.xml"


def minutes(count: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=count)


def succeed(
    state: SourceState = SourceState(),  # noqa: B008  a constant
    *,
    source: Source = SOURCE,
    now: datetime = NOW,
    jitter: float = 0.0,
    permanent: str = "",
    hints: Hints = Hints(),  # noqa: B008  a constant
) -> SourceState:
    """Return the state after an answer without news."""
    answer = NotModified(validators=Validators(etag='"1"'), hints=hints, permanent=permanent)
    return schedule.succeeded(source, state, answer, SETTINGS, now=now, jitter=jitter)


def fail(
    error: SourceError,
    state: SourceState = SourceState(),  # noqa: B008  a constant
    *,
    source: Source = SOURCE,
    now: datetime = NOW,
    jitter: float = 0.0,
) -> SourceState:
    """Return the state after an error."""
    return schedule.failed(source, state, error, SETTINGS, now=now, jitter=jitter)


def limited(seconds: float | None, status: int = 429) -> HTTPStatus:
    """Return the error of a server that wants to be left in peace."""
    wait = None if seconds is None else timedelta(seconds=seconds)
    return HTTPStatus("later", status=status, retry_after=wait)


# --- outcomes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (BlockedAddress("x"), "refused"),
        (HTTPStatus("x", status=410), "gone"),
        (HTTPStatus("x", status=404), "error"),
        (HTTPStatus("x", status=503), "error"),
        (limited(None), "later"),
        (limited(10, 503), "later"),
        (Timeout("x"), "error"),
        (BodyTooLarge("x"), "error"),
        (NotAFeed("x"), "error"),
    ],
    ids=repr,
)
def test_outcomes(error: SourceError, word: str) -> None:
    """Every error has a word."""
    assert schedule.outcome(error) == word


def test_success_is_remembered() -> None:
    """Validators, times, and that all is well again."""
    before = fail(FetchError("x"), SourceState(info=FeedInfo(title="T")))
    after = succeed(before, now=at(1))
    assert after.validators.etag == '"1"'
    assert (after.last_fetch, after.last_success, after.url) == (at(1), at(1), URL)
    assert (after.failures, after.error, after.info.title) == (0, "", "T")
    assert after.due == at(1) + minutes(27)


def test_failure_keeps_what_was_learned() -> None:
    """Validators and redirects stay, the error is counted and shown."""
    before = succeed(permanent=MOVED)
    after = fail(FetchError("broken"), before, now=at(1))
    assert (after.validators, after.permanent) == (before.validators, MOVED)
    assert (after.failures, after.error) == (1, "broken")
    assert (after.last_fetch, after.last_success) == (at(1), NOW)


# --- intervals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hints", "due"),
    [
        (Hints(), minutes(27)),
        (Hints(max_age=minutes(10)), minutes(27)),
        (Hints(max_age=minutes(90)), minutes(90)),
        (Hints(ttl=minutes(120)), minutes(120)),
        (Hints(ttl=minutes(60), max_age=minutes(90)), minutes(90)),
        (Hints(max_age=timedelta(days=400)), DAY),
        (Hints(ttl=timedelta.max), DAY),
        (Hints(ttl=timedelta(seconds=-5)), minutes(27)),
        (Hints(skip_hours=(9,)), minutes(30)),
        (Hints(skip_hours=(9, 10, 11)), minutes(150)),
        (Hints(skip_hours=(24, 0)), minutes(27)),
        (Hints(skip_hours=(-1, 99)), minutes(27)),
        (Hints(skip_hours=tuple(range(24))), minutes(27)),
        (Hints(skip_hours=tuple(set(range(24)) - {8})), minutes(22.5 * 60)),
        (Hints(skip_days=("Monday",)), minutes(14.5 * 60)),
        (Hints(skip_days=("monday ", "TUESDAY", "Wednesday")), DAY),
        (Hints(skip_days=("Sunday", "Caturday")), minutes(27)),
        (Hints(skip_days=("Monday",), skip_hours=(0, 1)), minutes(16.5 * 60)),
        (Hints(max_age=minutes(60), skip_hours=(10,)), minutes(90)),
    ],
    ids=str,
)
def test_hints_are_lower_bounds(hints: Hints, due: timedelta) -> None:
    """What servers and feeds ask for is kept, up to a day (NOW is a Monday, 9:30)."""
    assert succeed(hints=hints).due == NOW + due
    assert succeed(SourceState(info=FeedInfo(hints=hints))).due == NOW + due


def test_jitter_spreads_without_asking_early() -> None:
    """Chance moves the time a little, to both sides of nothing that was asked."""
    assert succeed(jitter=0.5).due == NOW + minutes(28.5)
    asked = succeed(jitter=0.5, hints=Hints(max_age=minutes(60))).due
    assert asked == NOW + minutes(62.5)


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ([], minutes(30)),
        ([0], minutes(30)),
        ([1], minutes(30)),
        ([0, 1], minutes(30)),
        ([24 * 30], timedelta(hours=24)),
        ([24], timedelta(hours=3)),
        ([0, 1, 2, 3], minutes(15)),
        ([0, 0.1, 0.2, 0.3, 0.4], minutes(10)),
        ([0, 24, 48, 72], timedelta(hours=6)),
        ([0, 24 * 7, 24 * 14, 24 * 21], timedelta(hours=24)),
        ([8, 9, 10, 11], timedelta(hours=1)),
        ([-5, -6], minutes(30)),
    ],
)
def test_the_interval_follows_what_arrives(ages: list[float], expected: timedelta) -> None:
    """A quarter of the usual gap between arrivals, longer when it falls quiet, within bounds."""
    state = SourceState(arrivals=tuple(at(-age) for age in ages))
    assert schedule.interval(SOURCE, state, SETTINGS, NOW) == expected


def test_a_source_with_an_interval_of_its_own_keeps_it() -> None:
    """What the user said of one source is not second-guessed."""
    source = make_source(interval=timedelta(days=3))
    state = SourceState(arrivals=tuple(at(-age) for age in range(5)))
    assert schedule.interval(source, state, SETTINGS, NOW) == timedelta(days=3)
    due = succeed(source=source, jitter=0.999).due
    assert due is not None
    assert timedelta(days=2.9) < due - NOW <= timedelta(days=3)


def test_arrivals_are_remembered_newest_first() -> None:
    """Each fetch with news counts once; only the last ones are kept."""
    state = SourceState()
    for hour in range(30):
        state = schedule.arrived(schedule.arrived(state, at(hour)), at(hour))
    assert state.arrivals == tuple(at(hour) for hour in range(29, 9, -1))


# --- errors --------------------------------------------------------------------------------


def test_back_off_doubles_up_to_a_day() -> None:
    """Slower and slower, never slower than a day."""
    state, spans = SourceState(), []
    for _ in range(12):
        state = fail(FetchError("x"), state)
        assert state.due is not None
        spans.append((state.due - NOW) / 0.9 / minutes(1))
    assert spans == pytest.approx([30, 60, 120, 240, 480, 960, *[1440] * 6])


def test_who_could_not_be_reached_is_tried_again_sooner() -> None:
    """A network that was down comes back; nobody was bothered."""
    state = SourceState(failures=20)
    assert fail(Unreachable("x"), state).due == NOW + minutes(54)


@pytest.mark.parametrize("cause", ["lookup", "name", "connect", "refused"])
def test_the_first_retries_without_a_connection_come_soon(
    cause: Literal["lookup", "name", "connect", "refused"],
) -> None:
    """About an hour of them, then the usual rhythm, however long that is."""
    source, state, spans = make_source(interval=timedelta(hours=12)), SourceState(), []
    for _ in range(7):
        state = fail(Unreachable("x", cause=cause), state, source=source, jitter=0.5)
        assert state.due is not None
        spans.append((state.due - NOW) / minutes(1))
    assert spans == pytest.approx([1, 2, 5, 15, 30, 684, 684])


@pytest.mark.parametrize("error", [FetchError("x"), Unreachable("x", cause="tls"), Timeout("x")])
def test_other_failures_keep_the_usual_rhythm(error: FetchError) -> None:
    source = make_source(interval=timedelta(hours=12))
    due = fail(error, source=source).due
    assert due is not None
    assert due - NOW > timedelta(hours=10)


def test_a_retry_never_comes_later_than_the_usual_fetch() -> None:
    source = make_source(interval=timedelta(seconds=20))
    state = SourceState(failures=4)
    due = fail(Unreachable("x"), state, source=source).due
    assert due is not None
    assert due - NOW <= minutes(15)


def test_a_feed_that_is_gone_is_not_asked_again() -> None:
    """Not by the daemon, not by hand; unless its address changes."""
    state = fail(HTTPStatus("410 Gone", status=410), succeed())
    assert (state.gone, state.due) == (True, None)
    assert not schedule.is_due(SOURCE, state, {}, at(days=99))
    hold = schedule.hold(SOURCE, state, {}, at(days=99))
    assert hold == schedule.Hold(outcome="gone", reason="410 Gone")
    other = make_source(url="https://example.org/other.xml")
    assert schedule.hold(other, state, {}, NOW) is None
    assert schedule.is_due(other, state, {}, NOW)
    assert not succeed(state).gone


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (7200, timedelta(hours=2)),
        (999_999_999, WEEK),
        (None, timedelta(hours=1)),
        (0, timedelta(hours=1)),
        (-1, timedelta(hours=1)),
        (1, minutes(1)),
    ],
)
def test_retry_after_is_kept(seconds: float | None, wait: timedelta) -> None:
    """Nobody is asked before the time given, a week at most; without one, not for an hour."""
    state = fail(limited(seconds))
    assert state.due == NOW + wait
    if seconds != 1:
        hold = schedule.hold(SOURCE, state, {}, NOW + wait - minutes(1))
        assert hold is not None
        assert hold.outcome == "later"
        assert "asked to wait until 2026-03-" in hold.reason
    assert schedule.hold(SOURCE, state, {}, NOW + wait) is None


# --- before a fetch ------------------------------------------------------------------------


def test_what_is_due() -> None:
    """New sources at once, others at their time, paused ones never."""
    assert schedule.is_due(SOURCE, SourceState(), {}, NOW)
    assert not schedule.is_due(make_source(paused=True), SourceState(), {}, NOW)
    state = succeed()
    assert not schedule.is_due(SOURCE, state, {}, at(0.4))
    assert schedule.is_due(SOURCE, state, {}, at(0.5))


@pytest.mark.parametrize(
    ("interval", "later"),
    [(minutes(10), minutes(80)), (minutes(30), minutes(240)), (minutes(240), minutes(600))],
    ids=str,
)
def test_a_source_whose_hub_sends_its_news_is_asked_rarely(
    interval: timedelta, later: timedelta
) -> None:
    """Eight times as rarely, six hours later at most; and not before it was asked once more."""
    source = make_source(interval=interval)
    state = dataclasses.replace(succeed(source=source), due=NOW + interval)
    for pushed in (NOW, at(-1)):
        assert not schedule.is_due(source, state, {}, NOW + later - minutes(1), pushed=pushed)
        assert schedule.is_due(source, state, {}, NOW + later, pushed=pushed)
    assert schedule.is_due(source, state, {}, NOW + interval, pushed=NOW + minutes(1))
    assert schedule.is_due(source, state, {}, NOW + interval)


def test_a_source_that_fails_or_is_new_is_asked_whatever_hubs_send() -> None:
    """What hubs promise puts off no retry."""
    failing = fail(Timeout("no answer"), succeed(now=at(-1)))
    assert failing.due is not None
    assert schedule.is_due(SOURCE, failing, {}, failing.due, pushed=at(-9))
    assert schedule.is_due(SOURCE, SourceState(), {}, NOW, pushed=NOW)


def test_a_clock_that_was_wrong_stops_nothing() -> None:
    """Times written by a clock far ahead are not waited for."""
    ahead = at(days=4000)
    assert schedule.is_due(SOURCE, succeed(now=ahead), {}, NOW)
    waiting = fail(limited(3600), now=ahead)
    assert schedule.hold(SOURCE, waiting, {}, NOW) is None
    assert schedule.is_due(SOURCE, waiting, {}, NOW)


def test_a_wish_to_wait_holds_for_the_host() -> None:
    """All sources of the host wait for the longest time that one of them was told."""
    a, b, c = (make_source(id=name, url=f"https://example.org/{name}") for name in "abc")
    d = make_source(id="d", url="https://example.net/d")
    states = {
        "a": fail(limited(600), source=a),
        "b": fail(limited(7200), source=b),
        "d": succeed(source=d),
    }
    waits = schedule.waiting_hosts([a, b, c, d], states, NOW)
    assert waits == {"example.org": at(2)}
    assert not schedule.is_due(c, SourceState(), waits, NOW)
    hold = schedule.hold(a, states["a"], waits, NOW)
    assert hold is not None
    assert "11:30" in hold.reason
    assert schedule.is_due(d, SourceState(), waits, NOW)
    assert schedule.waiting_hosts([a, b, c, d], states, NOW, "source") == {}
    assert schedule.waiting_hosts([a, b, c, d], states, at(3)) == {}


def test_a_new_address_is_a_new_start() -> None:
    """Validators, errors and redirects belong to the address; what arrived to the source."""
    state = dataclasses.replace(fail(limited(600), succeed()), arrivals=(NOW,))
    moved = make_source(url="https://example.org/moved.xml")
    assert schedule.current_state(SOURCE, state) is state
    assert schedule.current_state(moved, state) == SourceState(arrivals=(NOW,), info=state.info)
    folder = Source(id="d", kind="dump", path=Path("/x"))
    assert schedule.current_state(folder, succeed(source=folder)).validators.etag == '"1"'


# --- permanent redirects -------------------------------------------------------------------


def redirected(days: int, source: Source = SOURCE) -> SourceState:
    """Return the state after a permanent redirect on each of so many days."""
    state = SourceState()
    for day in range(days):
        state = succeed(state, source=source, permanent=MOVED, now=at(days=day))
    return state


def test_a_permanent_redirect_is_followed_once_it_has_held() -> None:
    """It must be met several times over some days."""
    assert [schedule.address(SOURCE, redirected(days)) == MOVED for days in range(6)] == [
        False,
        False,
        False,
        False,
        True,
        True,
    ]
    hourly = SourceState()
    for hour in range(24):
        hourly = succeed(hourly, permanent=MOVED, now=at(hour))
    assert schedule.address(SOURCE, hourly) == URL
    assert (hourly.permanent, hourly.permanent_since, hourly.permanent_seen) == (MOVED, NOW, 24)


def test_the_new_address_stays_as_long_as_it_answers() -> None:
    """Asked directly it redirects no more; after a failure the configured one is asked."""
    state = succeed(redirected(5), now=at(days=6))
    assert schedule.address(SOURCE, state) == MOVED
    broken = fail(FetchError("x"), state)
    assert schedule.address(SOURCE, broken) == URL
    assert succeed(broken, now=at(days=7)).permanent == ""
    back = succeed(broken, permanent=MOVED, now=at(days=7))
    assert schedule.address(SOURCE, back) == MOVED


@pytest.mark.parametrize("permanent", ["", "https://example.com/other.xml"])
def test_a_redirect_that_changes_starts_anew(permanent: str) -> None:
    """Where it leads elsewhere, or no more, nothing has held."""
    state = succeed(redirected(3), permanent=permanent, now=at(days=3))
    assert schedule.address(SOURCE, state) == URL
    assert (state.permanent, state.permanent_seen) == (permanent, 1 if permanent else 0)
    moved_on = succeed(redirected(5), permanent=permanent or "https://x.example/", now=at(days=6))
    assert moved_on.permanent_seen == 1


@pytest.mark.parametrize(
    "source",
    [
        make_source(headers=(("X-Key", "secret"),)),
        make_source(url="https://me:secret@example.org/feed.xml"),
        make_source(url="https://example.org/feed.xml?token=secret"),
    ],
    ids=["header", "user info", "token"],
)
def test_secrets_do_not_move(source: Source) -> None:
    """What is for one server is never sent to where it pointed us."""
    assert schedule.address(source, redirected(9, source)) == source.url


# --- properties ----------------------------------------------------------------------------

spans = st.timedeltas(timedelta(), timedelta(days=500))
hints_of = st.builds(
    Hints,
    max_age=st.none() | spans,
    ttl=st.none() | spans,
    skip_hours=st.lists(st.integers(0, 24), max_size=24).map(tuple),
    skip_days=st.lists(st.sampled_from(skip_hints._DAYS), max_size=7).map(tuple),
)
states_of = st.builds(
    SourceState,
    failures=st.integers(0, 1000),
    arrivals=st.lists(spans, max_size=20).map(
        lambda ages: tuple(NOW - age for age in sorted(ages))
    ),
)
jitters = st.floats(0, 1, exclude_max=True)
times = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@settings(max_examples=300)
@given(states_of, hints_of, jitters, st.none() | st.timedeltas(minutes(1), timedelta(days=5)))
def test_never_earlier_than_asked_never_later_than_the_cap(
    state: SourceState, hints: Hints, jitter: float, own: timedelta | None
) -> None:
    """Whatever comes together, the next time is within the bounds."""
    source = make_source(interval=own)
    due = schedule.next_due(source, state, SETTINGS, hints=(hints,), now=NOW, jitter=jitter)
    usual = schedule.interval(source, state, SETTINGS, NOW)
    asked = max(hints.max_age or timedelta(), hints.ttl or timedelta())
    assert due >= NOW + min(asked, DAY)
    assert due >= NOW + usual * 0.9
    assert due <= NOW + max(usual, DAY)
    skipped = due.hour in {hour % 24 for hour in hints.skip_hours}
    all_day = len({hour % 24 for hour in hints.skip_hours}) == 24
    assert not skipped or all_day or len(set(hints.skip_days)) == 7 or due >= NOW + DAY


@given(states_of, st.none() | spans, jitters, times)
def test_nobody_is_asked_before_retry_after(
    state: SourceState, wait: timedelta | None, jitter: float, now: datetime
) -> None:
    """Never before the time given, never later than a week."""
    error = HTTPStatus("x", status=429, retry_after=wait)
    after = fail(error, state, now=now, jitter=jitter)
    assert after.due is not None
    assert after.wait_until is not None
    assert after.due >= now + min(wait or timedelta(), WEEK)
    assert after.due <= now + WEEK
    assert not schedule.is_due(SOURCE, after, {}, after.wait_until - timedelta(seconds=1))
    assert schedule.is_due(SOURCE, after, {}, after.due)


@pytest.mark.parametrize(
    ("source", "state", "waits", "due"),
    [
        (SOURCE, SourceState(), {}, NOW),
        (SOURCE, SourceState(url=URL, due=at(1)), {}, at(1)),
        (SOURCE, SourceState(url=URL, due=at(-1)), {}, NOW),
        (SOURCE, SourceState(url=URL, due=at(1)), {"example.org": at(2)}, at(2)),
        (SOURCE, SourceState(url=URL, due=at(1)), {"other.example": at(2)}, at(1)),
        (SOURCE, SourceState(url=URL, due=at(1), wait_until=at(3)), {}, at(3)),
        (SOURCE, SourceState(url=URL, due=at(1), gone=True), {}, None),
        (
            SOURCE,
            SourceState(url=URL, last_fetch=at(9), due=at(10)),
            {},
            NOW,
        ),  # the clock was wrong
        (make_source(paused=True), SourceState(), {}, None),
    ],
)
def test_when_a_source_is_due(
    source: Source, state: SourceState, waits: dict[str, datetime], due: datetime | None
) -> None:
    assert schedule.due_at(source, state, waits, NOW) == due


@given(
    st.builds(
        SourceState,
        url=st.just(URL),
        due=st.none() | st.integers(-50, 50).map(at),
        wait_until=st.none() | st.integers(-50, 50).map(at),
        last_fetch=st.none() | st.integers(-50, 0).map(at),
        gone=st.booleans(),
        failures=st.integers(0, 3),
    ),
    st.none() | st.integers(-50, 50).map(at),
)
def test_a_source_is_due_when_it_was_said_to_be(state: SourceState, host: datetime | None) -> None:
    waits = {"example.org": host} if host else {}
    due = schedule.due_at(SOURCE, state, waits, NOW)
    assert schedule.is_due(SOURCE, state, waits, NOW) == (due == NOW)
    if due and due > NOW:
        assert not schedule.is_due(SOURCE, state, waits, due - minutes(1))
        assert schedule.is_due(SOURCE, state, waits, due)


# --- history -------------------------------------------------------------------------------


def test_only_changes_of_the_outcome_are_remembered() -> None:
    state = succeed(succeed(now=at(1)), now=at(2))
    for hour in (3, 4):
        state = fail(FetchError("404: not found"), state, now=at(hour))
    state = fail(HeldBack("another source waits", status=429), state, now=at(5))
    state = succeed(state, now=at(6))
    assert state.history == (
        PastOutcome(since=at(6)),
        PastOutcome(since=at(3), error="404: not found"),
        PastOutcome(since=at(1)),
    )


def test_the_history_is_bounded() -> None:
    state = SourceState()
    for hour in range(50):
        state = fail(FetchError(str(hour) * 300), state, now=at(hour))
    assert len(state.history) == 20
    assert {len(one.error) for one in state.history} == {200}
    assert state.history[0].since == at(49)
