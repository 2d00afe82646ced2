"""Groups the complete history again and gives each new story the id that it had before."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.core import ids
from aggregator.core.model import (
    GroupContext,
    Grouped,
    Grouping,
    Member,
    StoredEntry,
    Story,
    Tombstone,
)
from aggregator.core.ports import Page
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.feature_rows import FeatureSources
from aggregator.group.regroup import feature_refresh, id_inheritance
from aggregator.group.stories import representative
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from aggregator.group.stories.representative import Claim, Preferences
from aggregator.group.stories.rules import NamedEntries

Strip = Callable[[StoredEntry], StoredEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An entry that moved to another story."""

    key: str
    title: str
    before: str
    after: str


@dataclass(slots=True, kw_only=True)
class RegroupResult:
    """The changes of a regrouping; `moves` in (published, key) order."""

    entries: int = 0
    stories_before: int = 0
    stories_after: int = 0
    rewritten: int = 0  # stories of the same members, with other reasons or another representative
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownEntry:
    """The data of an entry that is needed until its story is complete."""

    before: str
    title: str
    claim: Claim


def unchanged(stored: StoredEntry) -> StoredEntry:
    """Return the entry as it is."""
    return stored


class Regrouping:
    """One pass over history; only the window and the entries that moved are in memory."""

    def __init__(
        self,
        settings: StorySettings,
        *,
        now: datetime,
        priorities: Mapping[str, int] | None = None,
        strip: Strip = unchanged,
    ) -> None:
        """`strip` removes learned boilerplate; it returns an entry without boilerplate itself."""
        self.outcome = RegroupResult()
        self._settings, self._now, self._strip = settings, now, strip
        self._priorities = dict(priorities or {})
        self._preferences = Preferences.from_settings(self._priorities, settings.languages)
        self._window: deque[Grouped] = deque()
        self._pinned: dict[str, Grouped] = {}  # named by corrections: they stay in the window
        self._known: dict[str, _KnownEntry] = {}
        self._before: dict[str, Story] = {}
        self._open: dict[str, Story] = {}
        self._moved: list[Story] = []
        self._orphaned_ids: set[str] = set()  # ids of stories whose founder is in another story

    def run(self, pages: Iterable[Page]) -> Iterator[Grouping]:
        """Yield results to be stored, page by page; the last one has all stories that moved."""
        for entries, past in pages:
            if entries:
                yield self._page(entries, past)
        rewritten = tuple(self._close(self._open.values()))
        yield Grouping(stories=rewritten, changed=len(rewritten))
        yield self._resolve()

    def _page(self, entries: tuple[StoredEntry, ...], past: GroupContext) -> Grouping:
        self._forget_before(entries[0].published)
        finished = self._finished()
        rewritten = tuple(self._close(finished))
        packed, renewed = self._features(entries, past)
        self._remember(entries, past, packed)
        context = GroupContext(
            entries=(*self._pinned.values(), *self._window),
            stories=tuple(self._open.values()),
            decisions=past.decisions,
            journal=past.journal,
        )
        self._group(entries, context, packed)
        named = NamedEntries(self._settings, past.decisions)
        for one in entries:
            known = Grouped(
                key=one.key, published=one.published, story_id="", features=packed[one.key]
            )
            if named.includes(one):
                self._pinned[one.key] = known
            else:
                self._window.append(known)
        return Grouping(stories=rewritten, features=renewed, changed=len(rewritten))

    def _forget_before(self, until: datetime) -> None:
        """Drop the entries that are out of the window of entries published from then on."""
        start = until - self._settings.window
        while self._window and self._window[0].published < start:
            self._window.popleft()

    def _finished(self) -> list[Story]:
        """Remove and return the stories that no later entry can join."""
        held = {one.key for one in self._window} | self._pinned.keys()
        done = [
            story
            for story in self._open.values()
            if held.isdisjoint(member.key for member in story.members)
        ]
        for story in done:
            del self._open[story.id]
        return done

    def _features(
        self, entries: Sequence[StoredEntry], past: GroupContext
    ) -> tuple[dict[str, bytes], tuple[tuple[str, bytes], ...]]:
        """Return the features of the entries, and those that differ from the stored ones."""
        stored = {one.key: one.features for one in past.entries}
        packed = dict.fromkeys((one.key for one in entries), b"") | stored
        bare = [self._strip(one) for one in entries]
        stale = [
            one
            for one, before in zip(bare, entries, strict=True)
            if one is not before or not packing.readable(packed[one.key])
        ]
        if stale:
            gone = {one.key for one in stale}
            around = [one for one in past.entries if one.key not in gone]
            packed.update(feature_refresh.features(stale, (*self._window, *around), self._settings))
        renewed = [(one.key, packed[one.key]) for one in stale]
        return packed, tuple((key, one) for key, one in renewed if stored.get(key) != one)

    def _remember(
        self, entries: Sequence[StoredEntry], past: GroupContext, packed: Mapping[str, bytes]
    ) -> None:
        self._before.update((story.id, story) for story in past.stories)
        story_of = {one.key: one.story_id for one in past.entries}
        heads = packing.headers([packed[one.key] for one in entries])
        for one, head in zip(entries, heads, strict=True):
            claim = self._preferences.claim(one.key, head, (one.published.timestamp(), one.key))
            self._known[one.key] = _KnownEntry(
                before=story_of[one.key], title=one.entry.title, claim=claim
            )
        self.outcome.entries += len(entries)

    def _group(
        self, entries: Sequence[StoredEntry], past: GroupContext, packed: Mapping[str, bytes]
    ) -> None:
        done = group(
            entries,
            GroupingContext(
                settings=self._settings,
                now=self._now,
                past=past,
                priorities=self._priorities,
                features=FeatureSources(packed=packed),
            ),
        )
        for dead in done.tombstones:
            self._open.pop(dead.id, None)
        self._open.update((story.id, story) for story in done.stories)

    # --- what became of the stories ----------------------------------------------------------

    def _close(self, stories: Iterable[Story]) -> list[Story]:
        """Return unchanged stories whose reasons changed; keep those whose members changed."""
        found = []
        for story in stories:
            before = self._same_as(story)
            if before is None:
                self._moved.append(story)
                continue
            self.outcome.stories_before += 1
            self.outcome.stories_after += 1
            now = self._shown(story, before)
            if now != before:
                self.outcome.rewritten += 1
                found.append(now)
            if before.founder not in {member.key for member in before.members}:
                self._orphaned_ids.add(before.id)
            del self._before[before.id]
            for member in story.members:
                del self._known[member.key]
        return found

    def _same_as(self, story: Story) -> Story | None:
        """Return the old story with the same members, if there is one."""
        keys = {member.key for member in story.members}
        olds = {self._known[key].before for key in keys}
        before = self._before[olds.pop()]
        same = not olds and keys == {member.key for member in before.members}
        return before if same else None

    def _shown(self, story: Story, before: Story) -> Story:
        """Return an old story with new reasons and representative."""
        lead = representative.choose(self._claims(story), before.representative)
        return replace(
            before,
            members=self._members(story),
            representative=lead,
            updated=before.updated if lead == before.representative else self._now,
        )

    def _members(self, story: Story) -> tuple[Member, ...]:
        return tuple(sorted(story.members, key=lambda one: self._known[one.key].claim.position))

    def _claims(self, story: Story) -> list[Claim]:
        reasons = {member.key: member.reason for member in story.members}
        copies = representative.copies(reasons, lambda key: self._known[key].claim.position)
        return [replace(self._known[key].claim, copy=key in copies) for key in reasons]

    def _resolve(self) -> Grouping:
        """Return the stories whose members changed, with ids, and tombstones of ids that ended."""
        stories = sorted(
            self._moved, key=lambda one: self._known[self._members(one)[0].key].claim.position
        )
        held = [[self._known[member.key].before for member in story.members] for story in stories]
        olds = {id_: self._before[id_] for some in held for id_ in some}
        homes = {member.key: n for n, story in enumerate(stories) for member in story.members}
        founders = {id_: homes.get(old.founder) for id_, old in olds.items()}
        shares = Counter((id_, n) for n, some in enumerate(held) for id_ in some)
        inheritance = id_inheritance.inherit(
            shares,
            founders,
            {id_: old.first_published if old.shown else self._now for id_, old in olds.items()},
        )
        taken = {*inheritance.kept.values(), *self._orphaned_ids}
        made = []
        for n, story in enumerate(stories):
            id_ = inheritance.kept.get(n) or ids.free_story_id(self._members(story)[0].key, taken)
            taken.add(id_)
            made.append(self._rebuilt(story, id_, [olds[one] for one in dict.fromkeys(held[n])]))
        dead = [
            Tombstone(id=id_, when=self._now, into=made[inheritance.successor[id_]].id)
            for id_ in sorted(olds.keys() - taken)
        ]
        self.outcome.stories_before += len(olds)
        self.outcome.stories_after += len(made)
        self.outcome.moves = self._moves(made)
        return Grouping(stories=tuple(made), tombstones=tuple(dead), changed=len(made))

    def _rebuilt(self, story: Story, id_: str, olds: Collection[Story]) -> Story:
        """Return a story whose members changed, with the date on which it was first published."""
        kept = next((old for old in olds if old.id == id_), None)
        members = self._members(story)
        keys = [member.key for member in members]
        current = kept.representative if kept else ""
        olds = [kept] if kept else olds
        firsts = [old.first_published for old in olds if old.shown or not story.shown]
        return Story(
            id=id_,
            founder=kept.founder if kept else keys[0],
            representative=representative.choose(
                self._claims(story), current if current in keys else story.representative
            ),
            members=members,
            first_published=min(firsts, default=self._now),
            updated=self._now,
            shown=story.shown,
        )

    def _moves(self, made: Iterable[Story]) -> tuple[Move, ...]:
        found = []
        for story in made:
            for member in story.members:
                seen = self._known[member.key]
                if seen.before != story.id:
                    move = Move(
                        key=member.key, title=seen.title, before=seen.before, after=story.id
                    )
                    found.append((seen.claim.position, move))
        return tuple(move for _, move in sorted(found, key=lambda one: one[0]))
