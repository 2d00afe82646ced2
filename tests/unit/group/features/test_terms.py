"""Terms: which a text holds, where each stands, how much it counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.features import terms
from aggregator.group.features.terms import MARKED, Terms
from aggregator.text.fold import words


def one_by_one(*parts: str) -> list[set[int]]:
    """Return the bigrams of each text alone."""
    return [set(terms.of_bigrams([part], "").ids.tolist()) for part in parts]


def places(found: Terms) -> dict[int, int]:
    """Return where each term stands."""
    return dict(zip(found.ids.tolist(), found.places.tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("会议 ok 12", 3, id="mixed"),
        pytest.param("三个字", 2, id="overlap"),
        pytest.param("字", 0, id="one character"),
        pytest.param("ニュース", 3, id="kana"),
        pytest.param("новости дня", 2, id="cyrillic"),
        pytest.param("the ferry", 1, id="no function word"),
        pytest.param("大坝大坝", 2, id="distinct"),
        pytest.param("", 0, id="empty"),
        pytest.param("\ud800 \U0010ffff", 0, id="no characters"),
    ],
)
def test_bigrams(text: str, count: int) -> None:
    assert len(terms.of_bigrams([text], "").ids) == count


def test_a_bigram_is_the_same_wherever_it_stands() -> None:
    alone, inside = one_by_one("水库", "青石水库大坝")
    assert alone < inside
    assert one_by_one("库水")[0].isdisjoint(inside)


def test_bigrams_do_not_reach_over_parts_or_marks() -> None:
    assert len(terms.of_bigrams(["水", "库"], "").ids) == 0
    assert one_by_one("水，库")[0] == set()


def test_places_of_bigrams() -> None:
    found = places(terms.of_bigrams(["青石 dam", "水库", "青石"], "青石"))
    (stone,), (water,), (dam,) = one_by_one("青石", "水库", "dam")
    assert found == {stone: 0b101 | MARKED, water: 0b10, dam: 0b1}


@given(
    st.lists(st.text("青石水库 dam，1.", max_size=12), min_size=1, max_size=4), st.integers(0, 12)
)
def test_what_the_subject_holds_is_marked(parts: list[str], end: int) -> None:
    """Also a word that the subject holds only the beginning of."""
    subject = parts[0][:end]
    (held,) = one_by_one(subject)
    for code, places_of_one in places(terms.of_bigrams(parts, subject)).items():
        assert bool(places_of_one & MARKED) == (code in held)


def test_places_of_words() -> None:
    found = terms.of_words(
        [["ferry", "aurelia"], ["the", "ferry", "sank"], ["aurelia"]], {"aurelia"}
    )
    held = places(found)
    assert held[terms.word_hash("ferry")] == 0b11
    assert held[terms.word_hash("aurelia")] == 0b101 | MARKED
    assert terms.word_hash("the") == 0


def test_single_characters_count_only_as_numbers() -> None:
    found = terms.of_words([["水", "x", "7"], ["水库"]], ())
    assert sorted(places(found)) == sorted(map(terms.word_hash, ("7", "水库")))


def test_only_the_first_sentences_have_a_place() -> None:
    found = places(terms.of_words([[], *([f"word{n}"] for n in range(9))], ()))
    assert sorted(found.values()) == [0, 0, 0, 2, 4, 8, 16, 32, 64]


def test_strength() -> None:
    parts = ["dam", *("filler " * terms.WORD_DECAY + "dam").splitlines()]
    found = terms.of_words([part.split() for part in parts], ())
    strength = dict(zip(found.ids.tolist(), found.strength.tolist(), strict=True))
    assert strength[terms.word_hash("dam")] == pytest.approx(math.log1p(1.5 + 0.5), rel=1e-6)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=9))
def test_any_text_has_terms(parts: list[str]) -> None:
    for found in (terms.of_words(list(map(words, parts)), ()), terms.of_bigrams(parts, parts[0])):
        assert len(found.ids) == len(found.strength) == len(found.places)
        assert (found.strength > 0).all()


@given(
    st.lists(st.lists(st.integers(0, 12), max_size=9), min_size=1, max_size=10),
    st.lists(st.integers(0, 14), max_size=4),
)
def test_terms_are_counted_as_one_by_one(parts: list[list[int]], marked: list[int]) -> None:
    flat = np.array([code for part in parts for code in part], "<u4")
    found = terms.count(flat, [len(part) for part in parts], 60, np.array(marked, "<u4"))

    strength, bits, position = dict[int, float](), dict[int, int](), 0
    for number, part in enumerate(parts):
        for code in part:
            weight = 1 / (1 + position / 60) if number else 1.5
            position += bool(number)
            strength[code] = strength.get(code, 0.0) + weight
            mark = terms.MARKED if code in marked else 0
            bit = 1 << number if number <= terms.SENTENCES else 0
            bits[code] = bits.get(code, 0) | bit | mark
    assert found.ids.tolist() == sorted(strength)
    assert places(found) == bits
    expected = [math.log1p(strength[code]) for code in sorted(strength)]
    assert found.strength.tolist() == pytest.approx(expected, rel=1e-6)
