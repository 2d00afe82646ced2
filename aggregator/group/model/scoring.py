"""The pair model: from the features of a pair to the log-odds that both report one event."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.packing import CHINESE, DATED
from aggregator.group.model.forest import Forest
from aggregator.group.pairs.similarity import NAMES, Floats

KINDS = ("zh", "zh undated", "en", "en undated", "title")
TITLE_ALONE = 60  # characters of a body below which the title is all there is
_FALLBACK = {"zh undated": "zh", "en undated": "en", "title": "en", "en": "zh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The model of one kind of text: a logistic part and trees, their mean, calibrated.

    `thresholds` are the log-odds that an entry's fit with a story must exceed, by `match`.
    """

    bias: float
    weights: Floats
    forest: Forest | None = None
    thresholds: Mapping[str, float]
    slope: float = 1.0
    shift: float = 0.0

    def logits(self, columns: Floats) -> Floats:
        """Return the calibrated log-odds of each row."""
        raw = columns @ self.weights + np.float32(self.bias)
        if self.forest is not None:
            raw = (raw + self.forest.score(columns)) / 2
        return np.asarray(raw * self.slope + self.shift, np.float32)

    def contributions(self, columns: Floats) -> Floats:
        """Return what each feature adds to the log-odds of one row; `bias` is not among them."""
        parts = columns * self.weights
        if self.forest is not None:
            parts = (parts + self.forest.explain(columns)) / 2
        return np.asarray(parts * self.slope, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The models of all kinds of text; a kind that is missing borrows from the next of kin."""

    kinds: Mapping[str, Kind]

    def kind(self, number: int) -> Kind:
        """Return the model of one kind, by its place in KINDS."""
        name = KINDS[number]
        while name not in self.kinds and name in _FALLBACK:
            name = _FALLBACK[name]
        return self.kinds.get(name) or next(iter(self.kinds.values()))

    def logits(self, columns: Floats, kinds: NDArray[np.int8]) -> Floats:
        """Return the log-odds of each row, whose kind is given as its place in KINDS."""
        found = np.zeros(len(columns), np.float32)
        for number in np.unique(kinds).tolist():
            rows = kinds == number
            found[rows] = self.kind(number).logits(columns[rows])
        return found

    def thresholds(self, match: str) -> Floats:
        """Return the threshold of each kind."""
        return np.array([self.kind(n).thresholds[match] for n in range(len(KINDS))], np.float32)


def kinds_of(
    heads: NDArray[np.void], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Return the kind of text of each pair, as its place in KINDS."""
    flags = heads["flags"][left] & heads["flags"][right]
    chinese, dated = (flags & CHINESE) > 0, (flags & DATED) > 0
    short = np.minimum(heads["length"][left], heads["length"][right]) < TITLE_ALONE
    found = np.where(chinese, 0, 2) + ~dated
    return np.where(short & dated & ~chinese, 4, found).astype(np.int8)


def read(text: str) -> Model:
    """Read a model from JSON; features that it does not name count for nothing."""
    kinds: dict[str, Any] = json.loads(text)["kinds"]
    return Model(kinds={name: _kind(one) for name, one in kinds.items()})


@cache
def built_in() -> Model:
    """Return the model that is shipped."""
    return read(resources.files(__package__).joinpath("weights.json").read_text("utf-8"))


def _kind(one: Mapping[str, Any]) -> Kind:
    return Kind(
        bias=one["bias"],
        weights=np.array([one["weights"].get(name, 0.0) for name in NAMES], np.float32),
        forest=_forest(one["trees"]) if one.get("trees") else None,
        thresholds=one["thresholds"],
        slope=one["slope"],
        shift=one["shift"],
    )


def _forest(trees: Mapping[str, Sequence[Any]]) -> Forest:
    return Forest(
        features=np.array([[NAMES.index(name) for name in row] for row in trees["features"]]),
        cuts=np.array(trees["cuts"], np.float32),
        values=np.array(trees["values"], np.float32),
    )


def forest_to_json(forest: Forest) -> dict[str, Any]:
    """Return a forest as lists of feature names, cuts and values; unused questions never say yes."""
    return {
        "features": [[NAMES[f] for f in row] for row in forest.features.tolist()],
        "cuts": [[_short(cut) for cut in row] for row in forest.cuts.tolist()],
        "values": [[_short(value) for value in row] for row in forest.values.tolist()],
    }


def _short(number: float) -> float:
    return float(f"{min(number, 1e9):.5g}")
