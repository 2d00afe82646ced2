"""The terms that pairs share, found by tables, are those of a plain comparison."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.features.packing import Ragged
from aggregator.group.pairs import overlap

# Terms whose low 16 bits differ, since terms of one entry in one slot displace each other.
LISTS = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=6), min_size=1, max_size=90)


@given(LISTS, st.data())
def test_shared_terms(lists: list[list[int]], data: st.DataObject) -> None:
    places = st.integers(0, len(lists) - 1)
    pairs = sorted(data.draw(st.lists(st.tuples(places, places), max_size=200)))
    starts = np.cumsum([0, *map(len, lists)])
    flat = np.array([term for one in lists for term in one], np.uint32)
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T
    found = overlap.shared(Ragged(flat=flat, starts=starts), left, right)
    plain = [
        (number, int(starts[a]) + lists[a].index(term), int(starts[b]) + place)
        for number, (a, b) in enumerate(pairs)
        for place, term in enumerate(lists[b])
        if term in lists[a]
    ]
    assert list(zip(*(one.tolist() for one in (found.pair, found.left, found.right)), strict=True)) == plain  # fmt: skip
