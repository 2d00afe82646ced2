"""One grouping: each new entry in its turn joins the story that it fits, or founds one."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.core.model import GroupContext, Grouping, Reason, StoredEntry, Story
from aggregator.core.settings import StorySettings
from aggregator.group.features import prior
from aggregator.group.features.features import Features
from aggregator.group.features.intake import Intake
from aggregator.group.features.prior import Prior
from aggregator.group.features.rows import Read, gather, read_nothing
from aggregator.group.model import scoring
from aggregator.group.model.scoring import Model
from aggregator.group.pairs import candidates
from aggregator.group.pairs.similarity import Comparer
from aggregator.group.stories import assign, representative, rules
from aggregator.group.stories.drafts import Board, Draft
from aggregator.group.stories.reasons import reason
from aggregator.group.stories.representative import Taste

_NOTHING: Mapping[str, Features] = {}
_EQUAL: Mapping[str, int] = {}
Tell = Callable[[Iterable[str]], Iterable[Story]]


def group(
    new: Sequence[StoredEntry],
    context: GroupContext,
    settings: StorySettings,
    *,
    now: datetime,
    priorities: Mapping[str, int] = _EQUAL,
    extracted: Mapping[str, Features] = _NOTHING,
    intake: Intake | None = None,
    read: Read = read_nothing,
    tell: Tell | None = None,
) -> Grouping:
    """Group entries that are new or materially changed, in (published, key) order; pure.

    The result is the same however one stream is cut into calls. `priorities` are
    those of sources by identity; `extracted` are features by key that were taken before.
    If an `intake` kept a part of the features of the context, `read` gives those of keys; if
    the context lacks stories, `tell` gives those that hold keys and is asked once.
    """
    if not new:
        return Grouping(stories=())
    work = Work(
        new,
        context,
        settings,
        now=now,
        priorities=priorities,
        extracted=extracted,
        intake=intake,
        read=read,
        tell=tell,
    )
    work.run()
    return work.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned from labelled entries and from news at large."""

    model: Model
    prior: Prior


@cache
def shipped() -> Learned:
    """Return what the package brings."""
    return Learned(model=scoring.built_in(), prior=prior.built_in())


def take_in(new: Sequence[StoredEntry], settings: StorySettings) -> Intake:
    """Return what takes in the features of the context in which entries will be grouped."""
    return Intake(new, settings, shipped().prior)


