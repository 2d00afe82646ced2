"""How rare terms are: the prior first, then what the window holds, which old entries leave."""

from datetime import timedelta

import numpy as np
import pytest

from aggregator.group.features import prior
from aggregator.group.features.frequencies import Frequencies
from aggregator.group.features.terms import Hashes

HOUR = 3600.0


def terms(*numbers: int) -> Hashes:
    """Return hashed terms."""
    return np.array(numbers, "<u4")


def weight(frequencies: Frequencies, number: int) -> float:
    """Return the weight of one term."""
    ids = terms(number)
    return float(frequencies.weigh(ids, prior.NONE.idf(ids, chinese=True))[0])


@pytest.fixture
def frequencies() -> Frequencies:
    """Return the counts of an empty window of an hour."""
    return Frequencies(timedelta(hours=1))


def test_at_first_the_prior_speaks(frequencies: Frequencies) -> None:
    expected = (8 + np.log(201 / (200 * np.exp(-8) + 0.5))) / 2
    assert weight(frequencies, 7) == pytest.approx(expected, rel=1e-5)


def test_what_comes_often_weighs_less_and_never_nothing(frequencies: Frequencies) -> None:
    weights = [weight(frequencies, 7)]
    for number in range(2000):
        frequencies.add(f"k{number}", 0.0, terms(7))
        weights.append(weight(frequencies, 7))
    assert weights[:50] == sorted(weights[:50], reverse=True)
    assert weights[-1] >= 0.05
    assert weight(frequencies, 8) > weights[-1] + 3


def test_one_after_another_is_the_same_as_all_at_once(frequencies: Frequencies) -> None:
    other = Frequencies(timedelta(hours=1))
    held = [terms(1, 2), terms(2, 3), terms(2)]
    for number, one in enumerate(held):
        frequencies.add(f"k{number}", float(number), one)
    other.add_all(["k0", "k1", "k2"], [0.0, 1.0, 2.0], held)
    other.add_all([], [], [])
    for number in range(5):
        assert weight(frequencies, number) == weight(other, number)


def test_old_entries_leave_when_time_moves_on(frequencies: Frequencies) -> None:
    empty = weight(frequencies, 7)
    frequencies.add("old", 0.0, terms(7))
    frequencies.add("new", 0.5 * HOUR, terms(7))
    frequencies.move(HOUR)
    both = weight(frequencies, 7)
    frequencies.move(HOUR + 1)
    one = weight(frequencies, 7)
    frequencies.move(9 * HOUR)
    assert both < one < empty == weight(frequencies, 7)


def test_an_entry_counts_once_however_often_it_changes(frequencies: Frequencies) -> None:
    frequencies.add("a", 0.0, terms(7))
    once = weight(frequencies, 7)
    frequencies.add("a", 1.0, terms(7))
    assert weight(frequencies, 7) == once
    frequencies.drop("a")
    frequencies.drop("a")
    frequencies.drop("unknown")
    assert weight(frequencies, 7) > once
