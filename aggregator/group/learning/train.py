"""Makes the pair model from labelled pairs: the same files give the same weights."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.core.errors import AggregatorError
from aggregator.group.learning import logistic, metrics
from aggregator.group.learning.pairs import Pairs
from aggregator.group.model.forest import Forest, Growth, grow
from aggregator.group.model.scoring import KINDS, forest_to_json
from aggregator.group.pairs.candidates import GUARDED
from aggregator.group.pairs.similarity import NAMES, Floats
from aggregator.group.stories import assign

_PENALTY = 3.0
_GROWTH = Growth(trees=100)
_ENOUGH = 100  # true pairs without which a kind of text borrows another's model
_FOLDS, _SEVERAL = 6, 3
_GRID = np.arange(-4.0, 4.01, 0.25)
# Nobody has labelled dated English texts in numbers; what others teach is taken with caution.
_TAUGHT_BY = {"en": ("zh", "en", "en undated")}
_CAUTION = 2.0
_STRANGERS, _FEW = -4.0, 8  # log-odds of pairs of which one in so many is learned from
_STRICTER = 1.0  # log-odds by which `strict` and `loose` differ from `normal`

Doubles = NDArray[np.float64]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fold:
    """Pairs to learn from and, held out from them, pairs to test on."""

    learn: tuple[tuple[Pairs, Bits], ...]
    tests: tuple[tuple[Pairs, Bits], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _HeldOut:
    """One file with the log-odds that each tested pair got from what had not seen it."""

    test: Pairs
    tested: Bits
    logits: Doubles

    @property
    def touched(self) -> Bits:
        """Which entries tested pairs are of, those left out that nobody could judge."""
        found = np.zeros(len(self.test.events), bool)
        found[self.test.left[self.tested]] = found[self.test.right[self.tested]] = True
        return found & ~self.test.ambiguous


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """A logistic part and trees, not yet calibrated."""

    weights: Doubles
    bias: float
    forest: Forest

    def logits(self, columns: Floats) -> Doubles:
        """Return the log-odds of each row: the mean of both parts."""
        straight = columns.astype(np.float64) @ self.weights + self.bias
        return (straight + self.forest.score(columns)) / 2


def train(files: Sequence[Pairs], kinds: Sequence[str] = KINDS) -> str:
    """Return the weights as JSON; raise AggregatorError if there is too little to learn from."""
    made = {}
    for name in kinds:
        lessons = _lessons(files, name)
        if sum(int((one.same & one.scored & bits).sum()) for one, bits in lessons) >= _ENOUGH:
            made[name] = _kind(lessons, caution=_CAUTION if name in _TAUGHT_BY else 0.0)
    if not made:
        raise AggregatorError(f"no kind of text has {_ENOUGH} pairs that report one event")
    return json.dumps({"version": 1, "kinds": made}, indent=1) + "\n"


def _lessons(files: Sequence[Pairs], name: str) -> list[tuple[Pairs, Bits]]:
    """Return the files that a kind of text is learned from, and which of their pairs."""
    teachers = [KINDS.index(one) for one in _TAUGHT_BY.get(name, (name,))]
    found = [(one, np.isin(one.kinds, teachers)) for one in files]
    return [(one, bits) for one, bits in found if bits.any()]


def _kind(of_kind: Sequence[tuple[Pairs, Bits]], *, caution: float) -> dict[str, Any]:
    """Return the model of one kind of text as JSON's values."""
    held_out = _held_out(of_kind)
    slope, shift = _calibrate(held_out)
    normal = caution + _threshold(held_out, slope, shift)
    fitted = _fit(tuple(of_kind))
    weights = {
        name: _short(weight) for name, weight in zip(NAMES, fitted.weights, strict=True) if weight
    }
    return {
        "bias": _short(fitted.bias),
        "slope": _short(slope),
        "shift": _short(shift),
        "thresholds": {
            "strict": normal + _STRICTER,
            "normal": normal,
            "loose": normal - _STRICTER,
        },
        "weights": weights,
        "trees": forest_to_json(fitted.forest),
    }


def _fit(parts: Iterable[tuple[Pairs, Bits]]) -> _Fit:
    chosen = [(one, bits & one.scored & ~one.guarded) for one, bits in parts]
    columns = np.concatenate([one.columns[bits] for one, bits in chosen])
    labels = np.concatenate([one.same[bits] for one, bits in chosen]).astype(np.float64)
    weights, bias = logistic.fit(columns.astype(np.float64), labels, _PENALTY)
    # The first guess of the trees is the share of true pairs.
    share = min(max(labels.mean(), 1e-6), 1 - 1e-6)
    start = np.full(len(labels), np.log(share / (1 - share)))
    kept, counts = _thin(columns @ weights + bias, labels)
    forest = grow(columns[kept], labels[kept], start[kept], _GROWTH, counts)
    # The bias of both parts stands in one place, so that trees begin at nothing.
    return _Fit(weights=weights, bias=bias + float(start[0]), forest=forest)


