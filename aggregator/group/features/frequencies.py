"""How rare a term is: counted over the entries of the window, beside a built-in prior."""

import heapq
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.terms import Floats, Hashes

BITS = 22
_MASK = np.uint32((1 << BITS) - 1)
_TRUST = 200.0  # entries that the prior is worth beside what was seen
_LEAST = 0.05
_ONE = np.int32(1)


class Counts:
    """How many entries hold each term; terms share buckets, of which there are four million."""

    def __init__(self, buckets: NDArray[np.int32] | None = None) -> None:
        self.buckets = np.zeros(1 << BITS, np.int32) if buckets is None else buckets

    def add(self, terms: Sequence[Hashes]) -> None:
        """Count the terms of some entries."""
        if terms:
            np.add.at(self.buckets, _places(np.concatenate(terms)), _ONE)

    def subtract(self, terms: Sequence[Hashes]) -> None:
        """Stop counting the terms of some entries."""
        if terms:
            np.subtract.at(self.buckets, _places(np.concatenate(terms)), _ONE)

    def copy(self) -> "Counts":
        """Return a copy, which changes apart from this one."""
        return Counts(self.buckets.copy())


class Frequencies:
    """Counts of the terms of the entries that are near in time; entries leave as time moves on."""

    def __init__(
        self, window: timedelta, *, counts: Counts | None = None, staying: int = 0
    ) -> None:
        """Start from `counts` of entries that never leave, `staying` of them."""
        self._window = window.total_seconds()
        self._counts = counts or Counts()
        self._staying = staying
        self._terms: dict[str, Hashes] = {}
        self._leaving: list[tuple[float, str]] = []

    def add_all(
        self, keys: Sequence[str], published: Sequence[float], terms: Sequence[Hashes]
    ) -> None:
        """Count many entries at once."""
        self._counts.add(terms)
        self._terms.update(zip(keys, terms, strict=True))
        self._leaving.extend(zip(published, keys, strict=True))
        heapq.heapify(self._leaving)

    def add(self, key: str, published: float, terms: Hashes) -> None:
        """Count an entry; one counted before under this key is forgotten."""
        self.drop(key)
        self._counts.add([terms])
        self._terms[key] = terms
        heapq.heappush(self._leaving, (published, key))

    def drop(self, key: str) -> None:
        """Forget an entry, if it is counted."""
        terms = self._terms.pop(key, None)
        if terms is not None:
            self._counts.subtract([terms])

    def move(self, published: float) -> None:
        """Forget the entries that are too old to meet one published then."""
        while self._leaving and self._leaving[0][0] < published - self._window:
            self.drop(heapq.heappop(self._leaving)[1])

    def weigh(self, ids: Hashes, background: Floats) -> Floats:
        """Return the weight of each term: the mean of its `background` and of what is counted.

        `background` are the inverse document frequencies of the prior.
        """
        expected = _TRUST * np.exp(-background)
        seen = self._counts.buckets[ids & _MASK]
        window = np.log((len(self._terms) + self._staying + _TRUST + 1) / (seen + expected + 0.5))
        mean: Floats = np.maximum(_LEAST, (background + window) / 2).astype("<f4")
        return mean


def _places(terms: Hashes) -> NDArray[np.intp]:
    """Return the buckets of terms, as the type of index that numpy adds at fastest."""
    return (terms & _MASK).astype(np.intp)