class Work:
    """What one grouping holds while it runs."""

    def __init__(
        self,
        new: Sequence[StoredEntry],
        context: GroupContext,
        settings: StorySettings,
        *,
        now: datetime,
        priorities: Mapping[str, int] = _EQUAL,
        learned: Learned | None = None,
        timeless: bool = False,
        packed: Mapping[str, bytes] | None = None,
        hopeless: bool = False,
        extracted: Mapping[str, Features] = _NOTHING,
        intake: Intake | None = None,
        read: Read = read_nothing,
        tell: Tell | None = None,
    ) -> None:
        """`hopeless`: pairs that cannot win are scored as well, to learn from."""
        learned = learned or shipped()
        self.new, self.context, self.settings = new, context, settings
        self.rows = rows = gather(
            new,
            context,
            settings,
            learned.prior,
            packed,
            timeless=timeless,
            extracted=extracted,
            intake=intake,
            read=read,
        )
        self.model = learned.model
        self.timeless = timeless
        self.comparer = Comparer(rows.packed, rows.published)
        self.scored = candidates.score(
            rows, self.comparer, self.model, settings, timeless=timeless, hopeless=hopeless
        )
        rows.fetch(np.unique(self.scored.right[self.scored.margins > 0]).tolist())
        fresh = np.flatnonzero(rows.fresh)
        self.row_of = dict(zip(rows.arrived[fresh].tolist(), fresh.tolist(), strict=True))
        self.latest = dict(zip(rows.keys, range(len(rows.keys)), strict=True))
        self.latest.update((rows.keys[row], row) for row in self.row_of.values())
        known = rules.configured(settings, self._addresses())
        self.rules = rules.make(chain(known, context.decisions))
        self.taste = Taste.of(priorities, settings.languages)
        self.board = self._board(now, tell)

    def _board(self, now: datetime, tell: Tell | None) -> Board:
        """Return the stories of the context, or of these what the grouping may touch."""
        stories = {story.id: story for story in self.context.stories}
        in_sight = {one.story_id for one in self.context.entries}
        if tell is not None:
            found = tell(self._reached())
            stories.update((story.id, story) for story in found if story.id in in_sight)
        board = Board(now=now)
        times = dict(zip(self.latest, self._of_latest(self.rows.published), strict=True))
        board.load(stories.values(), times, in_sight if tell else ())
        return board

    def _reached(self) -> set[str]:
        """Return the new entries, those that might take one in, and those that the user named."""
        hopeful = np.unique(self.scored.right[self.scored.margins > assign.LEAST_BAR])
        near = (self.rows.keys[row] for row in hopeful.tolist())
        return {*near, *chain.from_iterable(self.rules.pairs), *(one.key for one in self.new)}

    def _of_latest(self, column: NDArray[Any]) -> list[Any]:
        """Return what a column of the rows says of each entry as it is now."""
        found: list[Any] = column[list(self.latest.values())].tolist()
        return found

    def _addresses(self) -> Iterator[tuple[str, int]]:
        """Yield the hash of the address of each entry; few ask, so it is not made before."""
        yield from zip(self.latest, self._of_latest(self.rows.heads["url"]), strict=True)

    def run(self) -> None:
        """Carry out the corrections, then give each entry its story."""
        self.obey()
        for turn in range(len(self.new)):
            self.take(turn)

    def obey(self) -> None:
        """Carry out the user's corrections on the stories that are there."""
        for pair, (kind, parted) in self.rules.pairs.items():
            one, other = (self.board.story(key) for key in sorted(pair))
            if one is None or other is None:
                continue
            if kind == "join" and one is not other:
                self._show(self.board.merge(one, other))
            elif kind != "join" and one is other:
                late = parted if kind == "split" else max(pair, key=self.board.place)
                self._part(late)

    def take(self, turn: int) -> None:
        """Give one entry its story."""
        stored = self.new[turn]
        draft = self.board.story(stored.key)
        if draft is not None:
            if stored.revised > draft.updated:
                self.board.touch(draft, stored.revised)
            draft.touched = True
        elif stored.key in self.context.journal:
            self._restore(stored)
        else:
            self._decide(turn)
        self._show(self.board.draft(self.board.story_of[stored.key]))

    def finish(self) -> Grouping:
        """Return what was done."""
        drafts = list(self.board.changed())
        fresh = [self.row_of[turn] for turn in range(len(self.new))]
        return Grouping(
            stories=tuple(self.board.finish(draft) for draft in drafts),
            tombstones=tuple(self.board.tombstones),
            features=tuple(
                zip((one.key for one in self.new), self.rows.packed(fresh), strict=True)
            ),
            new=sum(draft.new for draft in drafts),
            changed=sum(not draft.new for draft in drafts),
        )

    def _part(self, key: str) -> None:
        """Take an entry out of its story and give it one of its own."""
        draft = self.board.draft(self.board.story_of[key])
        self.board.leave(key)
        self.board.found(key, Reason(kind="user"), revised=self.board.now)
        self._show(draft)

    def _restore(self, stored: StoredEntry) -> None:
        """Put an entry back where the journal says it was."""
        id_, first = self.context.journal[stored.key]
        if id_ in self.board:
            self._join(self.board.draft(id_), stored, Reason(kind="journal"))
        else:
            self.board.found(
                stored.key, Reason(kind="journal"), revised=stored.revised, id_=id_, first=first
            )

    def _decide(self, turn: int) -> None:
        """Let a new entry join the story that it fits, or found one."""
        stored = self.new[turn]
        partners = (self.board.story(key) for key in self.rules.partners(stored.key))
        wanted = next((draft for draft in partners if draft is not None), None)
        if wanted is not None:
            self._join(wanted, stored, Reason(kind="user"))
            return
        near = self._near(turn)
        fits = {id_: self._fit(id_, pairs) for id_, pairs in near.items()}
        above = {id_: fit - self._bar(self.board.draft(id_)) for id_, fit in fits.items()}
        # Few stories are above their bar; that these may take it is the costlier question.
        above = {id_: one for id_, one in above.items() if one > 0 and self._open(id_, stored.key)}
        chosen = assign.best(above)
        if not chosen:
            self.board.found(stored.key, Reason(kind="founder"), revised=stored.revised)
            return
        why = reason(stored, near[chosen], fits[chosen], self.scored, self.rows, model=self.model)
        self._join(self.board.draft(chosen), stored, why)
        second = assign.best({id_: one for id_, one in above.items() if id_ != chosen})
        if second:
            self._merge(self.board.draft(chosen), self.board.draft(second))

    def _near(self, turn: int) -> dict[str, list[int]]:
        """Return the pairs of an entry with the members of each story whose bar it might pass."""
        found: dict[str, list[int]] = defaultdict(list)
        hopeful = set()
        keys, story_of = self.rows.keys, self.board.story_of
        begin, end = self.scored.of(self.row_of[turn])
        others, margins = (
            part[begin:end].tolist() for part in (self.scored.right, self.scored.margins)
        )
        for pair, (other, margin) in enumerate(zip(others, margins, strict=True), begin):
            story = story_of.get(keys[other])
            if story is not None:
                found[story].append(pair)
                if margin > assign.LEAST_BAR:
                    hopeful.add(story)
        return {story: pairs for story, pairs in found.items() if story in hopeful}

    def _open(self, story: str, key: str) -> bool:
        """Say whether a story has room, half of it lies in the window of an entry, and no rule forbids.

        So a story that goes on at an even pace is closed after two windows.
        """
        draft = self.board.draft(story)
        if len(draft.members) >= assign.SIZE or self.rules.forbids(key, draft.members):
            return False
        here, window = self.board.place(key)[0], self.settings.window.total_seconds()
        near = sum(abs(self.board.place(one)[0] - here) <= window for one in draft.members)
        return self.timeless or 2 * near >= len(draft.members)

    def _fit(self, story: str, pairs: Sequence[int]) -> float:
        margins = self.scored.margins[pairs].tolist()
        return assign.fit(margins, len(self.board.draft(story).members))

    def _bar(self, draft: Draft) -> float:
        """Return what a story wants of a newcomer, from how well its members fit."""
        fits = [assign.log_odds(one.score) for one in draft.members.values() if one.weights]
        return assign.bar(fits, len(draft.members))

    def _merge(self, one: Draft, other: Draft) -> None:
        """Make one story of two if what they hold is one event, pair by pair."""
        if any(self.rules.forbids(key, other.members) for key in one.members):
            return
        if len(one.members) + len(other.members) > assign.SIZE:
            return
        rows = [
            [self.latest[key] for key in draft.members if key in self.latest]
            for draft in (one, other)
        ]
        cross = sorted((a, b) for a in rows[0] for b in rows[1])
        left, right = np.array(cross, np.int64).T
        near = candidates.may_meet(self.rows, left, right, self.settings, timeless=self.timeless)
        pairs = left[near], right[near]
        found = candidates.weigh(self.rows, self.comparer, self.model, self.settings, pairs)
        apart = len(one.members) * len(other.members) - len(found.left)
        margins = [*found.margins.tolist(), *([-assign.CLIP] * apart)]
        if assign.are_one(margins, (self._bar(one), self._bar(other))):
            self._show(self.board.merge(one, other))

    def _join(self, draft: Draft, stored: StoredEntry, reason: Reason) -> None:
        publishers = {self._publisher(key) for key in draft.members}
        self.board.join(draft, stored.key, reason)
        if draft.new or self._publisher(stored.key) not in publishers:
            self.board.touch(draft, stored.revised)

    def _publisher(self, key: str) -> int:
        row = self.latest.get(key)
        return 0 if row is None else int(self.rows.heads["publisher"][row])

    def _show(self, draft: Draft) -> None:
        """Choose again which entry stands for the story."""
        copies = representative.copies(draft.members, self.board.place)
        claims = [
            self.taste.claim(key, self.rows.heads[row], self.board.place(key), copy=key in copies)
            for key in draft.members
            if (row := self.latest.get(key)) is not None
        ]
        current = draft.representative
        chosen = representative.choose(claims, current)
        if chosen != current:
            draft.representative = chosen
            self.board.touch(draft, self.board.now)
