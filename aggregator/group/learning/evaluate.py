"""Streams labelled entries through grouping and says how well the stories agree with the truth."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import numpy as np

from aggregator.core.model import GroupContext, Grouped, Story
from aggregator.core.settings import StorySettings
from aggregator.group.features.features import CHINESE, script_of
from aggregator.group.learning import clustering_metrics
from aggregator.group.learning.clustering_metrics import Counts, StoryMistakes
from aggregator.group.learning.labelled import Labelled
from aggregator.group.pairs.similarity import NAMES, Floats
from aggregator.group.stories.context import GroupingContext, Learned, shipped
from aggregator.group.stories.grouping import Work

Report = dict[str, dict[str, float]]
"""Figures by name, by what they are of."""
_KINDS = (("title alone", 60), ("teaser", 480))  # letters below which a text is no more
_AS_LONG = 2.4  # letters that tell as much as one Chinese character
_BATCH = 1000  # entries a call: larger files are grouped as a run groups them


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPair:
    """A candidate pair, the later entry first, with its log-odds and features."""

    left: str
    right: str
    same: bool
    log_odds: float
    features: Floats = field(compare=False)  # a row of an array: tuples of many pairs take 2 GB

    @property
    def mistake(self) -> float:
        """How sure the model was of what is wrong; 0 or less if it was right."""
        return -self.log_odds if self.same else self.log_odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came of one file; `pairs` leave out ambiguous entries."""

    stories: Mapping[str, str]  # entry key → story id
    entries: tuple[Labelled, ...]
    pairs: tuple[ScoredPair, ...]
    true_pairs: int

    @property
    def counts(self) -> Counts:
        """What the figures are made of; those of several files add up."""
        return _counts(self, self._judged())

    def by_language(self) -> dict[str, Counts]:
        """Return the counts of each language, of all pairs in one and of all pairs in two."""
        judged = self._judged()
        found = {name: _counts(self, some) for name, some in _sorted_by(judged, _language)}
        if len(found) > 1:
            alone = sum(found.values(), Counts())
            found["one language"] = alone
            found["across"] = self.counts.pairs_beside(alone)
        return found

    def by_languages(self) -> dict[str, Counts]:
        """Return the counts of pairs of each two languages, such as `en + zh`."""
        return self._by_two(_language)

    def by_kind(self) -> dict[str, Counts]:
        """Return the counts of each kind of text, and of pairs of two kinds."""
        judged = self._judged()
        alone = {name: _counts(self, some) for name, some in _sorted_by(judged, kind_of_text)}
        return alone | self._by_two(kind_of_text)

    def _by_two(self, label: Callable[[Labelled], str]) -> dict[str, Counts]:
        """Return the counts of the pairs whose entries have two labels."""
        groups = dict(_sorted_by(self._judged(), label))
        return {
            f"{one} + {other}": _counts(self, [*groups[one], *groups[other]]).pairs_beside(
                _counts(self, groups[one]) + _counts(self, groups[other])
            )
            for one, other in combinations(groups, 2)
        }

    @property
    def story_mistakes(self) -> StoryMistakes:
        """How many stories and events went wrong."""
        judged = self._judged()
        return clustering_metrics.story_mistakes(
            [one.event for one in judged], [self.stories[one.stored.key] for one in judged]
        )

    def average_precision(self) -> float:
        """Return the average precision of pairs; what blocking missed counts as missed."""
        return clustering_metrics.average_precision(
            [one.log_odds for one in self.pairs], [one.same for one in self.pairs], self.true_pairs
        )

    def intervals(self) -> Mapping[str, tuple[float, float]]:
        """Return 95 % intervals of pair F1 and B³ F1, by drawing events again and again."""
        judged = self._judged()
        return clustering_metrics.intervals(
            [one.event for one in judged], [self.stories[one.stored.key] for one in judged]
        )

    def mistakes(self, most: int) -> tuple[ScoredPair, ...]:
        """Return the pairs on which the model was most surely wrong, the worst first."""
        wrong = [one for one in self.pairs if one.mistake > 0]
        return tuple(sorted(wrong, key=lambda one: -one.mistake)[:most])

    def _judged(self) -> list[Labelled]:
        return [one for one in self.entries if not one.ambiguous]


@dataclass(slots=True)
class _Past:
    """What has been grouped, as a store would give it back."""

    entries: dict[str, Grouped] = field(default_factory=dict)
    stories: dict[str, Story] = field(default_factory=dict)

    def context(self, start: datetime, end: datetime) -> GroupContext:
        """Return what a grouping must know of entries published in the span."""
        entries = tuple(one for one in self.entries.values() if start <= one.published <= end)
        ids = {one.story_id for one in entries}
        return GroupContext(entries=entries, stories=tuple(self.stories[id_] for id_ in ids))


def evaluate(
    entries: Sequence[Labelled],
    settings: StorySettings | None = None,
    learned: Learned | None = None,
) -> Evaluation:
    """Group the entries of one file in order of time, as runs would, and keep every pair's score.

    Where nothing is dated the window does not apply and all are grouped at once.
    """
    settings = settings or StorySettings()
    ordered = sorted(entries, key=lambda one: (one.stored.published, one.stored.key))
    ignore_window = any(one.stored.entry.published is None for one in entries)
    past, pairs = _Past(), list[ScoredPair]()
    size = len(ordered) if ignore_window else _BATCH
    for begin in range(0, len(ordered), max(size, 1)):
        batch = ordered[begin : begin + size]
        pairs.extend(_step(batch, ordered, past, settings, learned, ignore_window=ignore_window))
    return Evaluation(
        stories={key: one.story_id for key, one in past.entries.items()},
        entries=tuple(ordered),
        pairs=tuple(pairs),
        true_pairs=clustering_metrics.true_pairs(
            [one.event for one in ordered if not one.ambiguous]
        ),
    )


