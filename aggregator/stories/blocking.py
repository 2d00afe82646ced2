"""Which pairs of entries are worth a look: those that share rare words, a link or an address.

For each word of a new entry the nearest entries in time that hold it are looked up, a fixed
number on both sides, so the cost of an entry does not grow with the archive.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aggregator.stories.packing import VALUE_STEPS, Ragged

Places = NDArray[np.int64]
RING = 256  # entries of one word that are looked up on each side in time
_CHUNK = 32  # new entries at a time, so that memory stays small: each may look up 30,000 entries
_MANY, _WORDS = 1 << 19, 1 << 14  # places, and words, at a time, for the same reason
_LOCAL = 58  # bits below a new entry's number in a chunk
_ROWS = (1 << 26) - 1
_HEAPS = 8192  # of the products of one new entry
_SLOTS = np.uint32((1 << 20) - 1)
_VALUES = np.square(np.arange(256, dtype=np.float32) / np.float32(VALUE_STEPS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Candidate pairs: `left` is the later arrival; sorted by left, then right."""

    left: Places
    right: Places
    strength: NDArray[np.float32]
    keys: NDArray[np.int64]  # how many keys they share


class Index:
    """Postings of key words over entries that stand in (published, key) order."""

    def __init__(self, ids: Ragged, values: NDArray[np.uint8], wanted: NDArray[np.bool_]) -> None:
        """Index the entries; words that no `wanted` (new) entry holds are left out.

        `values` are the bytes that the roots of values are stored as.
        """
        sizes = np.diff(ids.starts)
        terms = _Terms(np.unique(ids.flat[np.repeat(wanted, sizes)]))
        held, words = terms.find_all(ids.flat)
        self._starts = np.concatenate(
            ([0], np.cumsum(np.bincount(words, minlength=len(terms.sorted))))
        )
        entries = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)
        unsorted = ((entries << 8) | values)[held]
        # Word by word, the entries of each in order, with the values: eight bits of each number.
        self._postings = np.empty(len(held), np.uint32)
        for begin in range(0, len(terms.sorted), _WORDS):
            order = _in_order(words, begin)
            first = self._starts[begin]
            self._postings[first : first + len(order)] = unsorted[order]
        own = np.flatnonzero(wanted[self._postings >> 8])
        rows = (self._postings[own] >> 8).astype(np.int64)
        of_own = np.searchsorted(self._starts, own, "right") - 1
        by_row = np.argsort(rows, kind="stable")
        self._own, self._own_rows, self._own_words = own[by_row], rows[by_row], of_own[by_row]

    def pairs(self, bounds: NDArray[np.float32]) -> Pairs:
        """Return the pairs of wanted entries with entries near them in order.

        What they share, the sum of products of values, is above the bound of the wanted entry.
        """
        cuts = [*np.searchsorted(self._own_rows, np.unique(self._own_rows)[::_CHUNK]).tolist()]
        found = [self._chunk(slice(a, b), bounds) for a, b in pairwise([*cuts, len(self._own)])]
        if not found:
            empty = np.empty(0, np.int64)
            return Pairs(left=empty, right=empty, strength=np.empty(0, np.float32), keys=empty)
        left, right, strength, keys = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Pairs(left=left, right=right, strength=strength, keys=keys)

    def _chunk(
        self, some: slice, bounds: NDArray[np.float32]
    ) -> tuple[Places, Places, NDArray[np.float32], NDArray[np.int64]]:
        """Return the pairs of a few new entries, given which of the own words are theirs."""
        here, rows, numbers = self._own[some], self._own_rows[some], self._own_words[some]
        begin = np.maximum(self._starts[numbers], here - RING)
        end = np.minimum(self._starts[numbers + 1], here + RING + 1)
        sizes = end - begin
        places = np.arange(sizes.sum()) + np.repeat(begin - np.cumsum(sizes) + sizes, sizes)
        others = self._postings[places]
        products = np.repeat(_plain(self._postings[here]), sizes) * _plain(others)
        whose, local = np.unique(rows, return_inverse=True)
        owners = np.repeat(local, sizes)
        hopeful = _hopeful(owners, others >> 8, products, bounds[whose])
        # New entry, other entry and product in one number: sorting these is far quicker.
        packed = (owners[hopeful] << _LOCAL) | ((others[hopeful] >> 8).astype(np.int64) << 32)
        packed |= products[hopeful].view(np.int32)
        packed.sort()
        products = packed.astype(np.int32).view(np.float32)
        packed >>= 32
        first = np.flatnonzero(np.diff(packed, prepend=-1))
        sums = np.add.reduceat(products, first)
        counts = np.diff(first, append=len(packed))
        packed = packed[first]
        left, right = whose[packed >> (_LOCAL - 32)], packed & _ROWS
        good = (sums > bounds[left]) & (left != right)
        return left[good], right[good], sums[good], counts[good]


def _in_order(words: NDArray[np.int32], begin: int) -> Places:
    """Return where the words of one range stand, word by word, each in the order it came in."""
    some = np.flatnonzero((words >= begin) & (words < begin + _WORDS))
    # Numbers of 16 bits are sorted by counting them, far quicker than by comparing.
    order: Places = some[np.argsort((words[some] - begin).astype(np.uint16), kind="stable")]
    return order


def _hopeful(
    owners: Places,
    others: NDArray[np.int32],
    products: NDArray[np.float32],
    bounds: NDArray[np.float32],
) -> Places:
    """Return where a product may be of a pair above its entry's bound, from sums over many pairs."""
    heaps = (owners * _HEAPS) + (others & (_HEAPS - 1))
    sums = np.bincount(heaps, products, len(bounds) * _HEAPS).reshape(len(bounds), _HEAPS)
    return np.flatnonzero((sums > 0.999 * bounds[:, None]).ravel()[heaps])


class _Terms:
    """Words with their places in order: a small hash table, far quicker than searching."""

    def __init__(self, terms: NDArray[np.uint32]) -> None:
        self.sorted = terms
        slots = terms & _SLOTS
        places = np.arange(len(terms), dtype=np.int32)
        self._table = np.full(_SLOTS + 1, len(terms), np.int32)
        self._table[slots] = places
        self._crowded = np.zeros(_SLOTS + 1, bool)
        self._crowded[slots[self._table[slots] != places]] = True
        self._words = np.append(terms, np.uint32(0))

    def find_all(self, words: NDArray[np.uint32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return where among the words the terms stand, and which terms these are."""
        parts = [
            self._find(words[begin : begin + _MANY], begin) for begin in range(0, len(words), _MANY)
        ]
        if not parts:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        held, terms = (np.concatenate(some) for some in zip(*parts, strict=True))
        return held, terms

    def _find(
        self, words: NDArray[np.uint32], first: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        slots = words & _SLOTS
        places = self._table[slots]
        crowded = np.flatnonzero(self._crowded[slots])
        places[crowded] = np.searchsorted(self.sorted, words[crowded])
        known = np.flatnonzero((self._words[places] == words) & (places < len(self.sorted)))
        return (known + first).astype(np.int32), places[known]


def _plain(postings: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return the values of postings, whose roots are stored as bytes."""
    plain: NDArray[np.float32] = _VALUES[postings & 0xFF]
    return plain
