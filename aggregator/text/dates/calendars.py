"""Years and dates of other calendars than ours: eras, the Buddhist count, the Persian year."""

from datetime import date, timedelta
from typing import Final

ERAS: Final = {  # what is added to the year of an era
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
_BUDDHIST: Final = 543
_BUDDHIST_YEARS: Final = range(2400, 2700)
_PERSIAN_YEARS: Final = range(1343, 1473)  # in which the leap years are those of the 33 below
_PERSIAN_START: Final = date(2000, 3, 20), 1379


def common_year(year: int, *, thai: bool) -> int:
    """Return the year of our count; `thai` is a date that may count from the Buddha.

    Its years of two digits are ours as long as they are no future, which 41 and later would be.
    """
    if thai and year in _BUDDHIST_YEARS:
        return year - _BUDDHIST
    return year


def short_year(year: int, *, thai: bool) -> int:
    """Return the year that two digits mean."""
    if thai and year > 40:
        return year + 2500 - _BUDDHIST
    return year + (1900 if year >= 70 else 2000)


def from_persian(year: int, month: int, day: int) -> date | None:
    """Return the day of the solar calendar of Iran; None where that is not certain."""
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
    """Return the days of the whole years before one."""
    return 365 * year + sum(map(_is_persian_leap, range(1300, year)))
