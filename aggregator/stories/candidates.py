"""The pairs of one grouping with their scores: what every decision is made from."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aggregator.stories import packing
from aggregator.stories.blocking import BOUND, Index
from aggregator.stories.rows import Rows
from aggregator.stories.scoring import Model
from aggregator.stories.similarity import Comparer, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Pairs of a fresh row and one that arrived before it, with features and log-odds."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    columns: Floats
    logits: Floats
    starts: NDArray[np.int64]  # of the pairs of each row

    def of(self, row: int) -> range:
        """Return the numbers of the pairs whose later entry is this row."""
        return range(int(self.starts[row]), int(self.starts[row + 1]))


def score(rows: Rows, comparer: Comparer, model: Model, window: timedelta) -> Scored:
    """Find the candidate pairs of all fresh rows and score them."""
    left, right = _pairs(rows, window)
    columns = comparer.features(left, right)
    return Scored(
        left=left,
        right=right,
        columns=columns,
        logits=model.logits(columns),
        starts=np.searchsorted(left, np.arange(len(rows.keys) + 1)),
    )


def meet(
    rows: Rows, left: NDArray[np.int64], right: NDArray[np.int64], window: timedelta
) -> NDArray[np.bool_]:
    """Say of each pair whether the second had arrived, was not replaced, and is near in time."""
    near = np.abs(rows.published[left] - rows.published[right]) <= window.total_seconds()
    turn = rows.arrived[left]
    return near & (rows.arrived[right] < turn) & (rows.left[right] > turn)


def _pairs(rows: Rows, window: timedelta) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ids = packing.ragged(rows.packed, rows.heads, "word_ids", packing.KEYS)
    values = packing.ragged(rows.packed, rows.heads, "word_values", packing.KEYS)
    index = Index(ids, np.square(values.flat.astype(np.float32) / 255), rows.fresh)
    found = index.pairs(BOUND)
    good = meet(rows, found.left, found.right, window)
    return found.left[good], found.right[good]