def _thin(logits: Doubles, labels: Doubles) -> tuple[NDArray[np.int64], Doubles]:
    """Return which rows trees learn from and how much each counts: of plain strangers a few."""
    strangers = (logits < _STRANGERS) & (labels == 0)
    kept = np.flatnonzero(~strangers | (np.arange(len(labels)) % _FEW == 0))
    return kept, np.where(strangers[kept], float(_FEW), 1.0)


def _folds(files: Sequence[tuple[Pairs, Bits]]) -> Iterator[_Fold]:
    """Hold out stream by stream where there are several, else topic by topic."""
    streams = dict.fromkeys(one.stream for one, _ in files)
    if len(streams) >= _SEVERAL:
        for stream in streams:
            yield _Fold(
                learn=tuple(one for one in files if one[0].stream != stream),
                tests=tuple(one for one in files if one[0].stream == stream),
            )
        return
    for fold in range(_FOLDS):
        inside = [one.topics * 7919 % 1009 % _FOLDS == fold for one, _ in files]
        learn = tuple(
            (one, bits & ~held[one.left] & ~held[one.right])
            for (one, bits), held in zip(files, inside, strict=True)
        )
        # What a pair reports is new to the model if it is for the later entry's topic.
        tests = tuple(
            (one, bits & held[one.left]) for (one, bits), held in zip(files, inside, strict=True)
        )
        yield _Fold(learn=learn, tests=tests)


def _held_out(files: Sequence[tuple[Pairs, Bits]]) -> list[_HeldOut]:
    """Score what was held out of each fold; each file is whole again in the end.

    Versions that nobody published are learned from and say nothing of thresholds.
    """
    found: dict[str, _HeldOut] = {}
    for fold in _folds(files):
        fitted = _fit(fold.learn)
        for test, tested in fold.tests:
            if test.retold:
                continue
            nothing = _HeldOut(
                test=test, tested=np.zeros(len(tested), bool), logits=np.zeros(len(tested))
            )
            one = found.setdefault(test.name, nothing)
            one.tested[tested] = True
            one.logits[tested] = fitted.logits(test.columns[tested])
    return list(found.values())


def _calibrate(held_out: Sequence[_HeldOut]) -> tuple[float, float]:
    """Return the slope and shift that make held-out log-odds mean what they say."""
    rows = [one.tested & one.test.scored for one in held_out]
    logits = np.concatenate([one.logits[bits] for one, bits in zip(held_out, rows, strict=True)])
    labels = np.concatenate([one.test.same[bits] for one, bits in zip(held_out, rows, strict=True)])
    weights, shift = logistic.fit(logits[:, None], labels.astype(np.float64), 1e-3)
    return float(weights[0]), shift


def _threshold(held_out: Sequence[_HeldOut], slope: float, shift: float) -> float:
    """Return the threshold whose stories agree best with the events that were held out."""
    worth = np.average(
        [
            [_worth(one, one.logits * slope + shift - threshold) for one in held_out]
            for threshold in _GRID
        ],
        axis=1,
        weights=[one.touched.sum() for one in held_out],
    )
    # One step is noise; the middle of a stretch that is good is what will hold elsewhere.
    smooth = np.convolve(np.pad(worth, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return float(_GRID[int(np.argmax(smooth))])


def _worth(held_out: _HeldOut, margins: Doubles) -> float:
    """Return the mean of pair F1 and B³ F1 of the stories that follow from margins."""
    test, tested = held_out.test, held_out.tested
    margins = np.where(test.guarded, np.minimum(margins, GUARDED), margins)
    stories = stories_of(test, margins, tested)
    rows = np.flatnonzero(held_out.touched).tolist()
    found = metrics.count(
        [str(test.events[row]) for row in rows], [str(stories[row]) for row in rows]
    ).agreement()
    return (found.pair_f1 + found.b3_f1) / 2


def stories_of(pairs: Pairs, margins: Doubles, used: Bits) -> list[int]:
    """Return the number of each entry's story, assigned one by one as a run does it."""
    starts = np.searchsorted(pairs.left[used], np.arange(len(pairs.events) + 1)).tolist()
    right, held = pairs.right[used].tolist(), margins[used].tolist()
    story: list[int] = []
    fits: list[list[float]] = []
    sizes: list[int] = []
    for row in range(len(pairs.events)):
        near: dict[int, list[float]] = {}
        for pair in range(starts[row], starts[row + 1]):
            near.setdefault(story[right[pair]], []).append(held[pair])
        fit = {one: assign.fit(margins_, sizes[one]) for one, margins_ in near.items()}
        above = {one: value - assign.bar(fits[one], sizes[one]) for one, value in fit.items()}
        chosen = max(above, key=lambda one: above[one], default=-1)
        if chosen < 0 or above[chosen] <= 0:
            chosen = len(sizes)
            sizes.append(0)
            fits.append([])
        else:
            fits[chosen].append(fit[chosen])
        sizes[chosen] += 1
        story.append(chosen)
    return story


def _short(number: float) -> float:
    return float(f"{number:.5g}")
