"""Reads and writes the headers that make polling polite: validators, freshness, Retry-After."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.core.model import Hints, Validators
from aggregator.gather.fetchers._http import Answer

WEEK = timedelta(days=7)
_LONGEST = 1000  # characters of a validator that is worth keeping
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_AGE = re.compile(r'(?:^|[,\s])max-age\s*=\s*"?([0-9]{1,18})', re.IGNORECASE)
_RESETS = (
    *("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset-after"),
    *("rate-limit-reset", "x-ratelimit-retry-after", "x-retry-after"),
)
_RESET_PARAMETER = re.compile(r"(?:^|[;,\s])(?:reset|t)\s*=\s*\"?([0-9]{1,13})", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,9})?s?")
_EPOCH = 1e9  # as seconds since 1970 it is in 2001: greater numbers are times
_NOTHING = Validators()
_NEVER_FRESH = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)


def conditions(validators: Validators) -> dict[str, str]:
    """Return the headers that make a request conditional, byte for byte as the server gave them."""
    headers = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in headers.items() if value and _fit(value)}


def validators(answer: Answer, before: Validators = _NOTHING) -> Validators:
    """Return what to remember; a 304 that repeats none leaves those of before."""
    etag, modified = answer.header("etag"), answer.header("last-modified")
    return Validators(
        etag=etag if _fit(etag) else before.etag,
        last_modified=modified if _fit(modified) else before.last_modified,
    )


def hints(answer: Answer) -> Hints:
    """Return how long the answer stays fresh, at most a week."""
    control = answer.all("cache-control")[:_LONGEST]
    if _NEVER_FRESH.search(control):
        return Hints()
    if found := _MAX_AGE.search(control):
        seconds = min(int(found[1]), int(WEEK.total_seconds()))
        return Hints(max_age=_positive(timedelta(seconds=seconds) - _age(answer)))
    expires, date = http_date(answer.header("expires")), http_date(answer.header("date"))
    if expires and date:
        return Hints(max_age=_positive(min(expires - date, WEEK)))
    return Hints()


def retry_after(answer: Answer) -> timedelta | None:
    """Return how long the server asks to be left in peace, at most a week; None if it does not.

    A date is measured by the server's own clock: ours may be wrong.
    """
    text = answer.header("retry-after")
    if text.isascii() and text.isdigit():
        seconds = int(text[:9]) if len(text) < 10 else int(WEEK.total_seconds())
        return min(timedelta(seconds=seconds), WEEK)
    until, date = http_date(text), http_date(answer.header("date"))
    return _positive(min(until - date, WEEK)) if until and date else None


def quota_reset(answer: Answer) -> timedelta | None:
    """Return how long a quota of requests is used up, at most a week; None if nothing says so.

    Servers write seconds from now, seconds or milliseconds since 1970, or a date; RateLimit of the
    IETF's drafts has it in a parameter (`reset=30`, later `t=30`).
    """
    for name in _RESETS:
        if (span := _reset_span(answer.header(name), answer)) is not None:
            return span
    found = _RESET_PARAMETER.findall(answer.all("ratelimit")[:_LONGEST])
    return max(_reset_span(one, answer) or timedelta() for one in found) if found else None


def _reset_span(text: str, answer: Answer) -> timedelta | None:
    if text[:1].isdigit():
        text = text.partition(",")[0].strip()
    if not _SECONDS.fullmatch(text):
        until, date = http_date(text), http_date(answer.header("date"))
        return _positive(min(until - date, WEEK)) if until and date else None
    seconds = float(text.rstrip("s"))
    if seconds > _EPOCH:
        date = http_date(answer.header("date"))
        if date is None:
            return None
        seconds = (seconds / 1000 if seconds > _EPOCH * 100 else seconds) - date.timestamp()
    return _positive(min(timedelta(seconds=min(seconds, WEEK.total_seconds())), WEEK))


def http_date(text: str) -> datetime | None:
    """Read a date of HTTP; None if it is none."""
    if not 10 < len(text) < 60:
        return None
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _fit(value: str) -> bool:
    return 0 < len(value) <= _LONGEST and not _UNFIT.search(value)


def _age(answer: Answer) -> timedelta:
    text = answer.header("age")
    fit = text.isascii() and text.isdigit() and len(text) < 9
    return timedelta(seconds=int(text)) if fit else timedelta()


def _positive(span: timedelta) -> timedelta | None:
    return span if span > timedelta() else None
