"""Converts years and dates of other calendars: Japanese and Chinese eras, Thai, Iranian."""

from datetime import date, timedelta
from typing import Final

ERAS: Final = {  # offset to the Gregorian year
    "民國": 1911,
    "民国": 1911,
    "令和": 2018,
    "平成": 1988,
    "昭和": 1925,
    "大正": 1911,
    "明治": 1867,
    "R": 2018,
    "H": 1988,
    "S": 1925,
}
_BUDDHIST_OFFSET: Final = 543
_BUDDHIST_YEARS: Final = range(2400, 2700)
# The years for which the 33-year cycle of leap years below is correct.
_PERSIAN_YEARS: Final = range(1343, 1473)
_PERSIAN_START: Final = date(2000, 3, 20), 1379


def common_year(year: int, *, thai: bool) -> int:
    """Return the Gregorian year; with `thai` it may be a year of the Buddhist era."""
    if thai and year in _BUDDHIST_YEARS:
        return year - _BUDDHIST_OFFSET
    return year


def short_year(year: int, *, thai: bool) -> int:
    """Return the year of two digits; with `thai`, those above 40 are of the Buddhist era."""
    if thai and year > 40:
        return year + 2500 - _BUDDHIST_OFFSET
    return year + (1900 if year >= 70 else 2000)


def from_persian(year: int, month: int, day: int) -> date | None:
    """Convert a date of the Iranian solar calendar; None if the conversion is uncertain."""
    if year not in _PERSIAN_YEARS or not 1 <= month <= 12:
        return None
    length = 31 if month < 7 else 30 if month < 12 or _is_persian_leap(year) else 29
    if not 1 <= day <= length:
        return None
    of_year = 31 * (month - 1) if month < 7 else 186 + 30 * (month - 7)
    start, first = _PERSIAN_START
    return start + timedelta(days=_persian_days(year) - _persian_days(first) + of_year + day - 1)


def _is_persian_leap(year: int) -> bool:
    return year % 33 in {1, 5, 9, 13, 17, 22, 26, 30}


def _persian_days(year: int) -> int:
    """Return the number of days in the years before this one, up to a constant."""
    return 365 * year + sum(map(_is_persian_leap, range(1300, year)))
