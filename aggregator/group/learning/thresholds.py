"""Calibrates a family's model and chooses its thresholds on files that it has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.learning import clustering_metrics, fitting, folds, formula, logistic
from aggregator.group.learning.fitting import Family
from aggregator.group.learning.folds import Bits, Part
from aggregator.group.learning.pairs import Pairs
from aggregator.group.model.scoring import KINDS
from aggregator.group.pairs.candidates import GUARDED
from aggregator.group.stories import assign

Doubles = NDArray[np.float64]
Calibration = Mapping[str, tuple[float, float]]
"""From a kind of text to the slope and shift that calibrate its log-odds."""
CAUTION = {"across": 0.5}  # log-odds added to the threshold of a kind with few training pairs
_GRID = np.arange(-3.0, 3.01, 0.25)
_NOISE = 0.002  # of the worth of a threshold; of thresholds that differ less none is better
_ENOUGH = 25  # a kind with fewer true pairs is calibrated with its family
_PENALTY = 1e-2
_PAIRS = 0.2  # weight of pair F1, which varies much with a few large stories


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """One file with the log-odds of each pair from a model that has not seen it."""

    test: Pairs
    tested: Bits
    logits: Doubles
    guarded: Bits  # kept apart by a rule, or by a forest that has not seen the file

    @property
    def rows(self) -> NDArray[np.int64]:
        """The entries of tested pairs, without ambiguous ones."""
        found = np.zeros(len(self.test.events), bool)
        found[self.test.left[self.tested]] = found[self.test.right[self.tested]] = True
        return np.flatnonzero(found & ~self.test.ambiguous)


def hold_out(parts: Sequence[Part], family: Family, invented: Sequence[Part] = ()) -> list[HeldOut]:
    """Score what was held out of each fold; the folds of a file make it complete.

    From the bulletins that are `invented` only the forest that recognises formulas learns.
    Versions that nobody published are learned from and not tested.
    """
    found: dict[str, HeldOut] = {}
    for fold in folds.folds(parts):
        tests = [(test, tested) for test, tested in fold.tests if not test.retold]
        if not tests:
            continue
        fitted = fitting.fit(fold.learn, family)
        forest = formula.fit([*fold.learn, *invented])
        for test, tested in tests:
            one = found.setdefault(test.name, _untested(test))
            one.tested[tested] = True
            columns = test.columns[tested]
            one.logits[tested] = fitted.logits(columns, test.kinds[tested])
            one.guarded[tested] |= formula.recognised(forest, columns)
    return list(found.values())


def _untested(test: Pairs) -> HeldOut:
    nothing = np.zeros(len(test.left), bool)
    return HeldOut(
        test=test,
        tested=nothing,
        logits=np.zeros(len(nothing)),
        guarded=test.guarded.copy(),
    )


def calibrate(held_out: Sequence[HeldOut], family: Family) -> dict[str, tuple[float, float]]:
    """Return the slope and shift of each kind."""
    every = _calibrate(held_out, family.numbers)
    found = {kind: _calibrate(held_out, [KINDS.index(kind)]) for kind in family.kinds}
    return {kind: one or every or (1.0, 0.0) for kind, one in found.items()}


def _calibrate(held_out: Sequence[HeldOut], kinds: Sequence[int]) -> tuple[float, float] | None:
    rows = [
        one.tested & one.test.scored & ~one.guarded & np.isin(one.test.kinds, kinds)
        for one in held_out
    ]
    logits = np.concatenate([one.logits[bits] for one, bits in zip(held_out, rows, strict=True)])
    labels = np.concatenate([one.test.same[bits] for one, bits in zip(held_out, rows, strict=True)])
    if not _ENOUGH <= labels.sum() < len(labels):
        return None
    weights, shift = logistic.fit(logits[:, None], labels.astype(np.float64), _PENALTY)
    return float(weights[0]), shift


def choose(held_out: Sequence[HeldOut], calibration: Calibration) -> float:
    """Return the threshold whose stories agree best with the events that were held out.

    It is the mean of all thresholds, of which the good ones weigh most. So it moves little when
    the log-odds change little, where the single best threshold may jump to another good one.
    """
    worth = np.average(
        [[_worth(one, calibration, bar) for one in held_out] for bar in _GRID],
        axis=1,
        weights=[len(one.rows) for one in held_out],
    )
    found = np.average(_GRID, weights=np.exp((worth - worth.max()) / _NOISE))
    return round(float(found), 2)


def _worth(held_out: HeldOut, calibration: Calibration, bar: float) -> float:
    """Return B³ F1 of the stories at a threshold, with a share of pair F1."""
    stories = stories_at(held_out, calibration, bar)
    rows = held_out.rows.tolist()
    found = clustering_metrics.count(
        [str(held_out.test.events[row]) for row in rows], [str(stories[row]) for row in rows]
    ).agreement()
    return found.b3_f1 + _PAIRS * found.pair_f1


def stories_at(held_out: HeldOut, calibration: Calibration, bar: float) -> list[int]:
    """Return the number of each entry's story at a threshold."""
    test = held_out.test
    margins = _calibrated(held_out.logits, test.kinds, calibration) - bar - _caution(test.kinds)
    margins = np.where(held_out.guarded, np.minimum(margins, GUARDED), margins)
    return stories_of(test, margins, held_out.tested)


