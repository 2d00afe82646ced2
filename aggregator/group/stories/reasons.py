"""The reason why an entry joined a story: the closest member, main features, shared words."""

from collections.abc import Sequence

from aggregator.core.model import Reason, StoredEntry
from aggregator.group.features import packing
from aggregator.group.features.feature_rows import Rows
from aggregator.group.features.features import words_by_hash
from aggregator.group.model.scoring import Model, kinds_of
from aggregator.group.pairs.candidates import ScoredPairs
from aggregator.group.pairs.similarity import COPIED, NAMES
from aggregator.group.stories import assign, wording

_MAX_WEIGHTS, _MAX_WORDS = 6, 8


def reason(
    stored: StoredEntry,
    pairs: Sequence[int],
    levels: tuple[float, float],
    scored: ScoredPairs,
    rows: Rows,
    *,
    model: Model,
) -> Reason:
    """Return the reason of an entry that joins a story.

    `pairs` are those with the members; `levels` are its fit and the bar of the story, in log-odds.
    """
    fit, bar = levels
    copied = max(pairs, key=lambda one: float(scored.copied[one]))
    nearest = max(pairs, key=lambda one: float(scored.margins[one]))
    copy = bool(scored.copied[copied] >= COPIED)
    pair = copied if copy else nearest
    linked = bool(scored.linked[pair])
    return Reason(
        kind="same text" if copy else "same link" if linked else "same event",
        score=assign.probability(fit),
        nearest=rows.keys[scored.right[pair]],
        weights=_weights(pair, scored, rows, model),
        shared=_shared(stored, pair, scored, rows),
        bar=assign.probability(bar),
    )


def _weights(
    pair: int, scored: ScoredPairs, rows: Rows, model: Model
) -> tuple[tuple[str, float], ...]:
    """Return the features with the largest contributions to the log-odds of a pair."""
    kind = int(kinds_of(rows.heads, scored.left[[pair]], scored.right[[pair]])[0])
    parts = model.kind(kind).contributions(scored.columns[pair]).tolist()
    named = ((name, round(part, 2)) for name, part in zip(NAMES, parts, strict=True))
    return tuple(sorted(named, key=lambda one: -abs(one[1]))[:_MAX_WEIGHTS])


def _shared(stored: StoredEntry, pair: int, scored: ScoredPairs, rows: Rows) -> tuple[str, ...]:
    """Return the heaviest words in both entries of a pair, without parts of longer words."""
    both = rows.packed([int(side[pair]) for side in (scored.left, scored.right)])
    mine, other = packing.heaviest_words(both)
    held = set(other)
    shared = [one for one in mine if one in held][:_MAX_WORDS]
    words = words_by_hash(stored, frozenset(shared)) if shared else {}
    return tuple(wording.whole_words([words[one] for one in shared if one in words], stored))
