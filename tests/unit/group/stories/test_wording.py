"""What two entries share and differ in, in words."""

from datetime import timedelta

import pytest

from aggregator.core.model import StoredEntry
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
        "both name Aurora and Northport and 14 dead"
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
        (0, "at the same minute"),
        (1, "1 minute apart"),
        (40, "40 minutes apart"),
        (180, "3 hours apart"),
        (1440 * 12, "12 days apart"),
    ],
)
def test_time_apart(minutes: int, expected: str) -> None:
    assert wording.time_apart(timedelta(minutes=minutes)) == expected


def test_a_feature_that_nobody_named_has_its_own_name() -> None:
    assert wording.plain_name("gloss cover") == "gloss cover"
    assert wording.plain_name("bigram cosine") == "likeness of wording"
