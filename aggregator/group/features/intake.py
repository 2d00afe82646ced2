"""What a grouping keeps of the entries before it: little of each, and how many hold each term."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from aggregator.core.model import StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing, terms
from aggregator.group.features.features import Features, extract
from aggregator.group.features.frequencies import Frequencies
from aggregator.group.features.prior import Prior
from aggregator.group.features.terms import Hashes

_AT_ONCE = 2048  # entries whose terms are counted
Moving = tuple[float, str, Hashes]


def take_features(
    entries: Sequence[StoredEntry],
) -> tuple[tuple[Features, ...], Mapping[int, str]]:
    """Return the features of entries, in order, and the words that this process met for the first time.

    Fit for a worker process: the words show what two entries share, and `terms.remember` spares
    the process that asks to cut their texts again.
    """
    known = terms.met()
    return tuple(map(extract, entries)), terms.met_since(known)


class Intake:
    """Takes in the features of earlier entries one by one, so that they need not be held together.

    `moving` are the (published, key, terms) of entries that come into reach or leave it while
    the new ones take their turns; all others are in `frequencies`.
    """

    def __init__(
        self,
        new: Sequence[StoredEntry],
        settings: StorySettings,
        prior: Prior,
        *,
        count: bool = True,
    ) -> None:
        """Be ready for what was published around `new`, in order of time; `count` if their terms are to be weighed."""
        reach = settings.window.total_seconds()
        self._given = prior, settings.window
        self._begin_to_count()
        self.stale = False  # some features were stored in an older form
        self._count = count
        self._keys = {one.key for one in new}
        times = [one.published.timestamp() for one in (*new[:1], *new[-1:])] or [0.0]
        self._begin, self._end = times[-1] - reach, times[0] + reach
        self._waiting: list[bytes] = []

    def take(self, key: str, published: datetime, packed: bytes) -> bytes:
        """Return what is to be kept of the features of an entry that is grouped."""
        if not packing.readable(packed):
            self.stale |= not packing.is_brief(packed)
            return packed
        if self._count:
            self._note(key, published.timestamp(), packing.term_bytes(packed))
        return packing.brief(packed)

    def finish(self) -> tuple[Frequencies, list[Moving]]:
        """Return what was counted and what moves, and let go of it: it takes 20 MB."""
        self._count_waiting()
        found = self.frequencies, self.moving
        self._begin_to_count()
        return found

    def _begin_to_count(self) -> None:
        self.frequencies = Frequencies(*self._given)
        self.moving: list[Moving] = []

    def _count_waiting(self) -> None:
        codes = np.frombuffer(b"".join(self._waiting), "<u4")
        self.frequencies.stay(codes, len(self._waiting))
        self._waiting.clear()

    def _note(self, key: str, published: float, codes: bytes) -> None:
        if self._begin <= published <= self._end and key not in self._keys:
            self._waiting.append(codes)
            if len(self._waiting) == _AT_ONCE:
                self._count_waiting()
        else:
            self.moving.append((published, key, np.frombuffer(codes, "<u4")))
