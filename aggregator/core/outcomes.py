"""What is kept of the earlier fetches of a source: arrivals, and changes of the outcome."""

from dataclasses import dataclass
from datetime import datetime

_MAX_CHANGES, _MAX_ERROR_CHARS = 20, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOutcome:
    """What fetches of a source gave from a time on: an error, or nothing wrong."""

    since: datetime
    error: str = ""


History = tuple[PastOutcome, ...]
"""Changes of the outcome, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFetches:
    """What the state of a source keeps of earlier fetches."""

    arrivals: tuple[datetime, ...] = ()  # newest first-seen times, for the adaptive interval
    history: History = ()


def with_outcome(history: History, error: str, now: datetime) -> History:
    """Return the history with the outcome of a fetch, if it is another one than before."""
    error = error[:_MAX_ERROR_CHARS]
    if history and history[0].error == error:
        return history
    return (PastOutcome(since=now, error=error), *history)[:_MAX_CHANGES]
