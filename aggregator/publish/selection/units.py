"""Units of feeds that do not show complete stories: a single entry, or an entry with its copies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from aggregator.core import ids
from aggregator.core.model import Member, Reason, ShownStory, StoredEntry, Story

_id = lru_cache(maxsize=65_536)(ids.entry_id)  # asked for each entry of a story for each of them
_COPIES = frozenset({"same text", "same link"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The unit that contains an entry; `first`: it is the first entry of the unit."""

    shown: ShownStory
    first: bool


def unit_of(shown: ShownStory, entry_id: str, group: str) -> Piece:
    """Return the unit of a story that contains the entry of this id."""
    for unit in (copies if group == "duplicates" else alone)(shown):
        held = [_id(one.key) for one in sorted(unit.entries, key=_place) if one.shown]
        if entry_id in held:
            return Piece(shown=unit, first=held[0] == entry_id)
    return Piece(shown=shown, first=False)


def _place(stored: StoredEntry) -> tuple[datetime, datetime, str]:
    return stored.first_seen, stored.published, _id(stored.key)


def alone(shown: ShownStory) -> Iterator[ShownStory]:
    """Yield each entry of a story as a unit of its own."""
    for stored in shown.entries:
        yield _unit(shown, stored.key, (stored,))


def copies(shown: ShownStory) -> Iterator[ShownStory]:
    """Yield a unit for each text of a story, with its copies in it."""
    keys = {stored.key for stored in shown.entries}
    original = {
        member.key: member.reason.nearest
        for member in shown.story.members
        if member.reason.kind in _COPIES and member.reason.nearest in keys
    }
    units: dict[str, list[StoredEntry]] = {}
    for stored in shown.entries:
        units.setdefault(_root(stored.key, original), []).append(stored)
    for root, entries in units.items():
        yield _unit(shown, root, tuple(entries))


def _root(key: str, original: Mapping[str, str]) -> str:
    """Follow copies to the original; in a cycle of copies, the least key is the original."""
    seen = [key]
    while (key := original.get(key, key)) not in seen:
        seen.append(key)
    ring = seen[seen.index(key) :]
    return min(ring)


def _unit(shown: ShownStory, root: str, entries: tuple[StoredEntry, ...]) -> ShownStory:
    """Return a part of a story as a story of its own, under the id of its first entry."""
    keys = {stored.key for stored in entries}
    lead = shown.lead.key if shown.lead.key in keys else root
    ordered = sorted(entries, key=lambda stored: stored.key != lead)
    reasons = {member.key: member.reason for member in shown.story.members}
    first = next(stored for stored in entries if stored.key == root)
    seen = [stored.first_seen for stored in entries if stored.shown]
    joined = (max(one.revised, one.first_seen) for one in entries if one.key != root)
    story = Story(
        id=ids.entry_id(root),
        founder=root,
        representative=lead,
        members=tuple(
            Member(key=one.key, reason=reasons.get(one.key, Reason(kind="founder")))
            for one in ordered
        ),
        first_published=min(seen, default=first.first_seen),
        updated=max([first.revised, *joined]),
    )
    return ShownStory(story=story, entries=tuple(ordered))
