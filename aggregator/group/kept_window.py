"""Keeps the window of the last grouping in memory and reads only what was stored since."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.model import StoredEntry
from aggregator.core.ports import GroupStore
from aggregator.core.settings import StorySettings
from aggregator.group.features.window import Window, span

MAX_SPARE = 25_000  # entries before the window that are kept for late arrivals
_TICK = timedelta(microseconds=1)  # resolution of the stored dates


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A window with all grouped entries published in a span, as they were at a mark of the store."""

    window: Window
    start: datetime
    end: datetime
    mark: str

    def trim(self, start: datetime, max_spare: int) -> None:
        """Remove the entries before a time if they are more than `max_spare`."""
        time = start.timestamp()
        if len(self.window.between(-math.inf, time)) > max_spare:
            self.window.remove_before(time)
            self.start = start


class KeptWindow:
    """Returns the window of each grouping: the entries in its span and at most MAX_SPARE older ones."""

    def __init__(self, max_spare: int = MAX_SPARE) -> None:
        self._max_spare = max_spare
        self._kept: _Kept | None = None

    def read(
        self, store: GroupStore, new: Sequence[StoredEntry], settings: StorySettings
    ) -> Window:
        """Return a window with all grouped entries within the window of new ones.

        `new` is in order of time. If it is older than the kept window, a separate window is read,
        which is not kept.
        """
        start, end = span(new, settings)
        kept, self._kept = self._kept, None  # discarded if reading fails
        updated = None
        if kept is not None and start <= kept.end and kept.start <= end:
            updated = _update(kept, store, new, settings)
        if updated is None:
            updated = _read(store, new, settings)
        updated.trim(start, self._max_spare)
        self._kept = kept if kept is not None and kept.end > updated.end else updated
        return updated.window


def _read(
    store: GroupStore,
    new: Sequence[StoredEntry],
    settings: StorySettings,
) -> _Kept:
    """Read the whole span."""
    start, end = span(new, settings)
    mark = store.feature_changes("").mark  # before the entries: changes in between are read again
    window = Window()
    window.count_added(new, settings)
    window.add(store.grouped(start, end))
    return _Kept(window=window, start=start, end=end, mark=mark)


def _update(
    kept: _Kept,
    store: GroupStore,
    new: Sequence[StoredEntry],
    settings: StorySettings,
) -> _Kept | None:
    """Read the changes since the mark and the rest of the span; None if the changes are unknown."""
    changes = store.feature_changes(kept.mark)
    if changes.keys is None:
        return None
    window, (start, end) = kept.window, span(new, settings)
    window.count_added(new, settings)
    window.remove(changes.keys)
    changed = store.grouped_of(changes.keys)
    window.add(one for one in changed if kept.start <= one.published <= kept.end)
    if start < kept.start:
        window.add(store.grouped(start, kept.start - _TICK))
        kept.start = start
    if end > kept.end:
        window.add(store.grouped(kept.end + _TICK, end))
        kept.end = end
    kept.mark = changes.mark
    return kept
