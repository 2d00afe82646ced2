"""Headers are read leniently and sent back byte for byte."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import Validators
from aggregator.gather.fetchers._headers import (
    conditions,
    hints,
    http_date,
    quota_reset,
    retry_after,
    validators,
)
from tests.unit.gather.fetchers.responses import make_response

DATE = "Mon, 02 Mar 2026 09:30:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("604801", 604800),
        ("999999999", 604800),
        ("9" * 400, 604800),
        ("Mon, 02 Mar 2026 11:30:00 GMT", 7200),
        ("Monday, 02-Mar-26 10:30:00 GMT", 3600),
        ("Mon, 02 Mar 2026 09:29:00 GMT", None),
        ("Fri, 31 Dec 2999 23:59:59 GMT", 604800),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
        ("١٢٠", None),
        ("Mon, 99 Mar 2026 11:30:00 GMT", None),
    ],
    ids=str,
)
def test_retry_after(text: str, seconds: int | None) -> None:
    """Seconds and dates are understood, a week at most; anything else is no answer."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(make_response(429, retry_after=text, date=DATE)) == expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"x_ratelimit_reset": "312"}, 312, id="seconds"),
        pytest.param({"x_ratelimit_reset": "312.5"}, 312.5, id="with a fraction"),
        pytest.param({"x_rate_limit_reset": "60, 3600"}, 60, id="the first of several"),
        pytest.param({"ratelimit_reset": "30"}, 30, id="IETF, early"),
        pytest.param({"ratelimit": "limit=100, remaining=0, reset=50"}, 50, id="IETF, later"),
        pytest.param({"ratelimit": '"default";r=0;t=30, "day";r=9;t=90'}, 90, id="IETF, last"),
        pytest.param({"x_ratelimit_reset": "1772443860", "date": DATE}, 60, id="since 1970"),
        pytest.param({"x_ratelimit_reset": "1772443860000", "date": DATE}, 60, id="in ms"),
        pytest.param({"x_ratelimit_reset": "1772443860"}, None, id="whose clock"),
        pytest.param(
            {"x_ratelimit_reset": "Mon, 02 Mar 2026 10:30:00 GMT", "date": DATE}, 3600, id="a date"
        ),
        pytest.param({"x_ratelimit_reset": "99999999"}, 604800, id="a week at most"),
        pytest.param({"x_ratelimit_reset": "soon"}, None, id="nothing"),
        pytest.param({"ratelimit": '"default";r=5'}, None, id="no time"),
        pytest.param({}, None, id="none"),
    ],
)
def test_quota_reset(headers: dict[str, str], seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert quota_reset(make_response(429, headers=headers)) == expected


def test_a_date_means_nothing_without_the_time_of_the_server() -> None:
    """Our own clock may be wrong, so it is not asked."""
    assert retry_after(make_response(429, retry_after="Mon, 02 Mar 2026 11:30:00 GMT")) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache_control": "max-age=600"}, 600),
        ({"cache_control": "public, Max-Age = 600"}, 600),
        ({"cache_control": 'max-age="600"'}, 600),
        ({"cache_control": "max-age=600", "age": "100"}, 500),
        ({"cache_control": "max-age=600", "age": "900"}, None),
        ({"cache_control": "max-age=600", "age": "x"}, 600),
        ({"cache_control": "max-age=0"}, None),
        ({"cache_control": "s-maxage=600"}, None),
        ({"cache_control": "no-cache, max-age=600"}, None),
        ({"cache_control": "max-age=600, no-store"}, None),
        ({"cache_control": "max-age=99999999999999999"}, 604800),
        ({"cache_control": "max-age=-5"}, None),
        ({"expires": "Mon, 02 Mar 2026 10:30:00 GMT", "date": DATE}, 3600),
        ({"expires": "Mon, 02 Mar 2026 10:30:00 GMT"}, None),
        ({"expires": "0", "date": DATE}, None),
        ({"expires": "Sun, 01 Mar 2026 10:30:00 GMT", "date": DATE}, None),
        ({}, None),
    ],
    ids=str,
)
def test_freshness(headers: dict[str, str], seconds: int | None) -> None:
    """An answer is fresh for its max-age less its age, else until it expires."""
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert hints(make_response(headers=headers)).max_age == expected


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ("no quotes at all", True),
        ('"\xe9\xff"', True),
        ('"a\tb"', True),
        ('"a\x01b"', False),
        ('"a\r\nX: y"', False),
        ('"' + "a" * 60_000 + '"', False),
        ("", False),
    ],
)
def test_validators_come_back_byte_for_byte(value: str, kept: bool) -> None:
    """What is remembered is what is sent; huge values and control characters are not."""
    remembered = validators(make_response(etag=value, last_modified=value))
    assert remembered.etag == remembered.last_modified == (value if kept else "")
    sent = conditions(Validators(etag=value, last_modified=value))
    assert sent == ({"If-None-Match": value, "If-Modified-Since": value} if kept else {})


def test_a_304_without_validators_leaves_those_of_before() -> None:
    """A 304 need not repeat them; a new one replaces the old."""
    before = Validators(etag='"1"', last_modified=DATE)
    assert validators(make_response(304), before) == before
    assert validators(make_response(304, etag='"2"'), before).etag == '"2"'


@given(st.text(max_size=80))
def test_dates_never_raise(text: str) -> None:
    """A date is an aware time in UTC or nothing."""
    when = http_date(text)
    assert when is None or when.utcoffset() == timedelta()
    assert retry_after(make_response(retry_after=text, date=text)) is None or text.isdigit()
