"""Times as people say them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.pages.interface import wording
from aggregator.web.pages.relative_time import (
    ago,
    day_name,
    exact,
    long_date,
    time_element,
    zone_of,
)
from tests.builders import NOW

EN, ZH = wording("en"), wording("zh-Hans")


@pytest.mark.parametrize(
    ("span", "english", "chinese"),
    [
        (timedelta(), "just now", "刚刚"),
        (timedelta(seconds=59), "just now", "刚刚"),
        (timedelta(seconds=-59), "just now", "刚刚"),
        (timedelta(seconds=60), "1 minute ago", "1 分钟前"),
        (timedelta(minutes=59), "59 minutes ago", "59 分钟前"),
        (timedelta(hours=1), "1 hour ago", "1 小时前"),
        (timedelta(hours=47), "1 day ago", "1 天前"),
        (timedelta(days=7), "7 days ago", "7 天前"),
        (timedelta(days=8), "22 Feb", "2月22日"),
        (timedelta(days=400), "26 Jan 2025", "2025年1月26日"),
        (-timedelta(minutes=5), "in 5 minutes", "5 分钟后"),
        (-timedelta(hours=2), "in 2 hours", "2 小时后"),
    ],
)
def test_times_are_said(span: timedelta, english: str, chinese: str) -> None:
    assert ago(EN, NOW - span, NOW, UTC) == english
    assert ago(ZH, NOW - span, NOW, UTC) == chinese


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_every_time_can_be_said(when: datetime, now: datetime) -> None:
    when, now = (one.replace(year=min(max(one.year, 2), 9998)) for one in (when, now))
    assert ago(EN, when, now, UTC)


def test_the_exact_time_is_at_hand() -> None:
    found = time_element(EN, NOW - timedelta(hours=3), NOW, ZoneInfo("Asia/Shanghai"))
    assert found == (
        '<time datetime="2026-03-02T06:30:00+00:00" title="2026-03-02 14:30 CST">3 hours ago</time>'
    )


def test_days_have_names() -> None:
    today = NOW.date()
    names = [day_name(EN, today - timedelta(days=n), today) for n in (0, 1, 2)]
    assert names == ["Today", "Yesterday", "Saturday"]
    assert long_date(EN, today) == "2 March 2026"
    assert long_date(ZH, today) == "2026年3月2日"


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "../etc/passwd", "\0"])
def test_without_a_zone_times_are_in_utc(name: str) -> None:
    assert exact(NOW, zone_of(name)) == "2026-03-02 09:30 UTC"
