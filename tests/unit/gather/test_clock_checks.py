"""Stored times and a clock that is wrong, or was."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.errors import FetchError, HTTPStatus, SourceError, Unreachable
from aggregator.core.model import NotModified, SourceState, Validators
from aggregator.core.settings import FetchSettings
from aggregator.gather import clock_checks, schedule
from tests.builders import NOW, make_source

SOURCE, SETTINGS = make_source(), FetchSettings()
STEPS = st.integers(-50 * 365 * 86_400, 50 * 365 * 86_400).map(lambda n: timedelta(seconds=n))
ERRORS: list[SourceError | None] = [
    None,
    FetchError("x"),
    Unreachable("x"),
    HTTPStatus("x", status=429, retry_after=timedelta(hours=3)),
    HTTPStatus("x", status=503, retry_after=timedelta(days=30)),
]


def after(error: SourceError | None, state: SourceState, now: datetime) -> SourceState:
    """Return the state after a fetch that failed so, or succeeded."""
    if error:
        return schedule.failed(SOURCE, state, error, SETTINGS, now=now, jitter=0.5)
    answer = NotModified(validators=Validators())
    return schedule.succeeded(SOURCE, state, answer, SETTINGS, now=now, jitter=0.5)


def due_in(state: SourceState, now: datetime) -> timedelta:
    """Return how long the source still waits."""
    due = schedule.due_at(SOURCE, state, {}, now)
    assert due is not None
    return due - now


@given(st.lists(st.sampled_from(ERRORS), min_size=1, max_size=6), STEPS, st.integers(0, 7200))
def test_a_step_changes_nothing_about_what_is_left_to_wait(
    story: list[SourceError | None], step: timedelta, passed: int
) -> None:
    """A source waits as long as it would have, whichever way the clock is set."""
    state = SourceState()
    for error in story:
        state = after(error, state, NOW)
    now = NOW + timedelta(seconds=passed)
    moved = clock_checks.shifted(state, step, now)
    assert due_in(moved, now + step) == due_in(state, now)
    assert clock_checks.shifted(moved, -step, now + step) == state


@given(st.lists(st.sampled_from(ERRORS), min_size=1, max_size=6), STEPS)
def test_without_a_notice_nothing_waits_longer_than_it_would_have(
    story: list[SourceError | None], step: timedelta
) -> None:
    """As after a restart with another clock: a minute more at most."""
    state = SourceState()
    for error in story:
        state = after(error, state, NOW)
    assert due_in(state, NOW + step) <= due_in(state, NOW) + timedelta(minutes=1)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_times_of_an_earlier_clock_are_kept(error: SourceError | None) -> None:
    """A clock that begins in 1970 is set: what was stored before is right already."""
    state = after(error, SourceState(), NOW)
    early = datetime.fromtimestamp(3600, NOW.tzinfo)
    assert clock_checks.shifted(state, NOW - early, early) is state
