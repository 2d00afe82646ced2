"""Why two entries are, or are not, one event: features, weights, probability, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np

from aggregator.core.model import Decision, GroupContext, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.features import words_by_hash
from aggregator.group.model.scoring import KINDS, kinds_of
from aggregator.group.pairs import candidates
from aggregator.group.pairs.candidates import ScoredPairs
from aggregator.group.pairs.similarity import COPIED, NAMES
from aggregator.group.stories import assign
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import Work

Verdict = Literal[
    "same event",
    "same text",
    "same link",
    "two events",
    "one series",
    "too far apart",
    "by the user",
]
_KEYS = 12
_SAYS = {
    "same event": "they report one event",
    "same text": "they are one text",
    "same link": "they stand on one address in two sources",
    "two events": "they report two events",
    "one series": "they are two numbers of one series, such as a column or a market report",
    "too far apart": "they were published too far apart to be compared",
    "by the user": "you have decided it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What speaks for and against one event, for two entries on their own.

    `contributions` are in log-odds, the heaviest first; `keys` are the shared words by which one
    finds the other; `looked_at` says whether they share enough of them.
    """

    kind: str
    features: tuple[tuple[str, float], ...]
    contributions: tuple[tuple[str, float], ...]
    probability: float
    threshold: float
    same_text: float
    keys: tuple[str, ...]
    looked_at: bool
    verdict: Verdict
    words: str


def explain(
    a: StoredEntry, b: StoredEntry, settings: StorySettings, *, decisions: Iterable[Decision] = ()
) -> Explanation:
    """Compare two entries with the shipped weights, as if nothing else had been published."""
    pair = sorted((a, b), key=lambda one: (one.published, one.key))
    past = GroupContext(decisions=tuple(decisions))
    context = GroupingContext(settings=settings, now=pair[1].published, past=past)
    work = Work(pair, context)
    rows = np.array([1]), np.array([0])
    scored = candidates.score(work.rows, work.comparer, work.model, settings, rows)
    columns = scored.columns
    kind = int(kinds_of(work.rows.heads, *rows)[0])
    log_odds = float(scored.logits[0])
    threshold = work.model.kind(kind).thresholds[settings.match]
    copied = float(scored.copied[0])
    contributions = work.model.kind(kind).contributions(columns[0]).tolist()
    apart = pair[1].published - pair[0].published
    decided = work.rules.between(a.key, b.key)
    verdict = _verdict(scored, log_odds - threshold, decided, too_far=apart > settings.window)
    return Explanation(
        kind=KINDS[kind],
        features=_named(columns[0].tolist()),
        contributions=tuple(sorted(_named(contributions), key=lambda one: -abs(one[1]))),
        probability=assign.probability(log_odds),
        threshold=assign.probability(threshold),
        same_text=round(copied, 3),
        keys=_keys(pair, work.rows.packed([0, 1])),
        looked_at=bool(len(work.scored.left)),
        verdict=verdict,
        words=_sentence(
            verdict, assign.probability(log_odds), assign.probability(threshold), apart, decided
        ),
    )


def _verdict(scored: ScoredPairs, plain: float, decided: str, *, too_far: bool) -> Verdict:
    """Say what a pair is; `plain` is its log-odds above the threshold before any guard."""
    margin = float(scored.margins[0])
    if decided:
        return "by the user"
    if too_far:
        return "too far apart"
    if scored.linked[0]:
        return "same link"
    if margin <= 0 < plain:
        return "one series"
    if margin <= 0:
        return "two events"
    return "same text" if scored.copied[0] >= COPIED else "same event"


def _named(values: Iterable[float]) -> tuple[tuple[str, float], ...]:
    """Name the values that are not 0."""
    pairs = zip(NAMES, values, strict=True)
    return tuple((name, round(value, 3)) for name, value in pairs if abs(value) >= 0.0005)


def _keys(pair: Iterable[StoredEntry], packed: list[bytes]) -> tuple[str, ...]:
    mine, other = packing.heaviest_words(packed)
    words = {number: word for one in pair for number, word in words_by_hash(one).items()}
    held = set(other[: packing.KEYS])
    shared = [words[number] for number in mine[: packing.KEYS] if number in held]
    return tuple(shared[:_KEYS])


def _sentence(
    verdict: Verdict, probability: float, threshold: float, apart: timedelta, decided: str
) -> str:
    hours = apart.total_seconds() / 3600
    says = f"{_SAYS[verdict]} ({decided})" if decided else _SAYS[verdict]
    return (
        f"{says}: {probability:.1%} sure where {threshold:.1%} is asked for, "
        f"published {hours:.1f} hours apart"
    )
