"""Applies skipHours and skipDays of a feed: hours and days in which it asks not to be fetched."""

from datetime import UTC, datetime, timedelta

from aggregator.core.model import Hints

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def after_skipped(due: datetime, hints: Hints, latest: datetime) -> datetime:
    """Return the first time from `due` on outside the skipped hours and days (GMT), at most `latest`."""
    days = {name.strip().lower() for name in hints.skip_days} & set(_DAYS)
    hours = {hour % 24 for hour in hints.skip_hours if 0 <= hour <= 24}
    # a feed that skips everything is ignored
    if len(days) == len(_DAYS) or len(hours) == 24 or not (days or hours):
        return due
    due_utc = due.astimezone(UTC)
    while due_utc < latest and (due_utc.hour in hours or _DAYS[due_utc.weekday()] in days):
        due_utc = due_utc.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return min(due_utc, max(latest, due))
