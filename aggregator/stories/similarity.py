"""How alike two entries are: numbers for a pair, from their stored features; the only rapidfuzz."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from aggregator.stories import packing
from aggregator.stories.packing import DATED, Ragged
from aggregator.stories.signs import Sign

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
_SLOTS = 1 << 16
_TITLE, _LEAD = 1, 2 | 4 | 8  # bits of places
_CHUNK = 32  # left entries at a time: their table stays in the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The terms that two entries of a pair both hold: pair number, place in the left and right lists."""

    pair: Places
    left: Places
    right: Places


class Comparer:
    """Compares entries of one list of stored features."""

    def __init__(self, packed: Sequence[bytes], published: NDArray[np.float64]) -> None:
        self._packed = packed
        self._published = published
        self.heads = packing.headers(packed)
        self._lists: dict[str, Ragged] = {}
        self._titles = packing.titles(packed, self.heads)

    def features(self, left: Places, right: Places) -> Floats:
        """Return one row of features (see NAMES) for each pair; `left` must be sorted."""
        if not len(left):
            return np.empty((0, len(NAMES)), np.float32)
        columns = {
            **self._word_columns(left, right),
            **self._bigram_columns(left, right),
            **self._list_columns(left, right),
            **self._title_columns(left, right),
            **self._plain_columns(left, right),
        }
        same = columns["same publisher"]
        columns["same publisher, cosine"] = same * columns["bigram cosine"]
        columns["same publisher, containment"] = same * columns["containment"]
        return np.stack([columns[name].astype(np.float32) for name in NAMES], axis=1)

    def _list(self, name: str) -> Ragged:
        if name not in self._lists:
            self._lists[name] = packing.ragged(self._packed, self.heads, name)
        return self._lists[name]

    def _shared(self, left: Places, right: Places, name: str) -> Shared:
        """Find the shared terms of each pair by a small hash table for each left entry."""
        ids = self._list(name)
        cuts = np.flatnonzero(
            np.diff(np.cumsum(np.diff(left, prepend=-1) > 0) // _CHUNK, prepend=-1)
        )
        parts = []
        table = np.full(_CHUNK * _SLOTS + _SLOTS, -1, np.int32)
        for a, b in zip(cuts.tolist(), [*cuts[1:].tolist(), len(left)], strict=True):
            owners, local = np.unique(left[a:b], return_inverse=True)
            mine, whose = _gather(ids, owners)
            slots = (whose << 16) | (ids.flat[mine] & np.uint32(_SLOTS - 1))
            table[slots] = mine
            theirs, pair = _gather(ids, right[a:b])
            hit = table[(local[pair] << 16) | (ids.flat[theirs] & np.uint32(_SLOTS - 1))]
            good = (hit >= 0) & (ids.flat[hit] == ids.flat[theirs])
            parts.append((pair[good] + a, hit[good].astype(np.int64), theirs[good]))
            table[slots] = -1
        pairs, lefts, rights = (np.concatenate(one) for one in zip(*parts, strict=True))
        return Shared(pair=pairs, left=lefts, right=rights)

    def _word_columns(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        shared, count = self._shared(left, right, "word_ids"), len(left)
        weights = self._list("word_weights").flat.astype(np.float64) / 20
        values = np.square(self._list("word_values").flat.astype(np.float64) / 255)
        weight = (weights[shared.left] + weights[shared.right]) / 2
        order = np.lexsort((-weight, shared.pair))
        rank = np.arange(len(order)) - np.searchsorted(shared.pair[order], shared.pair[order])
        best = order[rank < 8]
        total = np.bincount(shared.pair, weight, count)
        top = np.bincount(shared.pair[best], weight[best], count)
        cosine = np.bincount(shared.pair, values[shared.left] * values[shared.right], count)
        return {
            "top words": np.sqrt(top),
            "all words": np.sqrt(total),
            "word cosine": cosine,
        }

    def _bigram_columns(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        shared = self._shared(left, right, "bigram_ids")
        values = np.square(self._list("bigram_values").flat.astype(np.float64) / 255)
        products = values[shared.left] * values[shared.right]
        return {"bigram cosine": np.bincount(shared.pair, products, len(left))}

    def _list_columns(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        columns: dict[str, NDArray[Any]] = {}
        for name in ("shingles", "dates", "numbers", "cites"):
            shared = self._shared(left, right, name)
            columns[name] = np.bincount(shared.pair, minlength=len(left))
        sizes = {name: self.heads[name].astype(np.int64) for name in columns}
        least = np.minimum(sizes["shingles"][left], sizes["shingles"][right])
        containment = columns["shingles"] / np.maximum(least, 4)
        firsts = self._firsts("dates")
        both = (sizes["dates"][left] > 0) & (sizes["dates"][right] > 0)
        same_date = both & (firsts[left] == firsts[right])
        most = np.maximum(sizes["numbers"][left], sizes["numbers"][right])
        return {
            "containment": containment,
            "same date": same_date.astype(np.int64),
            "other date": both & (columns["dates"] == 0),
            "same numbers": (most > 0) & (columns["numbers"] == most),
            "cites": columns["cites"] > 0,
        }

    def _firsts(self, name: str) -> NDArray[Any]:
        found = self._list(name)
        padded = np.append(found.flat, 0)
        return padded[np.minimum(found.starts[:-1], len(found.flat))]

    def _title_columns(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        a = [self._titles[place] for place in left.tolist()]
        b = [self._titles[place] for place in right.tolist()]
        ratio = cpdist(a, b, scorer=fuzz.ratio, dtype=np.float32) / 100
        return {"title ratio": ratio}

    def _plain_columns(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        heads = self.heads
        hours = np.abs(self._published[left] - self._published[right]) / 3600
        flags = heads["flags"]
        dated = (flags[left] & flags[right] & DATED) > 0
        hours = np.where(dated, hours, 0.0)
        same = (heads["publisher"][left] == heads["publisher"][right]) & (
            heads["publisher"][left] > 0
        )
        length = np.minimum(heads["length"][left], heads["length"][right])
        round_up = ((heads["signs"][left] | heads["signs"][right]) & int(Sign.ROUND_UP)) > 0
        return {
            "undated": ~dated,
            "hours": np.log1p(hours),
            "over 18 hours": hours > 18,
            "first 6 hours": np.minimum(hours, 6),
            "same publisher": same,
            "same publisher, at once": same & dated & (hours < 1.5),
            "shorter body": np.log1p(length),
            "round-up": round_up,
        }


def _gather(lists: Ragged, rows: Places) -> tuple[Places, Places]:
    """Return the places of the elements of some lists, and which of the rows each is of."""
    begin = lists.starts[rows]
    sizes = lists.starts[rows + 1] - begin
    owner = np.repeat(np.arange(len(rows)), sizes)
    return np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes - begin, sizes), owner


NAMES = (
    "top words",
    "all words",
    "word cosine",
    "bigram cosine",
    "title ratio",
    "containment",
    "hours",
    "over 18 hours",
    "first 6 hours",
    "same publisher",
    "same publisher, cosine",
    "same publisher, at once",
    "same publisher, containment",
    "shorter body",
    "round-up",
    "same date",
    "other date",
    "same numbers",
    "cites",
    "undated",
)
