"""Measure stories on streams that nothing was learned from: neither the model nor its threshold.

    python -m benchmarks.held_out ALL.npz

Each file is scored by a model of the files of other days, whose terms training_pairs has weighted
with a prior of other days as well. Calibration and threshold are those of the other files, as they
came out when they were held out themselves. Stories are assigned and merged as in a run.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import numpy as np

from aggregator.group.learning import clustering_metrics, folds, pairs, thresholds
from aggregator.group.learning.fitting import FAMILIES, Family
from aggregator.group.learning.pairs import Pairs
from aggregator.group.learning.thresholds import Calibration, HeldOut
from aggregator.group.model.scoring import KINDS

Row = tuple[float, float, float, float]
"""Pair precision, recall and F1, and B³ F1."""
GROUPS = {
    "titles and teasers, 2021 to 2026": ("mixed", "news-en-2", "gnews", "zh-2024", "zh-2026"),
    "complete Chinese texts of 2020": ("zh-2020",),
    "English titles": ("titles-2021",),
    "undated": ("undated", "lookalike"),
}
_ROUNDS = 1000  # in which streams are drawn again


def hold_out(files: Sequence[Pairs], family: Family) -> dict[str, HeldOut]:
    """Return the files of a family with the log-odds of models that have not seen them."""
    parts = folds.parts(files, family.numbers)
    invented = folds.parts(files, family.numbers, invented=True)
    return {one.test.name: one for one in thresholds.hold_out(parts, family, invented)}


class Settings:
    """The calibration and the threshold that files give; neighbours in time have the same others."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._known: dict[tuple[str, ...], tuple[Calibration, float]] = {}

    def of(self, others: Sequence[HeldOut]) -> tuple[Calibration, float]:
        """Return what some files give."""
        names = tuple(one.test.name for one in others)
        if names not in self._known:
            calibration = thresholds.calibrate(others, self._family)
            self._known[names] = calibration, thresholds.choose(others, calibration)
        return self._known[names]


def report(held_out: Mapping[str, HeldOut], family: Family, tallies: dict[str, list[int]]) -> None:
    """Print a line for each file and the mean of each group of files."""
    rows: dict[str, list[Row]] = defaultdict(list)
    settings = Settings(family)
    for name, one in sorted(held_out.items()):
        far = [other for other in held_out.values() if not folds.near(one.test, other.test)]
        made = thresholds.stories_at(one, *settings.of(far or [one]))
        judged = one.rows.tolist()
        events, story = ([str(side[n]) for n in judged] for side in (one.test.events, made))
        agreement = clustering_metrics.count(events, story).agreement()
        low, high = clustering_metrics.intervals(events, story)["pair_f1"]
        row = (agreement.pair_precision, agreement.pair_recall, agreement.pair_f1, agreement.b3_f1)
        group = next((one for one, marks in GROUPS.items() if any(m in name for m in marks)), name)
        rows[group].append(row)
        print(f"{name:<32} {_figures(row)} ({low:.2f} to {high:.2f})", flush=True)
        tally(one.test, np.array(made), tallies, group)
    for group, some in rows.items():
        found = tuple(mean(side) for side in zip(*some, strict=True))
        intervals = [_interval([row[column] for row in some]) for column in (2, 3)]
        print(f"mean of {group}: {_figures(found)}, 95 %: F1 {intervals[0]}, B³ {intervals[1]}")


def _figures(row: Sequence[float]) -> str:
    return f"pair P {row[0]:.3f} R {row[1]:.3f} F1 {row[2]:.3f}  B³ {row[3]:.4f}"


def _interval(values: Sequence[float]) -> str:
    """Return a 95 % interval of the mean, from streams drawn again and again."""
    chance = random.Random(1)
    means = [mean(chance.choices(values, k=len(values))) for _ in range(_ROUNDS)]
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{low:.3f} to {high:.3f}"


def tally(test: Pairs, made: np.ndarray, tallies: dict[str, list[int]], group: str) -> None:  # type: ignore[type-arg]
    """Count the candidate pairs of each kind that are in one story, in one event, in both."""
    together = made[test.left] == made[test.right]
    for number, kind in enumerate(KINDS):
        some = (test.kinds == number) & test.scored
        counts = tallies.setdefault(f"{group}, {kind}", [0, 0, 0])
        for place, bits in enumerate((together & test.same, together, test.same)):
            counts[place] += int((some & bits).sum())


def main() -> None:
    """Report on the files of the command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("pairs", type=Path)
    files = pairs.load(options.parse_args().pairs.read_bytes())
    tallies: dict[str, list[int]] = {}
    for family in FAMILIES:
        report(hold_out(files, family), family, tallies)
    for name, (both, found, true) in tallies.items():
        if true:
            print(f"{name:<50} pair P {both / max(found, 1):.3f} R {both / true:.3f} of {true}")


if __name__ == "__main__":
    main()
