"""Reads the features of earlier entries one by one: condenses each, counts how many hold each term."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from aggregator.core.model import StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.frequencies import Frequencies
from aggregator.group.features.prior import Prior
from aggregator.group.features.terms import Hashes

_ENTRIES_PER_COUNT = 2048
Moving = tuple[float, str, Hashes]
"""When an entry was published, its key, its terms."""


class ContextReader:
    """Takes the features of earlier entries one at a time, so that they are never held together.

    `frequencies` counts the entries that are in reach of every new one. `moving` are those that
    come into reach or leave it while the new ones take their turns.
    """

    def __init__(
        self,
        new: Sequence[StoredEntry],
        settings: StorySettings,
        prior: Prior,
        *,
        count: bool = True,
    ) -> None:
        """Prepare for entries published around `new`, which are in order of time.

        Without `count` no terms are counted: the features of `new` have their weights already.
        """
        reach = settings.window.total_seconds()
        self._given = prior, settings.window
        self._start_counting()
        self.stale = False  # some features were stored in an older form
        self._count = count
        self._keys = {one.key for one in new}
        times = [one.published.timestamp() for one in (*new[:1], *new[-1:])] or [0.0]
        self._begin, self._end = times[-1] - reach, times[0] + reach
        self._waiting: list[bytes] = []

    def condense(self, key: str, published: datetime, packed: bytes) -> bytes:
        """Count an entry's terms and return what is kept in memory of its features."""
        if not packing.readable(packed):
            self.stale |= not packing.is_condensed(packed)
            return packed
        if self._count:
            self._note(key, published.timestamp(), packing.term_bytes(packed))
        return packing.condense(packed)

    def take_counts(self) -> tuple[Frequencies, list[Moving]]:
        """Return what was counted and what moves, and let go of both: they take 20 MB."""
        self._count_waiting()
        found = self.frequencies, self.moving
        self._start_counting()
        return found

    def _start_counting(self) -> None:
        self.frequencies = Frequencies(*self._given)
        self.moving: list[Moving] = []

    def _count_waiting(self) -> None:
        codes = np.frombuffer(b"".join(self._waiting), "<u4")
        self.frequencies.stay(codes, len(self._waiting))
        self._waiting.clear()

    def _note(self, key: str, published: float, codes: bytes) -> None:
        if self._begin <= published <= self._end and key not in self._keys:
            self._waiting.append(codes)
            if len(self._waiting) == _ENTRIES_PER_COUNT:
                self._count_waiting()
        else:
            self.moving.append((published, key, np.frombuffer(codes, "<u4")))
