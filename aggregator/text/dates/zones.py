"""Time zones: offsets, names, and ambiguous names by language."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo


def _words(text: str) -> list[str]:
    return text.split()


_HOURS: Final = {  # UTC offsets in hours
    name: float(hours)
    for hours, *names in map(
        _words,
        (
            "0 UT UTC GMT Z WET",
            "1 CET MET MEZ BST WEST WAT",
            "2 CEST MEST MESZ EET SAST CAT",
            "3 EEST MSK EAT TRT",
            "3.5 IRST",
            "4 MSD GST",
            "5 PKT",
            "5.5 IST",
            "5.75 NPT",
            "7 ICT WIB",
            "8 HKT SGT AWST MYT PHT WITA BJT 北京时间 北京時間 台北時間 香港時間",
            "9 JST KST",
            "9.5 ACST",
            "10 AEST",
            "10.5 ACDT",
            "11 AEDT",
            "12 NZST",
            "13 NZDT",
            "-2.5 NDT",
            "-3 BRT ART ADT",
            "-3.5 NST",
            "-4 AST EDT",
            "-5 EST CDT",
            "-6 CST MDT",
            "-7 MST PDT",
            "-8 PST AKDT",
            "-9 AKST",
            "-10 HST",
        ),
    )
    for name in names
}
_BY_LANGUAGE: Final = {  # ambiguous names, in hours
    ("CST", "zh"): 8.0,
    ("IST", "he"): 2.0,
    ("IST", "ga"): 1.0,
    ("BST", "bn"): 6.0,
    ("AST", "ar"): 3.0,
    ("PST", "tl"): 8.0,
    ("PST", "fil"): 8.0,
}
_REGIONS: Final = {  # names that do not distinguish standard from daylight saving time
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
_ZONE_PATTERN: Final = re.compile(
    r"(?<![\w+-])(?:(?:GMT|UTC|UT)\s?)?(?P<offset>[+-]\d{1,2}(?::?\d\d)?)(?![\d:-])"
    r"|(?<![^\W\d_])(?P<name>北京时间|北京時間|台北時間|香港時間|[A-Z]{1,5})(?![^\W\d_])"
)


def zone_in_text(rest: str, naive: datetime, language: str, timezone: str) -> tzinfo:
    """Return the zone in the text around date and time; without one, the zone of the source."""
    for found in _ZONE_PATTERN.finditer(rest):
        zone = zone_of(found["offset"] or found["name"], naive, language, timezone)
        if zone:
            return zone
    return region(timezone) or UTC


def zone_of(written: str, naive: datetime, language: str, timezone: str) -> tzinfo | None:
    """Return the zone of an offset or a name; None if it is unknown."""
    name = written.upper()
    if name[-1:].isdigit():
        return _offset(name)
    own = region(timezone)
    if own and own.tzname(naive) == name:
        return own
    if name in _REGIONS:
        return region(_REGIONS[name])
    hours = _BY_LANGUAGE.get((name, re.split("[-_]", language)[0]), _HOURS.get(name))
    return None if hours is None else fixed(hours)


@lru_cache(maxsize=256)
def _offset(written: str) -> tzinfo | None:
    """Parse `+0800`, `+08:00`, `+8`, `GMT+8`; None if it is out of range."""
    digits = re.sub(r"\D", "", written)
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 14 or minutes > 59:
        return None
    sign = -1 if "-" in written else 1
    return fixed(sign * (hours + minutes / 60))


@lru_cache(maxsize=256)
def fixed(hours: float) -> tzinfo:
    """Return the zone with this UTC offset in hours."""
    return fixed_zone(timedelta(minutes=round(hours * 60))) if hours else UTC


@lru_cache(maxsize=64)
def region(name: str) -> tzinfo | None:
    """Return the zone of an IANA name; None if it is empty or unknown."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no such name, or no such file
        return None
