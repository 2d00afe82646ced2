"""Counts the candidates of an entry that contain the rarest words it shares with one of them.

Two reports of one event share rare words that few others contain together. Words that many
contain together are the subject of the day or the wording of a bulletin.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.arrays import ranges, runs
from aggregator.group.features.terms import TITLED
from aggregator.group.pairs import overlap
from aggregator.group.pairs.overlap import WEIGHTS, Doubles, Lists, Places, Shared

_NOTHING = 6.0  # for a pair that shares no word
_HALF = 64  # words of an entry in one mask
_ONE = np.uint64(1)

Masks = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def columns(lists: Lists, both: Shared, left: Places, right: Places) -> dict[str, NDArray[Any]]:
    """Count for each pair the pairs of the same `left`, which is sorted, that share its two rarest words."""
    places = lists["word_places"].flat
    titled = (places[both.left] & places[both.right] & TITLED) > 0
    peers = _peers(left)
    publisher = lists.heads["publisher"]
    ours = publisher[right] == publisher[left]
    found: dict[str, NDArray[Any]] = {}
    for name, some in (("title", np.flatnonzero(titled)), ("text", np.arange(len(titled)))):
        shared = Shared(pair=both.pair[some], left=both.left[some], right=both.right[some])
        everyone, own = _count(lists, shared, left, peers, ours)
        found[f"{name} words together"] = everyone
        found[f"{name} words together, same publisher"] = own
    return found


def _peers(left: Places) -> tuple[Places, Places]:
    """Return each pair with each pair of the same left entry."""
    begins, sizes = runs(left)
    size = np.repeat(sizes, sizes)
    return np.repeat(np.arange(len(left)), size), ranges(np.repeat(begins, sizes), size)


def _count(
    lists: Lists,
    shared: Shared,
    left: Places,
    peers: tuple[Places, Places],
    ours: NDArray[np.bool_],
) -> tuple[Doubles, Doubles]:
    """Return ln(1 + peers that contain the two rarest words) of each pair, and those of the publisher."""
    rank = shared.left - lists["word_ids"].starts[left[shared.pair]]
    weights = WEIGHTS[lists["word_weights"].flat]
    weight = weights[shared.left] + weights[shared.right]
    held = _masks(shared.pair, rank, len(left))
    order = np.lexsort((rank, -weight, shared.pair))
    pair = shared.pair[order]
    rarest = order[np.arange(len(order)) - np.searchsorted(pair, pair) < 2]
    wanted = _masks(shared.pair[rarest], rank[rarest], len(left))
    one, other = peers
    good = np.ones(len(one), bool)
    for mine, theirs in zip(wanted, held, strict=True):
        good &= (theirs[other] & mine[one]) == mine[one]
    nothing = (wanted[0] | wanted[1]) == 0
    everyone = overlap.tally(one[good], np.ones(int(good.sum())), len(left))
    own = overlap.tally(one[good], ours[other[good]], len(left))
    return np.where(nothing, _NOTHING, np.log1p(everyone)), np.where(
        nothing, _NOTHING, np.log1p(own)
    )


def _masks(pair: Places, rank: Places, count: int) -> Masks:
    """Return the ranks of each pair as bits; the pairs are in order."""
    found = []
    for low in (0, _HALF):
        some = np.flatnonzero((rank >= low) & (rank < low + _HALF))
        mask = np.zeros(count, np.uint64)
        if len(some):
            begins = np.flatnonzero(np.diff(pair[some], prepend=-1))
            bits = _ONE << (rank[some] - low).astype(np.uint64)
            mask[pair[some[begins]]] = np.bitwise_or.reduceat(bits, begins)
        found.append(mask)
    return found[0], found[1]
