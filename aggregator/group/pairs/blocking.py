"""Blocking: the pairs of entries worth comparing are those that share rare words.

For each word of a new entry the nearest entries in time that hold it are looked up, a fixed
number on both sides, so the cost of an entry does not grow with the archive. Of the pairs found
only the strongest are kept, a fixed number for each new entry, so it does not grow with how
repetitive the news is either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.arrays import ranges, runs
from aggregator.group.features.columns import Keys
from aggregator.group.features.packing import VALUE_STEPS

Indices = NDArray[np.int64]
ReadKeys = Callable[[Indices], Keys]
"""From entries to the words that are their keys."""
Allowed = Callable[["Pairs"], NDArray[np.bool_]]
"""Which of the pairs found may be compared."""

# Plain integers are sorted and looked up far faster than records, so related values are
# packed into one number. A posting is an entry that contains a word, and the value of the word there:
#
#    31                              8 7             0
#   +---------------------------------+---------------+
#   |        entry (ENTRY_BITS)       |  root of value |    uint32
#   +---------------------------------+---------------+
#
# While the products of a chunk of new entries are added up, each is one number. Sorted, the
# products of one pair stand together:
#
#    63        56 55                 32 31            0
#   +------------+---------------------+---------------+
#   | new entry, | other entry         | product,      |    int64
#   | its number |  (ENTRY_BITS)       | a float32     |
#   | in a chunk |                     |               |
#   +------------+---------------------+---------------+
_VALUE_BITS = 8  # the type of the bytes that roots of values are stored as
ENTRY_BITS = 32 - _VALUE_BITS
MAX_ENTRIES = 1 << ENTRY_BITS
_PRODUCT_BITS = 32
_NEW_SHIFT = _PRODUCT_BITS + ENTRY_BITS
_ENTRY_MASK = MAX_ENTRIES - 1
_VALUE_MASK = (1 << _VALUE_BITS) - 1

MAX_PARTNERS = 64  # of one new entry
SEVERAL, _WEAK = 24, 0.5  # partners kept however weak; share of the strongest one that is not weak
RING = 256  # entries of one word that are looked up on each side in time
_NEW_PER_CHUNK = 32  # so that memory stays small: each new entry may look up 30,000 others
_ENTRIES_PER_READ, _WORDS_PER_SHELF = 2048, 1 << 14  # for the same reason
_BUCKETS = 8192  # for a first, coarse sum of the products of one new entry
_MIN_SLOTS, _MAX_SLOTS = 1 << 12, 1 << 20  # of the hash table of words
_SLOTS_PER_WORD = 16  # a small table stays in the processor's cache

_Part = tuple[NDArray[np.uint16], NDArray[np.uint32]]
"""Words, as numbers inside one shelf, and a posting for each."""
_VALUES = np.square(np.arange(256, dtype=np.float32) / np.float32(VALUE_STEPS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Candidate pairs: `left` is the later arrival; sorted by left, then right."""

    left: Indices
    right: Indices
    strength: NDArray[np.float32]
    keys: NDArray[np.int64]  # how many keys they share

    def where(self, kept: NDArray[np.bool_]) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(
            left=self.left[kept],
            right=self.right[kept],
            strength=self.strength[kept],
            keys=self.keys[kept],
        )


def strongest(left: Indices, strength: NDArray[np.float32], most: int) -> NDArray[np.bool_]:
    """Return which pairs are among the strongest of their left entry; of equals the first ones.

    `left` is sorted. After the first SEVERAL, a pair much weaker than the strongest is dropped: in
    repetitive news all entries share a little.
    """
    begins, sizes = runs(left)
    kept = np.ones(len(left), bool)
    several = min(most, SEVERAL)
    for begin, size in zip(
        begins[sizes > several].tolist(), sizes[sizes > several].tolist(), strict=True
    ):
        own = strength[begin : begin + size]
        order = np.argsort(-own, kind="stable")
        weak = order[several:][own[order[several:]] < _WEAK * own[order[0]]]
        kept[begin + order[most:]] = False
        kept[begin + weak] = False
    return kept


