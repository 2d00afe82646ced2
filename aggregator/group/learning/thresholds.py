"""Calibrates a family's model and chooses its thresholds on files that it has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.learning import clustering_metrics, fitting, folds, logistic
from aggregator.group.learning.fitting import Family
from aggregator.group.learning.folds import Bits, Part
from aggregator.group.learning.pairs import Pairs
from aggregator.group.model.scoring import KINDS
from aggregator.group.pairs.candidates import GUARDED
from aggregator.group.stories import assign

Doubles = NDArray[np.float64]
Calibration = Mapping[str, tuple[float, float]]
"""From a kind of text to the slope and shift that make its log-odds mean what they say."""
_GRID = np.arange(-3.0, 3.01, 0.25)
_ENOUGH = 25  # true pairs without which a kind is calibrated like its whole family
_PENALTY = 1e-2
_PAIRS = 0.2  # weight of pair F1, which a few large stories make jump


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """One file with the log-odds that each tested pair got from what had not seen it."""

    test: Pairs
    tested: Bits
    logits: Doubles

    @property
    def rows(self) -> NDArray[np.int64]:
        """The entries that tested pairs are of, without those that nobody could judge."""
        found = np.zeros(len(self.test.events), bool)
        found[self.test.left[self.tested]] = found[self.test.right[self.tested]] = True
        return np.flatnonzero(found & ~self.test.ambiguous)


def hold_out(parts: Sequence[Part], family: Family) -> list[HeldOut]:
    """Score what was held out of each fold; each file is whole again in the end.

    Versions that nobody published are learned from and say nothing of thresholds.
    """
    found: dict[str, HeldOut] = {}
    for fold in folds.folds(parts):
        fitted = fitting.fit(fold.learn, family)
        for test, tested in fold.tests:
            if test.retold:
                continue
            nothing = HeldOut(
                test=test, tested=np.zeros(len(tested), bool), logits=np.zeros(len(tested))
            )
            one = found.setdefault(test.name, nothing)
            one.tested[tested] = True
            one.logits[tested] = fitted.logits(test.columns[tested], test.kinds[tested])
    return list(found.values())


def calibrate(held_out: Sequence[HeldOut], family: Family) -> dict[str, tuple[float, float]]:
    """Return the slope and shift of each kind."""
    every = _calibrate(held_out, [KINDS.index(kind) for kind in family.kinds])
    found = {kind: _calibrate(held_out, [KINDS.index(kind)]) for kind in family.kinds}
    return {kind: one or every or (1.0, 0.0) for kind, one in found.items()}


def _calibrate(held_out: Sequence[HeldOut], kinds: Sequence[int]) -> tuple[float, float] | None:
    rows = [
        one.tested & one.test.scored & ~one.test.guarded & np.isin(one.test.kinds, kinds)
        for one in held_out
    ]
    logits = np.concatenate([one.logits[bits] for one, bits in zip(held_out, rows, strict=True)])
    labels = np.concatenate([one.test.same[bits] for one, bits in zip(held_out, rows, strict=True)])
    if not _ENOUGH <= labels.sum() < len(labels):
        return None
    weights, shift = logistic.fit(logits[:, None], labels.astype(np.float64), _PENALTY)
    return float(weights[0]), shift


def choose(held_out: Sequence[HeldOut], calibration: Calibration) -> float:
    """Return the threshold whose stories agree best with the events that were held out."""
    worth = np.average(
        [[_worth(one, calibration, bar) for one in held_out] for bar in _GRID],
        axis=1,
        weights=[len(one.rows) for one in held_out],
    )
    # One step is noise; the middle of a stretch that is good is what will hold elsewhere.
    smooth = np.convolve(np.pad(worth, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return float(_GRID[int(np.argmax(smooth))])


def _worth(held_out: HeldOut, calibration: Calibration, bar: float) -> float:
    """Return B³ F1 of the stories that follow from a threshold; pair F1 tells what B³ does not."""
    test = held_out.test
    margins = calibrated(held_out.logits, test.kinds, calibration) - bar
    margins = np.where(test.guarded, np.minimum(margins, GUARDED), margins)
    stories = stories_of(test, margins, held_out.tested)
    rows = held_out.rows.tolist()
    found = clustering_metrics.count(
        [str(test.events[row]) for row in rows], [str(stories[row]) for row in rows]
    ).agreement()
    return found.b3_f1 + _PAIRS * found.pair_f1


def calibrated(logits: Doubles, kinds: NDArray[np.int8], calibration: Calibration) -> Doubles:
    """Return log-odds with the slope and shift of their kinds."""
    slopes, shifts = np.ones(len(KINDS)), np.zeros(len(KINDS))
    for kind, (slope, shift) in calibration.items():
        slopes[KINDS.index(kind)], shifts[KINDS.index(kind)] = slope, shift
    found: Doubles = logits * slopes[kinds] + shifts[kinds]
    return found


def stories_of(pairs: Pairs, margins: Doubles, used: Bits) -> list[int]:
    """Return the number of each entry's story, assigned one by one as a run does it."""
    starts = np.searchsorted(pairs.left[used], np.arange(len(pairs.events) + 1)).tolist()
    right, held = pairs.right[used].tolist(), margins[used].tolist()
    story: list[int] = []
    fits: list[list[float]] = []
    sizes: list[int] = []
    for row in range(len(pairs.events)):
        near: dict[int, list[float]] = {}
        for pair in range(starts[row], starts[row + 1]):
            near.setdefault(story[right[pair]], []).append(held[pair])
        fit = {one: assign.fit(margins_, sizes[one]) for one, margins_ in near.items()}
        above = {one: value - assign.bar(fits[one], sizes[one]) for one, value in fit.items()}
        chosen = max(above, key=lambda one: above[one], default=-1)
        if chosen < 0 or above[chosen] <= 0:
            chosen = len(sizes)
            sizes.append(0)
            fits.append([])
        else:
            fits[chosen].append(fit[chosen])
        sizes[chosen] += 1
        story.append(chosen)
    return story
