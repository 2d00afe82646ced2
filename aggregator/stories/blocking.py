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
        rows = np.repeat(np.arange(len(ids.starts) - 1), np.diff(ids.starts))
        own = wanted[rows]
        terms, numbers = np.unique(ids.flat[own], return_inverse=True)
        self._own = (rows[own], numbers, _plain(values[own]))
        places = np.searchsorted(terms, ids.flat)
        places[places == len(terms)] = 0
        held = terms[places] == ids.flat if len(terms) else np.zeros(len(rows), bool)
        # Word, entry and value in one number: sorting these is far quicker than sorting places.
        packed = (places[held] << 40) | (rows[held] << 8) | values[held]
        packed.sort()
        self._postings = ((packed >> 40) << 32) | ((packed >> 8) & 0xFFFFFFFF)
        self._values = _plain((packed & 0xFF).astype(np.uint8))
        self._starts = np.searchsorted(
            self._postings, np.arange(len(terms) + 1, dtype=np.int64) << 32
        )

    def pairs(self, bounds: NDArray[np.float32]) -> Pairs:
        """Return the pairs of wanted entries with entries near them in order.

        What they share, the sum of products of values, is above the bound of the wanted entry.
        """
        rows, numbers, values = self._own
        cuts = [*np.searchsorted(rows, np.unique(rows)[::_CHUNK]).tolist(), len(rows)]
        found = [
            self._chunk(rows[a:b], numbers[a:b], values[a:b], bounds) for a, b in pairwise(cuts)
        ]
        if not found:
            empty = np.empty(0, np.int64)
            return Pairs(left=empty, right=empty, strength=np.empty(0, np.float32), keys=empty)
        left, right, strength, keys = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Pairs(left=left, right=right, strength=strength, keys=keys)

    def _chunk(
        self,
        rows: Places,
        numbers: Places,
        values: NDArray[np.float32],
        bounds: NDArray[np.float32],
    ) -> tuple[Places, Places, NDArray[np.float32], NDArray[np.int64]]:
        here = np.searchsorted(self._postings, (numbers << 32) | rows)
        begin = np.maximum(self._starts[numbers], here - RING)
        end = np.minimum(self._starts[numbers + 1], here + RING + 1)
        sizes = end - begin
        owner = np.repeat(np.arange(len(rows)), sizes)
        places = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes - begin, sizes)
        others = self._postings[places] & 0xFFFFFFFF
        packed = (rows[owner] << 32) | others
        products = values[owner] * self._values[places]
        order = np.argsort(packed, kind="stable")
        packed = packed[order]
        first = np.flatnonzero(np.concatenate(([True], packed[1:] != packed[:-1])))
        sums = np.add.reduceat(products[order], first)
        counts = np.diff(np.concatenate((first, [len(packed)])))
        left, right = packed[first] >> 32, packed[first] & 0xFFFFFFFF
        good = (sums > bounds[left]) & (left != right)
        return left[good], right[good], sums[good].astype(np.float32), counts[good]


def _plain(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the values whose roots are stored as these bytes."""
    plain: NDArray[np.float32] = np.square(values.astype(np.float32) / np.float32(VALUE_STEPS))
    return plain
