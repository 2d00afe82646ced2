"""Explains why two entries are, or are not, one event: a sentence, features, contributions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np

from aggregator.core.feature_names import plain_name
from aggregator.core.model import Decision, GroupContext, StoredEntry, Story
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.features import words_by_hash
from aggregator.group.features.words_by_stem import words_by_stem
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
REST = "starting value"  # of every pair; with it the contributions add up to the score
_MAX_KEYS = 12
_MAX_AGAINST = 2  # features that a line names
_MAX_TRANSLATIONS = 3
_SAYS = {
    "same event": "one event",
    "same text": "the same text",
    "same link": "one event: two sources link to one address",
    "two events": "two events",
    "one formula": "two events told with the same template",
    "one series": "two issues of one series, such as a column or a market report",
    "no event": "one of them reports no event: it is a bulletin, newsletter, quiz or opinion",
    "too far apart": "published too far apart to be compared",
    "by the user": "your correction",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether two entries report one event, and why, as if nothing else had been published.

    `contributions` are in log-odds, the heaviest first; they add up to `score`, which must exceed
    `bar`. `keys` are the shared words by which the entries find each other; `looked_at` is whether
    they share enough of them to be compared. `missing` is what keeps them apart.
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
    pair = sorted((a, b), key=_position)
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
    translations = _translations(pair, work.rows.packed([0, 1]), settings)
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
        words=_sentence(verdict, pair, (keys, translations), decided, (score, bar)),
        missing=missing,
    )


def _apart(pair: Sequence[StoredEntry]) -> timedelta:
    return pair[1].published - pair[0].published


def _verdict(
    scored: ScoredPairs, plain: float, decided: str, *, apart: timedelta, window: timedelta
) -> Verdict:
    """Return what a pair is; `plain` is its log-odds above the bar before any guard."""
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
        yield f"they are {wording.time_apart(_apart(pair))}, and the window is {hours:g} hours"
    if verdict == "one formula":
        contrast = wording.in_contrast(*pair)
        yield f"the template is the same, the facts are not: {contrast or 'rare words in only one'}"
    if verdict == "no event":
        yield "such a text joins only its own copies"
    if verdict == "one series":
        yield "they look alike as numbers of a series do, and neither copies the other"
    if not found and verdict != "too far apart":
        yield "they share too few rare words to be compared in a run"
    if score <= bar:
        yield f"the score is {score:+.2f}, and more than {bar:+.2f} is needed"
        against = [plain_name(name) for name, part in contributions if part < 0]
        if against:
            yield f"these speak most against it: {', '.join(against[:_MAX_AGAINST])}"


def _named(values: Iterable[float]) -> tuple[tuple[str, float], ...]:
    """Name the values that are not 0."""
    pairs = zip(NAMES, values, strict=True)
    return tuple((name, round(value, 3)) for name, value in pairs if abs(value) >= 0.0005)


def _keys(pair: Sequence[StoredEntry], packed: list[bytes]) -> tuple[str, ...]:
    """Return the shared key words by which the entries find each other, as complete words."""
    mine, other = packing.heaviest_words(packed)
    words = {number: word for one in pair for number, word in words_by_hash(one).items()}
    held = set(other[: packing.KEYS])
    shared = [words[number] for number in mine[: packing.KEYS] if number in held]
    return tuple(wording.whole_words(shared, *pair)[:_MAX_KEYS])


def _translations(
    pair: Sequence[StoredEntry], packed: list[bytes], settings: StorySettings
) -> list[tuple[str, str]]:
    """Return words of a Chinese and another entry that mean the same, the heaviest first."""
    heads = packing.headers(packed)
    chinese = [bool(flags & packing.CHINESE) for flags in heads["flags"].tolist()]
    if chinese[0] == chinese[1]:
        return []
    stems, weights = (packing.ragged(packed, heads, f"stem_{name}") for name in ("ids", "weights"))
    mine, theirs = (
        dict(zip(stems.flat[a:b].tolist(), weights.flat[a:b].tolist(), strict=True))
        for a, b in pairwise(stems.starts.tolist())
    )
    words = [words_by_stem(one, settings.names) for one in pair]
    found: dict[str, str] = {}
    for stem in sorted(mine.keys() & theirs.keys(), key=lambda one: -min(mine[one], theirs[one])):
        told = [some.get(stem, "") for some in words]
        if all(told) and told[1] not in found.values():
            found.setdefault(told[0], told[1])
    return list(found.items())[:_MAX_TRANSLATIONS]


def _sentence(
    verdict: Verdict,
    pair: Sequence[StoredEntry],
    shared: tuple[Sequence[str], Sequence[tuple[str, str]]],
    decided: str,
    levels: tuple[float, float],
) -> str:
    """Return the reason as a person would give it; `shared` are words and translations."""
    keys, translations = shared
    score, bar = (assign.probability(one) for one in levels)
    says = f"{_SAYS[verdict]} ({decided})" if decided else _SAYS[verdict]
    parts = []
    if verdict in {"one formula", "one series"}:
        parts.append(wording.in_contrast(*pair))
    if verdict in {"same event", "same text", "same link", "two events"}:
        common = wording.in_common(keys, *pair)
        parts.append(_little(common) if verdict == "two events" else common)
    if verdict in {"same event", "same text", "same link"}:
        parts.append(wording.translated(translations, *pair))
    apart = wording.time_apart(_apart(pair))
    said = [*filter(None, parts)]
    told = ", ".join([*said, f"published {apart}" if said else apart])
    return f"{says}: {told} ({score:.1%} sure, {bar:.1%} needed)"


def _little(common: str) -> str:
    """Turn "both name A and B" into "they share only A and B"."""
    return f"they share only {common.split(' ', 2)[2]}" if common else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFit:
    """How well an entry fits a story, in log-odds, and the bar that it must exceed."""

    members: int
    alike: int  # members with which the entry is one event on its own
    fit: float
    bar: float


def fit_with_story(
    stored: StoredEntry, members: Sequence[StoredEntry], story: Story, settings: StorySettings
) -> StoryFit:
    """Compare an entry with all members of a story, as if it were new."""
    entries = sorted({one.key: one for one in (*members, stored)}.values(), key=_position)
    work = Work(entries, GroupingContext(settings=settings, now=entries[-1].published))
    own = entries.index(stored)
    others = np.array([row for row in range(len(entries)) if row != own], np.int64)
    left, right = np.maximum(others, own), np.minimum(others, own)
    near = candidates.in_window(work.rows, left, right, settings, ignore_window=False)
    pairs = left[near], right[near]
    scored = candidates.score(work.rows, work.comparer, work.model, settings, pairs)
    margins = [*scored.margins.tolist(), *([-assign.CLIP] * int(np.count_nonzero(~near)))]
    return StoryFit(
        members=len(others),
        alike=sum(margin > 0 for margin in margins),
        fit=assign.fit(margins, len(margins)),
        bar=assign.bar_of([member.reason for member in story.members]),
    )


def _position(stored: StoredEntry) -> tuple[datetime, str]:
    return stored.published, stored.key
