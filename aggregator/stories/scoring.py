"""The pair model: from the features of a pair to the log-odds that both report one event."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from aggregator.stories.similarity import NAMES, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The model of one kind of text; `threshold` are log-odds of the fit with a story."""

    bias: float
    weights: Floats
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The models of all kinds of text."""

    kinds: Mapping[str, Kind]

    def logits(self, columns: Floats) -> Floats:
        """Return the log-odds of each pair."""
        kind = self.kinds["zh"]
        return np.asarray(columns @ kind.weights + kind.bias, np.float32)

    def contributions(self, columns: Floats) -> tuple[tuple[str, float], ...]:
        """Return what each feature of one pair adds to its log-odds, the heaviest first."""
        parts = (columns * self.kinds["zh"].weights).tolist()
        named = ((name, round(part, 3)) for name, part in zip(NAMES, parts, strict=True) if part)
        return tuple(sorted(named, key=lambda one: -abs(one[1])))


def read(text: str) -> Model:
    """Read a model from JSON."""
    kinds: dict[str, Any] = json.loads(text)["kinds"]
    return Model(kinds={name: _kind(one) for name, one in kinds.items()})


@cache
def built_in() -> Model:
    """Return the model that is shipped."""
    return read(resources.files(__package__).joinpath("weights.json").read_text("utf-8"))


def _kind(one: Mapping[str, Any]) -> Kind:
    weights: Sequence[float] = [one["weights"].get(name, 0.0) for name in NAMES]
    return Kind(bias=one["bias"], weights=np.array(weights, np.float32), threshold=one["threshold"])
