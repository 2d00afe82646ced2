"""Bulletins of one formula are held apart, copies of one bulletin are not."""

from datetime import timedelta

import numpy as np
import pytest

from aggregator.core.model import GroupContext, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import prior
from aggregator.group.features.feature_rows import gather
from aggregator.group.pairs import formula_guard
from aggregator.group.pairs.overlap import Lists
from tests.unit.group.news import tell, week


def are_two(title: str, other: str, *, publishers: tuple[str, str] = ("a", "b")) -> bool:
    """Say whether two titles are held to be of one formula."""
    return guarded(tell((title, ""), 1, publishers[0]), tell((other, ""), 2, publishers[1], 1))


def guarded(one: StoredEntry, other: StoredEntry) -> bool:
    """Say whether two entries are held to be of one formula."""
    rows = gather((one, other), GroupContext(), StorySettings(), prior.built_in())
    lists = Lists(rows.packed([0, 1]))
    return bool(formula_guard.are_two(lists, np.array([1]), np.array([0]))[0])


@pytest.mark.parametrize(
    ("title", "other"),
    [
        pytest.param("贵州茅台：三季度净利润512亿元", "五粮液：三季度净利润73亿元", id="company"),
        pytest.param("四川宜宾发生4.5级地震", "新疆阿克苏发生3.1级地震", id="place"),
        pytest.param("青礁市发布暴雨橙色预警", "白塔县发布暴雨橙色预警", id="only the place"),
        pytest.param("云溪縣發佈暴雨橙色預警", "石桥市发布暴雨橙色预警", id="two scripts"),
        pytest.param("港人队3比1战胜白塔队", "云溪队2比0战胜青礁队", id="teams"),
        pytest.param("双色球第2026031期开奖结果", "大乐透第2026044期开奖结果", id="draw"),
        pytest.param(
            "M 4.5 - 12 km S of Harwick", "M 3.1 - 77 km NE of Delmar", id="quakes in English"
        ),
        pytest.param(
            "Calder beat Harwick 3-1 as Oakes scores", "Delmar beat Tarnholm 2-0 as Frew scores",
            id="match in English",
        ),
    ],
)  # fmt: skip
def test_two_bulletins_of_one_formula(title: str, other: str) -> None:
    assert are_two(title, other)


@pytest.mark.parametrize(
    ("title", "other"),
    [
        pytest.param("贵州茅台：三季度净利润512亿元", "快讯｜贵州茅台：三季度净利润512亿元", id="mark"),
        pytest.param("四川宜宾发生4.5级地震", "四川宜宾突发4.5级地震", id="synonym"),
        pytest.param("青礁市發佈暴雨橙色預警", "青礁市发布暴雨橙色预警", id="the other script"),
        pytest.param(
            "Harwick port strike ends after pay deal", "Strike at Harwick port over after pay deal",
            id="retold",
        ),
        pytest.param("Dora Frew dies aged 96", "Actor Dora Frew dies at 96", id="one says more"),
    ],
)  # fmt: skip
def test_two_reports_of_one_event(title: str, other: str) -> None:
    assert not are_two(title, other)


@pytest.mark.parametrize(
    ("title", "other", "expected"),
    [
        ("Harwick Weekly no. 12", "Harwick Weekly no. 13", True),
        ("Harwick Weekly no. 12", "Harwick Weekly no. 12", False),
        ("Harwick Weekly no. 12", "Harwick Weekly: no. 12", False),
    ],
)
def test_one_publisher_s_titles_that_differ_in_numbers_alone(
    title: str, other: str, *, expected: bool
) -> None:
    assert are_two(title, other, publishers=("a", "a")) is expected


def test_each_pair_has_the_same_features_alone_and_among_many() -> None:
    rows = gather(week(), GroupContext(), StorySettings(window=timedelta(days=9)), prior.built_in())
    count = len(rows.keys)
    left, right = np.array([(a, b) for a in range(count) for b in range(a)]).T
    many = formula_guard.columns(Lists(rows.packed(range(count))), left, right)
    for pair in range(0, len(left), 7):
        two = Lists(rows.packed([int(right[pair]), int(left[pair])]))
        alone = formula_guard.columns(two, np.array([1]), np.array([0]))
        assert alone[0].tolist() == pytest.approx(many[pair].tolist())


def test_a_title_without_tokens_compares() -> None:
    assert not are_two("!!!", "???")
