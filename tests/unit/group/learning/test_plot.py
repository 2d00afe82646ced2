"""The picture of precision and recall: every point where its figures say."""

import re

import numpy as np
import pytest

from aggregator.group.learning import plot
from aggregator.group.learning.evaluate import Evaluation, ScoredPair

PAIRS = ((3.0, True), (1.0, True), (0.5, False), (-1.0, True), (-3.0, False))

NONE = np.zeros(0, np.float32)


def evaluation(*pairs: tuple[float, bool], true: int) -> Evaluation:
    """Return what came of a file whose pairs have these log-odds."""
    scored = tuple(
        ScoredPair(left="a", right="b", same=same, log_odds=log_odds, features=NONE)
        for log_odds, same in pairs
    )
    return Evaluation(stories={}, entries=(), pairs=scored, true_pairs=true)


def curves(drawn: str) -> dict[str, list[tuple[float, float]]]:
    """Return the curves as (probability, figure), by name."""
    names = re.findall(r'fill="#[0-9a-f]{6}">(\w+)</text>', drawn)
    lines = re.findall(r'<polyline points="([^"]+)"', drawn)
    found = {}
    for name, line in zip(names, lines, strict=True):
        places = [tuple(map(float, place.split(","))) for place in line.split()]
        found[name] = [((x - 48) / 544, (352 - y) / 304) for x, y in places]
    return found


@pytest.mark.parametrize(
    ("chance", "precision", "recall"),
    [
        (0.01, 3 / 5, 3 / 4),
        (0.2, 3 / 4, 3 / 4),
        (0.3, 2 / 3, 2 / 4),
        (0.7, 1, 2 / 4),
        (0.8, 1, 1 / 4),
        (0.99, 1, 0),
    ],
)
def test_each_point_says_what_a_threshold_would_give(
    chance: float, precision: float, recall: float
) -> None:
    found = curves(plot.draw([evaluation(*PAIRS, true=4)]))
    number = round(chance * 100) - 1
    points = [found[name][number] for name in ("precision", "recall", "F1")]
    f1 = 2 * precision * recall / (precision + recall)
    assert [x for x, _ in points] == pytest.approx([chance] * 3, abs=1e-3)
    assert [y for _, y in points] == pytest.approx([precision, recall, f1], abs=1e-3)


def test_files_are_drawn_together() -> None:
    parts = [evaluation(*PAIRS[:2], true=1), evaluation(*PAIRS[2:], true=3)]
    assert plot.draw(parts) == plot.draw([evaluation(*PAIRS, true=4)])


def test_without_any_pair_nothing_is_wrong_and_nothing_missed() -> None:
    found = curves(plot.draw([]))
    assert {y for _, y in found["precision"]} == {y for _, y in found["recall"]} == {1.0}


def test_the_thresholds_in_use_are_marked() -> None:
    drawn = plot.draw([evaluation(*PAIRS, true=4)], {"zh": 0.0, "en": 1.0986123, "title": 0.0})
    marks = re.findall(r'class="in-use" d="M([\d.]+) ([\d.]+)V([\d.]+)"', drawn)
    places = [(float(x) - 48) / 544 for x, _, _ in marks]
    assert places == pytest.approx([0.5, 0.75], abs=1e-3)
    assert {(bottom, top) for _, bottom, top in marks} == {("352.0", "48.0")}
    assert re.findall("in use: ([^<]+)", drawn) == ["zh, title", "en"]
    assert "in-use" not in plot.draw([])
