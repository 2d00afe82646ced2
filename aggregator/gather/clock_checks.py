"""Checks stored times against a clock that was wrong, and moves them when the clock is set."""

import dataclasses
from datetime import datetime, timedelta

from aggregator.core.model import SourceState

WEEK = timedelta(days=7)
_MAX_SKEW = timedelta(minutes=1)  # a last fetch later than this was a wrong clock


def is_wrong(state: SourceState, now: datetime) -> bool:
    """Return whether a time lies further ahead than it can have been set."""
    latest = now + _MAX_SKEW
    fetched_later = state.last_fetch is not None and state.last_fetch > latest
    return fetched_later or (state.wait_until is not None and state.wait_until > latest + WEEK)


def shifted(state: SourceState, step: timedelta, before: datetime) -> SourceState:
    """Return the state after the clock was set by `step`; `before` is the time it showed until then.

    The spans between its times and now stay as they are. Times later than `before` were written under
    another clock and are kept.
    """
    if state.last_fetch is None or state.last_fetch > before + _MAX_SKEW:
        return state
    return dataclasses.replace(
        state,
        due=_moved(state.due, step),
        last_fetch=_moved(state.last_fetch, step),
        last_success=_moved(state.last_success, step),
        last_document=_moved(state.last_document, step),
        wait_until=_moved(state.wait_until, step),
        permanent_since=_moved(state.permanent_since, step),
        arrivals=tuple(
            when if when > before + _MAX_SKEW else (_moved(when, step) or when)
            for when in state.arrivals
        ),
    )


def _moved(when: datetime | None, step: timedelta) -> datetime | None:
    try:
        return None if when is None else when + step
    except OverflowError:
        return when
