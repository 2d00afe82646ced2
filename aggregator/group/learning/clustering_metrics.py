"""How well stories agree with labelled events: pairs, B³, average precision, and how sure that is."""

import dataclasses
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Pair and B³ precision, recall and their harmonic means."""

    pair_precision: float
    pair_recall: float
    pair_f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float

    def by_name(self) -> dict[str, float]:
        """Return the figures by name."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What agreement is made of; counts of several files add up."""

    both: int = 0  # pairs in one story and one event
    found: int = 0  # pairs in one story
    true: int = 0  # pairs in one event
    entries: int = 0
    precision: float = 0.0  # sums over entries
    recall: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            both=self.both + other.both,
            found=self.found + other.found,
            true=self.true + other.true,
            entries=self.entries + other.entries,
            precision=self.precision + other.precision,
            recall=self.recall + other.recall,
        )

    def pairs_beside(self, part: "Counts") -> "Counts":
        """Return the pairs that are not in a part of these counts."""
        return Counts(
            both=self.both - part.both, found=self.found - part.found, true=self.true - part.true
        )

    def agreement(self) -> Agreement:
        """Return the figures; nothing found or nothing to find counts as right."""
        pair = _ratio(self.both, self.found), _ratio(self.both, self.true)
        b3 = _ratio(self.precision, self.entries), _ratio(self.recall, self.entries)
        return Agreement(
            pair_precision=pair[0],
            pair_recall=pair[1],
            pair_f1=_harmonic(*pair),
            b3_precision=b3[0],
            b3_recall=b3[1],
            b3_f1=_harmonic(*b3),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMistakes:
    """What a reader would notice: stories that hold two events, events that are in two stories."""

    wrong_merges: int = 0
    missed_events: int = 0

    def __add__(self, other: "StoryMistakes") -> "StoryMistakes":
        return StoryMistakes(
            wrong_merges=self.wrong_merges + other.wrong_merges,
            missed_events=self.missed_events + other.missed_events,
        )


def story_mistakes(events: Sequence[str], stories: Sequence[str]) -> StoryMistakes:
    """Count the stories of several events, and the events of several stories."""
    labels = [event or f"\0{number}" for number, event in enumerate(events)]
    cells = set(zip(labels, stories, strict=True))
    by_story = Counter(story for _, story in cells)
    by_event = Counter(label for label, _ in cells)
    return StoryMistakes(
        wrong_merges=sum(number > 1 for number in by_story.values()),
        missed_events=sum(number > 1 for number in by_event.values()),
    )


def count(events: Sequence[str], stories: Sequence[str]) -> Counts:
    """Compare the stories of some entries with their events; an entry without event stands alone."""
    labels = [event or f"\0{number}" for number, event in enumerate(events)]
    cells = Counter(zip(labels, stories, strict=True))
    by_event, by_story = Counter(labels), Counter(stories)
    return Counts(
        both=_pairs(cells.values()),
        found=_pairs(by_story.values()),
        true=_pairs(by_event.values()),
        entries=len(labels),
        precision=sum(n * n / by_story[story] for (_, story), n in cells.items()),
        recall=sum(n * n / by_event[label] for (label, _), n in cells.items()),
    )


def true_pairs(events: Iterable[str]) -> int:
    """Return how many pairs report one event."""
    return _pairs(Counter(event for event in events if event).values())


def average_precision(scores: Sequence[float], truth: Sequence[bool], true: int) -> float:
    """Return the mean precision at each true pair; those that were never scored count as missed."""
    if not true:
        return 1.0
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    hits = np.asarray(truth, bool)[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / true)


def intervals(
    events: Sequence[str], stories: Sequence[str], *, rounds: int = 200, seed: int = 1
) -> Mapping[str, tuple[float, float]]:
    """Return 95 % intervals of pair F1 and B³ F1 by drawing events again and again."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, event in enumerate(events):
        groups[event or f"\0{number}"].append(number)
    names = sorted(groups)
    chance = random.Random(seed)  # noqa: S311  no secret
    drawn: dict[str, list[float]] = {"pair_f1": [], "b3_f1": []}
    for _ in range(rounds):
        weights = Counter(chance.choices(names, k=len(names)))
        figures = _weighted(groups, weights, stories).agreement()
        drawn["pair_f1"].append(figures.pair_f1)
        drawn["b3_f1"].append(figures.b3_f1)
    return {
        name: (float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)))
        for name, values in drawn.items()
    }


def _weighted(
    groups: Mapping[str, Sequence[int]], weights: Mapping[str, int], stories: Sequence[str]
) -> Counts:
    """Count as if each event stood there as often as it was drawn, every time for itself."""
    drawn = [(name, copy) for name, times in weights.items() for copy in range(times)]
    labels = [f"{name}\0{copy}" for name, copy in drawn for _ in groups[name]]
    # A story joins what was drawn together first with first, second with second.
    held = [f"{stories[n]}\0{copy}" for name, copy in drawn for n in groups[name]]
    return count(labels, held)


def _pairs(counts: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in counts)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
