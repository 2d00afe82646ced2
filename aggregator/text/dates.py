"""Every form of date that feeds write → aware UTC; what is no date, or before 1990, is None."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from dateutil import parser as dateutil

LENGTH_MOST: Final = 200
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(9998, 1, 1, tzinfo=UTC)

# --- words ----------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return text.split()


def _bare(word: str) -> str:
    """Return a word in small letters without accents."""
    parts = unicodedata.normalize("NFD", word.lower())
    return "".join(char for char in parts if not unicodedata.combining(char))


_MONTHS: Final = {
    _bare(name): month
    for month, names in enumerate(
        (
            "jan january januar janvier janv enero ene gennaio gen janeiro januari янв января január jänner styczeń stycznia ιαν ιανουαρίου",
            "feb february februar février févr fév febrero febbraio fevereiro fev februari фев февраля február febr luty lutego φεβ φεβρουαρίου",
            "mar march märz mrz mär mars marzo março maart maret мар марта március márc marzec marca μαρ μάρ μαρτίου",
            "apr april avril avr abril abr aprile апр апреля április ápr kwiecień kwietnia απρ απριλίου",
            "may mai mayo maggio mag maio mei май мая május máj maj maja μαϊ μαι μάι μαΐου",
            "jun june juni juin junio giugno giu junho июн июня június jún czerwiec czerwca ιουν ιον ιουνίου",
            "jul july juli juillet juil julio luglio lug julho июл июля július júl lipiec lipca ιουλ ιολ ιουλίου",
            "aug august août aoû agosto ago augustus agustus авг августа augusztus sierpień sierpnia αυγ αύγ αυγούστου",
            "sep sept september septembre septiembre settembre set setembro сен сент сентября szeptember szept wrzesień września σεπ σεπτεμβρίου",
            "oct october oktober okt octobre octubre ottobre ott outubro out окт октября október październik października οκτ οκτωβρίου",
            "nov november novembre noviembre novembro ноя нояб ноября listopad listopada νοε νοεμβρίου",
            "dec december dezember dez décembre déc diciembre dic dicembre dezembro desember дек декабря grudzień grudnia δεκ δεκεμβρίου",
        ),
        1,
    )
    for name in names.split()
}
_HOURS: Final = {  # zones by name, in hours
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
_BY_LANGUAGE: Final = {  # what a name of several zones means to those who write a language
    ("CST", "zh"): 8.0,
    ("IST", "he"): 2.0,
    ("IST", "ga"): 1.0,
    ("BST", "bn"): 6.0,
    ("AST", "ar"): 3.0,
    ("PST", "tl"): 8.0,
    ("PST", "fil"): 8.0,
}
_REGIONS: Final = {  # names that leave summer time open
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
_MORNING: Final = _words("凌晨 清晨 早上 早晨 早间 上午 午前 오전 am a.m.")
_EVENING: Final = _words(
    "中午 正午 下午 午后 午後 傍晚 晚上 晚间 晚間 夜间 夜間 夜晚 深夜 오후 pm p.m."
)
_HALF: Final = "|".join(re.escape(word) for word in (*_MORNING, *_EVENING))

# --- shapes ---------------------------------------------------------------------------------

_ZONE = r"(?P<zone>[A-Za-z]{1,5}|(?:GMT|UTC)?[+-]\d\d?:?(?:\d\d)?)"
_RFC822: Final = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(?P<day>\d\d?)[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<year>\d{4})"
    r"\s+(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\s*" + _ZONE + r")?"
)
_RFC3339: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
    r"(?:[Tt\s]\s*(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,12})?)?"
    r"(?:\s*" + _ZONE + r")?)?"
)
_NUMBER = r"[〇零一二三四五六七八九十廿卅\d]"
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:(?P<era>民國|民国)\s*)?(?<![\d])(?P<year>{_NUMBER}{{2,4}}|元)\s*年\s*(?P<month>{_NUMBER}{{1,3}})\s*月\s*(?P<day>{_NUMBER}{{1,3}})\s*[日号號]?",
        r"(?<!\d)(?P<year>\d{4})\s*년\s*(?P<month>\d\d?)\s*월\s*(?P<day>\d\d?)\s*일",
        r"(?<!\d)(?P<year>\d{4})\s?(?P<mark>[-/.])\s?(?P<month>\d\d?)\s?(?P=mark)\s?(?P<day>\d\d?)(?!\d)\.?",
        r"(?<!\d)(?P<year>\d{4})[\s./-]{1,3}(?P<name>[^\W\d_]{3,12})[\s./-]{1,3}(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?=$|\D|(?:\d{4}|\d{6})(?!\d))",
        r"(?<![\d:])(?P<day>\d\d?)(?:st|nd|rd|th|er|º|\.)?[\s/-]{0,3}(?:de\s)?(?P<name>[^\W\d_]{3,12})\.?,?[\s/-]{0,3}(?:de\s)?(?P<year>\d{4}|\d\d)(?![\d:])",
        r"(?P<name>[^\W\d_]{3,12})\.?\s{1,3}(?P<day>\d\d?)(?:st|nd|rd|th)?,?\s{1,3}(?P<year>\d{4})(?![\d:])",
    )
)
_TIME: Final = re.compile(
    rf"(?:(?P<half>{_HALF})\s*)?(?<![\d:])(?P<hour>\d\d?)\s?(?:[:：.時时點点시h]\s?(?P<minute>\d\d?)(?!\d)"
    r"(?:\s?[:：.分분m]\s?(?P<second>\d\d?)(?!\d)(?:[.,]\d{1,12})?)?|(?P<sharp>[時时點点시]))\s?[分秒분초整]?"
    rf"(?:\s?(?P<half2>{_HALF})\b)?",
    re.IGNORECASE,
)
_DIGIT_TIME: Final = re.compile(r"[T\s]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?!\d)")
_RARE: Final = re.compile(
    r"(\d{4})(?:-?W(\d\d)(?:-?(?P<weekday>[1-7]))?|-(\d\d)|-?(\d{3}))?", re.ASCII
)
_LAST_ZONE: Final = re.compile(
    r"(?<![\w+-])(?:(?:GMT|UTC|UT)\s?)?(?P<offset>[+-]\d{1,2}(?::?\d\d)?)(?![\d:-])"
    r"|(?<![^\W\d_])(?P<name>北京时间|北京時間|台北時間|香港時間|[A-Z]{1,5})(?![^\W\d_])"
)
_LABEL: Final = re.compile(r"[^\d:：]{1,30}[:：]\s*(?=\D{0,12}\d)")
_RELATIVE: Final = re.compile(
    r"\bago\b|\b(?:yester|to)day\b|前天|昨天|昨日|今天|今日|[鐘钟时時天日分]前|刚刚|剛剛",
    re.IGNORECASE,
)


def parse(text: str | None, *, language: str = "", timezone: str = "") -> datetime | None:
    """Return the moment that a date names, in UTC; None if it names none, or one before 1990.

    A date without a zone is read in `timezone` (an IANA name), else in UTC. A zone whose name
    means several (CST) is read by `timezone`, then by `language`. Never raises.
    """
    if not text or len(text) > LENGTH_MOST * 5:
        return None
    written = text.strip()
    if not written or len(written) > LENGTH_MOST:
        return None
    try:
        found = _read(written, language.lower(), timezone)
        moment = found.astimezone(UTC) if found else None
    except (ValueError, OverflowError):  # a day that no calendar has, or the end of time
        return None
    return moment if moment and _EARLIEST <= moment < _LATEST else None


def _read(text: str, language: str, timezone: str) -> datetime | None:
    """Try the two standards, then numbers, then all other shapes, then dateutil."""
    found = _RFC822.fullmatch(text) or _RFC3339.fullmatch(text)
    if found:
        parts = found.groupdict()
        naive = _moment(parts, parts)
        zone = _zone(parts["zone"] or "", naive, language, timezone) if naive else None
        if naive and (zone or not parts["zone"]):
            return naive.replace(tzinfo=zone or _region(timezone) or UTC)
    text = unicodedata.normalize("NFKC", text)
    if _RELATIVE.search(text):
        return None
    if re.fullmatch(r"\d{9,19}", text) and len(text) != 14:
        return _epoch(int(text))
    return (
        _loose(text, language, timezone)
        or _rare(text, timezone)
        or _by_dateutil(text, language, timezone)
    )


def _epoch(number: int) -> datetime:
    """Read a count since 1970 of at most 19 digits, in seconds or finer."""
    divisor = next(unit for unit in (1, 10**3, 10**6, 10**9) if number // unit < 10**10)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number * 10**6 // divisor)


def _rare(text: str, timezone: str) -> datetime | None:
    """Read what ISO 8601 allows besides: a month, a year, the day of a year, a week."""
    found = _RARE.fullmatch(text)
    if not found:
        return None
    year, week, month, of_year = (int(found[part] or 0) for part in (1, 2, 4, 5))
    if week:
        day = datetime.fromisocalendar(year, week, int(found["weekday"] or 1))
    else:
        day = datetime(year, month or 1, 1) + timedelta(days=max(of_year - 1, 0))  # noqa: DTZ001
    return day.replace(tzinfo=_region(timezone) or UTC)


# --- numbers and names ----------------------------------------------------------------------


def _moment(day: dict[str, str | None], time: dict[str, str | None]) -> datetime | None:
    """Return the local moment of the parts; None for a month that no language has."""
    name = _bare(day.get("name") or "")
    month = (_MONTHS.get(name) or _MONTHS.get(name[:3])) if name else _count(day["month"])
    if not month:
        return None
    hour = int(time.get("hour") or 0)
    second = min(int(time.get("second") or 0), 59)  # 60 is a leap second
    midnight = datetime(_year(day), month, _count(day["day"]))  # noqa: DTZ001  the zone comes later
    if hour == 24:
        return midnight + timedelta(days=1)
    return midnight.replace(hour=hour, minute=int(time.get("minute") or 0), second=second)


def _count(text: str | None) -> int:
    """Read a number in digits or in Chinese words below a hundred."""
    written = text or "0"
    if written.isdigit():
        return int(written)
    written = written.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = written.rpartition("十")
    value = "〇一二三四五六七八九".find
    high = max(value(tens), 1) if ten and tens else int(bool(ten))
    return high * 10 + max(value(ones.replace("零", "〇")) if ones else 0, 0)


def _year(day: dict[str, str | None]) -> int:
    """Read a year of four digits, of two, or of the Republic (民國 113 is 2024)."""
    written = day["year"] or ""
    if not written.isdigit():
        digits = ("〇一二三四五六七八九".find(char.replace("零", "〇")) for char in written)
        written = "".join(str(digit) for digit in digits if digit >= 0) or "1"
    year = int(written)
    if day.get("era") or (len(written) == 3 and year < 200):
        return year + 1911
    if len(written) == 2:
        return year + (1900 if year >= 70 else 2000)
    return year


def _loose(text: str, language: str, timezone: str) -> datetime | None:
    """Find a date of any known shape, then a time and a zone in what is left."""
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :]
    for shape in _DATES:
        found = shape.search(text)
        if not found or found.start() > 40:
            continue
        rest = f"{text[: found.start()]} {text[found.end() :]}".strip()
        time = _TIME.search(rest) or _DIGIT_TIME.match(rest)
        parts = time.groupdict() if time else {}
        naive = _moment(found.groupdict(), parts)
        if naive is None:
            continue
        naive = _half(naive, parts.get("half") or parts.get("half2") or "")
        if time:
            rest = f"{rest[: time.start()]} {rest[time.end() :]}"
        return naive.replace(tzinfo=_named_in(rest, naive, language, timezone))
    return None


def _half(naive: datetime, half: str) -> datetime:
    """Move a time on a dial of twelve hours to the half of the day that it names."""
    half = half.lower()
    if half in _MORNING:
        return naive.replace(hour=naive.hour % 12) if naive.hour == 12 else naive
    if half not in _EVENING or naive.hour > 12:
        return naive
    if naive.hour == 12:
        return naive + timedelta(hours=12) if half.startswith(("晚", "夜", "深")) else naive
    if (half == "深夜" and naive.hour < 5) or (half in ("中午", "正午") and naive.hour > 9):
        return naive
    return naive + timedelta(hours=12)


# --- zones ----------------------------------------------------------------------------------


def _named_in(rest: str, naive: datetime, language: str, timezone: str) -> tzinfo:
    """Return the zone that the words around date and time name, else the one of the source."""
    for found in _LAST_ZONE.finditer(rest):
        zone = _zone(found["offset"] or found["name"], naive, language, timezone)
        if zone:
            return zone
    return _region(timezone) or UTC


def _zone(written: str, naive: datetime, language: str, timezone: str) -> tzinfo | None:
    """Return the zone of an offset or a name; None if it is none that is known."""
    name = written.upper()
    if name[-1:].isdigit():
        return _offset(name)
    own = _region(timezone)
    if own and own.tzname(naive) == name:
        return own
    if name in _REGIONS:
        return _region(_REGIONS[name])
    hours = _BY_LANGUAGE.get((name, re.split("[-_]", language)[0]), _HOURS.get(name))
    return None if hours is None else _fixed(hours)


@lru_cache(maxsize=256)
def _offset(written: str) -> tzinfo | None:
    """Read `+0800`, `+08:00`, `+8`, `GMT+8`; None for one that is on no map."""
    digits = re.sub(r"\D", "", written)
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 14 or minutes > 59:
        return None
    sign = -1 if "-" in written else 1
    return _fixed(sign * (hours + minutes / 60))


@lru_cache(maxsize=256)
def _fixed(hours: float) -> tzinfo:
    return fixed_zone(timedelta(minutes=round(hours * 60))) if hours else UTC


@lru_cache(maxsize=64)
def _region(name: str) -> tzinfo | None:
    """Return the zone of an IANA name; None if it is empty or unknown."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no such name, or no such file
        return None


