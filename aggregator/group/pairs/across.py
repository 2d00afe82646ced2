"""Candidate pairs of a Chinese and another entry: those whose words have the same English stems."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import packing
from aggregator.group.features.arrays import ranges
from aggregator.group.features.feature_rows import Rows

Indices = NDArray[np.int64]
Found = tuple[Indices, Indices, NDArray[np.float32]]
"""New rows, rows of the other language, and the strength of each pair."""
RING = 256  # entries of one stem that are looked up on each side in time
PARTNERS = 12  # of an entry in the other language
_LEAST = 0.06  # cosine of the heaviest stems
_AT_ONCE = 64  # new entries, so that memory stays small
_LOW = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class _Postings:
    """The heaviest stems of entries: the entry of each, and its weight there."""

    stems: NDArray[np.uint32]
    rows: Indices
    values: NDArray[np.float32]


def pairs(rows: Rows, window: float) -> Found:
    """Return new rows with the most similar earlier rows of the other language.

    Their strength is above that of pairs found by words, so that these do not displace them.
    """
    chinese = (rows.heads["flags"] & packing.CHINESE) > 0
    found = [
        _nearest(rows, np.flatnonzero(rows.is_new & side), np.flatnonzero(~side), window)
        for side in (chinese, ~chinese)
    ]
    left, right, strength = (np.concatenate(side) for side in zip(*found, strict=True))
    return left, right, strength


def _postings(rows: Rows, some: Indices) -> _Postings:
    keys = rows.key_stems(some)
    stems, plain = keys.ids, keys.values.astype(np.float32)
    owner = np.repeat(np.arange(len(some)), np.diff(stems.starts))
    norm = np.sqrt(np.bincount(owner, plain**2, len(some))) + 1e-6
    return _Postings(
        stems=stems.flat, rows=some[owner], values=(plain / norm[owner]).astype(np.float32)
    )


def _nearest(rows: Rows, new: Indices, others: Indices, window: float) -> Found:
    """Return new entries with the most similar of the others, at most PARTNERS of each."""
    nothing = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    if not len(new) or not len(others):
        return nothing
    own, theirs = _postings(rows, new), _postings(rows, others)
    stems = np.unique(own.stems)
    if not len(stems):
        return nothing
    number = np.minimum(np.searchsorted(stems, theirs.stems), len(stems) - 1)
    kept = np.flatnonzero(stems[number] == theirs.stems)
    kept = kept[np.argsort(number[kept], kind="stable")]
    # Stem and row in one number: the postings of a stem, in order of time.
    codes = (number[kept] << 32) | theirs.rows[kept]
    mine = np.searchsorted(stems, own.stems) << 32
    here = np.searchsorted(codes, mine | own.rows)
    begin = np.maximum(np.searchsorted(codes, mine), here - RING)
    end = np.minimum(np.searchsorted(codes, mine + (1 << 32)), here + RING)
    found = []
    edges = np.searchsorted(own.rows, np.append(new[::_AT_ONCE], len(rows.keys)))
    for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        sizes = end[a:b] - begin[a:b]
        at = ranges(begin[a:b], sizes)
        left = np.repeat(own.rows[a:b], sizes)
        products = np.repeat(own.values[a:b], sizes) * theirs.values[kept[at]]
        found.append(_best(rows, left, codes[at] & _LOW, products, window))
    left, right, strength = (np.concatenate(side) for side in zip(*found, strict=True))
    return left, right, strength


def _best(
    rows: Rows, left: Indices, right: Indices, products: NDArray[np.float32], window: float
) -> Found:
    """Add up the products of each pair and return the best pairs of each new entry."""
    codes = (left << 32) | right
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    if not len(first):
        return left, right, products
    cosines = np.add.reduceat(products[order], first)
    left, right = codes[first] >> 32, codes[first] & _LOW
    turn = rows.arrived[left]
    good = (cosines > _LEAST) & (rows.arrived[right] < turn) & (rows.superseded[right] > turn)
    good &= np.abs(rows.published[left] - rows.published[right]) <= window
    left, right, cosines = left[good], right[good], cosines[good]
    order = np.lexsort((right, -cosines, left))
    left, right, cosines = left[order], right[order], cosines[order]
    best = np.arange(len(left)) - np.searchsorted(left, left) < PARTNERS
    return left[best], right[best], 1 + cosines[best]
