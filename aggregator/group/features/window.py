"""The entries that were grouped before, as columns, and how many of them contain each term.

A window outlives a grouping: the next one adds what was stored since, instead of reading everything
again. It contains no texts, no stories and no complete features; these are loaded for the few
entries that are compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.core.model import Grouped, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.columns import Columns, GrowingColumns
from aggregator.group.features.frequencies import Counts, Frequencies
from aggregator.group.features.terms import Hashes

FORMS: Mapping[str, np.dtype[Any]] = {
    "keys": np.dtype("u1"),
    "key_sizes": np.dtype(np.int64),
    "published": np.dtype(np.float64),
    "counted": np.dtype(bool),
    "counts": np.dtype(np.int32),
    **{name: one.dtype for name, one in Columns.read(()).arrays().items()},
}
"""The arrays of a window and their types."""

LoadFeatures = Callable[[Sequence[str]], Mapping[str, bytes]]
"""From keys to the stored features of those entries that have some."""
_ENTRIES_PER_LOAD = 1000
_MAX_REMOVED_SHARE = 0.25  # of the slots, beyond which the columns are rewritten

_UNKNOWN: Mapping[str, bytes] = {}

Slots = NDArray[np.int64]
Mask = NDArray[np.bool_]
Moving = tuple[float, str, Hashes]
"""When an entry was published, its key, its terms."""


def span(new: Sequence[StoredEntry], settings: StorySettings) -> tuple[datetime, datetime]:
    """Return the first and the last time within the window of any new entry; `new` is in order."""
    return new[0].published - settings.window, new[-1].published + settings.window


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The published times within the window of new entries, in seconds.

    `begin` to `end` is within the window of at least one of them, `first` to `last` of all.
    """

    begin: float
    first: float
    last: float
    end: float

    @classmethod
    def of(cls, new: Sequence[StoredEntry], settings: StorySettings) -> "Reach":
        """Return the reach of new entries, which are in order of time."""
        window = settings.window.total_seconds()
        times = [one.published.timestamp() for one in (*new[:1], *new[-1:])] or [0.0]
        oldest, newest = times[0], times[-1]
        return cls(
            begin=oldest - window, first=newest - window, last=oldest + window, end=newest + window
        )


