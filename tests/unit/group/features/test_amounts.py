"""Quantities: one number with one unit is the same in both languages and however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.features.amounts import quantities
from aggregator.text.fold import fold


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("中标金额8.4亿元", [("cny", "8.4e+08")]),
        ("a $9 billion deal", [("usd", "9e+09")]),
        ("a 9bn-dollar deal", [("usd", "9e+09")]),
        ("融资90亿美元", [("usd", "9e+09")]),
        ("14人死亡", [("people", "14")]),
        ("kills 14 people", [("people", "14")]),
        ("four killed", [("people", "4")]),
        ("四人遇难", [("people", "4")]),
        ("6.1级地震", [("magnitude", "6.1")]),
        ("magnitude 6.1 quake", [("magnitude", "6.1")]),
        ("上涨12.5%", [("%", "12.5")]),
        ("up 12.5 percent", [("%", "12.5")]),
        ("5,000 troops", [("people", "5e+03")]),
        ("3月11日, 7:30, 3rd", []),
        ("2026年的计划", []),
        ("in 2026", []),
        ("version 17", [("", "17")]),
        ("5 and 5 again", [("", "5")]),
        ("no number", []),
    ],
)
def test_quantities(text: str, found: list[tuple[str, str]]) -> None:
    assert quantities(fold(text)) == found


@given(st.text(max_size=80))
def test_any_text_has_quantities_or_none(text: str) -> None:
    assert all(len(one) == 2 for one in quantities(fold(text)))


@given(st.integers(1, 999))
def test_both_languages_count_people_alike(number: int) -> None:
    assert quantities(f"{number}人死亡") == quantities(f"{number} dead")
