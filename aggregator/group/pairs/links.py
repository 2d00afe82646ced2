"""Candidate pairs by links: entries with one address, and entries that cite one another."""

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.arrays import runs
from aggregator.group.features.feature_rows import Rows

Indices = NDArray[np.int64]
_LOW = np.uint64(0xFFFFFFFF)
_MAX_ON_ADDRESS = 4  # more entries than that share a front page, a tracker or a live blog


def pairs(rows: Rows) -> tuple[Indices, Indices]:
    """Return pairs of a new row and another that share an address or cite one another."""
    urls = (rows.heads["url"] & _LOW).astype(np.int64)
    own = np.flatnonzero(rows.heads["url"] > 0)
    citing, cites = rows.cites()
    keys = np.concatenate((urls[own], cites.astype(np.int64)))
    holders = np.concatenate((own, citing))
    owns = np.arange(len(keys)) < len(own)
    is_new = rows.is_new
    asked = np.flatnonzero(np.isin(keys, keys[is_new[holders]]))
    return _meet(keys[asked], holders[asked], owns[asked], is_new)


def _meet(
    keys: Indices, holders: Indices, owns: NDArray[np.bool_], is_new: NDArray[np.bool_]
) -> tuple[Indices, Indices]:
    """Pair the holders of each key that is rare enough, if one of them owns it."""
    order = np.lexsort((holders, keys))
    keys, holders, owns = keys[order], holders[order], owns[order]
    begins, sizes = runs(keys)
    few = (sizes > 1) & (sizes <= _MAX_ON_ADDRESS)
    found = [
        (holders[a], holders[b])
        for begin, size in zip(begins[few].tolist(), sizes[few].tolist(), strict=True)
        for a in range(begin, begin + size)
        for b in range(begin, begin + size)
        if (owns[a] or owns[b]) and is_new[holders[a]] and holders[a] != holders[b]
    ]
    both = np.array(found, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _entries_on_address(urls: NDArray[np.uint64]) -> Indices:
    """Return the number of entries with the address of each."""
    _, inverse, counts = np.unique(urls, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse], np.int64)


def one_address(rows: Rows, left: Indices, right: Indices) -> NDArray[np.bool_]:
    """Return which pairs have one address in two sources, if few entries have it.

    An address with many entries of one source is a tracker or a live page.
    """
    urls, sources = rows.heads["url"], rows.heads["source"]
    same = np.flatnonzero((urls[left] == urls[right]) & (urls[left] > 0))
    found = np.zeros(len(left), bool)
    if len(same):
        few = _entries_on_address(urls)[left[same]] <= _MAX_ON_ADDRESS
        found[same] = few & (sources[left[same]] != sources[right[same]])
    return found
