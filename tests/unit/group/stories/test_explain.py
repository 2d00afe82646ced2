"""Explanations: what speaks for and against, in numbers and in words."""

from datetime import timedelta

import pytest

from aggregator.core.model import StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.model import scoring
from aggregator.group.stories.explain import explain, fit_with_story
from tests.builders import make_decision, make_story
from tests.unit.group.news import BRIDGE, FLOOD, PORT, tell

A = tell(BRIDGE[0], 1, "one.example", 0)
B = tell(BRIDGE[1], 2, "two.example", 3)
FAR = tell(BRIDGE[1], 3, "two.example", 300)
OTHER = tell(FLOOD[0], 4, "two.example", 2)
COPY = tell(BRIDGE[0], 5, "three.example", 2)


@pytest.mark.parametrize(
    ("other", "verdict", "words"),
    [
        pytest.param(B, "same event", "one event: both name", id="same event"),
        pytest.param(COPY, "same text", "the same text: both name", id="same text"),
        pytest.param(OTHER, "two events", "two events", id="two events"),
        pytest.param(FAR, "too far apart", "12 days apart", id="too far apart"),
    ],
)
def test_verdicts(other: StoredEntry, verdict: str, words: str) -> None:
    found = explain(A, other, StorySettings())
    assert found.verdict == verdict
    assert words in found.words


def test_two_sources_on_one_address() -> None:
    one, other = (
        tell((f"Title {n}", ""), n, f"s{n}.example", n, canonical="https://a.example/1")
        for n in (1, 2)
    )
    found = explain(one, other, StorySettings())
    assert found.verdict == "same link"
    assert "link to one address" in found.words


def test_two_numbers_of_a_series() -> None:
    column = "岚湾晨读：今日必看的五条消息", "海岚市政厅周一公布财政报告，收入增加百分之五。"
    one, other = (tell(column, n, "s.example", 24 * n) for n in (1, 2))
    found = explain(one, other, StorySettings(match="loose"))
    assert found.probability > found.threshold, "they look alike"
    assert found.verdict == "one series"
    assert "series" in found.words


def test_the_order_does_not_matter() -> None:
    assert explain(A, B, StorySettings()) == explain(B, A, StorySettings())


def test_numbers() -> None:
    found = explain(A, B, StorySettings())
    assert found.kind == "zh"
    assert found.looked_at
    assert "跨海大桥" in found.keys
    assert found.probability > found.threshold
    assert dict(found.features)["bigram cosine"] > 0.1
    assert sum(part for _, part in found.contributions) == pytest.approx(found.score, abs=0.002)
    assert found.score > found.bar
    assert found.missing == ()
    sizes = [abs(value) for _, value in found.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_strangers_share_no_keys() -> None:
    found = explain(A, tell(PORT[0], 9, "x.example", 1), StorySettings())
    assert not found.looked_at
    assert found.keys == ()
    assert found.probability < 0.01


def test_two_bulletins_of_one_formula_name_what_differs() -> None:
    one, other = (
        tell((f"{name}：三季度净利润{number}亿元 同比增长", ""), n, f"p{n}.example", n / 2)
        for n, (name, number) in enumerate((("贵州茅台", 512), ("五粮液", 73)))
    )
    found = explain(one, other, StorySettings(match="loose"))
    assert found.verdict == "one formula"
    assert "another company: 五粮液, not 贵州茅台" in found.words
    assert "30 minutes apart" in found.words
    assert "another company: 五粮液, not 贵州茅台" in found.missing[0]


def test_two_events_say_what_is_missing() -> None:
    found = explain(A, OTHER, StorySettings())
    assert found.missing[0] == "they share too few rare words to be compared in a run"
    assert f"more than {found.bar:+.2f} is needed" in found.missing[1]
    assert found.missing[2].startswith("these speak most against it: ")


def test_no_part_of_a_word_is_a_shared_word() -> None:
    """Both texts hold the letters of a short word, one of them only inside a longer one."""
    one = tell(("Harwick art museum opens", "The art museum of Harwick opens."), 1, "a", 0)
    other = tell(("Harwick party opens museum", "A party opens the museum of Harwick."), 2, "b", 1)
    keys = explain(one, other, StorySettings()).keys
    assert "harwick" in keys
    assert "art" not in keys


def test_the_match_moves_the_threshold() -> None:
    strict, loose = (explain(A, B, StorySettings(match=match)) for match in ("strict", "loose"))
    assert strict.threshold > loose.threshold


def test_the_user_s_word_stands_above_all() -> None:
    rule = make_decision("never", A.key, B.key)
    found = explain(A, B, StorySettings(), decisions=(rule,))
    assert found.verdict == "by the user"
    assert "never" in found.words


def test_a_wider_window() -> None:
    found = explain(A, FAR, StorySettings(window=timedelta(days=20)))
    assert found.verdict != "too far apart"


def test_a_kind_that_was_not_trained_borrows() -> None:
    model = scoring.Model(kinds={"zh": scoring.built_in().kinds["zh"]})
    for number in range(len(scoring.KINDS)):
        assert model.kind(number) is model.kinds["zh"]
    alone = scoring.Model(kinds={"title": scoring.built_in().kinds["title"]})
    assert alone.kind(0) is alone.kinds["title"]


def test_words_of_two_languages_that_mean_the_same_are_named() -> None:
    chinese = "日本北海道发生6.1级地震", "日本气象厅说，北海道附近周三发生6.1级地震，没有海啸危险。"
    english = (
        "Magnitude 6.1 earthquake strikes Hokkaido, Japan",
        "A magnitude 6.1 earthquake struck off Hokkaido on Wednesday. There is no tsunami warning.",
    )
    one, other = tell(chinese, 1, "one.example", 0), tell(english, 2, "two.example", 0.7)
    found = explain(one, other, StorySettings())
    assert found.verdict == "same event"
    assert "“地震” means “earthquake”" in found.words
    turned = explain(tell(english, 2, "two.example", 0), tell(chinese, 1, "one.example", 0.7),
                     StorySettings())  # fmt: skip
    assert "“earthquake” means “地震”" in turned.words
    assert "means" not in explain(A, B, StorySettings()).words


def test_an_entry_is_compared_with_a_whole_story() -> None:
    story = make_story(A.key, OTHER.key, COPY.key)
    alone = fit_with_story(B, [A], make_story(A.key), StorySettings())
    assert (alone.members, alone.alike) == (1, 1)
    assert alone.fit > alone.bar
    mixed = fit_with_story(B, [A, OTHER, COPY], story, StorySettings())
    assert (mixed.members, mixed.alike) == (3, 2)
    assert mixed.fit < alone.fit
    far = fit_with_story(FAR, [A, COPY], story, StorySettings())
    assert far.alike == 0
    assert far.fit < far.bar
