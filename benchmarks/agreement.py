"""How far two stores agree: their entries, their stories as pairs of entries, their published files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import comb
from pathlib import Path

from sqlalchemy import select

from aggregator.store import SqlStore, schema

_HISTORY = re.compile(
    rb"<at:deleted-entry.*?</at:deleted-entry>\s*|<updated>[^<]*</updated>", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a store has: the digest of each entry by key, and the story of each entry."""

    entries: dict[str, str]
    stories: dict[str, str]


def read(store: SqlStore) -> Contents:
    """Return what a store has."""
    entry, member = schema.entry.c, schema.member.c
    entries = store.ask_queues(
        lambda connection: connection.execute(select(entry.key, entry.material)).all()
    )
    members = store.ask_queues(
        lambda connection: connection.execute(select(member.key, member.story)).all()
    )
    return Contents(
        entries={row.key: row.material for row in entries},
        stories={row.key: row.story for row in members},
    )


def partition(stories: dict[str, str]) -> frozenset[frozenset[str]]:
    """Return the stories as sets of entries, whatever their ids."""
    by_story: dict[str, set[str]] = {}
    for key, story in stories.items():
        by_story.setdefault(story, set()).add(key)
    return frozenset(map(frozenset, by_story.values()))


def pair_f1(one: dict[str, str], other: dict[str, str]) -> float:
    """Return F1 of the pairs that share a story in both."""
    both = _pairs((one[key], other[key]) for key in one.keys() & other.keys())
    total = _pairs(one.values()) + _pairs(other.values())
    return 2 * both / total if total else 1.0


def _pairs(labels: Iterable[object]) -> int:
    counts: dict[object, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    return sum(comb(count, 2) for count in counts.values())


def without_history(feed: bytes) -> bytes:
    """Return an Atom feed without what the way to its stories left: tombstones and times of change."""
    return _HISTORY.sub(b"", feed)


def published(folder: Path) -> dict[str, bytes]:
    """Return the published feeds by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.*"))}
