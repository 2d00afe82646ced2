"""Draws precision and recall of pairs over the threshold, as SVG, with the threshold in use."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from aggregator.group.learning.evaluate import Evaluation

_WIDTH, _HEIGHT, _EDGE = 640, 400, 48
_CURVES = (("precision", "#1b6ca8"), ("recall", "#c0392b"), ("F1", "#2d7d46"))


def draw(evaluations: Sequence[Evaluation], thresholds: Mapping[str, float] | None = None) -> str:
    """Return an SVG document; the threshold is the probability that a pair must exceed.

    `thresholds` are those in use, in log-odds, by the kind of text that they apply to.
    """
    scores = np.array([pair.log_odds for one in evaluations for pair in one.pairs])
    same = np.array([pair.same for one in evaluations for pair in one.pairs], bool)
    true = sum(one.true_pairs for one in evaluations)
    points = [_point(scores, same, true, chance / 100) for chance in range(1, 100)]
    curves = "".join(
        _curve(name, colour, [point[number] for point in points], number)
        for number, (name, colour) in enumerate(_CURVES)
    )
    marks = "".join(_marks(thresholds or {}))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>\n{_axes()}{curves}{marks}</svg>\n'
    )


def _point(
    scores: np.ndarray, same: np.ndarray, true: int, chance: float
) -> tuple[float, float, float]:
    above = scores > np.log(chance / (1 - chance))
    hits = int(same[above].sum())
    precision = hits / int(above.sum()) if above.any() else 1.0
    recall = hits / true if true else 1.0
    return precision, recall, 2 * hits / max(int(above.sum()) + true, 1)


def _place(across: float, up: float) -> tuple[float, float]:
    return (
        _EDGE + across * (_WIDTH - 2 * _EDGE),
        _HEIGHT - _EDGE - up * (_HEIGHT - 2 * _EDGE),
    )


def _curve(name: str, colour: str, heights: Sequence[float], number: int) -> str:
    places = [_place((n + 1) / 100, height) for n, height in enumerate(heights)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = _EDGE + 12 + 90 * number, _EDGE - 16
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>\n'
        f'<text x="{x}" y="{y}" fill="{colour}">{name}</text>\n'
    )


def _marks(thresholds: Mapping[str, float]) -> Iterator[str]:
    """Yield a line for each threshold, with the kinds of text that have it."""
    for number, log_odds in enumerate(sorted(set(thresholds.values()))):
        kinds = ", ".join(kind for kind, value in thresholds.items() if value == log_odds)
        (x, y0), (_, y1) = _place(1 / (1 + np.exp(-log_odds)), 0), _place(0, 1)
        height = y0 - 12 - 16 * number
        yield (
            f'<path class="in-use" d="M{x:.1f} {y0:.1f}V{y1:.1f}" stroke="#555"'
            f' stroke-dasharray="4 3"/>\n'
            f'<text x="{x + 4:.1f}" y="{height:.1f}">in use: {escape(kinds)}</text>\n'
        )


def _axes() -> str:
    lines = []
    for step in range(11):
        (x, y0), (_, y1) = _place(step / 10, 0), _place(step / 10, 1)
        (x0, y), (x1, _) = _place(0, step / 10), _place(1, step / 10)
        lines += [
            f'<path d="M{x:.1f} {y0:.1f}V{y1:.1f}M{x0:.1f} {y:.1f}H{x1:.1f}" stroke="#ddd"/>',
            f'<text x="{x:.1f}" y="{y0 + 18:.1f}" text-anchor="middle">{step / 10:.1f}</text>',
            f'<text x="{x0 - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{step / 10:.1f}</text>',
        ]
    middle = _WIDTH / 2
    title = "probability that a pair must exceed"
    lines.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{title}</text>')
    return "\n".join(lines) + "\n"
