"""Across languages: a Chinese and an English report of one event are compared."""

import pytest

from aggregator.core.model import GroupContext, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features.feature_rows import gather
from aggregator.group.pairs import across
from aggregator.group.stories.context import shipped
from tests.unit.group.news import tell

CHINESE = ("伊朗宣布关闭霍尔木兹海峡", "伊朗最高国家安全委员会周一宣布关闭霍尔木兹海峡，油轮停航。")
ENGLISH = (
    "Iran announces closure of Strait of Hormuz",
    "Oil tankers stop as Iran shuts the strait.",
)
OTHER = ("Ferry runs aground in fog", "Passengers of the ferry were taken to the harbour.")


def found(*entries: StoredEntry, window: float = 1e6) -> set[tuple[int, int]]:
    """Return the pairs of rows that are found."""
    rows = gather(entries, GroupContext(), StorySettings(), shipped().prior)
    left, right, strength = across.pairs(rows, window)
    assert (strength > 1).all()
    return set(zip(left.tolist(), right.tolist(), strict=True))


def at_hour(hour: int, text: tuple[str, str]) -> StoredEntry:
    """Return an entry that was published at an hour."""
    return tell(text, hour, f"p{hour}.example", hour)


@pytest.mark.parametrize("texts", [(CHINESE, ENGLISH), (ENGLISH, CHINESE)], ids=["zh en", "en zh"])
def test_the_later_report_finds_the_earlier_one(texts: tuple[tuple[str, str], ...]) -> None:
    assert found(*(at_hour(hour, text) for hour, text in enumerate(texts, 1))) == {(1, 0)}


def test_other_news_is_not_found() -> None:
    assert found(at_hour(1, CHINESE), at_hour(2, OTHER)) == set()


def test_one_language_alone_has_no_pairs() -> None:
    assert found(at_hour(1, ENGLISH), at_hour(2, ENGLISH)) == set()
    assert found(at_hour(1, CHINESE)) == set()


def test_the_window_holds() -> None:
    assert found(at_hour(1, CHINESE), at_hour(5, ENGLISH), window=3 * 3600) == set()


def test_an_entry_has_few_partners() -> None:
    many = [at_hour(hour, ENGLISH) for hour in range(1, across.PARTNERS + 6)]
    pairs = found(*many, at_hour(23, CHINESE))
    assert len(pairs) == across.PARTNERS
    assert {left for left, _ in pairs} == {len(many)}
