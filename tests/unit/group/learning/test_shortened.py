"""Labelled entries told more briefly, to learn from."""

import dataclasses

import pytest

from aggregator.group.learning.labelled import Labelled
from aggregator.group.learning.shortened import versions
from tests.unit.group.news import BRIDGE, tell


def one(text: str, title: str = BRIDGE[0][0]) -> Labelled:
    """Return an entry with a text."""
    return Labelled(id="x", stored=tell((title, text), 1, "one.example", 0), event="x")


def texts(text: str, count: int = 5, title: str = BRIDGE[0][0]) -> dict[str, list[str]]:
    """Return the texts of some entries with the same text, in each version."""
    entries = [one(text, title)] * count
    return {
        name: [entry.stored.entry.text for entry in some] for name, some in versions("n", entries)
    }


def test_a_teaser_ends_with_a_sentence() -> None:
    first = "海" * 59 + "。"
    found = texts(first * 8)
    assert found["n"] == [first * 8] * 5
    assert found["n (teasers)"] == [first] * 5


def test_a_mixture_holds_whole_texts_and_short_ones() -> None:
    found = texts("海岚" * 400)
    assert [len(text) for text in found["n (mixture)"]] == [800, 800, 110, 300, 60]


def test_letters_tell_less_than_characters() -> None:
    found = texts("harbour " * 100, title="A bridge")
    assert {len(text) for text in found["n (teasers)"]} == {264}


@pytest.mark.parametrize("text", ["", "海岚市长宣布修建大桥。"])
def test_what_is_brief_has_one_version(text: str) -> None:
    assert list(texts(text)) == ["n"]


def test_nothing_but_the_text_changes() -> None:
    entries = [one(BRIDGE[0][1] * 3)]
    whole, teaser, _ = (some[0] for _, some in versions("n", entries))
    entry = dataclasses.replace(teaser.stored.entry, text=whole.stored.entry.text)
    assert dataclasses.replace(teaser.stored, entry=entry) == whole.stored
    assert (teaser.id, teaser.event) == (whole.id, whole.event)
