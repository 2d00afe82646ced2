"""Fits the forest that recognises two bulletins of one formula: results, quakes, matches, releases.

It learns from invented bulletins, each an event of its own, and from the pairs of news and of
bulletins that report one event. Pairs of news that report two events are left out: whether these
are of one formula is not known.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator.group.learning.folds import Part
from aggregator.group.learning.pairs import Pairs
from aggregator.group.model.forest import Forest, Growth, grow
from aggregator.group.model.scoring import Model
from aggregator.group.pairs import bulletins
from aggregator.group.pairs.similarity import Floats

_MAX_PAIRS = 12_000  # of an invented stream, so that large streams do not outweigh small ones
_GROWTH = Growth(trees=60, depth=3, rate=0.1, shrink=4.0, least=5.0, columns=0.5)


def fit(parts: Sequence[Part]) -> Forest | None:
    """Return the forest, None without invented bulletins."""
    if not any(one.invented for one, _ in parts):
        return None
    files = [one for one, _ in parts]
    used = [bits & one.scored & ~one.guarded & _wanted(one) for one, bits in parts]
    columns, same = (
        np.concatenate([array[bits] for array, bits in zip(arrays, used, strict=True)])
        for arrays in ([one.columns for one in files], [one.same for one in files])
    )
    return grow(columns, (~same).astype(np.float64), np.zeros(len(same)), _GROWTH, _even(same))


def _wanted(one: Pairs) -> NDArray[np.bool_]:
    """Return the pairs of one event, and of an invented stream some pairs of two events."""
    if not one.invented:
        return one.same
    step = -(-len(one.left) // _MAX_PAIRS)
    return np.asarray(one.same | (np.arange(len(one.left)) % step == 0))


def recognised(forest: Forest | None, columns: Floats) -> NDArray[np.bool_]:
    """Return which rows are two bulletins of one formula."""
    return np.asarray(Model(kinds={}, formula=forest).formula_odds(columns) > bulletins.LIMIT)


def _even(same: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return weights with which both classes count the same, the smaller one 1 a pair."""
    few = min(int(same.sum()), int((~same).sum()))
    weights: NDArray[np.float64] = np.where(same, few / same.sum(), few / (~same).sum())
    return weights