class Window:
    """Entries as columns; each entry has a slot, its number in the columns."""

    def __init__(self, entries: Iterable[Grouped] = ()) -> None:
        """Start with some entries; those whose features this version cannot read are left out."""
        self.keys: list[str] = []
        self.published = np.empty(0, np.float64)
        self._columns = GrowingColumns(Columns.read(()))
        self.stale = False  # features of an older form were found
        self._slots: dict[str, int] = {}
        self._order = np.empty(0, np.int64)
        self._counts = Counts()
        self._counted = np.empty(0, bool)
        self._count_added: Callable[[str, float], bool] | None = None
        self.add(entries)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def columns(self) -> Columns:
        """What pairs are found by, by slot."""
        return self._columns.get()

    def slot(self, key: str) -> int | None:
        """Return the slot of an entry."""
        return self._slots.get(key)

    def between(self, begin: float, end: float) -> Slots:
        """Return the slots of the entries published in a span, in (published, key) order."""
        times = self.published[self._order]
        first, last = np.searchsorted(times, begin), np.searchsorted(times, end, "right")
        found: Slots = self._order[first:last]
        return found

    # --- changes -----------------------------------------------------------------------------

    def add(self, entries: Iterable[Grouped]) -> None:
        """Add entries; one whose key is known is replaced."""
        rest, before = iter(entries), self._counts
        keys, times, counted = list[str](), [np.empty(0, np.float64)], [np.empty(0, bool)]
        while some := list(islice(rest, _ENTRIES_PER_LOAD)):
            self._remove([one.key for one in some])
            readable = [one for one in some if packing.readable(one.features)]
            self.stale |= len(readable) < len(some)
            keys += [one.key for one in readable]
            times.append(np.array([one.published.timestamp() for one in readable], np.float64))
            counted.append(self._count_new(readable, times[-1]))
            self._columns.extend(Columns.read([one.features for one in readable]))
        recount = self._counts is not before
        self._append(keys, np.concatenate(times), np.concatenate(counted) & (not recount))
        self._compact()

    def _append(self, keys: Sequence[str], times: NDArray[np.float64], counted: Mask) -> None:
        """Add the keys, times and order of entries whose columns were added."""
        first, known = len(self.keys), len(self._order)
        self.keys += keys
        self._slots.update(zip(keys, range(first, len(self.keys)), strict=True))
        self.published = np.concatenate((self.published, times))
        self._counted = np.concatenate((self._counted, counted))
        slots = np.concatenate((self._order, np.arange(first, len(self.keys))))
        places = in_order(self.published[slots], lambda place: self.keys[slots[place]], known)
        self._order = slots[places]

    def _count_new(self, entries: Sequence[Grouped], times: NDArray[np.float64]) -> Mask:
        """Count the terms of added entries, if `count_added` says so, and return of which."""
        asked = self._count_added
        if asked is None:
            return np.zeros(len(entries), bool)
        counted = [asked(one.key, time) for one, time in zip(entries, times.tolist(), strict=True)]
        both = zip(entries, counted, strict=True)
        self._counts.add([packing.terms(one.features) for one, wanted in both if wanted])
        return np.array(counted, bool)

    def remove(self, keys: Iterable[str], features: Mapping[str, bytes] = _UNKNOWN) -> None:
        """Remove entries; unknown keys are ignored. `features` are those that some of them had."""
        self._remove(keys, features)
        self._compact()

    def _remove(self, keys: Iterable[str], features: Mapping[str, bytes] = _UNKNOWN) -> None:
        known = [key for key in keys if key in self._slots]
        gone = np.array([self._slots.pop(key) for key in known], np.int64)
        if not len(gone):
            return
        self._stop_counting(gone, [features.get(key, b"") for key in known])
        self._order = self._order[~np.isin(self._order, gone)]

    def _stop_counting(self, slots: Slots, packed: Sequence[bytes]) -> None:
        """Subtract the terms of entries from the counts, or count all again if they are not known."""
        counted = np.flatnonzero(self._counted[slots])
        some, had = slots[counted], [packed[place] for place in counted.tolist()]
        if not had:
            return
        if not all(map(packing.readable, had)) or not self._have(some, had):
            self._reset_counts()
            return
        self._counts.subtract([packing.terms(one) for one in had])
        self._counted[some] = False

    def _have(self, slots: Slots, packed: Sequence[bytes]) -> bool:
        """Return whether entries were added with these features."""
        own, given = self.columns.take(slots).arrays(), Columns.read(packed).arrays()
        return all(np.array_equal(own[name], given[name]) for name in own)

    def remove_before(self, time: float) -> None:
        """Remove the entries published before a time, except those whose terms are counted."""
        old = self.between(-np.inf, np.nextafter(time, -np.inf))
        self.remove([self.keys[slot] for slot in old[~self._counted[old]].tolist()])

    def _compact(self) -> None:
        """Give the entries new slots, in order, if many slots are unused."""
        if len(self._slots) < len(self.keys) * (1 - _MAX_REMOVED_SHARE):
            self._rewrite()

    def _rewrite(self) -> None:
        """Give the entries new slots, in order."""
        order = self._order
        self.keys = [self.keys[slot] for slot in order.tolist()]
        self.published = self.published[order]
        self._columns = GrowingColumns(self.columns.take(order))
        self._counted = self._counted[order]
        self._slots = {key: slot for slot, key in enumerate(self.keys)}
        self._order = np.arange(len(order))

    # --- as arrays ---------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the window knows, as arrays by name."""
        self._rewrite()
        return {
            "keys": np.frombuffer("".join(self.keys).encode(), np.uint8),
            "key_sizes": np.array(list(map(len, self.keys)), np.int64),
            "published": self.published,
            "counted": self._counted,
            "counts": self._counts.buckets,
            **self.columns.arrays(),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Window":
        """Return the window that `arrays` were of."""
        found, text = cls(), arrays["keys"].tobytes().decode()
        ends = np.cumsum(arrays["key_sizes"]).tolist()
        found.keys = [text[begin:end] for begin, end in pairwise([0, *ends])]
        found.published = arrays["published"]
        found._columns = GrowingColumns(Columns.of_arrays(arrays))
        found._slots = {key: slot for slot, key in enumerate(found.keys)}
        found._order = np.arange(len(found.keys))
        found._counts, found._counted = Counts(arrays["counts"]), arrays["counted"]
        return found

    # --- how many entries contain a term -----------------------------------------------------

    def count_added(self, new: Sequence[StoredEntry], settings: StorySettings) -> None:
        """Count the terms of what is added from now on, if `frequencies` will count them anyway.

        So their features need not be loaded again.
        """
        reach, keys = Reach.of(new, settings), {one.key for one in new}
        self._count_added = lambda key, time: reach.first <= time <= reach.last and key not in keys

    def frequencies(
        self, new: Sequence[StoredEntry], settings: StorySettings, load: LoadFeatures
    ) -> tuple[Frequencies, list[Moving]]:
        """Return the counts of entries within reach of all new ones, and those within reach of some.

        An entry that is grouped again is among the latter: it is counted until its turn.
        """
        self._count_added = None
        reach = Reach.of(new, settings)
        wanted = np.zeros(len(self.keys), bool)
        wanted[self.between(reach.first, reach.last)] = True
        wanted[[self._slots[one.key] for one in new if one.key in self._slots]] = False
        self._count(wanted, load)
        near = self.between(reach.begin, reach.end)
        moving = [
            (float(self.published[self._slots[key]]), key, packing.terms(packed))
            for found in self._load(near[~wanted[near]], load)
            for key, packed in found.items()
        ]
        staying = int(np.count_nonzero(self._counted))
        counted = Frequencies(settings.window, counts=self._counts.copy(), staying=staying)
        return counted, moving

    def _count(self, wanted: Mask, load: LoadFeatures) -> None:
        """Count the terms of the wanted entries and of no others."""
        for found in self._load(np.flatnonzero(self._counted & ~wanted), load):
            self._counts.subtract([packing.terms(packed) for packed in found.values()])
            self._counted[[self._slots[key] for key in found]] = False
        if np.any(self._counted & ~wanted):  # the features of some are gone
            self._reset_counts()
        for found in self._load(np.flatnonzero(wanted & ~self._counted), load):
            self._counts.add([packing.terms(packed) for packed in found.values()])
            self._counted[[self._slots[key] for key in found]] = True

    def _reset_counts(self) -> None:
        self._counts, self._counted = Counts(), np.zeros(len(self.keys), bool)

    def _load(self, slots: Slots, load: LoadFeatures) -> Iterator[Mapping[str, bytes]]:
        keys = [self.keys[slot] for slot in slots.tolist()]
        for begin in range(0, len(keys), _ENTRIES_PER_LOAD):
            yield load(keys[begin : begin + _ENTRIES_PER_LOAD])


def in_order(published: NDArray[np.float64], by: Callable[[int], Any], known: int = 0) -> Slots:
    """Return the places of entries in order of time, and of `by` within one time.

    The first `known` of them are in order already.
    """
    places = np.argsort(published, kind="stable")
    begins = np.flatnonzero(np.diff(published[places], prepend=-np.inf, append=np.inf))
    if len(begins) > 1:
        unsorted = np.maximum.reduceat(places, begins[:-1]) >= known
        for group in np.flatnonzero((np.diff(begins) > 1) & unsorted).tolist():
            begin, end = begins[group], begins[group + 1]
            places[begin:end] = sorted(places[begin:end].tolist(), key=by)
    return places