def _concatenated(parts: Sequence[Pairs]) -> Pairs:
    """Return the pairs of all parts."""
    empty = np.empty(0, np.int64)
    return Pairs(
        left=np.concatenate([empty, *(one.left for one in parts)]),
        right=np.concatenate([empty, *(one.right for one in parts)]),
        strength=np.concatenate([empty.astype(np.float32), *(one.strength for one in parts)]),
        keys=np.concatenate([empty, *(one.keys for one in parts)]),
    )


class Index:
    """Postings of key words over entries that stand in (published, key) order."""

    def __init__(self, keys: ReadKeys, wanted: NDArray[np.bool_]) -> None:
        """Index the entries; words that no `wanted` (new) entry holds are left out."""
        if len(wanted) > MAX_ENTRIES:
            raise ValueError(f"{len(wanted)} entries in one window are more than {MAX_ENTRIES}")
        terms = _Terms(np.unique(keys(np.flatnonzero(wanted)).ids.flat))
        places = np.arange(len(wanted))
        shelves: list[list[_Part]] = [[] for _ in range(0, len(terms.sorted), _WORDS_PER_SHELF)]
        for begin in range(0, len(wanted), _ENTRIES_PER_READ):
            _shelve(keys, places[begin : begin + _ENTRIES_PER_READ], terms, shelves)
        sizes = [sum(len(words) for words, _ in shelf) for shelf in shelves]
        self._postings = np.empty(sum(sizes), np.uint32)
        counts = []
        for shelf, end in zip(shelves, np.cumsum(sizes).tolist(), strict=True):
            postings, count = _in_order(shelf)
            self._postings[end - len(postings) : end] = postings
            counts.append(count)
            shelf.clear()  # so that memory never contains all postings twice
        ends = np.cumsum(np.concatenate([[0], *counts]), dtype=np.int64)
        self._starts = ends[: len(terms.sorted) + 1]
        own = np.flatnonzero(wanted[self._postings >> _VALUE_BITS])
        rows = (self._postings[own] >> _VALUE_BITS).astype(np.int64)
        of_own = np.searchsorted(self._starts, own, "right") - 1
        by_row = np.argsort(rows, kind="stable")
        self._own, self._own_rows, self._own_words = own[by_row], rows[by_row], of_own[by_row]

    def pairs(
        self,
        bounds: NDArray[np.float32],
        allowed: Allowed | None = None,
        most: int = MAX_PARTNERS,
    ) -> Pairs:
        """Return the pairs of wanted entries with entries near them in order.

        The sum of the products of values is above the bound of the wanted entry. Each wanted entry
        keeps the `most` strongest of its `allowed` pairs. Each chunk is filtered before the next
        one is looked up, so memory is bounded.
        """
        cuts = [
            *np.searchsorted(self._own_rows, np.unique(self._own_rows)[::_NEW_PER_CHUNK]).tolist()
        ]
        found = []
        for begin, end in pairwise([*cuts, len(self._own)]):
            some = self._chunk(slice(begin, end), bounds)
            some = some if allowed is None else some.where(allowed(some))
            found.append(some.where(strongest(some.left, some.strength, most)))
        return _concatenated(found)

    def _chunk(self, some: slice, bounds: NDArray[np.float32]) -> Pairs:
        """Return the pairs of a few new entries, given which of the own words are theirs."""
        here, rows, numbers = self._own[some], self._own_rows[some], self._own_words[some]
        begin = np.maximum(self._starts[numbers], here - RING)
        end = np.minimum(self._starts[numbers + 1], here + RING + 1)
        sizes = end - begin
        others = self._postings[ranges(begin, sizes)]
        products = np.repeat(_values(self._postings[here]), sizes) * _values(others)
        whose, local = np.unique(rows, return_inverse=True)
        owners = np.repeat(local, sizes)
        kept = _may_pass(owners, others >> _VALUE_BITS, products, bounds[whose])
        packed = owners[kept] << _NEW_SHIFT
        packed |= (others[kept] >> _VALUE_BITS).astype(np.int64) << _PRODUCT_BITS
        packed |= products[kept].view(np.int32)
        packed.sort()
        products = packed.astype(np.int32).view(np.float32)
        packed >>= _PRODUCT_BITS
        first = np.flatnonzero(np.diff(packed, prepend=-1))
        sums = np.add.reduceat(products, first)
        counts = np.diff(first, append=len(packed))
        packed = packed[first]
        left, right = whose[packed >> ENTRY_BITS], packed & _ENTRY_MASK
        good = (sums > bounds[left]) & (left != right)
        return Pairs(left=left, right=right, strength=sums, keys=counts).where(good)


