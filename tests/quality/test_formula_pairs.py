"""The shipped model on two titles: bulletins of one formula are two events, copies are one."""

import numpy as np
import pytest

from aggregator.core.settings import StorySettings
from aggregator.group.pairs import candidates
from aggregator.group.pairs.candidates import ScoredPairs
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import Work
from tests.unit.group.news import tell


def scored(title: str, other: str, *, publishers: tuple[str, str] = ("a", "b")) -> ScoredPairs:
    """Return the score of two titles without texts, as if nothing else had been published."""
    pair = [tell((title, ""), 1, publishers[0]), tell((other, ""), 2, publishers[1], 1)]
    settings = StorySettings()
    work = Work(pair, GroupingContext(settings=settings, now=pair[1].published))
    both = np.array([1]), np.array([0])
    return candidates.score(work.rows, work.comparer, work.model, settings, both)


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
    assert scored(title, other).margins[0] <= 0


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
    assert not scored(title, other).of_one_formula[0]


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
    assert bool(scored(title, other, publishers=("a", "a")).guarded[0]) is expected


def test_a_title_without_tokens_compares() -> None:
    assert not scored("!!!", "???").of_one_formula[0]
