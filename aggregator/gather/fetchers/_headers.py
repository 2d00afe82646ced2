"""Parses and builds the headers for polling: validators, freshness, Retry-After, quotas."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.core.model import Hints, Validators
from aggregator.gather.fetchers._http import Response

WEEK = timedelta(days=7)
_MAX_VALUE_CHARACTERS = 1000  # of a header; longer validators are not stored
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_AGE = re.compile(r'(?:^|[,\s])max-age\s*=\s*"?([0-9]{1,18})', re.IGNORECASE)
_QUOTA_HEADERS = (
    *("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset-after"),
    *("rate-limit-reset", "x-ratelimit-retry-after", "x-retry-after"),
)
_QUOTA_PARAMETER = re.compile(r"(?:^|[;,\s])(?:reset|t)\s*=\s*\"?([0-9]{1,13})", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,9})?s?")
_MIN_TIMESTAMP = 1e9  # a larger number is a Unix time (2001 or later), not a number of seconds
_NO_VALIDATORS = Validators()
_NEVER_FRESH = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)


def conditions(validators: Validators) -> dict[str, str]:
    """Return the headers of a conditional request, with the validators exactly as the server sent them."""
    headers = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in headers.items() if value and _is_storable(value)}


def validators(response: Response, before: Validators = _NO_VALIDATORS) -> Validators:
    """Return the validators to store; those missing from a 304 keep their previous value."""
    etag, modified = response.header("etag"), response.header("last-modified")
    return Validators(
        etag=etag if _is_storable(etag) else before.etag,
        last_modified=modified if _is_storable(modified) else before.last_modified,
    )


def hints(response: Response) -> Hints:
    """Return how long the response stays fresh, at most a week."""
    control = response.all("cache-control")[:_MAX_VALUE_CHARACTERS]
    if _NEVER_FRESH.search(control):
        return Hints()
    if found := _MAX_AGE.search(control):
        seconds = min(int(found[1]), int(WEEK.total_seconds()))
        return Hints(max_age=_positive(timedelta(seconds=seconds) - _age(response)))
    expires, date = http_date(response.header("expires")), http_date(response.header("date"))
    if expires and date:
        return Hints(max_age=_positive(min(expires - date, WEEK)))
    return Hints()


def retry_after(response: Response) -> timedelta | None:
    """Return how long Retry-After asks to wait, at most a week; None if it is missing.

    A date is compared with the Date header: our own clock may be wrong.
    """
    text = response.header("retry-after")
    if text.isascii() and text.isdigit():
        seconds = int(text[:9]) if len(text) < 10 else int(WEEK.total_seconds())
        return min(timedelta(seconds=seconds), WEEK)
    until, date = http_date(text), http_date(response.header("date"))
    return _positive(min(until - date, WEEK)) if until and date else None


def quota_reset(response: Response) -> timedelta | None:
    """Return the time until the request quota resets, at most a week; None if no header gives it.

    Servers send seconds from now, a Unix time in seconds or milliseconds, or a date. The RateLimit
    header of the IETF drafts has a parameter for it (`reset=30`, later `t=30`).
    """
    for name in _QUOTA_HEADERS:
        if (span := _reset_span(response.header(name), response)) is not None:
            return span
    found = _QUOTA_PARAMETER.findall(response.all("ratelimit")[:_MAX_VALUE_CHARACTERS])
    return max(_reset_span(one, response) or timedelta() for one in found) if found else None


def _reset_span(text: str, response: Response) -> timedelta | None:
    if text[:1].isdigit():
        text = text.partition(",")[0].strip()
    if not _SECONDS.fullmatch(text):
        until, date = http_date(text), http_date(response.header("date"))
        return _positive(min(until - date, WEEK)) if until and date else None
    seconds = float(text.rstrip("s"))
    if seconds > _MIN_TIMESTAMP:
        date = http_date(response.header("date"))
        if date is None:
            return None
        seconds = (seconds / 1000 if seconds > _MIN_TIMESTAMP * 100 else seconds) - date.timestamp()
    return _positive(min(timedelta(seconds=min(seconds, WEEK.total_seconds())), WEEK))


def http_date(text: str) -> datetime | None:
    """Parse an HTTP date; None if it is invalid."""
    if not 10 < len(text) < 60:
        return None
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _is_storable(value: str) -> bool:
    return 0 < len(value) <= _MAX_VALUE_CHARACTERS and not _FORBIDDEN.search(value)


def _age(response: Response) -> timedelta:
    text = response.header("age")
    valid = text.isascii() and text.isdigit() and len(text) < 9
    return timedelta(seconds=int(text)) if valid else timedelta()


def _positive(span: timedelta) -> timedelta | None:
    return span if span > timedelta() else None