class _Terms:
    """Sorted words with a small hash table, which is far faster than binary search."""

    def __init__(self, terms: NDArray[np.uint32]) -> None:
        self.sorted = terms
        size = 1 << (_SLOTS_PER_WORD * len(terms)).bit_length()
        size = min(max(size, _MIN_SLOTS), _MAX_SLOTS)
        self._mask = np.uint32(size - 1)
        slots = terms & self._mask
        places = np.arange(len(terms), dtype=np.int32)
        self._table = np.full(size, len(terms), np.int32)
        self._table[slots] = places
        self._collides = np.zeros(size, bool)
        self._collides[slots[self._table[slots] != places]] = True
        self._words = np.append(terms, np.uint32(0))

    def find(self, words: NDArray[np.uint32]) -> tuple[Indices, NDArray[np.int32]]:
        """Return which of the words are among the terms, and which terms these are."""
        slots = words & self._mask
        places = self._table[slots]
        crowded = np.flatnonzero(self._collides[slots])
        places[crowded] = np.searchsorted(self.sorted, words[crowded])
        known = np.flatnonzero((self._words[places] == words) & (places < len(self.sorted)))
        return known, places[known]


def _shelve(
    keys: ReadKeys, entries: Indices, terms: _Terms, shelves: Sequence[list[_Part]]
) -> None:
    """Add the postings of some entries to the shelves, each of which holds a range of words."""
    found = keys(entries)
    held, words = terms.find(found.ids.flat)
    owners = np.repeat(entries.astype(np.uint32), np.diff(found.ids.starts))
    postings = np.asarray((owners << _VALUE_BITS) | found.values, np.uint32)[held]
    numbers = words // _WORDS_PER_SHELF
    for number, shelf in enumerate(shelves):
        here = np.flatnonzero(numbers == number)
        shelf.append(((words[here] % _WORDS_PER_SHELF).astype(np.uint16), postings[here]))


def _in_order(shelf: Sequence[_Part]) -> tuple[NDArray[np.uint32], Indices]:
    """Return the postings of a shelf, word by word, the entries of each in order, and each's number."""
    words, postings = (np.concatenate(some) for some in zip(*shelf, strict=True))
    # Numbers of 16 bits are sorted by counting them, far quicker than by comparing.
    order = np.argsort(words, kind="stable")
    return postings[order], np.bincount(words, minlength=_WORDS_PER_SHELF)


def _may_pass(
    owners: Indices,
    others: NDArray[np.int32],
    products: NDArray[np.float32],
    bounds: NDArray[np.float32],
) -> Indices:
    """Return which products may belong to a pair above its entry's bound.

    Most pairs share one common word and are far below it. A sum by bucket is an upper bound for
    each pair in it and fast to compute, so only buckets above the bound are sorted.
    """
    buckets = (owners * _BUCKETS) + (others & (_BUCKETS - 1))
    sums = np.bincount(buckets, products, len(bounds) * _BUCKETS).reshape(len(bounds), _BUCKETS)
    return np.flatnonzero((sums > 0.999 * bounds[:, None]).ravel()[buckets])


def _values(postings: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return the values of postings."""
    values: NDArray[np.float32] = _VALUES[postings & _VALUE_MASK]
    return values
