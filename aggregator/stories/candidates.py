"""The pairs of one grouping with their scores: what every decision is made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.settings import StorySettings
from aggregator.stories import packing
from aggregator.stories.blocking import Index
from aggregator.stories.rows import Rows
from aggregator.stories.scoring import TITLE_ALONE, Model, kinds_of
from aggregator.stories.similarity import Comparison, Floats, same_text

Places = NDArray[np.int64]
_CHINESE, _OTHER, _TITLES = 0.04, 0.08, 0.12  # what a pair must share to be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Pairs of a fresh row and one that arrived before it, with features and log-odds."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    columns: Floats
    logits: Floats
    margins: Floats  # log-odds above the threshold of the pair's kind of text
    copied: Floats  # how far both are one text, from 0 to 1
    starts: NDArray[np.int64]  # of the pairs of each row

    def of(self, row: int) -> range:
        """Return the numbers of the pairs whose later entry is this row."""
        return range(int(self.starts[row]), int(self.starts[row + 1]))


def score(
    rows: Rows, comparison: Comparison, model: Model, settings: StorySettings, *, timeless: bool
) -> Scored:
    """Find the candidate pairs of all fresh rows and score them.

    `timeless`: the window does not apply to entries without a date.
    """
    left, right = _pairs(rows, settings, timeless=timeless)
    columns = comparison.features(left, right)
    kinds = kinds_of(rows.heads, left, right)
    logits = model.logits(columns, kinds)
    return Scored(
        left=left,
        right=right,
        columns=columns,
        logits=logits,
        margins=logits - model.thresholds(settings.match)[kinds],
        copied=same_text(columns, rows.heads, left, right),
        starts=np.searchsorted(left, np.arange(len(rows.keys) + 1)),
    )


def _pairs(rows: Rows, settings: StorySettings, *, timeless: bool) -> tuple[Places, Places]:
    ids = packing.ragged(rows.packed, rows.heads, "word_ids", packing.KEYS)
    values = packing.ragged(rows.packed, rows.heads, "word_values", packing.KEYS)
    roots = values.flat.astype(np.float32) / packing.VALUE_STEPS
    found = Index(ids, np.square(roots), rows.fresh).pairs(_bounds(rows))
    left, right = found.left, found.right
    apart = np.abs(rows.published[left] - rows.published[right])
    near = apart <= settings.window.total_seconds()
    if timeless:
        near |= (rows.heads["flags"][left] & rows.heads["flags"][right] & packing.DATED) == 0
    # The second had arrived, and had not yet been replaced by its modified form.
    turn = rows.arrived[left]
    good = near & (rows.arrived[right] < turn) & (rows.left[right] > turn)
    return left[good], right[good]


def _bounds(rows: Rows) -> Floats:
    """Return how much each entry must share with another: one word of a title weighs much."""
    other = np.where(rows.heads["length"] < TITLE_ALONE, _TITLES, _OTHER)
    chinese = (rows.heads["flags"] & packing.CHINESE) > 0
    return np.where(chinese, _CHINESE, other).astype(np.float32)