def summary(evaluations: Sequence[Evaluation], seconds: float) -> dict[str, float | int]:
    """Return the figures of some files together, as `evaluate --json` prints them."""
    agreement = sum((one.counts for one in evaluations), Counts()).agreement()
    figures = {name: round(value, 4) for name, value in agreement.by_name().items()}
    mistakes = sum((one.story_mistakes for one in evaluations), StoryMistakes())
    return figures | {
        "wrong_merges": mistakes.wrong_merges,
        "missed_events": mistakes.missed_events,
        "stories": sum(len(set(one.stories.values())) for one in evaluations),
        "entries": sum(len(one.entries) for one in evaluations),
        "seconds": round(seconds, 3),
    }


def languages(evaluations: Sequence[Evaluation]) -> Report:
    """Return the figures of each language, of pairs in one and of pairs in two; {} for one language."""
    found = _report([one.by_language() for one in evaluations])
    return found if len(found) > 1 else {}


def language_pairs(evaluations: Sequence[Evaluation]) -> Report:
    """Return the figures of the pairs of each two languages; {} for one language."""
    return _report([one.by_languages() for one in evaluations])


def kinds(evaluations: Sequence[Evaluation]) -> Report:
    """Return the figures of each kind of text, and of pairs of two kinds."""
    return _report([one.by_kind() for one in evaluations])


def _report(found: Iterable[Mapping[str, Counts]]) -> Report:
    """Return the figures of counts of several files, added up by name."""
    totals: dict[str, Counts] = {}
    for one in found:
        for name, counts in one.items():
            totals[name] = totals.get(name, Counts()) + counts
    return {
        name: {key: round(value, 4) for key, value in counts.agreement().by_name().items()}
        for name, counts in totals.items()
    }


def kind_of_text(one: Labelled) -> str:
    """Return what there is of an entry: `title alone`, `teaser` or `whole text`."""
    entry = one.stored.entry
    letters = len(entry.text) * (_AS_LONG if script_of(entry) in CHINESE else 1)
    return next((name for name, most in _KINDS if letters < most), "whole text")


def _language(one: Labelled) -> str:
    return one.language


def _sorted_by(
    entries: Iterable[Labelled], label: Callable[[Labelled], str]
) -> list[tuple[str, list[Labelled]]]:
    """Return the entries of each label, the labels in order."""
    found: dict[str, list[Labelled]] = defaultdict(list)
    for one in entries:
        found[label(one)].append(one)
    return sorted(found.items())


def describe(mistake: ScoredPair, entries: Mapping[str, Labelled]) -> dict[str, Any]:
    """Return a mistake with its titles and those of its features that are not 0."""
    left, right = entries[mistake.left], entries[mistake.right]
    return {
        "truth": "same event" if mistake.same else "two events",
        "log_odds": round(mistake.log_odds, 2),
        "titles": [right.stored.entry.title, left.stored.entry.title],
        "ids": [right.id, left.id],
        "features": {
            name: round(value, 3)
            for name, value in zip(NAMES, mistake.features.tolist(), strict=True)
            if value
        },
    }


def _step(
    batch: Sequence[Labelled],
    ordered: Sequence[Labelled],
    past: _Past,
    settings: StorySettings,
    learned: Learned | None,
    *,
    ignore_window: bool,
) -> list[ScoredPair]:
    """Group one batch and remember what came of it."""
    new = [one.stored for one in batch]
    earlier = past.context(new[0].published - settings.window, new[-1].published + settings.window)
    now = ordered[-1].stored.published + timedelta(seconds=1)
    context = GroupingContext(
        settings=settings,
        now=now,
        past=earlier,
        learned=learned or shipped(),
        ignore_window=ignore_window,
    )
    work = Work(new, context)
    work.run()
    grouping = work.finish()
    features = dict(grouping.features)
    times = {one.stored.key: one.stored.published for one in batch}
    for story in grouping.stories:
        past.stories[story.id] = story
        for member in story.members:
            known = past.entries.get(member.key)
            past.entries[member.key] = Grouped(
                key=member.key,
                published=known.published if known else times[member.key],
                story_id=story.id,
                features=known.features if known else features[member.key],
            )
    for tombstone in grouping.tombstones:
        past.stories.pop(tombstone.id, None)
    return _pairs(work, {one.stored.key: one for one in ordered})


def _pairs(work: Work, entries: Mapping[str, Labelled]) -> list[ScoredPair]:
    found = []
    scored, keys = work.scored, work.rows.keys
    columns = np.round(scored.columns, 4)
    for number, (left, right) in enumerate(zip(scored.left, scored.right, strict=True)):
        one, other = entries[keys[left]], entries[keys[right]]
        if one.ambiguous or other.ambiguous:
            continue
        found.append(
            ScoredPair(
                left=keys[left],
                right=keys[right],
                same=bool(one.event) and one.event == other.event,
                log_odds=float(scored.logits[number]),
                features=columns[number],
            )
        )
    return found


def _counts(evaluation: Evaluation, entries: Sequence[Labelled]) -> Counts:
    return clustering_metrics.count(
        [one.event for one in entries], [evaluation.stories[one.stored.key] for one in entries]
    )
