"""How rare a term is: counted over the entries of the window, beside a built-in prior."""

import heapq
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.prior import Prior
from aggregator.group.features.terms import Floats, Hashes

_BITS = 22
_MASK = np.uint32((1 << _BITS) - 1)
_TRUST = 200.0  # entries that the prior is worth beside what was seen
_LEAST = 0.05
_ONE = np.int32(1)


class Frequencies:
    """Counts of the terms of the entries that are near in time; they leave as time moves on."""

    def __init__(self, prior: Prior, window: timedelta) -> None:
        self._prior = prior
        self._window = window.total_seconds()
        self._counts = np.zeros(1 << _BITS, np.int32)
        self._staying = 0  # entries that are counted for good
        self._terms: dict[str, Hashes] = {}
        self._leaving: list[tuple[float, str]] = []

    def stay(self, terms: Hashes, entries: int) -> None:
        """Count entries that will not be forgotten."""
        np.add.at(self._counts, _buckets(terms), _ONE)
        self._staying += entries

    def add_all(
        self, keys: Sequence[str], published: Sequence[float], terms: Sequence[Hashes]
    ) -> None:
        """Count many entries at once."""
        if terms:
            np.add.at(self._counts, _buckets(np.concatenate(terms)), _ONE)
        self._terms.update(zip(keys, terms, strict=True))
        self._leaving.extend(zip(published, keys, strict=True))
        heapq.heapify(self._leaving)

    def add(self, key: str, published: float, terms: Hashes) -> None:
        """Count an entry; one counted before under this key is forgotten."""
        self.drop(key)
        np.add.at(self._counts, _buckets(terms), _ONE)
        self._terms[key] = terms
        heapq.heappush(self._leaving, (published, key))

    def drop(self, key: str) -> None:
        """Forget an entry, if it is counted."""
        terms = self._terms.pop(key, None)
        if terms is not None:
            np.subtract.at(self._counts, _buckets(terms), _ONE)

    def move(self, published: float) -> None:
        """Forget the entries that are too old to meet one published then."""
        while self._leaving and self._leaving[0][0] < published - self._window:
            self.drop(heapq.heappop(self._leaving)[1])

    def weights(self, ids: Hashes, *, chinese: bool) -> Floats:
        """Return the weight of each term: the mean of what the prior and the window say."""
        background = self._prior.idf(ids, chinese=chinese)
        expected = _TRUST * np.exp(-background)
        seen = self._counts[ids & _MASK]
        window = np.log((len(self._terms) + self._staying + _TRUST + 1) / (seen + expected + 0.5))
        mean: Floats = np.maximum(_LEAST, (background + window) / 2).astype("<f4")
        return mean


def _buckets(terms: Hashes) -> NDArray[np.intp]:
    """Return where terms are counted; numpy adds at such places seven times as fast as at others."""
    return (terms & _MASK).astype(np.intp)
