"""Makes the pair model from labelled pairs: the same files give the same weights."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from aggregator.core.errors import AggregatorError
from aggregator.group.learning import fitting, folds, formula, thresholds
from aggregator.group.learning.fitting import FAMILIES, Family
from aggregator.group.learning.folds import Part
from aggregator.group.learning.pairs import Pairs
from aggregator.group.learning.thresholds import CAUTION
from aggregator.group.model.scoring import FORMULA, KINDS, forest_to_json
from aggregator.group.pairs.similarity import NAMES

_ENOUGH = 100  # a family of kinds with fewer true pairs is not trained
_STRICTER = 1.0  # log-odds by which `strict` and `loose` differ from `normal`


def train(files: Sequence[Pairs], kinds: Sequence[str] = KINDS) -> str:
    """Return the weights as JSON; raise AggregatorError if there is too little to learn from."""
    forests: dict[str, Any] = {}
    made: dict[str, Any] = {}
    for family in FAMILIES:
        parts = folds.parts(files, family.numbers)
        true = sum(int((one.same & one.scored & bits).sum()) for one, bits in parts)
        if not set(family.kinds).isdisjoint(kinds) and true >= _ENOUGH:
            bulletins = folds.parts(files, family.numbers, invented=True)
            forest, of_kinds = _family(parts, family, bulletins)
            forests[family.name] = forest
            made |= of_kinds
    if not made:
        raise AggregatorError(f"no kind of text has {_ENOUGH} pairs that report one event")
    forest_of_formulas = formula.fit(_whole(files))
    if forest_of_formulas is not None:
        forests[FORMULA] = forest_to_json(forest_of_formulas)
    return json.dumps({"version": 2, "forests": forests, "kinds": made}, indent=1) + "\n"


def _whole(files: Sequence[Pairs]) -> list[Part]:
    return [(one, np.ones(len(one.left), bool)) for one in files]


def _family(
    parts: Sequence[Part], family: Family, bulletins: Sequence[Part]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the trees of a family and the models of its kinds as JSON's values."""
    held_out = thresholds.hold_out(parts, family, bulletins)
    calibration = thresholds.calibrate(held_out, family)
    normal = thresholds.choose(held_out, calibration)
    fitted = fitting.fit(parts, family)
    kinds = {
        kind: {
            "forest": family.name,
            "share": family.share,
            "bias": _short(bias),
            "slope": _short(calibration[kind][0]),
            "shift": _short(calibration[kind][1]),
            "thresholds": {
                name: round(normal + step + CAUTION.get(kind, 0.0), 2)
                for name, step in (("strict", _STRICTER), ("normal", 0.0), ("loose", -_STRICTER))
            },
            "weights": {
                name: _short(weight) for name, weight in zip(NAMES, weights, strict=True) if weight
            },
        }
        for kind, (weights, bias) in fitted.straight.items()
    }
    return forest_to_json(fitted.forest), kinds


def _short(number: float) -> float:
    return float(f"{number:.5g}")
