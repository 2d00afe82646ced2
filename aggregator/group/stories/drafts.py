"""The stories that a grouping changes, and the changes."""

import math
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.core import ids
from aggregator.core.model import Member, Reason, Story, Tombstone


@dataclass(slots=True, kw_only=True)
class StoryDraft:
    """A story that may still change; `members` are in the order in which they joined."""

    id: str
    founder: str
    first_published: datetime
    updated: datetime
    representative: str
    members: dict[str, Reason] = field(default_factory=dict)
    new: bool = False
    touched: bool = False
    shown: bool = True


def no_time(_: str) -> float | None:
    """Return None: no entry is known."""
    return None


class StoredIds:
    """The ids of all stored stories, as a container that looks them up."""

    def __init__(
        self, existing: Callable[[Sequence[str]], Collection[str]], likely: Iterable[str]
    ) -> None:
        """`existing` returns which of some ids exist; `likely` ones are looked up in one query."""
        self._existing = existing
        asked = list(likely)
        found = existing(asked)
        self._exists = {id_: id_ in found for id_ in asked}

    def __contains__(self, id_: object) -> bool:
        if not isinstance(id_, str):
            return False
        if id_ not in self._exists:
            self._exists[id_] = id_ in self._existing([id_])
        return self._exists[id_]


@dataclass(slots=True, kw_only=True)
class StoryDrafts:
    """The stories that a grouping may change; each entry is in at most one of them.

    Most do not change, so a draft is made on first use.
    """

    now: datetime
    story_of: dict[str, str] = field(default_factory=dict)
    tombstones: list[Tombstone] = field(default_factory=list)
    _stories: dict[str, Story] = field(default_factory=dict)  # without a draft so far
    _drafts: dict[str, StoryDraft] = field(default_factory=dict)
    _loaded: frozenset[str] = frozenset()
    _stored: Container[str] = ()  # ids of all stories
    _time: Callable[[str], float | None] = no_time
    _assumed_positions: dict[str, tuple[float, str]] = field(default_factory=dict)

    def load(
        self,
        stories: Iterable[Story],
        time: Callable[[str], float | None],
        stored: Container[str] = (),
    ) -> None:
        """Load stories of earlier groupings; `time` returns when an entry was published.

        `stored` are the ids of all stories; `stories` are those that the grouping asked for.
        """
        self._time, self._stored = time, stored
        self._stories = {story.id: story for story in stories}
        self._loaded = frozenset(self._stories)
        self.story_of = {
            member.key: story.id for story in self._stories.values() for member in story.members
        }

    def position(self, key: str) -> tuple[float, str]:
        """Return an entry's position in (published, key) order."""
        time = self._time(key)
        return self._assumed_positions[key] if time is None else (time, key)

    def __contains__(self, id_: object) -> bool:
        if id_ in self._drafts or id_ in self._stories:
            return True
        return isinstance(id_, str) and id_ not in self._loaded and id_ in self._stored

    def draft(self, id_: str) -> StoryDraft:
        """Return the draft of a loaded story."""
        story = self._stories.pop(id_, None)
        if story is not None:
            keys = [member.key for member in story.members]
            self._assumed_positions.update(_unknown(keys, self._time))
            self._drafts[id_] = StoryDraft(
                id=id_,
                founder=story.founder,
                first_published=story.first_published,
                updated=story.updated,
                representative=story.representative,
                members={member.key: member.reason for member in story.members},
                shown=story.shown,
            )
        return self._drafts[id_]

    def first_position(self, draft: StoryDraft) -> tuple[float, str]:
        """Return the position of a story's first member."""
        return min(self.position(key) for key in draft.members)

    def story(self, key: str) -> StoryDraft | None:
        """Return the story of an entry."""
        found = self.story_of.get(key)
        return None if found is None else self.draft(found)

    def start(
        self,
        key: str,
        reason: Reason,
        *,
        revised: datetime,
        id_: str = "",
        first: datetime | None = None,
        shown: bool = True,
    ) -> StoryDraft:
        """Create a story with one entry."""
        draft = StoryDraft(
            id=id_ or ids.free_story_id(key, self),
            founder=key,
            first_published=first or self.now,
            updated=min(revised, self.now),
            representative=key,
            members={key: reason},
            new=True,
            touched=True,
            shown=shown,
        )
        self._drafts[draft.id] = draft
        self.story_of[key] = draft.id
        return draft

    def join(self, draft: StoryDraft, key: str, reason: Reason) -> None:
        """Add an entry that is in no story."""
        draft.members[key] = reason
        draft.touched = True
        self.story_of[key] = draft.id

    def reveal(self, draft: StoryDraft, first: datetime | None = None) -> None:
        """Show a hidden story; it is first published now, or when the journal says."""
        if draft.shown:
            return
        draft.shown = draft.touched = True
        draft.first_published = first or self.now
        if first is None and not draft.new:
            draft.updated = self.now

    def mark_changed(self, draft: StoryDraft, revised: datetime) -> None:
        """Record that the published content of a story changed, and when."""
        draft.touched = True
        moved = min(revised, self.now) if draft.new else self.now
        draft.updated = max(draft.updated, moved)

    def remove(self, key: str) -> None:
        """Remove an entry from its story, which keeps its id."""
        draft = self.draft(self.story_of.pop(key))
        del draft.members[key]
        self.mark_changed(draft, self.now)

    def merge(self, one: StoryDraft, other: StoryDraft) -> StoryDraft:
        """Merge two stories: the one published first keeps its id, the other gets a tombstone."""
        kept, gone = sorted((one, other), key=self._age)
        kept.members.update(gone.members)
        self.story_of.update(dict.fromkeys(gone.members, kept.id))
        del self._drafts[gone.id]
        if not gone.new:
            self.tombstones.append(Tombstone(id=gone.id, when=self.now, into=kept.id))
        self.mark_changed(kept, gone.updated)
        return kept

    def changed(self) -> Iterator[StoryDraft]:
        """Yield the new and changed stories that have members, in order of their first member."""
        touched = [draft for draft in self._drafts.values() if draft.touched and draft.members]
        yield from sorted(touched, key=self.first_position)

    def finish(self, draft: StoryDraft) -> Story:
        """Return the story as a value, its members in (published, key) order."""
        keys = sorted(draft.members, key=self.position)
        return Story(
            id=draft.id,
            founder=draft.founder,
            representative=draft.representative,
            members=tuple(Member(key=key, reason=draft.members[key]) for key in keys),
            first_published=draft.first_published,
            updated=draft.updated,
            shown=draft.shown,
        )

    def _age(self, draft: StoryDraft) -> tuple[bool, bool, datetime, tuple[float, str]]:
        """Return the sort key by which the story published first comes first."""
        hidden = not draft.shown
        return hidden, draft.new, draft.first_published, self.first_position(draft)


def _unknown(
    keys: Sequence[str], time: Callable[[str], float | None]
) -> dict[str, tuple[float, str]]:
    """Return positions for members whose time is unknown: before or after the known ones."""
    places: dict[str, tuple[float, str]] = {}
    seen = False
    for number, key in enumerate(keys):
        if time(key) is not None:
            seen = True
        else:
            places[key] = (math.inf if seen else -math.inf, f"{number:09}")
    return places
