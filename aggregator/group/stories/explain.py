"""Why two entries are, or are not, one event: features, weights, probability, in words."""

from collections.abc import Iterable, Iterator, Sequence
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
from aggregator.group.stories import assign, wording
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import Work

Verdict = Literal[
    "same event",
    "same text",
    "same link",
    "two events",
    "one formula",
    "one series",
    "no event",
    "too far apart",
    "by the user",
]
REST = "what every pair starts from"  # a contribution, so that all of them add up to the score
_KEYS = 12
_AGAINST = 2  # features that a sentence names
_SAYS = {
    "same event": "one event",
    "same text": "one text",
    "same link": "one event: both stand on one address in two sources",
    "two events": "two events",
    "one formula": "two events in the words of one formula",
    "one series": "two numbers of one series, such as a column or a market report",
    "no event": "one of them reports no event: a bulletin, a newsletter, a quiz, an opinion",
    "too far apart": "published too far apart to be compared",
    "by the user": "you have decided it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What speaks for and against one event, for two entries on their own.

    `contributions` are in log-odds, the heaviest first; they add up to `score`, which must exceed
    `bar`. `keys` are the shared words by which one finds the other; `looked_at` says whether they
    share enough of them. `missing` says what would have to be otherwise for one event.
    """

    kind: str
    features: tuple[tuple[str, float], ...]
    contributions: tuple[tuple[str, float], ...]
    score: float
    bar: float
    probability: float
    threshold: float
    same_text: float
    keys: tuple[str, ...]
    looked_at: bool
    verdict: Verdict
    words: str
    missing: tuple[str, ...] = ()


def explain(
    a: StoredEntry, b: StoredEntry, settings: StorySettings, *, decisions: Iterable[Decision] = ()
) -> Explanation:
    """Compare two entries with the shipped weights, as if nothing else had been published."""
    pair = sorted((a, b), key=lambda one: (one.published, one.key))
    past = GroupContext(decisions=tuple(decisions))
    work = Work(pair, GroupingContext(settings=settings, now=pair[1].published, past=past))
    scored = candidates.score(
        work.rows, work.comparer, work.model, settings, (np.array([1]), np.array([0]))
    )
    kind = int(kinds_of(work.rows.heads, scored.left, scored.right)[0])
    score = float(scored.logits[0])
    bar = float(work.model.thresholds(settings.match)[kind])
    parts = work.model.kind(kind).contributions(scored.columns[0]).tolist()
    contributions = sorted(_named(parts), key=lambda one: -abs(one[1]))
    rest = round(score - sum(part for _, part in contributions), 3)
    decided = work.rules.between(a.key, b.key)
    verdict = _verdict(scored, score - bar, decided, apart=_apart(pair), window=settings.window)
    keys = _keys(pair, work.rows.packed([0, 1]))
    found = bool(len(work.scored.left))
    missing = tuple(_missing(verdict, pair, settings, (score, bar), contributions, found=found))
    return Explanation(
        kind=KINDS[kind],
        features=_named(scored.columns[0].tolist()),
        contributions=tuple(sorted([*contributions, (REST, rest)], key=lambda one: -abs(one[1]))),
        score=round(score, 3),
        bar=round(bar, 3),
        probability=assign.probability(score),
        threshold=assign.probability(bar),
        same_text=round(float(scored.copied[0]), 3),
        keys=keys,
        looked_at=found,
        verdict=verdict,
        words=_sentence(verdict, pair, keys, decided, (score, bar)),
        missing=missing,
    )


def _apart(pair: Sequence[StoredEntry]) -> timedelta:
    return pair[1].published - pair[0].published


def _verdict(
    scored: ScoredPairs, plain: float, decided: str, *, apart: timedelta, window: timedelta
) -> Verdict:
    """Say what a pair is; `plain` is its log-odds above the bar before any guard."""
    joined: Verdict = "same text" if scored.copied[0] >= COPIED else "same event"
    cases: tuple[tuple[bool, Verdict], ...] = (
        (bool(decided), "by the user"),
        (apart > window, "too far apart"),
        (bool(scored.linked[0]), "same link"),
        (bool(scored.margins[0] > 0), joined),
        (bool(scored.of_one_formula[0]), "one formula"),
        (bool(scored.of_no_event[0]), "no event"),
        (plain > 0, "one series"),
    )
    return next((verdict for holds, verdict in cases if holds), "two events")


def _missing(
    verdict: Verdict,
    pair: Sequence[StoredEntry],
    settings: StorySettings,
    levels: tuple[float, float],
    contributions: Sequence[tuple[str, float]],
    *,
    found: bool,
) -> Iterator[str]:
    """Yield what keeps two entries apart, the plainest reason first."""
    score, bar = levels
    if verdict in {"same event", "same text", "same link", "by the user"}:
        return
    if verdict == "too far apart":
        hours = settings.window.total_seconds() / 3600
        yield f"the window is {hours:g} hours, and they are {wording.time_apart(_apart(pair))}"
    if verdict == "one formula":
        contrast = wording.in_contrast(*pair)
        yield f"{contrast or 'rare words that only one of them has'}, in the same wording"
    if verdict == "no event":
        yield "only a copy of such a text stands with it"
    if verdict == "one series":
        yield "they look alike as numbers of a series do, and neither copies the other"
    if not found and verdict != "too far apart":
        yield "a run would not compare them: they share too few rare words"
    if score <= bar:
        yield f"the score is {score:+.2f} and must exceed {bar:+.2f}"
        against = [wording.plain_name(name) for name, part in contributions if part < 0]
        if against:
            yield f"what speaks most against: {', '.join(against[:_AGAINST])}"


def _named(values: Iterable[float]) -> tuple[tuple[str, float], ...]:
    """Name the values that are not 0."""
    pairs = zip(NAMES, values, strict=True)
    return tuple((name, round(value, 3)) for name, value in pairs if abs(value) >= 0.0005)


def _keys(pair: Sequence[StoredEntry], packed: list[bytes]) -> tuple[str, ...]:
    """Return the shared words by which one entry finds the other, whole words alone."""
    mine, other = packing.heaviest_words(packed)
    words = {number: word for one in pair for number, word in words_by_hash(one).items()}
    held = set(other[: packing.KEYS])
    shared = [words[number] for number in mine[: packing.KEYS] if number in held]
    return tuple(wording.whole_words(shared, *pair)[:_KEYS])


def _sentence(
    verdict: Verdict,
    pair: Sequence[StoredEntry],
    keys: Sequence[str],
    decided: str,
    levels: tuple[float, float],
) -> str:
    """Say why as a person would."""
    score, bar = (assign.probability(one) for one in levels)
    apart = wording.time_apart(_apart(pair))
    says = f"{_SAYS[verdict]} ({decided})" if decided else _SAYS[verdict]
    parts = []
    if verdict in {"one formula", "one series", "two events"}:
        parts.append(wording.in_contrast(*pair) if verdict != "two events" else "")
    if verdict in {"same event", "same text", "same link", "two events"}:
        common = wording.in_common(keys, *pair)
        little = verdict == "two events"
        parts.append(common.replace("both name", "they share only") if little else common)
    told = ", ".join([*filter(None, parts), apart])
    return f"{says}: {told} ({score:.1%} sure, {bar:.1%} asked for)"
