"""Entries that were stored a moment ago, kept in memory until they are grouped."""

from collections.abc import Iterable
from dataclasses import replace

from aggregator.core.model import StoredEntry

_MAX_BYTES = 48_000_000
_BYTES_PER_CHARACTER = 2  # of a text in memory, roughly
_BYTES_PER_ENTRY = 3_000  # beside its text and features


class RecentEntries:
    """Entries without their HTML by key, so that grouping need not read back what was just written.

    An entry is found only together with the bytes that were stored, so a copy that has changed
    since is not. When there are too many, the oldest go.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, int, StoredEntry]] = {}
        self._size = 0

    def add(self, stored: StoredEntry, packed: bytes) -> None:
        """Keep an entry; `packed` is its stored form."""
        self.drop((stored.key,))
        bare = replace(stored, entry=replace(stored.entry, html=""))
        text = len(stored.entry.text) + len(stored.entry.summary)
        size = text * _BYTES_PER_CHARACTER + len(stored.extracted) + _BYTES_PER_ENTRY
        self._held[stored.key] = (hash(packed), size, bare)
        self._size += size
        while self._size > _MAX_BYTES:
            self.drop((next(iter(self._held)),))

    def find(self, key: str, packed: bytes) -> StoredEntry | None:
        """Return the entry that was stored in this form."""
        held = self._held.get(key)
        return held[2] if held and held[0] == hash(packed) else None

    def drop(self, keys: Iterable[str]) -> None:
        """Forget entries, which are grouped."""
        for key in keys:
            if held := self._held.pop(key, None):
                self._size -= held[1]
