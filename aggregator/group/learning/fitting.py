"""Fits the pair model: a logistic part for each group of kinds, a forest for each family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.learning import folds, logistic
from aggregator.group.learning.folds import Part
from aggregator.group.model.forest import Forest, Growth, grow
from aggregator.group.model.scoring import KINDS, blend
from aggregator.group.pairs.similarity import Floats

Doubles = NDArray[np.float64]
Kinds = NDArray[np.int8]
_PENALTY = 10.0
_PART = 4  # every how manyth pair of two events is used for the logistic part
_FAR, _FEW = -4.5, 10  # pairs below these log-odds are sampled, one in so many
_MOST = 8000.0  # upper bound of the pairs that one stream counts for


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Kinds of text that share a forest; each group of them has a logistic part."""

    name: str
    groups: tuple[tuple[str, ...], ...]
    share: float  # of the logistic part
    growth: Growth

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of all groups."""
        return tuple(kind for group in self.groups for kind in group)

    @property
    def numbers(self) -> list[int]:
        """The kinds of all groups, as their places in KINDS."""
        return [KINDS.index(kind) for kind in self.kinds]


FAMILIES = (
    Family(
        name="dated",
        groups=(("en", "title"), ("zh", "zh title"), ("across",)),
        share=0.2,
        growth=Growth(trees=120, depth=4, rate=0.1, shrink=4.0, least=5.0, columns=0.5),
    ),
    Family(name="zh undated", groups=(("zh undated",),), share=0.5, growth=Growth(trees=100)),
    Family(name="en undated", groups=(("en undated",),), share=0.5, growth=Growth(trees=100)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The parts of a family's model, not yet calibrated; a weight for each column, and a bias."""

    family: Family
    straight: Mapping[str, tuple[Doubles, float]]  # by kind
    forest: Forest

    def logits(self, columns: Floats, kinds: Kinds) -> Doubles:
        """Return the log-odds of each row."""
        trees = self.forest.score(columns).astype(np.float64)
        found = trees.copy()
        for kind, (weights, bias) in self.straight.items():
            rows = kinds == KINDS.index(kind)
            straight = columns[rows].astype(np.float64) @ weights + bias
            found[rows] = blend(straight, trees[rows], self.family.share)
        return found


def fit(parts: Sequence[Part], family: Family) -> Fit:
    """Fit the model of a family to the scored pairs that no rule keeps apart."""
    chosen = [bits & one.scored & ~one.guarded for one, bits in parts]
    files = [one for one, _ in parts]
    columns = np.concatenate([one.columns[bits] for one, bits in zip(files, chosen, strict=True)])
    kinds = np.concatenate([one.kinds[bits] for one, bits in zip(files, chosen, strict=True)])
    labels = np.concatenate([one.same[bits] for one, bits in zip(files, chosen, strict=True)])
    each = folds.weights(parts, _MOST)
    weights = np.repeat(each, [int(bits.sum()) for bits in chosen])
    straight = _straight(columns, kinds, labels.astype(np.float64), family)
    # The forest starts from the share of true pairs, which is spread over the leaves of all trees.
    share = float(np.clip(np.average(labels, weights=weights), 1e-6, 1 - 1e-6))
    start = float(np.log(share / (1 - share)))
    kept, counts = _thin(columns, kinds, labels, straight)
    forest = grow(
        columns[kept],
        labels[kept].astype(np.float64),
        np.full(len(kept), start),
        family.growth,
        weights[kept] * counts,
    )
    forest.values[:, :] += np.float32(start / len(forest.values))
    return Fit(family=family, straight=straight, forest=forest)


def _straight(
    columns: Floats, kinds: Kinds, labels: Doubles, family: Family
) -> dict[str, tuple[Doubles, float]]:
    """Fit the logistic part of each group that has both kinds of pairs."""
    found = {}
    for group in family.groups:
        rows = np.isin(kinds, [KINDS.index(kind) for kind in group])
        if 0 < labels[rows].sum() < rows.sum():
            # A sample of the pairs of two events is enough; the bias corrects for the others.
            some = np.flatnonzero(rows & ((labels > 0) | (np.arange(len(labels)) % _PART == 0)))
            weights, bias = logistic.fit(columns[some].astype(np.float64), labels[some], _PENALTY)
            made = weights, bias - float(np.log(_PART))
            found.update(dict.fromkeys(group, made))
    return found


def _thin(
    columns: Floats,
    kinds: Kinds,
    labels: NDArray[np.bool_],
    straight: Mapping[str, tuple[Doubles, float]],
) -> tuple[NDArray[np.int64], Doubles]:
    """Return the rows that the forest is trained on, and their weights: unlikely pairs are sampled."""
    logits = np.zeros(len(columns))
    for kind, (weights, bias) in straight.items():
        rows = kinds == KINDS.index(kind)
        logits[rows] = columns[rows].astype(np.float64) @ weights + bias
    strangers = (logits < _FAR) & ~labels
    kept = np.flatnonzero(~strangers | (np.arange(len(labels)) % _FEW == 0))
    return kept, np.where(strangers[kept], float(_FEW), 1.0)
