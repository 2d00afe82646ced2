"""Parses the date formats found in feeds into aware UTC datetimes; None for invalid or early dates.

A wrong date is worse than none, so an ambiguous date is None.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from aggregator.text.dates import calendars, months, shapes, zones

MAX_CHARACTERS: Final = 200
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)  # later years belong to other calendars
_MAX_START: Final = 40  # index within which a date must begin
_THAI: Final = re.compile("[\u0e00-\u0e7f]")
_YEAR_FIRST: Final = ("zh", "ja", "ko", "hu", "mn", "lt")  # languages in which 24.11.15 may be 2024

Parts = dict[str, str | None]


def parse(text: str | None, *, language: str = "", timezone: str = "") -> datetime | None:
    """Parse a date into UTC; None if it is invalid, ambiguous or before 1990. Never raises.

    A date without a zone is in `timezone` (an IANA name), else in UTC. An ambiguous zone name (CST) is
    resolved by `timezone`, then by `language`; an ambiguous month name (listopada) by `language`.
    """
    if not text or len(text) > MAX_CHARACTERS * 5:
        return None
    written = text.strip()
    if not written or len(written) > MAX_CHARACTERS:
        return None
    try:
        found = _read(written, language.lower(), timezone)
        moment = found.astimezone(UTC) if found else None
    except (ValueError, OverflowError):  # a day that does not exist, or out of range
        return None
    return moment if moment and _EARLIEST <= moment < _LATEST else None


def _read(text: str, language: str, timezone: str) -> datetime | None:
    """Try the two standard formats, then Unix times, then all other formats, then dateutil."""
    found = shapes.RFC822.fullmatch(text) or shapes.RFC3339.fullmatch(text)
    if found:
        parts = found.groupdict()
        naive = _standard(parts, language)
        zone = zones.zone_of(parts["zone"] or "", naive, language, timezone) if naive else None
        if naive and (zone or not parts["zone"]):
            return naive.replace(tzinfo=zone or zones.region(timezone) or UTC)
    text = unicodedata.normalize("NFKC", text)
    if shapes.RELATIVE.search(text):
        return None
    if re.fullmatch(r"\d{9,19}", text) and len(text) != 14:
        return _epoch(int(text))
    return (
        _loose(text, language, timezone)
        or _iso_8601_variant(text, timezone)
        or _by_dateutil(text, language, timezone)
    )


def _epoch(number: int) -> datetime:
    """Parse a Unix time of at most 19 digits, in seconds, milli-, micro- or nanoseconds."""
    divisor = next(unit for unit in (1, 10**3, 10**6, 10**9) if number // unit < 10**10)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number * 10**6 // divisor)


def _iso_8601_variant(text: str, timezone: str) -> datetime | None:
    """Parse rare forms of ISO 8601: a month, a year, the day of a year, a week."""
    found = shapes.RARE.fullmatch(text)
    if not found:
        return None
    year, week, month, of_year = (int(found[part] or 0) for part in (1, 2, 4, 5))
    if week:
        day = datetime.fromisocalendar(year, week, int(found["weekday"] or 1))
    else:
        day = datetime(year, month or 1, 1) + timedelta(days=max(of_year - 1, 0))  # noqa: DTZ001
    return day.replace(tzinfo=zones.region(timezone) or UTC)


# --- the day --------------------------------------------------------------------------------


def _standard(parts: Parts, language: str) -> datetime | None:
    """Return the local time of a date in one of the two standard formats."""
    name = parts.get("name")
    if name:
        month = months.ENGLISH.get(name.lower()) or months.month_of(name, language)
    else:
        month = int(parts["month"] or 0)
    year = int(parts["year"] or 0)
    if not month or _is_other_calendar(year, language):
        return None
    midnight = datetime(year, month, int(parts["day"] or 0))  # noqa: DTZ001  the zone comes later
    return _combine(midnight, parts)


def _is_other_calendar(year: int, language: str) -> bool:
    """Return whether a year may belong to another calendar, as in Nepal, which is 57 years ahead."""
    return not _is_gregorian(year) or (year >= 2050 and language.startswith("ne"))


def _combine(midnight: datetime, time: Parts) -> datetime:
    """Combine a day and a time, any part of which may be missing."""
    hour = int(time.get("hour") or 0)
    if hour == 24:
        return midnight + timedelta(days=1)
    second = min(int(time.get("second") or 0), 59)  # 60 is a leap second
    return midnight.replace(hour=hour, minute=int(time.get("minute") or 0), second=second)


def _loose(text: str, language: str, timezone: str) -> datetime | None:
    """Find a date in any known format, then a time and a zone in the remaining text."""
    label = shapes.LABEL.match(text)
    if label:
        text = text[label.end() :]
    for midnight, rest in _days(text, language):
        time = shapes.TIME.search(rest) or shapes.DIGIT_TIME.match(rest)
        parts = time.groupdict() if time else {}
        naive = _apply_half(
            _combine(midnight, parts), parts.get("half") or parts.get("half2") or ""
        )
        left = f"{rest[: time.start()]} {rest[time.end() :]}" if time else rest
        return naive.replace(tzinfo=zones.zone_in_text(left, naive, language, timezone))
    return None


def _days(text: str, language: str) -> Iterator[tuple[datetime, str]]:
    """Yield the days in a text, each with the remaining text, the most certain first."""
    for found, midnight in _numeric(text, language):
        if midnight:
            yield midnight, _without_match(text, found)
    yield from _with_month_names(text, language)
    dotted = list(shapes.DOTTED.finditer(text))
    for one in sorted(dotted, key=lambda one: -len(one["year"])):  # 10.30.15 may be a time
        if day := _dotted(one.groupdict(), text, language):
            yield day, _without_match(text, one)


def _without_match(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}".strip()


def _with_month_names(text: str, language: str) -> Iterator[tuple[datetime, str]]:
    """Yield the days with a month name; a time may be between day and year."""
    for start, end, month in months.find(text, language):
        marked = text[:start] + shapes.MONTH + text[end:]
        timeless = shapes.TIME.sub(" ", marked)
        for candidate in (marked, timeless) if timeless != marked else (marked,):
            for shape in shapes.NAMED:
                found = shape.search(candidate)
                if (
                    found
                    and found.start() <= _MAX_START
                    and (day := _named(found, month, text, language))
                ):
                    rest = _without_match(candidate, found)
                    yield day, rest if candidate is marked else f"{rest} {_time_text(text)}"


def _time_text(text: str) -> str:
    found = shapes.TIME.search(text)
    return found[0] if found else ""


def _numeric(text: str, language: str) -> Iterator[tuple[re.Match[str], datetime | None]]:
    """Yield the numeric dates except those with dots, which may be times."""
    for shape in shapes.NUMERIC:
        for found in shape.finditer(text):
            if found.start() <= _MAX_START and not shapes.LUNAR.search(text[: found.start()]):
                yield found, _parse_numeric(found.groupdict(), text, language)
    if slashed := shapes.SLASHED.search(text):
        yield slashed, _slashed(slashed, text, language)


def _slashed(found: re.Match[str], text: str, language: str) -> datetime | None:
    """Parse 4/10/2024; if the numbers are ambiguous, the language determines the order."""
    day, month, year = (int(found[name]) for name in ("day", "month", "year"))
    if month > 12 or (day <= 12 and not _is_day_first(language)):
        if not language and not text.isascii():
            return None
        day, month = month, day
    return _midnight(year, month, day, text, language)


def _is_day_first(language: str) -> bool:
    if language.startswith(("en-gb", "en-au", "en-in", "en-ie", "en-nz", "en-za")):
        return True
    return bool(language) and not language.startswith(("en", "zh", "ja", "ko", "fil", "tl"))


def _is_gregorian(year: int) -> bool:
    return 1900 <= year < 2200


def _parse_numeric(parts: Parts, text: str, language: str) -> datetime | None:
    """Parse year, month and day in digits or Chinese numerals."""
    era = (parts.get("era") or "").upper()
    if len(era) == 1 and not language.startswith("ja"):
        return None
    written = parts["year"] or ""
    if not written.isdigit():
        digits = ("〇一二三四五六七八九".find(char.replace("零", "〇")) for char in written)
        written = "".join(str(digit) for digit in digits if digit >= 0) or "1"
    year, month, day = int(written), _number(parts["month"]), _number(parts["day"])
    if era:
        year += calendars.ERAS[era]
    elif len(written) == 3:
        if parts.get("mark") and not language.startswith("zh"):
            return None
        year += calendars.ERAS["民國"] if year < 200 else 0
    elif len(written) == 2:
        year = calendars.short_year(year, thai=False)
    return _midnight(year, month, day, text, language)


def _dotted(parts: Parts, text: str, language: str) -> datetime | None:
    """Parse a date with dots, day first unless the numbers rule it out."""
    day, month, year = (int(parts[name] or 0) for name in ("day", "month", "year"))
    if len(parts["year"] or "") == 2:
        if day > 31:
            day, year = year, day
        elif language.startswith(_YEAR_FIRST):
            return None
        year = calendars.short_year(year, thai=_is_thai(text, language))
    if month > 12 >= day:
        day, month = month, day
    return _midnight(year, month, day, text, language)


def _named(found: re.Match[str], month: int, text: str, language: str) -> datetime | None:
    """Parse a date with a month name."""
    parts = found.groupdict()
    short = parts.get("short")
    thai = _is_thai(text, language)
    year = calendars.short_year(int(short), thai=thai) if short else int(parts["year"] or 0)
    if month > 100:
        return _from_persian(year, month - 100, int(parts["day"] or 0))
    return _midnight(year, month, int(parts["day"] or 0), text, language)


def _midnight(year: int, month: int, day: int, text: str, language: str) -> datetime | None:
    """Return the start of a day of the Gregorian, Thai or Iranian calendar."""
    if language.startswith(("fa", "prs")) and year < 1900:
        return _from_persian(year, month, day)
    year = calendars.common_year(year, thai=_is_thai(text, language))
    if _is_other_calendar(year, language):
        return None
    return datetime(year, month, day)  # noqa: DTZ001  the zone comes later


def _from_persian(year: int, month: int, day: int) -> datetime | None:
    found = calendars.from_persian(year, month, day)
    return datetime(found.year, found.month, found.day) if found else None  # noqa: DTZ001


def _is_thai(text: str, language: str) -> bool:
    return language.startswith("th") or bool(_THAI.search(text))


def _number(text: str | None) -> int:
    """Parse a number below 100 in digits or Chinese numerals."""
    written = text or "0"
    if written.isdigit():
        return int(written)
    written = written.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = written.rpartition("十")
    value = "〇一二三四五六七八九".find
    high = max(value(tens), 1) if ten and tens else int(bool(ten))
    return high * 10 + max(value(ones.replace("零", "〇")) if ones else 0, 0)


def _apply_half(naive: datetime, half: str) -> datetime:
    """Convert a 12-hour time to 24 hours."""
    half = half.lower()
    if half in shapes.MORNING:
        return naive.replace(hour=naive.hour % 12) if naive.hour == 12 else naive
    if half not in shapes.EVENING or naive.hour > 12:
        return naive
    if naive.hour == 12:
        return naive + timedelta(hours=12) if half.startswith(("晚", "夜", "深")) else naive
    if (half == "深夜" and naive.hour < 5) or (half in ("中午", "正午") and naive.hour > 9):
        return naive
    return naive + timedelta(hours=12)


# --- dateutil -------------------------------------------------------------------------------


def _by_dateutil(text: str, language: str, timezone: str) -> datetime | None:
    """Parse with dateutil; None if year, month or day is missing.

    Non-ASCII text is excluded: dateutil reads 2024年4月20日 as a day in November. Dates with dots are
    excluded too: if the day does not exist, it would read the year first.
    """
    if not text.isascii() or shapes.DOTS.search(text) or not re.search(r"\d", text):
        return None
    years = [int(year) for year in shapes.FOUR_DIGITS.findall(text)]
    if not any(map(_is_gregorian, years)) and (years or _is_ambiguous(text, language)):
        return None
    from dateutil import parser as dateutil  # noqa: PLC0415  slow, and few dates come this far

    results = []
    for default in (datetime(2000, 1, 1), datetime(2003, 2, 2)):  # noqa: DTZ001
        try:
            found = dateutil.parse(
                text,
                default=default,
                dayfirst=_is_day_first(language),
                tzinfos=lambda name, offset: _zone_of_dateutil(name, offset, language, timezone),
            )
        except Exception:  # noqa: BLE001  dateutil raises many types on bad input
            return None
        results.append(found)
    if results[0] != results[1] or _is_other_calendar(results[0].year, language):
        return None
    return (
        results[0]
        if results[0].tzinfo
        else results[0].replace(tzinfo=zones.region(timezone) or UTC)
    )


def _is_ambiguous(text: str, language: str) -> bool:
    """Return whether a date of three short numbers is ambiguous in this language."""
    found = shapes.SHORT.search(text)
    if not found or (language and not language.startswith(_YEAR_FIRST)):
        return False
    first, second, third = (int(found[part]) for part in (1, 3, 4))
    orders = (first, second, third), (second, first, third), (third, second, first)
    return sum(0 < day < 32 and 0 < month < 13 for day, month, _ in orders) > 1


def _zone_of_dateutil(
    name: str | None, offset: int | None, language: str, timezone: str
) -> tzinfo | None:
    if offset is not None:
        return zones.fixed(offset / 3600) if abs(offset) <= 14 * 3600 else UTC
    named = zones.zone_of(name or "", datetime(2000, 1, 1), language, timezone)  # noqa: DTZ001
    return named or zones.region(timezone) or UTC
