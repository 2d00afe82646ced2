"""What two entries share and differ in, in words."""

import re
from datetime import timedelta

import pytest

from aggregator.core.feature_names import plain_name
from aggregator.core.model import StoredEntry
from aggregator.group.pairs.similarity import NAMES
from aggregator.group.stories import wording
from tests.unit.group.news import tell


def entry(title: str, text: str = "", number: int = 1) -> StoredEntry:
    """Return an entry with this title."""
    return tell((title, text), number, f"p{number}.example", number)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("贵州茅台净利润增长", "五粮液净利润增长", [("贵州茅台", "五粮液")], id="subject"),
        pytest.param("Draw 4512 results", "Draw 4513 results", [("4512", "4513")], id="number"),
        pytest.param("Oakes wins in Harwick", "Frew wins in Delmar Bay",
                     [("Oakes", "Frew"), ("Harwick", "Delmar Bay")], id="two slots"),
        pytest.param("Harwick port shuts", "Harwick port shuts again", [], id="only one says more"),
        pytest.param("HARWICK PORT", "Harwick port", [], id="case"),
        pytest.param("海嵐大橋", "海岚大桥", [], id="script"),
        pytest.param("", "Harwick", [], id="no title"),
    ],
)  # fmt: skip
def test_differences(one: str, other: str, expected: list[tuple[str, str]]) -> None:
    assert wording.differences(entry(one), entry(other, number=2)) == expected


def test_what_is_in_common_is_told_as_written() -> None:
    one = entry("14 dead as Aurora hits Northport pier", "The Aurora hit the pier at Northport.")
    other = entry("Aurora: 14 dead at Northport", "The ferry Aurora", 2)
    assert wording.in_common(["aurora", "northport"], one, other) == (
        "both name Aurora, Northport and 14 dead"
    )
    assert not wording.in_common([], entry("Fog"), entry("Rain", number=2))


def test_a_word_is_shown_with_what_it_never_stands_without() -> None:
    """A cutter that does not know a name leaves a part of it."""
    one = entry("布林肯会晤外长", "布林肯周五抵达，布林肯说会谈坦率。")
    other = entry("外长与布林肯会面", "布林肯启程前发言。", 2)
    assert wording.whole_words(["林肯", "外长"], one, other) == ["布林肯", "外长"]


def test_a_number_is_no_part_of_a_longer_one() -> None:
    one, other = entry("14 dead"), entry("114 dead", number=2)
    assert wording.shared_numbers(other, one) == wording.shared_numbers(one, other) == []


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, "in the same minute"),
        (1, "1 minute apart"),
        (40, "40 minutes apart"),
        (60, "1 hour apart"),
        (89, "1.5 hours apart"),
        (180, "3 hours apart"),
        (1000, "17 hours apart"),
        (1440 * 3, "3 days apart"),
        (1440 * 12, "12 days apart"),
    ],
)
def test_time_apart(minutes: int, expected: str) -> None:
    assert wording.time_apart(timedelta(minutes=minutes)) == expected


def test_every_feature_has_a_plain_name_of_its_own() -> None:
    """What is read needs no knowledge of the code: no "least", no formula."""
    plain = [plain_name(name) for name in NAMES]
    assert len(set(plain)) == len(NAMES)
    assert not [one for one in plain if re.search(r"\b(?:least|most|cosine|cover)\b", one)]
    assert plain_name("both live") == "both titled as a live blog"
    assert plain_name("gloss cover") == "gloss cover"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("五粮液净利润增长", "贵州茅台净利润增长", "company: 贵州茅台, not 五粮液", id="zh company"),
        pytest.param("Delmar profit up", "Harwick profit up", "company: Harwick, not Delmar", id="company"),
        pytest.param("云溪县4.1级地震", "海岚市4.1级地震", "place: 海岚市, not 云溪县", id="zh place"),
        pytest.param("Storm warning for Delmar", "Storm warning for Harwick",
                     "place: Harwick, not Delmar", id="place"),
        pytest.param("Delmar beat Calder", "Harwick beat Calder", "team: Harwick, not Delmar", id="team"),
        pytest.param("Draw 4512 results", "Draw 4513 results", "number: 4513, not 4512", id="number"),
        pytest.param("Fish prices on Monday", "Fish prices on Friday", "day: Friday, not Monday", id="day"),
        pytest.param("3月5日菜价", "3月6日菜价", "day: 6日, not 5日", id="zh day"),
        pytest.param("Oakes resigns", "Frew resigns", "subject: Frew, not Oakes", id="subject"),
    ],
)  # fmt: skip
def test_what_differs_is_named(one: str, other: str, expected: str) -> None:
    assert wording.in_contrast(entry(one), entry(other, number=2)) == f"another {expected}"


def test_nothing_is_another_if_titles_are_alike() -> None:
    assert not wording.in_contrast(entry("Oakes resigns"), entry("Oakes resigns", number=2))


def test_words_that_are_no_names_are_told_only_without_names() -> None:
    one = entry("Train crash at Northport", "The train left the rails.")
    other = entry("Northport train crash", "A crash of a train.", 2)
    assert wording.in_common(["train", "northport"], one, other) == "both name Northport"
    assert wording.in_common(["train", "crash"], one, other) == "both have Train and crash"


def test_the_number_that_says_what_it_counts_is_told() -> None:
    one, other = entry("Crash kills 14", "It left 14 dead."), entry("14 dead in crash", "14", 2)
    assert wording.shared_numbers(one, other) == ["14 dead"]
