"""What titles and first lines say beyond their subject."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.features import headline_cues
from aggregator.group.features.headline_cues import Cue

NEAR = date(2026, 3, 4)  # a Wednesday


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("[快讯] 青石水库大坝出现裂缝", "青石水库大坝出现裂缝", id="tag"),
        pytest.param("【国内】青石水库大坝出现裂缝", "青石水库大坝出现裂缝", id="Chinese tag"),
        pytest.param("03版 - 青石水库大坝出现裂缝", "青石水库大坝出现裂缝", id="page of a paper"),
        pytest.param("晨读|青石水库大坝出现裂缝", "青石水库大坝出现裂缝", id="column"),
        pytest.param(
            "Ferry Aurelia runs aground - Tarnholm Post", "Ferry Aurelia runs aground", id="name"
        ),
        pytest.param(
            "Ferry Aurelia runs aground | News | Post", "Ferry Aurelia runs aground", id="two names"
        ),
        pytest.param("青石水库大坝出现裂缝(组图)", "青石水库大坝出现裂缝", id="pictures"),
        pytest.param("Post | a very long headline", "a very long headline", id="name in front"),
        pytest.param("Short - Tarnholm Post", "Short - Tarnholm Post", id="too little would stay"),
        pytest.param("  A title as it is  ", "A title as it is", id="plain"),
        pytest.param("[快讯]", "[快讯]", id="nothing but a tag"),
        pytest.param("", "", id="empty"),
    ],
)
def test_bare_title(title: str, expected: str) -> None:
    """Marks go, the title stays, and never nothing."""
    assert headline_cues.bare_title(title) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("01版 - 双桥水库开闸", True, id="page"),
        pytest.param(" 第A12版：双桥水库开闸", True, id="section and page"),
        pytest.param("2版图书双桥水库开闸", False, id="an edition of a book"),
        pytest.param("双桥水库 12版 - 开闸", False, id="not at the start"),
    ],
)
def test_pages_of_a_newspaper(title: str, *, expected: bool) -> None:
    """A page stands at the start and ends in a mark; then it is no part of the title."""
    assert headline_cues.on_page(title) == expected
    assert (headline_cues.bare_title(title) == "双桥水库开闸") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("新云社双桥3月2日电：水库出现裂缝。", "水库出现裂缝。", id="agency"),
        pytest.param("(记者 李青)水库出现裂缝。", "水库出现裂缝。", id="reporter"),
        pytest.param(
            "TARNHOLM — A ferry ran aground.", "A ferry ran aground.", id="English dateline"
        ),
        pytest.param(
            "新云社双桥3月2日电（记者 李青）水库裂缝。", "水库裂缝。", id="agency, reporter"
        ),
        pytest.param("（新云社双桥2日电） 水库裂缝。", "水库裂缝。", id="agency in brackets"),
        pytest.param(
            "【新云社2026年03月02日讯】（记者李青报道）水库。", "水库。", id="two brackets"
        ),
        pytest.param("新云双桥/东州3月2日 - 水库裂缝。", "水库裂缝。", id="two places"),
        pytest.param("本报讯（记者 李青）水库裂缝。", "水库裂缝。", id="own paper"),
        pytest.param("双桥——水库裂缝。", "水库裂缝。", id="place"),
        pytest.param("HARWICK (Newswire) - A ferry.", "A ferry.", id="English agency"),
        pytest.param("HARWICK, March 2 (NW) — A ferry.", "A ferry.", id="English day"),
        pytest.param("HARWICK - A ferry.", "A ferry.", id="English place"),
        pytest.param("作者 李青\n新云双桥3月2日 - 水库裂缝。", "水库裂缝。", id="after a credit"),
        pytest.param("水库出现裂缝。\n双桥——专家", "水库出现裂缝。\n专家", id="after a teaser"),
        pytest.param(
            "2026年3月2日行人走过双桥电站", "2026年3月2日行人走过双桥电站", id="no dateline"
        ),
        pytest.param("A-list ferries ran", "A-list ferries ran", id="hyphen"),
        pytest.param("A ferry ran aground.", "A ferry ran aground.", id="none"),
        pytest.param("", "", id="empty"),
    ],
)
def test_bare_lead(text: str, expected: str) -> None:
    """The text begins with what happened."""
    assert headline_cues.bare_lead(text) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("青石水库大坝出现裂缝", Cue(0)),
        ("本周要闻", Cue.ROUND_UP),
        ("财经早报:三大事件", Cue.ROUND_UP | Cue.SPEECH),
        ("双桥日报创办人辞职", Cue(0)),
        ("双桥开闸;港人队夺冠", Cue.ROUND_UP),
        ("the week in pictures", Cue.ROUND_UP),
        ("为什么大坝会裂", Cue.EXPLAINER),
        ("渔民抗议收费", Cue.REACTION),
        ("live: ferry aground", Cue.LIVE | Cue.SPEECH),
        ("三大指数收涨", Cue.MARKET),
        ("is the dam safe?", Cue.QUESTION),
        ("大坝预计五月完工", Cue.PREVIEW),
        ("captain says fog was heavy", Cue.SPEECH),
        ("the whole island", Cue(0)),
    ],
)
def test_signs(title: str, expected: Cue) -> None:
    """Words of a title, whole ones in English, say what kind of text it is."""
    assert Cue(headline_cues.cues(title)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no figures", []),
        ("312 of 312 passengers, 41 crew", ["312", "41"]),
        ("1,250 tonnes", ["1250"]),
        ("3.5 and 35", ["3.5", "35"]),
    ],
)
def test_numbers(text: str, expected: list[str]) -> None:
    """Each number once, in order, without commas of thousands."""
    assert headline_cues.numbers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2025年12月31日", [date(2025, 12, 31)], id="Chinese, whole"),
        pytest.param("3月2日与3月3号", [date(2026, 3, 2), date(2026, 3, 3)], id="Chinese"),
        pytest.param("2026-02-28", [date(2026, 2, 28)], id="digits"),
        pytest.param("on march 2 and 1 april", [date(2026, 3, 2), date(2026, 4, 1)], id="English"),
        pytest.param("12月30日", [date(2025, 12, 30)], id="the nearest year"),
        pytest.param("周一", [date(2026, 3, 2)], id="Chinese weekday"),
        pytest.param("星期天", [date(2026, 3, 1)], id="Sunday"),
        pytest.param("上周一", [], id="last week's"),
        pytest.param("on monday", [date(2026, 3, 2)], id="weekday"),
        pytest.param("on wednesday", [NEAR], id="the same day"),
        pytest.param("yesterday", [date(2026, 3, 3)], id="yesterday"),
        pytest.param("今天、前天", [NEAR, date(2026, 3, 2)], id="relative"),
        pytest.param("2月30日", [], id="no such day"),
        pytest.param("13月40日", [], id="no such month"),
        pytest.param("3月2日和3月2日", [date(2026, 3, 2)], id="once"),
        pytest.param("nothing", [], id="none"),
    ],
)
def test_days(text: str, expected: list[date]) -> None:
    """Days are resolved by the day on which the entry was published."""
    assert headline_cues.days(text, NEAR) == expected


def test_days_of_an_undated_entry() -> None:
    """Weekdays say nothing; the year of the others is left open."""
    assert headline_cues.days("yesterday, monday, 周二", None) == []
    assert (
        headline_cues.days("3月2日", None)
        == headline_cues.days("march 2", None)
        == [date(2000, 3, 2)]
    )


def test_days_are_few() -> None:
    """Only the first are looked at."""
    text = " ".join(f"3月{day}日" for day in range(1, 20))
    assert headline_cues.days(text, NEAR) == [date(2026, 3, day) for day in (1, 2, 3, 4)]
    assert len(headline_cues.days(text, NEAR, limit=2)) == 2


@given(st.text(max_size=300))
def test_any_text_is_borne(text: str) -> None:
    """Untrusted text never raises."""
    assert bool(headline_cues.bare_title(text)) == bool(text.strip())
    assert text.endswith(headline_cues.bare_lead(text))
    assert len(headline_cues.days(text, NEAR)) <= 4
    assert len(set(headline_cues.numbers(text))) == len(headline_cues.numbers(text))
    assert headline_cues.cues(text) >= 0
