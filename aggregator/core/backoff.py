"""Delays that double with each failure."""

from datetime import timedelta
from typing import TypeVar

_Span = TypeVar("_Span", float, timedelta)
_MAX_DOUBLINGS = 16


def doubled(first: _Span, times: int, longest: _Span) -> _Span:
    """Return the first delay, doubled so many times, but at most the longest one."""
    return min(first * (1 << min(max(times, 0), _MAX_DOUBLINGS)), longest)
