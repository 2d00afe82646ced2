"""Ranges and runs: the same as loops over lists."""

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.features.arrays import ranges, runs, starts_of

SMALL = st.integers(0, 9)


@given(st.lists(st.tuples(SMALL, SMALL)))
def test_ranges_follow_one_another(pairs: list[tuple[int, int]]) -> None:
    begins, sizes = np.array(pairs, np.int64).reshape(-1, 2).T
    expected = [number for begin, size in pairs for number in range(begin, begin + size)]
    assert ranges(begins, sizes).tolist() == expected
    assert starts_of(sizes).tolist() == [sum(sizes[:n].tolist()) for n in range(len(pairs) + 1)]


@given(st.lists(st.integers(0, 2)))
def test_runs_make_the_values_again(values: list[int]) -> None:
    begins, sizes = runs(np.array(values, np.int64))
    assert sizes.tolist() == [len(list(some)) for _, some in groupby(values)]
    assert [values[begin] for begin in begins.tolist()] == [value for value, _ in groupby(values)]
