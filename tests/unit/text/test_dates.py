"""Dates in every form that feeds write."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text import dates


def at(*parts: int) -> datetime:
    """Return a moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


READ = [
    ("Sat, 20 Apr 2024 18:41:18 GMT", at(2024, 4, 20, 18, 41, 18)),
    ("Sat, 20 Apr 2024 18:41:18 +0800", at(2024, 4, 20, 10, 41, 18)),
    ("20 Apr 2024 18:41 -0330", at(2024, 4, 20, 22, 11)),
    ("Sat, 20 Apr 24 18:41:18 EST", at(2024, 4, 20, 23, 41, 18)),
    ("Saturday, 20-Apr-99 18:41:18 PDT", at(1999, 4, 21, 1, 41, 18)),
    ("Sat, 20 April 2024 18:41:60 Z", at(2024, 4, 20, 18, 41, 59)),
    ("Sat 20 Apr 2024 18:41", at(2024, 4, 20, 18, 41)),
    ("Sat, 20 Apr 2024 18:41:18 (UTC)", at(2024, 4, 20, 18, 41, 18)),
    ("Sat Apr 20 18:41:18 2024", at(2024, 4, 20, 18, 41, 18)),
    ("Sat Apr 20 18:41:18 JST 2024", at(2024, 4, 20, 9, 41, 18)),
    ("Sat Apr 20 2024 18:41:18 GMT+0200 (CEST)", at(2024, 4, 20, 16, 41, 18)),
    ("2024-04-20T18:41:18Z", at(2024, 4, 20, 18, 41, 18)),
    ("2024-04-20T18:41:18.123456789+08:00", at(2024, 4, 20, 10, 41, 18)),
    ("2024-04-20t18:41:18z", at(2024, 4, 20, 18, 41, 18)),
    ("2024-04-20 18:41:18 +0000 UTC", at(2024, 4, 20, 18, 41, 18)),
    ("2024-04-20T24:00:00Z", at(2024, 4, 21)),
    ("2024-4-20", at(2024, 4, 20)),
    ("2024/04/20 6:05 pm", at(2024, 4, 20, 18, 5)),
    ("2024.04.20. 12:05 AM", at(2024, 4, 20, 0, 5)),
    ("20240420", at(2024, 4, 20)),
    ("20240420T184118Z", at(2024, 4, 20, 18, 41, 18)),
    ("20240420184118", at(2024, 4, 20, 18, 41, 18)),
    ("2024-04", at(2024, 4, 1)),
    ("2024", at(2024, 1, 1)),
    ("2024-111", at(2024, 4, 20)),
    ("2024-W16-6", at(2024, 4, 20)),
    ("1713638478", at(2024, 4, 20, 18, 41, 18)),
    ("1713638478000", at(2024, 4, 20, 18, 41, 18)),
    ("April 20, 2024 6:41 PM EDT", at(2024, 4, 20, 22, 41)),
    ("20th of April 2024, 18:41", at(2024, 4, 20, 18, 41)),
    ("6:41 PM - 20 Apr 2024", at(2024, 4, 20, 18, 41)),
    ("sam., 20 avr. 2024 18:41:18 +0200", at(2024, 4, 20, 16, 41, 18)),
    ("20 de abril de 2024", at(2024, 4, 20)),
    ("20. März 2024", at(2024, 3, 20)),
    ("20 апреля 2024, 18:41", at(2024, 4, 20, 18, 41)),
    ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", at(2004, 7, 11, 17)),
    ("2004-július-13T9:15-05:00", at(2004, 7, 13, 14, 15)),
    ("2004년 05월 28일 오후 01:31:15", at(2004, 5, 28, 13, 31, 15)),
    ("2024年4月20日 18:41", at(2024, 4, 20, 18, 41)),
    ("2024年4月20日18时41分18秒", at(2024, 4, 20, 18, 41, 18)),
    ("2024 年 4 月 20 日 星期六 18:41", at(2024, 4, 20, 18, 41)),
    ("2024年04月20號 下午6點41分", at(2024, 4, 20, 18, 41)),
    ("2024年4月20日 下午6点", at(2024, 4, 20, 18)),
    ("2024年4月20日上午6:41", at(2024, 4, 20, 6, 41)),
    ("2024年4月20日凌晨12:41", at(2024, 4, 20, 0, 41)),
    ("2024年4月20日 中午12:41", at(2024, 4, 20, 12, 41)),
    ("2024年4月20日 中午11:41", at(2024, 4, 20, 11, 41)),
    ("2024年4月20日 中午1:41", at(2024, 4, 20, 13, 41)),
    ("2024年4月20日 晚上12点", at(2024, 4, 21)),
    ("2024年4月20日 晚上18:41", at(2024, 4, 20, 18, 41)),
    ("2024年4月20日 深夜2:00", at(2024, 4, 20, 2)),
    ("2024年4月20日 18:41（北京时间）", at(2024, 4, 20, 10, 41)),
    ("2024年4月20日 18:41 GMT+8", at(2024, 4, 20, 10, 41)),
    ("24年4月20日", at(2024, 4, 20)),
    ("民國113年4月20日", at(2024, 4, 20)),
    ("113年4月20日", at(2024, 4, 20)),
    ("二〇二四年四月二十日", at(2024, 4, 20)),
    ("二零二四年十二月廿一日", at(2024, 12, 21)),
    ("２０２４年４月２０日", at(2024, 4, 20)),
    ("日期：Sat, 20 Apr 2024 18:41:18 +0000", at(2024, 4, 20, 18, 41, 18)),
    ("Date: 2024年4月20日", at(2024, 4, 20)),
    ("发布时间: 2024-04-20 18:41", at(2024, 4, 20, 18, 41)),
    ("04/20/2024 18:41", at(2024, 4, 20, 18, 41)),
    ("Sat, 20 Apr 2024 18:41:18 +9999", at(2024, 4, 20, 18, 41, 18)),
    ("2024-04-20T18:41:18 XYZ", at(2024, 4, 20, 18, 41, 18)),
    ("Apr 20 2024 18:41:18.5 UTC+3", at(2024, 4, 20, 15, 41, 18)),
]


