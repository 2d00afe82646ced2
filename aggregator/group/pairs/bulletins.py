"""Recognises two bulletins of one formula, such as the results of two companies.

A forest compares two entries. How many bulletins of its formula an entry meets says as much: of a
hundred quake reports the next one is probably another quake, however alike both are.
"""

import numpy as np
from numpy.typing import NDArray

LIMIT = 0.5  # log-odds of the forest above which a pair is of one formula
_FEW = 3  # such pairs of an entry, which may be chance
_PER_E_FOLD = 0.7  # by which the limit falls with the log of their number, if there are more
_MARGIN_PER_E_FOLD, _MOST_MARGIN = 3.0, 3.5  # that a copy of a bulletin has and others lack

Floats = NDArray[np.float32]
Bits = NDArray[np.bool_]


def siblings(odds: Floats, left: NDArray[np.int64], known: int = 0) -> Bits:
    """Return which pairs are of one formula, by the log-odds of the forest.

    `left` is the entry of each pair; `known` is how many other pairs of one formula these entries
    are known to have. The more an entry has, the less is asked of the rest.
    """
    counts = _counts(odds > LIMIT, left, known)
    eased = np.where(counts >= _FEW, _PER_E_FOLD * np.log1p(counts), 0.0)
    return np.asarray(odds > LIMIT - eased)


def no_copies(found: Bits, margins: Floats, left: NDArray[np.int64], known: int = 0) -> Bits:
    """Return which pairs are too unlike for a bulletin and its copy.

    `found` are the pairs of one formula, `margins` the log-odds that a pair is of one event, above
    the threshold. An entry with many of the former is a bulletin. What shares a place or a figure
    with it is another one, and only a copy is the same.
    """
    counts = _counts(found, left, known)
    wanted = _MARGIN_PER_E_FOLD * np.log((1 + counts) / (1 + _FEW))
    return np.asarray((counts > _FEW) & (margins < np.minimum(wanted, _MOST_MARGIN)))


def _counts(found: Bits, left: NDArray[np.int64], known: int) -> NDArray[np.float64]:
    """Return for each pair how many of these its left entry has."""
    _, owners = np.unique(left, return_inverse=True)
    counts: NDArray[np.float64] = np.maximum(np.bincount(owners, found), known)
    return counts[owners]
