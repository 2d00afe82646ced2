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

KINDS = ("zh", "zh undated", "en", "en undated", "title", "zh title", "across")
TITLE_ALONE = 60  # characters of a body below which an entry counts as a title alone
_CHINESE_TITLE_ALONE = 20
_FALLBACK = {
    "zh undated": "zh",
    "en undated": "en",
    "title": "en",
    "zh title": "zh",
    "across": "en",
    "en": "zh",
}
FORMULA = "formula"  # the name of the forest that recognises formulas
# Log-odds of a formula that two languages count less. Most of what looks like one is two reports of
# one event: their titles agree in little beside names and numbers.
_FORMULA_ACROSS = 2.5
_STRAIGHT_MOST = 12.0  # bound of the log-odds of the logistic part, which is not bounded by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The model of one kind of text: a logistic part and a forest, averaged and calibrated.

    `share` is the weight of the logistic part, 1 without a forest; kinds may share a forest. `thresholds` are the log-odds that an entry's fit with a story must exceed, by `match`.
    """

    bias: float
    weights: Floats
    forest: Forest | None = None
    thresholds: Mapping[str, float]
    slope: float = 1.0
    shift: float = 0.0
    share: float = 0.5

    def logits(self, columns: Floats) -> Floats:
        """Return the calibrated log-odds of each row."""
        raw = columns @ self.weights + np.float32(self.bias)
        if self.forest is not None:
            raw = blend(raw, self.forest.score(columns), self.share)
        return np.asarray(raw * self.slope + self.shift, np.float32)

    def contributions(self, columns: Floats) -> Floats:
        """Return the contribution of each feature to the log-odds of one row, without `bias`."""
        parts = columns * self.weights
        if self.forest is not None:
            parts = parts * self.share + self.forest.explain(columns) * (1 - self.share)
        return np.asarray(parts * self.slope, np.float32)


def blend(straight: NDArray[Any], trees: NDArray[Any], share: float) -> NDArray[Any]:
    """Return the weighted mean of the scores of the logistic part and of the forest."""
    held = np.clip(straight, -_STRAIGHT_MOST, _STRAIGHT_MOST)
    mixed: NDArray[Any] = held * share + trees * (1 - share)
    return mixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The models of all kinds of text, and the forest that recognises formulas.

    A kind without a model of its own uses that of the most similar one.
    """

    kinds: Mapping[str, Kind]
    formula: Forest | None = None

    def formula_odds(self, columns: Floats) -> Floats:
        """Return the log-odds that each row is of two bulletins of one formula."""
        if self.formula is None:
            return np.full(len(columns), -np.inf, np.float32)
        across = columns[:, NAMES.index("two languages")] > 0
        found = self.formula.score(columns) - _FORMULA_ACROSS * across
        return np.asarray(found, np.float32)

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

    def thresholds_by_kind(self, match: str = "normal") -> dict[str, float]:
        """Return the threshold of each kind of text, in log-odds, by its name."""
        return {name: self.kind(n).thresholds[match] for n, name in enumerate(KINDS)}

    def thresholds(self, match: str) -> Floats:
        """Return the threshold of each kind."""
        return np.array([self.kind(n).thresholds[match] for n in range(len(KINDS))], np.float32)


def kinds_of(
    heads: NDArray[np.void], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Return the kind of text of each pair, as its place in KINDS."""
    flags = heads["flags"]
    both, either = flags[left] & flags[right], flags[left] | flags[right]
    chinese, dated = (both & CHINESE) > 0, (both & DATED) > 0
    shorter = np.minimum(heads["length"][left], heads["length"][right])
    titles = dated & (shorter < np.where(chinese, _CHINESE_TITLE_ALONE, TITLE_ALONE))
    found = np.where(chinese, 0, 2) + ~dated
    found = np.where(titles, np.where(chinese, 5, 4), found)
    return np.where(~chinese & ((either & CHINESE) > 0), 6, found).astype(np.int8)


def read(text: str) -> Model:
    """Read a model from JSON; features that it does not name have weight 0."""
    given = json.loads(text)
    forests = {name: _forest(one) for name, one in given.get("forests", {}).items()}
    kinds: dict[str, Any] = given["kinds"]
    return Model(
        kinds={name: _kind(one, forests) for name, one in kinds.items()},
        formula=forests.get(FORMULA),
    )


@cache
def built_in() -> Model:
    """Return the model that is shipped."""
    return read(resources.files(__package__).joinpath("weights.json").read_text("utf-8"))


def _kind(one: Mapping[str, Any], forests: Mapping[str, Forest]) -> Kind:
    return Kind(
        bias=one["bias"],
        weights=np.array([one["weights"].get(name, 0.0) for name in NAMES], np.float32),
        forest=forests.get(one.get("forest", "")),
        thresholds=one["thresholds"],
        slope=one["slope"],
        shift=one["shift"],
        share=one.get("share", 1.0),
    )


def _forest(trees: Mapping[str, Sequence[Any]]) -> Forest:
    return Forest(
        features=np.array([[NAMES.index(name) for name in row] for row in trees["features"]]),
        cuts=np.array(trees["cuts"], np.float32),
        values=np.array(trees["values"], np.float32),
    )


def forest_to_json(forest: Forest) -> dict[str, Any]:
    """Return a forest as lists of feature names, cuts and values."""
    return {
        "features": [[NAMES[f] for f in row] for row in forest.features.tolist()],
        "cuts": [[_short(cut) for cut in row] for row in forest.cuts.tolist()],
        "values": [[_short(value) for value in row] for row in forest.values.tolist()],
    }


def _short(number: float) -> float:
    return float(f"{min(number, 1e9):.5g}")
