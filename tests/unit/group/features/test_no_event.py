"""Titles that promise no event of their own."""

import pytest

from aggregator.core.settings import StorySettings
from aggregator.group.features.no_event import reports_none
from aggregator.group.stories.explain import explain
from aggregator.text.fold import fold
from tests.unit.group.news import BRIDGE, tell


@pytest.mark.parametrize(
    "title",
    [
        "Morning briefing: strikes, storms and a summit",
        "Midday news bulletin",
        "Quiz of the week: how well do you know Harwick?",
        "The week in pictures",
        "Crossword No 1,234",
        "Letters to the editor",
        "Opinion: the bridge is a mistake",
        "整点新闻 15时",
        "要闻速览：大桥动工 山洪致七人失踪",
        "社论｜大桥不该修",
        "社論：大橋不該修",
        "今日运势",
        "2026/03/11 01:00 GMT",
        "14版 - 广告",
        "04版 - 一版责编：李 青 王 平",
    ],
)
def test_no_event(title: str) -> None:
    assert reports_none(fold(title))


@pytest.mark.parametrize(
    "title",
    [
        "Bridge over Harwick bay opens",
        "In pictures: the flood in Harwick",
        "Spotify buys a podcast firm",
        "Five things to know about the flood",
        "Editorial staff of the Harwick Post go on strike",
        "Police test knowledge of drivers",
        "评论员被捕",
        "海岚市长林远峰宣布修建跨海大桥",
    ],
)
def test_an_event(title: str) -> None:
    assert not reports_none(fold(title))


def test_an_opinion_does_not_join_its_event_but_its_copy_joins_it() -> None:
    event = tell(BRIDGE[0], 1, "one.example", 0)
    opinion = tell(("社论｜" + BRIDGE[0][0], BRIDGE[1][1]), 2, "two.example", 1)
    copy = tell(("社论｜" + BRIDGE[0][0], BRIDGE[1][1]), 3, "three.example", 2)
    assert explain(event, opinion, StorySettings()).verdict not in {"same event", "same text"}
    assert explain(opinion, copy, StorySettings()).verdict == "same text"
