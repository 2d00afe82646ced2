"""Groups new entries: in order of time, each joins the story that it fits best or founds one."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.core import ids
from aggregator.core.model import Grouping, Reason, StoredEntry
from aggregator.group.features.feature_rows import Rows, gather
from aggregator.group.pairs import candidates
from aggregator.group.pairs.blocking import SEVERAL
from aggregator.group.pairs.similarity import Comparer
from aggregator.group.stories import assign, representative, rules
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.drafts import StoredIds, StoryDraft, StoryDrafts
from aggregator.group.stories.reasons import reason
from aggregator.group.stories.representative import Preferences

_MERGE_SAMPLE_SIZE = 8  # members of each of two stories that are compared pairwise


def group(new: Sequence[StoredEntry], context: GroupingContext) -> Grouping:
    """Group entries that are new or materially changed, in (published, key) order; pure.

    The result does not depend on how a stream is divided into calls.
    """
    if not new:
        return Grouping(stories=())
    work = Work(new, context)
    work.run()
    return work.finish()


class Work:
    """The state of one grouping while it runs."""

    def __init__(self, new: Sequence[StoredEntry], context: GroupingContext) -> None:
        """Find and score the pairs of the new entries; no story is changed yet."""
        self.new, self.context = new, context
        self.settings, self.model = context.settings, context.learned.model
        self.rows = rows = gather(
            new,
            context.past,
            context.settings,
            context.learned.prior,
            context.features,
            ignore_window=context.ignore_window,
        )
        self.comparer = Comparer(rows.packed, rows.published)
        self.scored = candidates.find_and_score(
            rows,
            self.comparer,
            self.model,
            context.settings,
            ignore_window=context.ignore_window,
            include_unlikely=context.include_unlikely,
        )
        rows.preload(np.unique(self.scored.right[self.scored.margins > 0]).tolist())
        of_new = np.flatnonzero(rows.is_new)
        self.row_of_turn = dict(zip(rows.arrived[of_new].tolist(), of_new.tolist(), strict=True))
        self.latest = dict(zip(rows.keys, range(len(rows.keys)), strict=True))
        self.latest.update((rows.keys[row], row) for row in self.row_of_turn.values())
        known = rules.configured_decisions(context.settings, self._addresses())
        self.rules = rules.from_decisions(chain(known, context.past.decisions))
        self.preferences = Preferences.from_settings(context.priorities, context.settings.languages)
        self.drafts = self._load_drafts()

    def _load_drafts(self) -> StoryDrafts:
        """Return the stories of the context, or those of them that this grouping may change."""
        past, load = self.context.past, self.context.load_stories
        stories = {story.id: story for story in past.stories}
        if load is not None:
            stories.update((story.id, story) for story in load(self._keys_to_load()))
        drafts = StoryDrafts(now=self.context.now)
        stored = StoredIds(self.context.existing_ids, (ids.story_id(one.key) for one in self.new))
        # Not a method: the drafts would refer to what holds them, and the whole window stay in memory.
        drafts.load(stories.values(), partial(_time_of, self.rows, self.latest), stored)
        return drafts

    def _keys_to_load(self) -> set[str]:
        """Return the entries whose stories may change: new ones, likely partners, corrected ones."""
        likely = np.unique(self.scored.right[self.scored.margins > assign.LOWEST_BAR])
        near = (self.rows.keys[row] for row in likely.tolist())
        return {*near, *chain.from_iterable(self.rules.pairs), *(one.key for one in self.new)}

    def _of_latest(self, column: NDArray[Any]) -> list[Any]:
        """Return the values of a column for the latest row of each entry."""
        found: list[Any] = column[list(self.latest.values())].tolist()
        return found

    def _addresses(self) -> Iterator[tuple[str, int]]:
        """Yield each key with the hash of its URL, computed only for configurations with corrections."""
        yield from zip(self.latest, self._of_latest(self.rows.heads["url"]), strict=True)

    def run(self) -> None:
        """Apply the corrections, then assign each new entry to a story."""
        self.apply_corrections()
        for turn in range(len(self.new)):
            self.place(turn)

    def apply_corrections(self) -> None:
        """Apply the user's corrections to the existing stories."""
        for pair, (kind, parted) in self.rules.pairs.items():
            one, other = (self.drafts.story(key) for key in sorted(pair))
            if one is None or other is None:
                continue
            if kind == "join" and one is not other:
                self._show(self.drafts.merge(one, other))
            elif kind != "join" and one is other:
                late = parted if kind == "split" else max(pair, key=self.drafts.position)
                self._split_off(late)

        for pair, (kind, _) in self.rules.undone.items():
            if pair not in self.rules.pairs and pair <= self._new_keys():
                self._undo(pair, kind)

    def _undo(self, pair: frozenset[str], kind: rules.Kind) -> None:
        """Decide about the stories of two entries as if the user had never corrected them.

        It is called once after a correction was undone, when both entries are grouped again. All
        members of a joined story are assigned again, because a join moves more than the two
        entries that it names. The founder stays, so the story keeps its id.
        """
        one, other = (self.drafts.story(key) for key in sorted(pair))
        if one is None or other is None:
            return
        if kind != "join" and one is not other:
            self._merge(one, other)
        elif kind == "join" and one is other:
            founder = one.founder if one.founder in one.members else next(iter(one.members))
            for key in [key for key in one.members if key != founder]:
                self.drafts.remove(key)
            self._show(one)

    def _new_keys(self) -> set[str]:
        return {stored.key for stored in self.new}

    def place(self, turn: int) -> None:
        """Assign one entry to a story."""
        stored = self.new[turn]
        draft = self.drafts.story(stored.key)
        if draft is not None:
            if stored.revised > draft.updated:
                self.drafts.mark_changed(draft, stored.revised)
            draft.touched = True
        elif stored.key in self.context.past.journal:
            self._restore(stored)
        else:
            self._decide(turn)
        placed = self.drafts.draft(self.drafts.story_of[stored.key])
        if stored.shown:
            _, first = self.context.past.journal.get(stored.key, ("", None))
            self.drafts.reveal(placed, first)
        self._show(placed)

    def finish(self) -> Grouping:
        """Return the result."""
        changed = list(self.drafts.changed())
        rows = [self.row_of_turn[turn] for turn in range(len(self.new))]
        return Grouping(
            stories=tuple(self.drafts.finish(draft) for draft in changed),
            tombstones=tuple(self.drafts.tombstones),
            features=tuple(zip((one.key for one in self.new), self.rows.packed(rows), strict=True)),
            new=sum(draft.new for draft in changed),
            changed=sum(not draft.new for draft in changed),
            pairs=len(self.scored.right),
        )

    def _split_off(self, key: str) -> None:
        """Move an entry to a new story of its own."""
        draft = self.drafts.draft(self.drafts.story_of[key])
        self.drafts.remove(key)
        self.drafts.start(key, Reason(kind="user"), revised=self.drafts.now)
        self._show(draft)

    def _restore(self, stored: StoredEntry) -> None:
        """Put an entry back into the story that the journal names."""
        id_, first = self.context.past.journal[stored.key]
        if id_ in self.drafts:
            self._join(self.drafts.draft(id_), stored, Reason(kind="journal"))
        else:
            self.drafts.start(
                stored.key,
                Reason(kind="journal"),
                revised=stored.revised,
                id_=id_,
                first=first,
                shown=stored.shown,
            )

    def _decide(self, turn: int) -> None:
        """Add a new entry to the story that it fits best, or to a new story."""
        stored = self.new[turn]
        partners = (self.drafts.story(key) for key in self.rules.partners(stored.key))
        wanted = next((draft for draft in partners if draft is not None), None)
        if wanted is not None:
            self._join(wanted, stored, Reason(kind="user"))
            return
        near = self._pairs_by_story(turn)
        missing = self._missing_margin(turn)
        levels = {id_: self._levels(id_, pairs, missing) for id_, pairs in near.items()}
        above = {id_: fit - bar for id_, (fit, bar) in levels.items()}
        # Whether a story accepts the entry is expensive to find out, so only these are asked.
        above = {
            id_: one for id_, one in above.items() if one > 0 and self._accepts(id_, stored.key)
        }
        chosen = assign.best_story(above)
        if not chosen:
            founder = Reason(kind="founder")
            self.drafts.start(stored.key, founder, revised=stored.revised, shown=stored.shown)
            return
        why = reason(stored, near[chosen], levels[chosen], self.scored, self.rows, model=self.model)
        draft = self.drafts.draft(chosen)
        self._join(draft, stored, why)
        best = {id_: max(self.scored.margins[pairs].tolist()) for id_, pairs in near.items()}
        for id_ in sorted(best, key=lambda one: (-best[one], one)):
            if id_ != chosen and best[id_] > 0 and self._accepts(id_, stored.key):
                draft = self._merge(draft, self.drafts.draft(id_), self._siblings(turn))

    def _siblings(self, turn: int) -> int:
        """Return how many bulletins of its formula a new entry has met."""
        begin, end = self.scored.of(self.row_of_turn[turn])
        return int(np.count_nonzero(self.scored.of_one_formula[begin:end]))

    def _pairs_by_story(self, turn: int) -> dict[str, list[int]]:
        """Return the pairs of an entry by story, for the stories whose bar it can pass."""
        found: dict[str, list[int]] = defaultdict(list)
        likely = set()
        keys, story_of = self.rows.keys, self.drafts.story_of
        begin, end = self.scored.of(self.row_of_turn[turn])
        others, margins = (
            part[begin:end].tolist() for part in (self.scored.right, self.scored.margins)
        )
        for pair, (other, margin) in enumerate(zip(others, margins, strict=True), begin):
            story = story_of.get(keys[other])
            if story is not None:
                found[story].append(pair)
                if margin > assign.LOWEST_BAR:
                    likely.add(story)
        siblings = self.scored.of_one_formula & ~self.scored.linked
        return {
            story: pairs
            for story, pairs in found.items()
            if story in likely and not _mostly(siblings[pairs])
        }

    def _accepts(self, story: str, key: str) -> bool:
        """Return whether a story may get an entry.

        It must have fewer than MAX_MEMBERS members, half of them within the window of the entry,
        and no correction may forbid it. So a story at a steady pace ends after two windows.
        """
        draft = self.drafts.draft(story)
        if len(draft.members) >= assign.MAX_MEMBERS or self.rules.forbids(key, draft.members):
            return False
        here, window = self.drafts.position(key)[0], self.settings.window.total_seconds()
        near = sum(abs(self.drafts.position(one)[0] - here) <= window for one in draft.members)
        return self.context.ignore_window or 2 * near >= len(draft.members)

    def _missing_margin(self, turn: int) -> float:
        """Return the margin that is assumed for members that a new entry was not compared with.

        An entry with few partners was compared with everything that shares enough words with it.
        """
        begin, end = self.scored.of(self.row_of_turn[turn])
        if end - begin < SEVERAL:
            return -assign.MISSING_MEMBER
        return assign.missing_margin(self.scored.margins[begin:end].tolist())

    def _levels(self, story: str, pairs: Sequence[int], missing: float) -> tuple[float, float]:
        """Return how well an entry fits a story and the bar for it: as a newcomer, or as a story of one."""
        draft, margins = self.drafts.draft(story), self.scored.margins[pairs].tolist()
        size = len(draft.members)
        fit, bar = assign.fit(margins, size, missing), assign.bar_of(draft.members.values())
        linked = assign.link(margins, size, size + 1)
        return (fit, bar) if fit - bar >= linked else (linked, 0.0)

    def _merge(self, one: StoryDraft, other: StoryDraft, siblings: int = 0) -> StoryDraft:
        """Merge two stories if a sample of their pairs shows one event; return the story of the first.

        `siblings` is how many bulletins of one formula the entry that links them has met.
        """
        members = len(one.members) + len(other.members)
        if members > assign.MAX_MEMBERS:
            return one
        if any(self.rules.forbids(key, other.members) for key in one.members):
            return one
        mine, theirs = self._sample(one), self._sample(other)
        # All pairs, also those within a story: some features count the other pairs of an entry.
        rows = np.array(sorted({*mine, *theirs}), np.int64)
        later, earlier = np.tril_indices(len(rows), -1)
        left, right = rows[later], rows[earlier]
        near = candidates.in_window(
            self.rows, left, right, self.settings, ignore_window=self.context.ignore_window
        )
        pairs = left[near], right[near]
        found = candidates.score(
            self.rows, self.comparer, self.model, self.settings, pairs, siblings=siblings
        )
        between = np.isin(found.left, mine) != np.isin(found.right, mine)
        margins = found.margins[between].tolist()
        if not margins or _mostly((found.of_one_formula & ~found.linked)[between]):
            return one
        if assign.link(margins, len(mine) * len(theirs), members) <= 0:
            return one
        merged = self.drafts.merge(one, other)
        self._show(merged)
        return merged

    def _sample(self, draft: StoryDraft) -> list[int]:
        """Return the rows of some members, evenly spaced in the order in which they joined."""
        rows = [self.latest[key] for key in draft.members if key in self.latest]
        return rows[:: -(-len(rows) // _MERGE_SAMPLE_SIZE)] if rows else []

    def _join(self, draft: StoryDraft, stored: StoredEntry, reason: Reason) -> None:
        publishers = {self._publisher(key) for key in draft.members}
        self.drafts.join(draft, stored.key, reason)
        if draft.new or self._publisher(stored.key) not in publishers:
            self.drafts.mark_changed(draft, stored.revised)

    def _publisher(self, key: str) -> int:
        row = self.latest.get(key)
        return 0 if row is None else int(self.rows.heads["publisher"][row])

    def _show(self, draft: StoryDraft) -> None:
        """Choose the representative of a story again."""
        copies = representative.copies(draft.members, self.drafts.position)
        claims = [
            self.preferences.claim(
                key, self.rows.heads[row], self.drafts.position(key), copy=key in copies
            )
            for key in draft.members
            if (row := self.latest.get(key)) is not None
        ]
        current = draft.representative
        chosen = representative.choose(claims, current)
        if chosen != current:
            draft.representative = chosen
            self.drafts.mark_changed(draft, self.drafts.now)


def _mostly(bits: NDArray[np.bool_]) -> bool:
    """Return whether at least half are true."""
    return bool(2 * np.count_nonzero(bits) >= len(bits))


def _time_of(rows: Rows, latest: Mapping[str, int], key: str) -> float | None:
    """Return when an entry was published, None if it is not one of this grouping."""
    row = latest.get(key)
    return None if row is None else float(rows.published[row])
