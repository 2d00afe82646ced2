"""Keeps the window of the last grouping, in memory and in a file, and reads only what was stored since."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.model import StoredEntry
from aggregator.core.ports import GroupStore, WindowCache
from aggregator.core.settings import StorySettings
from aggregator.group.features import array_bytes, frequencies, packing
from aggregator.group.features.window import FORMS, Window, span

MAX_SPARE = 25_000  # entries before the window that are kept for late arrivals
_TICK = timedelta(microseconds=1)  # resolution of the stored dates
_MOST_BY_KEY, _MOST_SHARE = 10_000, 4  # changes that are read by key, or a fourth of the window
# A small window is read quickly, and a file with a few changes since then as well.
LEAST_SAVED, _UNSAVED_SHARE = 10_000, 20
_TAG = (
    f"{packing.VERSION} {packing.KEYS} {packing.STEM_KEYS} {frequencies.BITS} {sys.byteorder} "
    f"{packing.HEADER.descr}"
)


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A window with all grouped entries published in a span, as they were at a mark of the store."""

    window: Window
    start: datetime
    end: datetime
    mark: str
    unsaved: int  # changes that the file lacks

    def trim(self, start: datetime, max_spare: int) -> None:
        """Remove the entries before a time if they are more than `max_spare`."""
        time = start.timestamp()
        if len(self.window.between(-math.inf, time)) > max_spare:
            self.window.remove_before(time)
            self.start = start

    def parts(self) -> Iterable[bytes | memoryview]:
        """Yield the window as bytes."""
        about = {
            "tag": _TAG,
            "mark": self.mark,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }
        return array_bytes.to_bytes(about, self.window.arrays())


class KeptWindow:
    """Returns the window of each grouping: the entries in its span and at most MAX_SPARE older ones.

    Each process begins with the window from the `cache`, if that is sound.
    """

    def __init__(
        self,
        cache: WindowCache | None = None,
        max_spare: int = MAX_SPARE,
        least_saved: int = LEAST_SAVED,
    ) -> None:
        """`least_saved` is the number of entries from which a window is saved."""
        self._cache, self._max_spare, self._least_saved = cache, max_spare, least_saved
        self._kept: _Kept | None = None
        self._loaded = False

    def read(
        self, store: GroupStore, new: Sequence[StoredEntry], settings: StorySettings
    ) -> Window:
        """Return a window with all grouped entries within the window of new ones.

        `new` is in order of time. If it is older than the kept window, a separate window is read,
        which is not kept.
        """
        start, end = span(new, settings)
        if not self._loaded:
            self._loaded = True
            self._kept = None if self._cache is None else _load(self._cache)
        kept, self._kept = self._kept, None  # discarded if reading fails
        updated = None
        if kept is not None and start <= kept.end and kept.start <= end:
            kept = updated = _update(kept, store, new, settings)
        if updated is None:
            updated = _read(store, new, settings)
        updated.trim(start, self._max_spare)
        self._kept = kept if kept is not None and kept.end > updated.end else updated
        return updated.window

    def save(self) -> None:
        """Write the window to the file if a process that begins there would read much."""
        kept = self._kept
        if self._cache is None or kept is None:
            return
        size, least = len(kept.window), self._least_saved
        if size >= least and kept.unsaved >= max(least // 2, size // _UNSAVED_SHARE):
            self._cache.save(kept.parts())
            kept.unsaved = 0


def _load(cache: WindowCache) -> _Kept | None:
    """Return the window of the file; None if there is any doubt about it."""
    content = cache.load()
    if content is None:
        return None
    try:
        about, arrays = array_bytes.from_bytes(content, FORMS)
        if about["tag"] != _TAG:
            return None
        return _Kept(
            window=Window.of_arrays(arrays),
            start=datetime.fromisoformat(about["start"]),
            end=datetime.fromisoformat(about["end"]),
            mark=about["mark"],
            unsaved=0,
        )
    except array_bytes.ERRORS:
        return None


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
    return _Kept(window=window, start=start, end=end, mark=mark, unsaved=len(window))


def _update(
    kept: _Kept,
    store: GroupStore,
    new: Sequence[StoredEntry],
    settings: StorySettings,
) -> _Kept | None:
    """Read the changes since the mark and the rest of the span; None if the changes are unknown or many."""
    changes = store.feature_changes(kept.mark)
    window, (start, end) = kept.window, span(new, settings)
    most = max(_MOST_BY_KEY, len(window) // _MOST_SHARE)
    if changes.keys is None or len(changes.keys) > most:
        return None
    window.count_added(new, settings)
    window.remove(changes.keys, changes.before)
    changed = store.grouped_of(changes.keys)
    window.add(one for one in changed if kept.start <= one.published <= kept.end)
    if start < kept.start:
        window.add(store.grouped(start, kept.start - _TICK))
        kept.start = start
    if end > kept.end:
        window.add(store.grouped(kept.end + _TICK, end))
        kept.end = end
    kept.mark = changes.mark
    kept.unsaved += len(changes.keys)
    return kept
