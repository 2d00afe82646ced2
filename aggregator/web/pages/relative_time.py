"""Times as people say them, with the exact one at hand."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from aggregator.web.pages.interface import Wording

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MAX_DAYS = 7  # after which the date is said


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its IANA name; UTC if it has none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def exact(when: datetime, zone: tzinfo) -> str:
    """Return a time to the minute with its zone."""
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M %Z}".strip()


def ago(wording: Wording, when: datetime, now: datetime, zone: tzinfo) -> str:
    """Return how long ago a time was, or how soon it comes; after a week, the date."""
    seconds = (now - when).total_seconds()
    if abs(seconds) < _MINUTE:
        return wording("just_now")
    way = "ago" if seconds > 0 else "hence"
    for unit, length in (("days", _DAY), ("hours", _HOUR), ("minutes", _MINUTE)):
        if (number := int(abs(seconds) // length)) > 0:
            if unit == "days" and number > _MAX_DAYS:
                return short_date(
                    wording, when.astimezone(zone).date(), now.astimezone(zone).date()
                )
            return wording(f"{unit}_{way}", number)
    return wording("just_now")


def time_element(wording: Wording, when: datetime, now: datetime, zone: tzinfo) -> Markup:
    """Return the element of a time: relative, with the exact one in its title."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        when.isoformat(), exact(when, zone), ago(wording, when, now, zone)
    )


def day_name(wording: Wording, day: date, today: date) -> str:
    """Return the name of a day: today, yesterday, or its weekday."""
    days = (today - day).days
    if days in {0, 1}:
        return wording(("today", "yesterday")[days])
    return wording("weekdays").split()[day.weekday()]


def long_date(wording: Wording, day: date) -> str:
    """Return a date with the month in words."""
    month = wording("months").split()[day.month - 1]
    return wording("date", day=day.day, month=month, year=day.year)


def short_date(wording: Wording, day: date, today: date) -> str:
    """Return a date without a year, if that is the current one."""
    month = wording("short_months").split()[day.month - 1]
    key = "short_date" if day.year == today.year else "date"
    return wording(key, day=day.day, month=month, year=day.year)
