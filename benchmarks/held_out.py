"""Say how well stories agree with events that nothing was learned from: not the model, nor its threshold.

    python -m benchmarks.held_out ALL.npz [--only NAME...]

Each file is tested with a model of the files of other days (training_pairs has weighted its
terms with a prior of these already), calibrated and given its threshold on those others as
they came out when they were held out themselves. Stories are assigned one by one, as a run does,
but two stories are not merged.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aggregator.group.learning import clustering_metrics, fitting, folds, pairs, thresholds
from aggregator.group.learning.pairs import Pairs
from aggregator.group.learning.thresholds import HeldOut
from aggregator.group.model.scoring import KINDS
from aggregator.group.pairs.candidates import GUARDED

FAMILY = fitting.FAMILIES[0]


def hold_out(files: Sequence[Pairs], only: Sequence[str]) -> dict[str, HeldOut]:
    """Return each file with the log-odds of a model of the files of other days."""
    found = {}
    for one in files:
        if one.retold or (only and one.stream not in only):
            continue
        far = [other for other in files if not folds.near(one, other)]
        parts = folds.parts(far, [KINDS.index(kind) for kind in FAMILY.kinds])
        logits = fitting.fit(parts, FAMILY).logits(one.columns, one.kinds)
        found[one.name] = HeldOut(test=one, tested=np.ones(len(logits), bool), logits=logits)
    return found


def stories(one: HeldOut, others: Sequence[HeldOut]) -> list[int]:
    """Return the story of each entry, with calibration and threshold of other files."""
    calibration = thresholds.calibrate(others, FAMILY)
    margins = thresholds.calibrated(one.logits, one.test.kinds, calibration)
    margins -= thresholds.choose(others, calibration)
    margins = np.where(one.test.guarded, np.minimum(margins, GUARDED), margins)
    return thresholds.stories_of(one.test, margins, one.tested)


def report(held_out: Mapping[str, HeldOut]) -> None:
    """Print a line for each file, the mean, and precision and recall of each kind of text."""
    figures = []
    by_kind: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for name, one in held_out.items():
        far = [other for other in held_out.values() if not folds.near(one.test, other.test)]
        made = stories(one, far)
        rows = np.flatnonzero(~one.test.ambiguous).tolist()
        events, story = (
            [str(column[row]) for row in rows] for column in (one.test.events.tolist(), made)
        )
        agreement = clustering_metrics.count(events, story).agreement()
        low, high = clustering_metrics.intervals(events, story)["pair_f1"]
        row = (agreement.pair_precision, agreement.pair_recall, agreement.pair_f1, agreement.b3_f1)
        figures.append(row)
        print(
            f"{name:<30} pair P {row[0]:.3f} R {row[1]:.3f} F1 {row[2]:.3f} "
            f"({low:.2f}-{high:.2f})  B3 {row[3]:.3f}",
            flush=True,
        )
        tally(one.test, np.array(made), by_kind)
    mean = np.mean(figures, axis=0)
    print(f"{'mean':<30} pair P {mean[0]:.3f} R {mean[1]:.3f} F1 {mean[2]:.3f}  B3 {mean[3]:.4f}")
    for kind, (both, found, true) in by_kind.items():
        print(f"{kind:<30} pair P {both / max(found, 1):.3f} R {both / max(true, 1):.3f} of {true}")


def tally(test: Pairs, made: np.ndarray, by_kind: dict[str, list[int]]) -> None:  # type: ignore[type-arg]
    """Count the pairs of each kind that are in one story, in one event, in both."""
    together = made[test.left] == made[test.right]
    for number, kind in enumerate(KINDS):
        some = (test.kinds == number) & test.scored
        for place, bits in enumerate((together & test.same, together, test.same)):
            by_kind[kind][place] += int((some & bits).sum())


def main() -> None:
    """Report on the files of the command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("pairs", type=Path)
    options.add_argument("--only", nargs="+", default=())
    given = options.parse_args()
    report(hold_out(pairs.load(given.pairs.read_bytes()), given.only))


if __name__ == "__main__":
    main()
