"""One grouping: each new entry in its turn joins the story that it fits, or founds one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain

import numpy as np

from aggregator.model import GroupContext, Grouping, Reason, StoredEntry
from aggregator.settings import StorySettings
from aggregator.stories import assign, candidates, representative, rules, scoring
from aggregator.stories.board import Board, Draft
from aggregator.stories.features import wide_hash
from aggregator.stories.rows import gather
from aggregator.stories.similarity import Comparer


def group(
    new: Sequence[StoredEntry],
    context: GroupContext,
    settings: StorySettings,
    *,
    now: datetime,
    preferences: Mapping[str, tuple[int, str]] | None = None,
) -> Grouping:
    """Group entries that are new or materially changed, in (published, key) order; pure.

    The result is the same however one stream is cut into calls. `preferences` are the
    (priority, language) of sources by identity.
    """
    if not new:
        return Grouping(stories=())
    work = _Work(new, context, settings, now=now, preferences=preferences or {})
    work.obey()
    for turn in range(len(new)):
        work.take(turn)
    return work.finish()


class _Work:
    """What one grouping holds while it runs."""

    def __init__(
        self,
        new: Sequence[StoredEntry],
        context: GroupContext,
        settings: StorySettings,
        *,
        now: datetime,
        preferences: Mapping[str, tuple[int, str]],
    ) -> None:
        self.new, self.context, self.settings = new, context, settings
        self.rows = rows = gather(new, context, settings)
        self.model = scoring.built_in()
        self.comparer = Comparer(rows.packed, rows.published)
        self.scored = candidates.score(rows, self.comparer, self.model, settings.window)
        self.row_of = {int(turn): row for row, turn in enumerate(rows.arrived) if turn >= 0}
        self.latest = {key: row for row, key in enumerate(rows.keys)} | {
            rows.keys[row]: row for row in self.row_of.values()
        }
        self.board = Board(now=now)
        times = rows.published.tolist()
        self.board.load(
            context.stories, {key: (times[row], key) for key, row in self.latest.items()}
        )
        urls = rows.heads["url"].tolist()
        known = [(key, urls[row]) for key, row in self.latest.items()]
        self.rules = rules.make(chain(rules.configured(settings, known), context.decisions))
        self.priorities = {wide_hash(name): one[0] for name, one in preferences.items()}

    def obey(self) -> None:
        """Carry out the user's corrections on the stories that are there."""
        for pair, (kind, parted) in self.rules.pairs.items():
            one, other = (self.board.story(key) for key in sorted(pair))
            if one is None or other is None:
                continue
            if kind == "join" and one is not other:
                self.board.merge(one, other)
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
        self._show(self.board.drafts[self.board.story_of[stored.key]])

    def finish(self) -> Grouping:
        """Return what was done."""
        drafts = list(self.board.changed())
        return Grouping(
            stories=tuple(self.board.finish(draft) for draft in drafts),
            tombstones=tuple(self.board.tombstones),
            features=tuple(
                (one.key, self.rows.packed[self.row_of[turn]]) for turn, one in enumerate(self.new)
            ),
            new=sum(draft.new for draft in drafts),
            changed=sum(not draft.new for draft in drafts),
        )

    def _part(self, key: str) -> None:
        """Take an entry out of its story and give it one of its own."""
        draft = self.board.drafts[self.board.story_of[key]]
        self.board.leave(key)
        self.board.found(key, Reason(kind="user"), revised=self.board.now)
        self._show(draft)

    def _restore(self, stored: StoredEntry) -> None:
        """Put an entry back where the journal says it was."""
        id_, first = self.context.journal[stored.key]
        draft = self.board.drafts.get(id_)
        if draft is None:
            self.board.found(
                stored.key, Reason(kind="journal"), revised=stored.revised, id_=id_, first=first
            )
        else:
            self._join(draft, stored, Reason(kind="journal"))

    def _decide(self, turn: int) -> None:
        stored = self.new[turn]
        partners = (self.board.story(key) for key in self.rules.partners(stored.key))
        wanted = next((draft for draft in partners if draft is not None), None)
        if wanted is not None:
            self._join(wanted, stored, Reason(kind="user"))
            return
        fits = self._fits(turn)
        chosen = assign.best(fits, self.model.kinds["zh"].threshold)
        if chosen:
            self._join(self.board.drafts[chosen], stored, self._reason(turn, fits[chosen], chosen))
        else:
            self.board.found(stored.key, Reason(kind="founder"), revised=stored.revised)

    def _fits(self, turn: int) -> dict[str, float]:
        """Return how well an entry fits each story that it may join."""
        row, key = self.row_of[turn], self.new[turn].key
        by_story: dict[str, list[float]] = defaultdict(list)
        for pair in self.scored.of(row):
            other = self.rows.keys[self.scored.right[pair]]
            by_story[self.board.story_of[other]].append(float(self.scored.logits[pair]))
        drafts = {id_: self.board.drafts[id_] for id_ in by_story}
        return {
            id_: assign.fit(logits, len(drafts[id_].members))
            for id_, logits in by_story.items()
            if len(drafts[id_].members) < assign.SIZE
            and not self.rules.forbids(key, drafts[id_].members)
        }

    def _reason(self, turn: int, fit: float, story: str) -> Reason:
        """Say why an entry joined: the closest member and what weighed most."""
        row = self.row_of[turn]
        inside = [
            pair
            for pair in self.scored.of(row)
            if self.board.story_of[self.rows.keys[self.scored.right[pair]]] == story
        ]
        pair = max(inside, key=lambda one: float(self.scored.logits[one]))
        return Reason(
            kind="same event",
            score=round(float(1 / (1 + np.exp(-fit))), 4),
            nearest=self.rows.keys[self.scored.right[pair]],
            weights=self.model.contributions(self.scored.columns[pair])[:6],
        )

    def _join(self, draft: Draft, stored: StoredEntry, reason: Reason) -> None:
        publishers = {self._publisher(key) for key in draft.members}
        self.board.join(draft, stored.key, reason)
        if self._publisher(stored.key) not in publishers or stored.revised > draft.updated:
            self.board.touch(draft, stored.revised)

    def _publisher(self, key: str) -> int:
        row = self.latest.get(key)
        return 0 if row is None else int(self.rows.heads["publisher"][row])

    def _show(self, draft: Draft) -> None:
        """Choose again which entry stands for the story."""
        heads = self.rows.heads
        known = {
            key: (int(heads["source"][row]), int(heads["length"][row]))
            for key in draft.members
            if (row := self.latest.get(key)) is not None
        }
        claims = representative.claims(
            draft.members, known, {key: self.board.place(key) for key in known}, self.priorities
        )
        current = draft.representative
        chosen = representative.choose(claims, current)
        if chosen != current:
            draft.representative = chosen
            self.board.touch(draft, self.board.now)
