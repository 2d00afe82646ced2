"""A forest evaluated level by level gives each row the leaves that its path ends in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.model.forest import Forest


def leaf(forest: Forest, tree: int, row: np.ndarray) -> float:
    """Follow the path of a row through one tree."""
    node = 0
    for _ in range(forest.depth):
        above = row[forest.features[tree, node]] > forest.cuts[tree, node]
        node = 2 * node + 1 + bool(above)
    return float(forest.values[tree, node])


@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_score_is_the_sum_of_the_leaves(depth: int, trees: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    inner = 2**depth - 1
    forest = Forest(
        features=chance.integers(0, 4, (trees, inner)),
        cuts=chance.integers(0, 4, (trees, inner)).astype(np.float32),
        values=chance.random((trees, 2 * inner + 1)).astype(np.float32),
    )
    rows = chance.integers(0, 5, (7, 4)).astype(np.float32)
    plain = [sum(leaf(forest, tree, row) for tree in range(trees)) for row in rows]
    assert forest.score(rows).tolist() == pytest.approx(plain, rel=1e-5)
