"""Blocking: exactly the pairs that share enough weight, near them in order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator.group.features.columns import Keys
from aggregator.group.features.packing import VALUE_STEPS, Ragged
from aggregator.group.pairs import blocking
from aggregator.group.pairs.blocking import MAX_ENTRIES, MAX_PARTNERS, RING, SEVERAL, Index

Lists = list[dict[int, int]]
"""Of each entry its words with the bytes of their values."""


def index(lists: Lists, wanted: list[bool]) -> Index:
    """Return the index of some entries."""

    def keys(entries: NDArray[np.int64]) -> Keys:
        """Return the words of some of them with the bytes."""
        some = [lists[n] for n in entries.tolist()]
        starts = np.cumsum([0, *map(len, some)])
        flat = np.array([word for one in some for word in one], np.uint32)
        values = np.array([value for one in some for value in one.values()], np.uint8)
        return Keys(ids=Ragged(flat=flat, starts=starts), values=values)

    return Index(keys, np.array(wanted, bool))


def found(
    lists: Lists, wanted: list[bool], bound: float | list[float]
) -> dict[tuple[int, int], int]:
    """Return the pairs with the number of words that they share."""
    bounds = np.broadcast_to(np.array(bound, np.float32), len(lists))
    pairs = index(lists, wanted).pairs(bounds, most=len(lists))
    assert list(zip(pairs.left, pairs.right, strict=True)) == sorted(
        zip(pairs.left, pairs.right, strict=True)
    )
    return dict(
        zip(
            zip(pairs.left.tolist(), pairs.right.tolist(), strict=True),
            pairs.keys.tolist(),
            strict=True,
        )
    )


def strength(one: dict[int, int], other: dict[int, int]) -> float:
    """Return what two entries share."""
    shared = one.keys() & other.keys()
    return sum((one[word] / VALUE_STEPS) ** 2 * (other[word] / VALUE_STEPS) ** 2 for word in shared)


LISTS = st.lists(
    st.dictionaries(st.integers(1, 12) | st.just(2**32 - 1), st.integers(0, 255), max_size=6),
    min_size=1,
    max_size=12,
)


@given(LISTS, st.data())
def test_the_pairs_are_those_of_a_plain_comparison(lists: Lists, data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.booleans(), min_size=len(lists), max_size=len(lists)))
    bound = 0.1003  # that no sum of bytes hits
    plain = {
        (a, b): len(one.keys() & other.keys())
        for a, one in enumerate(lists)
        for b, other in enumerate(lists)
        if wanted[a] and a != b and strength(one, other) > bound
    }
    assert found(lists, wanted, bound) == plain


@given(LISTS, st.integers(1, 5))
def test_of_many_pairs_the_strongest_are_kept(lists: Lists, most: int) -> None:
    wanted = [True] * len(lists)
    bounds = np.zeros(len(lists), np.float32)
    every = index(lists, wanted).pairs(bounds, most=len(lists))
    kept = index(lists, wanted).pairs(bounds, most=most)
    for left in range(len(lists)):
        all_, some = every.strength[every.left == left], kept.strength[kept.left == left]
        assert sorted(some, reverse=True) == sorted(all_, reverse=True)[:most]
    assert set(zip(kept.left, kept.right, strict=True)) <= set(
        zip(every.left, every.right, strict=True)
    )


def test_an_entry_among_many_alike_has_few_partners() -> None:
    count = 4 * MAX_PARTNERS
    pairs = index([{1: 255, 2: 200}] * count, [True] * count).pairs(np.zeros(count, np.float32))
    assert np.bincount(pairs.left).tolist() == [MAX_PARTNERS] * count


def test_beside_several_partners_weak_ones_are_left_out() -> None:
    """The strongest is a copy; of the others as many are kept as are always kept."""
    lists = [{1: 120}] * 50 + [{1: 255}, {1: 255}]
    wanted = [False] * 51 + [True]
    pairs = index(lists, wanted).pairs(np.zeros(len(lists), np.float32))
    assert len(pairs.right) == SEVERAL
    assert 50 in pairs.right


def test_what_may_not_be_compared_takes_no_place() -> None:
    """The strongest of those that are allowed are kept, not those allowed of the strongest."""
    lists = [{1: 255}, {1: 200}, {1: 100}, {1: 255}]
    pairs = index(lists, [False, False, False, True]).pairs(
        np.zeros(4, np.float32), lambda found: found.right > 0, most=1
    )
    assert pairs.right.tolist() == [1]


def test_the_strength_is_the_sum_of_products() -> None:
    lists = [{5: 200, 7: 100, 8: 30}, {7: 250, 5: 10}]
    pairs = index(lists, [False, True]).pairs(np.zeros(2, np.float32))
    assert pairs.strength.tolist() == pytest.approx([strength(*lists)])


def test_each_entry_has_its_own_bound() -> None:
    lists = [{1: 255}, {1: 255}, {1: 255}]
    assert found(lists, [True] * 3, [0.5, 1.5, 0.5]).keys() == {(0, 1), (0, 2), (2, 0), (2, 1)}


@pytest.mark.parametrize(("count", "seen"), [(RING + 1, RING), (3 * RING, RING)])
def test_of_a_word_that_many_hold_the_nearest_are_looked_up(count: int, seen: int) -> None:
    lists = [{1: 255}] * count
    wanted = [False] * (count - 1) + [True]
    assert found(lists, wanted, 0.5).keys() == {
        (count - 1, count - 1 - n) for n in range(1, seen + 1)
    }


def test_in_the_middle_both_sides_are_looked_up() -> None:
    middle, count = 2 * RING, 4 * RING
    wanted = [n == middle for n in range(count)]
    pairs = found([{1: 255}] * count, wanted, 0.5).keys()
    assert pairs == {(middle, middle + n) for n in range(-RING, RING + 1) if n}


def test_many_entries_are_taken_chunk_by_chunk() -> None:
    count = 3 * blocking._NEW_PER_CHUNK + 1
    lists = [{n // 2: 255} for n in range(count)]
    expected = {(n, n ^ 1) for n in range(count - 1)}
    assert found(lists, [True] * count, 0.5).keys() == expected


def test_more_entries_than_a_posting_can_name_are_refused() -> None:
    with pytest.raises(ValueError, match="16777217 entries"):
        Index(
            lambda _: Keys(ids=_nothing(), values=np.empty(0, np.uint8)),
            np.zeros(MAX_ENTRIES + 1, bool),
        )


def _nothing() -> Ragged:
    return Ragged(flat=np.empty(0, np.uint32), starts=np.zeros(1, np.int64))


def test_the_last_entry_that_a_posting_can_name_is_found() -> None:
    """Both packed numbers hold it, beside every bit of the value and of the product."""
    posting = np.array([((MAX_ENTRIES - 1) << blocking._VALUE_BITS) | 255], np.uint32)
    assert posting >> blocking._VALUE_BITS == MAX_ENTRIES - 1
    assert (blocking._NEW_PER_CHUNK - 1) << blocking._NEW_SHIFT < 2**63
    assert blocking._NEW_SHIFT == 32 + blocking.ENTRY_BITS


@pytest.mark.parametrize(
    ("lists", "wanted"),
    [([{}], [True]), ([{1: 9}, {1: 9}], [False, False]), ([{}, {3: 255}], [True, False])],
    ids=["no words", "nobody asks", "who asks has none"],
)
def test_nothing_to_find(lists: Lists, wanted: list[bool]) -> None:
    pairs = index(lists, wanted).pairs(np.zeros(len(lists), np.float32))
    assert [len(one) for one in (pairs.left, pairs.right, pairs.strength, pairs.keys)] == [0] * 4
