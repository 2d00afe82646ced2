"""What was stored a moment ago is found in memory, as long as there is room."""

from dataclasses import replace

from aggregator.store.recent import RecentEntries
from tests.builders import make_stored


def test_only_an_unchanged_entry_is_found() -> None:
    recent, stored = RecentEntries(), make_stored(1)
    recent.add(stored, b"packed")
    assert recent.find(stored.key, b"packed") == replace(
        stored, entry=replace(stored.entry, html="")
    )
    assert recent.find(stored.key, b"packed again") is None
    assert recent.find("unknown", b"packed") is None
    recent.drop([stored.key, "unknown"])
    assert recent.find(stored.key, b"packed") is None


def test_memory_is_bounded_and_the_oldest_go() -> None:
    recent = RecentEntries()
    many = [replace(make_stored(n), extracted=bytes(1_000_000)) for n in range(100)]
    for _ in range(2):
        for one in many:
            recent.add(one, b"packed")
    held = [one for one in many if recent.find(one.key, b"packed")]
    assert held == many[-len(held) :]
    assert 40 <= len(held) <= 48
    recent.drop(one.key for one in many)
    recent.add(many[0], b"packed")
    assert recent.find(many[0].key, b"packed")
