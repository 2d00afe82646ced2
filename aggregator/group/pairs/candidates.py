"""Candidates: the pairs of entries that one grouping compares, with their scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.feature_rows import Rows
from aggregator.group.features.headline_cues import Cue
from aggregator.group.model.scoring import TITLE_ALONE, Model, kinds_of
from aggregator.group.pairs import across, bulletins, links, title_contrast
from aggregator.group.pairs.blocking import MAX_PARTNERS, Index, Pairs, strongest
from aggregator.group.pairs.similarity import COPIED, NAMES, Comparison, Floats, same_text

Indices = NDArray[np.int64]
_CHINESE, _OTHER, _TITLES = 0.04, 0.08, 0.12  # strength a pair must exceed, by kind of text
# What a Chinese pair must share besides, for each e-fold of hours apart from the first one on.
# No labelled pair below it comes near its threshold, and it saves most of the work in busy hours.
_PER_E_FOLD_OF_HOURS, _FREE_E_FOLDS = 0.008, 0.7
_LINKED = 4.0  # the least margin of a pair of two sources on one address
GUARDED = -4.0  # the upper bound for a pair that is kept apart
_ALIKE, _COPIED, _LATER = 0.85, 0.3, 12.0  # titles; passages; hours


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPairs:
    """Pairs of a new entry (`left`) and one that arrived before it, with features and log-odds."""

    left: Indices
    right: Indices
    columns: Floats
    logits: Floats
    margins: Floats  # log-odds above the threshold of the pair's kind of text, guarded
    copied: Floats  # how far both are one text, from 0 to 1
    linked: NDArray[np.bool_]  # two sources on one address
    guarded: NDArray[np.bool_]  # kept apart, whatever the model returns
    of_one_formula: NDArray[np.bool_]  # of those guarded: two bulletins of one formula
    of_no_event: NDArray[np.bool_]  # of those guarded: one reports no event

    def of(self, row: int) -> tuple[int, int]:
        """Return where the pairs of a new row begin and end."""
        begin, end = np.searchsorted(self.left, (row, row + 1)).tolist()
        return begin, end


def find_and_score(
    rows: Rows,
    comparison: Comparison,
    model: Model,
    settings: StorySettings,
    *,
    ignore_window: bool,
    include_unlikely: bool = False,
) -> ScoredPairs:
    """Score pairs of each new entry with earlier entries that have not been superseded.

    With `ignore_window` it does not apply to entries without a date; with `include_unlikely`
    pairs far below any threshold are scored too, for training.
    """
    left, right = _find(
        rows, settings, ignore_window=ignore_window, include_unlikely=include_unlikely
    )
    return score(
        rows, comparison, model, settings, (left, right), include_unlikely=include_unlikely
    )


def score(
    rows: Rows,
    comparison: Comparison,
    model: Model,
    settings: StorySettings,
    pairs: tuple[Indices, Indices],
    *,
    include_unlikely: bool = False,
    siblings: int = 0,
) -> ScoredPairs:
    """Score the pairs given; `left` is sorted.

    The titles of pairs that the model rejects are compared with `include_unlikely` alone.
    `siblings` is how many bulletins of one formula these entries are known to have met.
    """
    left, right = pairs
    columns = comparison.features(left, right)
    kinds = kinds_of(rows.heads, left, right)
    logits = model.logits(columns, kinds)
    linked = links.one_address(rows, left, right)
    margins = logits - model.thresholds(settings.match)[kinds]
    guarded = _guarded(rows, columns, left, right)
    copied = same_text(columns, rows.heads, left, right)
    flags = rows.heads["flags"]
    of_no_event = (((flags[left] | flags[right]) & packing.NO_EVENT) > 0) & (copied < COPIED)
    guarded |= of_no_event
    likely = np.flatnonzero((include_unlikely | (margins > GUARDED)) & ~guarded)
    other_number, other_subject = _contrasts(rows, left[likely], right[likely])
    guarded[likely] |= other_number & (copied[likely] < COPIED)
    of_one_formula = np.zeros(len(left), bool)
    of_one_formula[likely] = other_subject | _bulletins(
        model.formula_odds(columns[likely]), margins[likely], left[likely], siblings
    )
    of_one_formula &= ~guarded
    guarded |= of_one_formula
    margins = np.where(guarded, np.minimum(margins, GUARDED), margins)
    return ScoredPairs(
        left=left,
        right=right,
        columns=columns,
        logits=logits,
        margins=np.where(linked, np.maximum(margins, _LINKED), margins).astype(np.float32),
        copied=copied,
        linked=linked,
        guarded=guarded,
        of_one_formula=of_one_formula,
        of_no_event=of_no_event,
    )


def _bulletins(odds: Floats, margins: Floats, left: Indices, known: int) -> NDArray[np.bool_]:
    """Return which pairs are two bulletins, of one formula or of two."""
    found = bulletins.siblings(odds, left, known)
    return np.asarray(found | bulletins.no_copies(found, margins, left, known))


def _guarded(rows: Rows, columns: Floats, left: Indices, right: Indices) -> NDArray[np.bool_]:
    """Return which pairs are two numbers of a series or two pages of a newspaper, and no copies.

    Columns, market reports and live blogs of two days have similar titles and are half a day or
    more apart. A newspaper reports an event once, but its pages describe several meetings of one
    visitor in nearly the same words.
    """

    def column(name: str) -> Floats:
        """Return one feature of all pairs."""
        return columns[:, NAMES.index(name)]

    heads, ours = rows.heads, column("same publisher") > 0
    daily = heads["cues"][left] & heads["cues"][right]
    daily = (daily & int(Cue.MARKET | Cue.LIVE | Cue.ROUND_UP)) > 0
    series = daily | (ours & (column("title ratio") >= _ALIKE))
    series &= column("hours") >= np.log1p(_LATER)
    pages = ours & ((heads["flags"][left] & heads["flags"][right] & packing.ON_PAGE) > 0)
    guarded: NDArray[np.bool_] = (series | pages) & (column("containment") < _COPIED)
    return guarded | (ours & (column("other digits alone") > 0))


def _contrasts(
    rows: Rows, left: Indices, right: Indices
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pairs have titles with another number of a series, and with another subject."""
    some = np.unique(np.concatenate((left, right))).tolist()
    titles = dict(zip(some, packing.titles(rows.packed(some), rows.heads[some]), strict=True))
    pairs = [(titles[a], titles[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    return (
        np.array([title_contrast.numbered_differently(*pair) for pair in pairs], bool),
        np.array([title_contrast.other_subject(*pair) for pair in pairs], bool),
    )


def _find(
    rows: Rows, settings: StorySettings, *, ignore_window: bool, include_unlikely: bool
) -> tuple[Indices, Indices]:
    """Return the pairs worth comparing, at most MAX_PARTNERS of each new entry, linked ones first."""

    def allowed(found: Pairs) -> NDArray[np.bool_]:
        """Return which pairs found by words may be compared."""
        good = _may_be_compared(
            rows, found.left, found.right, settings, ignore_window=ignore_window
        )
        return good if include_unlikely else good & close_enough(rows, found)

    found = Index(rows.key_words, rows.is_new).pairs(_bounds(rows), allowed)
    left, right = links.pairs(rows)
    good = _may_be_compared(rows, left, right, settings, ignore_window=ignore_window)
    parts = [(left[good], right[good], np.full(np.count_nonzero(good), np.inf, np.float32))]
    if settings.across_languages:
        reach = np.inf if ignore_window else settings.window.total_seconds()
        parts.append(across.pairs(rows, reach))
    parts.append((found.left, found.right, found.strength))
    left, right, strength = (np.concatenate(side) for side in zip(*parts, strict=True))
    _, first = np.unique((left << 32) | right, return_index=True)
    kept = first[strongest(left[first], strength[first], MAX_PARTNERS)]
    return left[kept], right[kept]


def _may_be_compared(
    rows: Rows, left: Indices, right: Indices, settings: StorySettings, *, ignore_window: bool
) -> NDArray[np.bool_]:
    """Return the pairs of a new entry with one that came earlier and has not been superseded."""
    turn = rows.arrived[left]
    earlier = (rows.arrived[right] < turn) & (rows.superseded[right] > turn)
    return earlier & in_window(rows, left, right, settings, ignore_window=ignore_window)


def close_enough(rows: Rows, found: Pairs) -> NDArray[np.bool_]:
    """Return which pairs share enough words for the time between them."""
    left, right = found.left, found.right
    flags = rows.heads["flags"]
    both = packing.CHINESE | packing.DATED
    judged = (flags[left] & flags[right] & both) == both
    hours = np.log1p(np.abs(rows.published[left] - rows.published[right]) / 3600)
    wanted = _CHINESE + _PER_E_FOLD_OF_HOURS * np.maximum(hours - _FREE_E_FOLDS, 0)
    urls = rows.heads["url"]
    one_address = (urls[left] == urls[right]) & (urls[left] > 0)
    good: NDArray[np.bool_] = ~judged | one_address | (found.strength > wanted)
    return good


def in_window(
    rows: Rows, left: Indices, right: Indices, settings: StorySettings, *, ignore_window: bool
) -> NDArray[np.bool_]:
    """Return which pairs were published within the window."""
    apart = np.abs(rows.published[left] - rows.published[right])
    near: NDArray[np.bool_] = apart <= settings.window.total_seconds()
    if ignore_window:
        near |= (rows.heads["flags"][left] & rows.heads["flags"][right] & packing.DATED) == 0
    return near


def _bounds(rows: Rows) -> Floats:
    """Return how much each entry must share with another: one word of a title weighs much."""
    other = np.where(rows.heads["length"] < TITLE_ALONE, _TITLES, _OTHER)
    chinese = (rows.heads["flags"] & packing.CHINESE) > 0
    return np.where(chinese, _CHINESE, other).astype(np.float32)
