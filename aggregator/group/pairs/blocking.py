"""Which pairs of entries are worth a look: those that share rare words, a link or an address.

For each word of a new entry the nearest entries in time that hold it are looked up, a fixed
number on both sides, so the cost of an entry does not grow with the archive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.packing import VALUE_STEPS, Ragged

Places = NDArray[np.int64]
Keys = Callable[[Places], tuple[Ragged, NDArray[np.uint8]]]
"""From entries to the words that are their keys, and the bytes that the roots of values are stored as."""

_Part = tuple[NDArray[np.uint16], NDArray[np.uint32]]
RING = 256  # entries of one word that are looked up on each side in time
_CHUNK = 32  # new entries at a time, so that memory stays small: each may look up 30,000 entries
_AT_ONCE, _WORDS = 2048, 1 << 14  # entries, and words, at a time, for the same reason
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

    def __init__(self, keys: Keys, wanted: NDArray[np.bool_]) -> None:
        """Index the entries; words that no `wanted` (new) entry holds are left out."""
        terms = _Terms(np.unique(keys(np.flatnonzero(wanted))[0].flat))
        places = np.arange(len(wanted))
        shelves: list[list[_Part]] = [[] for _ in range(0, len(terms.sorted), _WORDS)]
        for begin in range(0, len(wanted), _AT_ONCE):
            _shelve(keys, places[begin : begin + _AT_ONCE], terms, shelves)
        sizes = [sum(len(words) for words, _ in shelf) for shelf in shelves]
        self._postings = np.empty(sum(sizes), np.uint32)
        counts = []
        for shelf, end in zip(shelves, np.cumsum(sizes).tolist(), strict=True):
            postings, count = _in_order(shelf)
            self._postings[end - len(postings) : end] = postings
            counts.append(count)
            shelf.clear()  # so that there is never room for all twice
        ends = np.cumsum(np.concatenate([[0], *counts]), dtype=np.int64)
        self._starts = ends[: len(terms.sorted) + 1]
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

    def find(self, words: NDArray[np.uint32]) -> tuple[Places, NDArray[np.int32]]:
        """Return which of the words are among the terms, and which terms these are."""
        slots = words & _SLOTS
        places = self._table[slots]
        crowded = np.flatnonzero(self._crowded[slots])
        places[crowded] = np.searchsorted(self.sorted, words[crowded])
        known = np.flatnonzero((self._words[places] == words) & (places < len(self.sorted)))
        return known, places[known]


def _shelve(keys: Keys, entries: Places, terms: _Terms, shelves: Sequence[list[_Part]]) -> None:
    """Put the postings of some entries where those of so many words lie together.

    A posting is an entry and the byte of a value in one number of 32 bits.
    """
    ids, values = keys(entries)
    held, words = terms.find(ids.flat)
    owners = np.repeat(entries.astype(np.uint32), np.diff(ids.starts))
    postings = np.asarray((owners << 8) | values, np.uint32)[held]
    numbers = words // _WORDS
    for number, shelf in enumerate(shelves):
        here = np.flatnonzero(numbers == number)
        shelf.append(((words[here] % _WORDS).astype(np.uint16), postings[here]))


def _in_order(shelf: Sequence[_Part]) -> tuple[NDArray[np.uint32], Places]:
    """Return the postings of a shelf, word by word, the entries of each in order, and each's number."""
    words, postings = (np.concatenate(some) for some in zip(*shelf, strict=True))
    # Numbers of 16 bits are sorted by counting them, far quicker than by comparing.
    order = np.argsort(words, kind="stable")
    return postings[order], np.bincount(words, minlength=_WORDS)


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


def _plain(postings: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return the values of postings, whose roots are stored as bytes."""
    plain: NDArray[np.float32] = _VALUES[postings & 0xFF]
    return plain
