"""Logistic regression on standardised features, the same from the same input."""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_ROUNDS = 25
_STILL = 1e-6  # a step that changes no weight by more ends the search


def fit(columns: Doubles, labels: Doubles, penalty: float) -> tuple[Doubles, float]:
    """Return a weight for each column and the bias; `penalty` holds standardised weights small."""
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    spread[spread < 1e-6] = 1.0
    scaled = np.column_stack(((columns - mean) / spread, np.ones(len(columns))))
    penalties = np.full(scaled.shape[1], penalty)
    penalties[-1] = 1e-9
    found = np.zeros(scaled.shape[1])
    for _ in range(_ROUNDS):
        step = _newton_step(scaled, labels, found, penalties)
        found = found + step
        if np.abs(step).max() < _STILL:
            break
    weights = found[:-1] / spread
    return weights, float(found[-1] - (weights * mean).sum())


def _newton_step(scaled: Doubles, labels: Doubles, weights: Doubles, penalties: Doubles) -> Doubles:
    """Return the step towards the least loss, halved until the loss falls."""
    margins = scaled @ weights
    chance = 1 / (1 + np.exp(-np.clip(margins, -35, 35)))
    slope = scaled.T @ (chance - labels) + penalties * weights
    bend = (scaled * (chance * (1 - chance))[:, None]).T @ scaled + np.diag(penalties)
    step = np.asarray(-np.linalg.solve(bend, slope), np.float64)
    before = _loss(margins, labels, weights, penalties)
    for _ in range(20):
        after = weights + step
        if _loss(scaled @ after, labels, after, penalties) <= before:
            break
        step = step / 2
    return step


def _loss(margins: Doubles, labels: Doubles, weights: Doubles, penalties: Doubles) -> float:
    fit_loss = np.logaddexp(0, margins).sum() - (labels * margins).sum()
    return float(fit_loss + (penalties * weights**2).sum() / 2)