def _calibrated(logits: Doubles, kinds: NDArray[np.int8], calibration: Calibration) -> Doubles:
    """Return log-odds with the slope and shift of their kinds."""
    slopes, shifts = np.ones(len(KINDS)), np.zeros(len(KINDS))
    for kind, (slope, shift) in calibration.items():
        slopes[KINDS.index(kind)], shifts[KINDS.index(kind)] = slope, shift
    found: Doubles = logits * slopes[kinds] + shifts[kinds]
    return found


def _caution(kinds: NDArray[np.int8]) -> Doubles:
    """Return what each pair's kind of text asks for besides the common threshold."""
    found: Doubles = np.array([CAUTION.get(kind, 0.0) for kind in KINDS])[kinds]
    return found


def stories_of(pairs: Pairs, margins: Doubles, used: Bits) -> list[int]:
    """Return the number of each entry's story, assigned one by one and merged as in a run.

    A run compares two stories afresh before it merges them; here the candidate pairs are all there is.
    """
    stories = _Stories(len(pairs.events))
    columns = (pairs.left[used].tolist(), pairs.right[used].tolist(), margins[used].tolist())
    for left, right, margin in zip(*columns, strict=True):
        stories.margins[left][right] = stories.margins[right][left] = margin
    for row in range(len(pairs.events)):
        stories.place(row)
    return stories.story


class _Stories:
    """The stories of the entries placed so far; a story is known by the number of one of its entries."""

    def __init__(self, entries: int) -> None:
        self.margins: list[dict[int, float]] = [{} for _ in range(entries)]
        self.story: list[int] = []
        self._members: dict[int, list[int]] = {}
        self._fits: dict[int, list[float]] = {}

    def place(self, row: int) -> None:
        """Give the next entry its story."""
        near: dict[int, list[float]] = {}
        for other, margin in self.margins[row].items():
            if other < row:
                near.setdefault(self.story[other], []).append(margin)
        fits = {one: assign.fit(some, len(self._members[one])) for one, some in near.items()}
        above = {one: self._above(one, near[one], fit) for one, fit in fits.items()}
        chosen = max(above, key=lambda one: above[one], default=row)
        if chosen == row or above[chosen] <= 0:
            self.story.append(row)
            self._members[row], self._fits[row] = [row], []
            return
        self.story.append(chosen)
        self._members[chosen].append(row)
        self._fits[chosen].append(fits[chosen])
        linked = [one for one in near if one != chosen and max(near[one]) > 0]
        for one in sorted(linked, key=lambda one: -max(near[one])):
            chosen = self._merge(chosen, one)

    def _above(self, story: int, margins: Sequence[float], fit: float) -> float:
        size = len(self._members[story])
        linked = assign.link(margins, size, size + 1)
        return max(fit - assign.bar(self._fits[story], size), linked)

    def _merge(self, one: int, other: int) -> int:
        """Merge two stories if they are linked; return the number of the first one's story."""
        mine, theirs = self._members[one], self._members[other]
        between = [self.margins[a][b] for a in mine for b in theirs if b in self.margins[a]]
        if assign.link(between, len(mine) * len(theirs), len(mine) + len(theirs)) <= 0:
            return one
        for row in theirs:
            self.story[row] = one
        mine.extend(self._members.pop(other))
        self._fits[one] += self._fits.pop(other)
        return one