@pytest.mark.parametrize(("text", "moment"), READ, ids=[text for text, _ in READ])
def test_reads_a_date(text: str, moment: datetime) -> None:
    assert dates.parse(text) == moment


NO_DATES = [
    None,
    "",
    "   ",
    "-1",
    "0",
    "soon",
    "昨天",
    "今天 18:41",
    "3小时前",
    "2 hours ago",
    "yesterday 10:00",
    "18:41",
    "4月20日",
    "20 April",
    "April 2024 or so",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "1989-12-31",
    "86400",
    "99999-01-01T00:00:00Z",
    "99999999999999999999999",
    "Sat, 31 Feb 2024 10:00:00 GMT",
    "Fri, 26 Apr 2024 25:61:61 +0800",
    "2024年13月40日",
    "2024-13",
    "2024-W60",
    "20 Foobar 2024",
    "9999-12-31T23:59:59-12:00",
    "1" * 500,
    "20 Apr 2024 " + "x" * 3000,
    "April, or 20/20/20/20",
]


@pytest.mark.parametrize("text", NO_DATES, ids=lambda text: str(text)[:40])
def test_no_date_is_none(text: str | None) -> None:
    assert dates.parse(text) is None


ZONES = [
    ("Sat, 20 Apr 2024 18:00:00 CST", "", "", at(2024, 4, 21, 0)),
    ("Sat, 20 Apr 2024 18:00:00 CST", "zh-CN", "", at(2024, 4, 20, 10)),
    ("Sat, 20 Apr 2024 18:00:00 CST", "zh_TW", "", at(2024, 4, 20, 10)),
    ("Sat, 20 Apr 2024 18:00:00 CST", "en", "Asia/Shanghai", at(2024, 4, 20, 10)),
    ("Sat, 20 Jan 2024 18:00:00 CST", "zh", "America/Chicago", at(2024, 1, 21, 0)),
    ("Sat, 20 Apr 2024 18:00:00 IST", "", "", at(2024, 4, 20, 12, 30)),
    ("Sat, 20 Apr 2024 18:00:00 IST", "he", "", at(2024, 4, 20, 16)),
    ("Sat, 20 Apr 2024 18:00:00 ET", "", "", at(2024, 4, 20, 22)),
    ("Sat, 20 Jan 2024 18:00:00 ET", "", "", at(2024, 1, 20, 23)),
    ("2024-04-20 18:00", "", "Asia/Taipei", at(2024, 4, 20, 10)),
    ("2024年4月20日 18:00", "zh", "Asia/Hong_Kong", at(2024, 4, 20, 10)),
    ("2024-04", "", "Asia/Taipei", at(2024, 3, 31, 16)),
    ("2024-04-20 18:00", "", "No/Such_Place", at(2024, 4, 20, 18)),
    ("2024-04-20 18:00", "", "../../etc/passwd", at(2024, 4, 20, 18)),
    ("10/04/2024 18:00", "de", "", at(2024, 4, 10, 18)),
    ("10/04/2024 18:00", "en-GB", "", at(2024, 4, 10, 18)),
    ("10/04/2024 18:00", "en-US", "", at(2024, 10, 4, 18)),
    ("10/04/2024 18:00 CST", "", "", at(2024, 10, 5, 0)),
    ("10/04/2024 18:00 +08:00", "", "", at(2024, 10, 4, 10)),
    ("10/04/2024 18:00", "", "Asia/Taipei", at(2024, 10, 4, 10)),
]


@pytest.mark.parametrize(("text", "language", "timezone", "moment"), ZONES)
def test_zones_by_name_and_by_place(
    text: str, language: str, timezone: str, moment: datetime
) -> None:
    assert dates.parse(text, language=language, timezone=timezone) == moment


@given(st.text(max_size=60) | st.from_regex(r"[0-9年月日:/ .TZ+-]{1,30}", fullmatch=True))
def test_never_raises_and_always_utc(text: str) -> None:
    found = dates.parse(text)
    assert found is None or (found.tzinfo is UTC and found.year >= 1990)


@given(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2100, 1, 1)))
def test_reads_back_what_it_is_given(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    assert dates.parse(whole.isoformat()) == whole
    assert dates.parse(whole.strftime("%a, %d %b %Y %H:%M:%S +0000")) == whole
    assert dates.parse(f"{whole:%Y}年{whole.month}月{whole.day}日 {whole:%H:%M:%S}") == whole
