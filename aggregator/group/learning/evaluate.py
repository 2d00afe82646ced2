"""Streams labelled entries through grouping and says how well the stories agree with the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from aggregator.core.model import GroupContext, Grouped, Story
from aggregator.core.settings import StorySettings
from aggregator.group.learning import metrics
from aggregator.group.learning.labelled import Labelled
from aggregator.group.learning.metrics import Counts
from aggregator.group.pairs.similarity import NAMES
from aggregator.group.stories.context import GroupingContext, Learned, shipped
from aggregator.group.stories.grouping import Work

_BATCH = 1000  # entries a call: larger files are grouped as a run groups them


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPair:
    """A candidate pair, the later entry first, with its log-odds and features."""

    left: str
    right: str
    same: bool
    log_odds: float
    features: tuple[float, ...]

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
        """Return the counts of the entries of each language, of all these, and of pairs of two."""
        judged = self._judged()
        names = sorted({one.language for one in judged})
        found = {
            name: _counts(self, [one for one in judged if one.language == name]) for name in names
        }
        if len(names) > 1:
            alone = sum(found.values(), Counts())
            found["one language"] = alone
            found["across"] = Counts(
                both=self.counts.both - alone.both,
                found=self.counts.found - alone.found,
                true=self.counts.true - alone.true,
            )
        return found

    def average_precision(self) -> float:
        """Return the average precision of pairs; what blocking missed counts as missed."""
        return metrics.average_precision(
            [one.log_odds for one in self.pairs], [one.same for one in self.pairs], self.true_pairs
        )

    def intervals(self) -> Mapping[str, tuple[float, float]]:
        """Return 95 % intervals of pair F1 and B³ F1, by drawing events again and again."""
        judged = self._judged()
        return metrics.intervals(
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
        true_pairs=metrics.true_pairs([one.event for one in ordered if not one.ambiguous]),
    )


def summary(evaluations: Sequence[Evaluation], seconds: float) -> dict[str, float | int]:
    """Return the figures of some files together, as `evaluate --json` prints them."""
    agreement = sum((one.counts for one in evaluations), Counts()).agreement()
    figures = {name: round(value, 4) for name, value in agreement.by_name().items()}
    return figures | {
        "stories": sum(len(set(one.stories.values())) for one in evaluations),
        "entries": sum(len(one.entries) for one in evaluations),
        "seconds": round(seconds, 3),
    }


def languages(evaluations: Sequence[Evaluation]) -> dict[str, dict[str, float]]:
    """Return the figures of each language, of pairs in one and of pairs in two; {} for one language."""
    totals: dict[str, Counts] = {}
    for one in evaluations:
        for name, counts in one.by_language().items():
            totals[name] = totals.get(name, Counts()) + counts
    if len(totals) < 2:
        return {}
    return {
        name: {key: round(value, 4) for key, value in counts.agreement().by_name().items()}
        for name, counts in totals.items()
    }


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
            for name, value in zip(NAMES, mistake.features, strict=True)
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
                features=tuple(np.round(scored.columns[number], 4).tolist()),
            )
        )
    return found


def _counts(evaluation: Evaluation, entries: Sequence[Labelled]) -> Counts:
    return metrics.count(
        [one.event for one in entries], [evaluation.stories[one.stored.key] for one in entries]
    )
