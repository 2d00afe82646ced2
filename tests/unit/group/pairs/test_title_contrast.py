"""Titles that number a series differently, or differ in the subject alone, report two events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.pairs import title_contrast


@pytest.mark.parametrize(
    ("title", "other", "expected"),
    [
        ("启动第52轮军事行动", "发起第53轮军事行动", True),
        ("第五十二轮行动开始", "第52轮行动", False),
        ("第三场记者会举行", "第二场记者会举行", True),
        ("war, day 12: what we know", "war, day 13: what we know", True),
        ("war, day 12: what we know", "what we know on day 12", False),
        ("harwick weekly no. 12", "harwick weekly no. 13", True),
        ("第十四届大会第四次会议闭幕", "第十四届大会闭幕", False),
        ("round 2 of talks ends", "day 3 of talks", False),
        ("no 10 denies claim", "no comment from no 10", False),
        ("", "第3轮", False),
    ],
)
def test_titles_that_count(title: str, other: str, *, expected: bool) -> None:
    assert title_contrast.numbered_differently(title, other) is expected
    assert title_contrast.numbered_differently(other, title) is expected


@given(st.text(alphabet="第一二十百轮场 day0123456789.#", max_size=30))
def test_a_title_never_differs_from_itself(title: str) -> None:
    assert not title_contrast.numbered_differently(title, title)
    assert not title_contrast.other_subject(title, title)


@pytest.mark.parametrize(
    ("title", "other", "expected"),
    [
        ("青礁市发布暴雨橙色预警", "白塔县发布暴雨橙色预警", True),
        ("市长林远峰会见岚国总理奥尔松", "议长赵立群会见岚国总理奥尔松", True),
        (
            "olympics: schoolgirl scoops gold in tokyo",
            "pics: schoolgirl scoops gold in tokyo",
            False,
        ),
        ("贵州茅台：三季度净利润512亿元", "五粮液：三季度净利润73亿元", True),
        ("川普称协议将签署", "特朗普称协议将签署", False),
        ("四川宜宾发生4.5级地震", "四川宜宾突发4.5级地震", False),
        ("5架飞机受损", "五架飞机受损", False),
        ("harwick port strike ends", "strike at harwick port ends", False),
        ("青礁市发布暴雨预警", "白塔县居民撤离", False),
        ("", "青礁市", False),
    ],
)
def test_titles_that_differ_in_the_subject(title: str, other: str, *, expected: bool) -> None:
    assert title_contrast.other_subject(title, other) is expected
    assert title_contrast.other_subject(other, title) is expected
