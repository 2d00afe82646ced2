"""Polling hints of a feed: `ttl`, `skipHours`, `skipDays`, the syndication module."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from aggregator.core.model import Hints
from aggregator.gather.parsers._xml import Fields, first

_PERIODS: Final = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOUR: Final = re.compile(rb"<hours?>\s{0,99}(\d{1,2})\s{0,99}</hours?>", re.IGNORECASE)
_DAY: Final = re.compile(rb"<day>\s{0,99}([A-Za-z]{6,9})\s{0,99}</day>", re.IGNORECASE)
_MAX_INTERVAL: Final = timedelta(days=365)
_NONE: Final = Hints()


def read(found: Fields) -> Hints:
    """Return the hints of a channel."""
    ttl = interval(
        first(found, ("ttl",)),
        first(found, ("sy:updateperiod",)),
        first(found, ("sy:updatefrequency",)),
    )
    hours = [each.text or "" for held in found.get("skiphours", ()) for each in held]
    days = [each.text or "" for held in found.get("skipdays", ()) for each in held]
    return make(ttl, hours, days)


def make(ttl: timedelta | None, hours: Iterable[str], days: Iterable[str]) -> Hints:
    """Return hints from hours (0–24) and English day names as written; ignores other values."""
    numbers = {
        int(hour) % 24 for hour in map(str.strip, hours) if _is_count(hour) and int(hour) <= 24
    }
    names = {day.strip().capitalize() for day in days}
    if ttl is None and not numbers and not names:
        return _NONE
    return Hints(
        ttl=ttl,
        skip_hours=tuple(sorted(numbers)),
        skip_days=tuple(day for day in _DAYS if day in names),
    )


def scan(content: bytes) -> tuple[list[str], list[str]]:
    """Find the hours and days to skip in a document that is not well-formed."""
    hours = [each.decode("ascii") for each in _HOUR.findall(content)[:100]]
    return hours, [each.decode("ascii") for each in _DAY.findall(content)[:100]]


def interval(ttl: str, period: str, frequency: str) -> timedelta | None:
    """Return the update interval: `ttl` minutes, else the period divided by the frequency."""
    if _is_count(ttl) and int(ttl) > 0:
        return min(timedelta(minutes=int(ttl)), _MAX_INTERVAL)
    length = _PERIODS.get(period.strip().lower())
    if length is None:
        return None
    return length / int(frequency) if _is_count(frequency) and int(frequency) > 0 else length


def _is_count(text: str) -> bool:
    text = text.strip()
    return text.isascii() and text.isdigit() and len(text) <= 6
