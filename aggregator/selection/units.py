"""What is one entry of a feed that does not show whole stories: an entry alone, or a text with its copies."""

from collections.abc import Iterator, Mapping

from aggregator import ids
from aggregator.model import Member, Reason, ShownStory, StoredEntry, Story

_COPIES = frozenset({"same text", "same link"})


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
    """Follow copies to the entry that is none; copies in a ring have the least key for one."""
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
    joined = (max(one.revised, one.first_seen) for one in entries if one.key != root)
    story = Story(
        id=ids.entry_id(root),
        founder=root,
        representative=lead,
        members=tuple(
            Member(key=one.key, reason=reasons.get(one.key, Reason(kind="founder")))
            for one in ordered
        ),
        first_published=first.first_seen,
        updated=max([first.revised, *joined]),
    )
    return ShownStory(story=story, entries=tuple(ordered))
