"""Two titles that count the same thing with different numbers are two events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.pairs import ordinals


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
    assert ordinals.differ(title, other) is expected
    assert ordinals.differ(other, title) is expected


@given(st.text(alphabet="第一二十百轮场 day0123456789.#", max_size=30))
def test_a_title_never_differs_from_itself(title: str) -> None:
    assert not ordinals.differ(title, title)
