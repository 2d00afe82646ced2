"""Why two entries are, or are not, one event: features, weights, probability, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np

from aggregator.model import Decision, GroupContext, StoredEntry
from aggregator.settings import StorySettings
from aggregator.stories import packing
from aggregator.stories.assign import chance
from aggregator.stories.features import vocabulary
from aggregator.stories.grouping import Work
from aggregator.stories.scoring import KINDS, kinds_of
from aggregator.stories.similarity import COPIED, NAMES, same_text

Verdict = Literal["same event", "same text", "two events", "too far apart", "by the user"]
_KEYS = 12
_SAYS = {
    "same event": "they report one event",
    "same text": "they are one text",
    "two events": "they report two events",
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
    work = Work(pair, GroupContext(decisions=tuple(decisions)), settings, now=pair[1].published)
    left, right = np.array([1]), np.array([0])
    kind = int(kinds_of(work.rows.heads, left, right)[0])
    columns = work.comparer.features(left, right)
    log_odds = float(work.model.kind(kind).logits(columns)[0])
    threshold = work.model.kind(kind).thresholds[settings.match]
    copied = float(same_text(columns, work.rows.heads, left, right)[0])
    contributions = work.model.kind(kind).contributions(columns[0]).tolist()
    apart = pair[1].published - pair[0].published
    decided = work.rules.between(a.key, b.key)
    verdict = _verdict(log_odds > threshold, copied, apart > settings.window, decided)
    return Explanation(
        kind=KINDS[kind],
        features=_named(columns[0].tolist()),
        contributions=tuple(sorted(_named(contributions), key=lambda one: -abs(one[1]))),
        probability=chance(log_odds),
        threshold=chance(threshold),
        same_text=round(copied, 3),
        keys=_keys(pair, work.rows.packed),
        looked_at=bool(len(work.scored.left)),
        verdict=verdict,
        words=_sentence(verdict, chance(log_odds), chance(threshold), apart, decided),
    )


def _verdict(fits: bool, copied: float, too_far: bool, decided: str) -> Verdict:
    if decided:
        return "by the user"
    if too_far:
        return "too far apart"
    if not fits:
        return "two events"
    return "same text" if copied >= COPIED else "same event"


def _named(values: Iterable[float]) -> tuple[tuple[str, float], ...]:
    """Name the values that are not 0."""
    pairs = zip(NAMES, values, strict=True)
    return tuple((name, round(value, 3)) for name, value in pairs if abs(value) >= 0.0005)


def _keys(pair: Iterable[StoredEntry], packed: list[bytes]) -> tuple[str, ...]:
    mine, other = packing.heaviest_words(packed)
    words = {number: word for one in pair for number, word in vocabulary(one).items()}
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