def _by_dateutil(text: str, language: str, timezone: str) -> datetime | None:
    """Leave the rest to dateutil; a date that lacks its year, month or day is none.

    It never sees letters beyond ASCII: it would take 2024年4月20日 for a day in November.
    """
    if not text.isascii() or not any(char.isdigit() for char in text):
        return None
    day_first = not language.startswith(("en", "zh", "ja", "ko")) and bool(language)
    day_first = day_first or language.startswith(("en-gb", "en-au", "en-in", "en-ie", "en-nz"))
    both = []
    for blank in (datetime(2000, 1, 1), datetime(2003, 2, 2)):  # noqa: DTZ001
        try:
            found = dateutil.parse(
                text,
                default=blank,
                dayfirst=day_first,
                tzinfos=lambda name, offset: _zone_of_dateutil(name, offset, language, timezone),
            )
        except Exception:  # noqa: BLE001  the library promises nothing about bad input
            return None
        both.append(found)
    if both[0] != both[1]:
        return None
    return both[0] if both[0].tzinfo else both[0].replace(tzinfo=_region(timezone) or UTC)


def _zone_of_dateutil(
    name: str | None, offset: int | None, language: str, timezone: str
) -> tzinfo | None:
    if offset is not None:
        return _fixed(offset / 3600) if abs(offset) <= 14 * 3600 else UTC
    named = _zone(name or "", datetime(2000, 1, 1), language, timezone)  # noqa: DTZ001
    return named or _region(timezone) or UTC
