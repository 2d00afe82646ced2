"""One grouping: each new entry in its turn joins the story that it fits, or founds one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain

from aggregator.model import GroupContext, Grouping, Reason, StoredEntry
from aggregator.settings import StorySettings
from aggregator.stories import (
    assign,
    candidates,
    packing,
    prior,
    representative,
    rules,
    scoring,
)
from aggregator.stories.board import Board, Draft
from aggregator.stories.features import vocabulary, wide_hash
from aggregator.stories.prior import Prior
from aggregator.stories.rows import gather
from aggregator.stories.scoring import Model, kinds_of
from aggregator.stories.similarity import COPIED, NAMES, Comparer


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
    work = Work(new, context, settings, now=now, preferences=preferences)
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


class Work:
    """What one grouping holds while it runs."""

    def __init__(
        self,
        new: Sequence[StoredEntry],
        context: GroupContext,
        settings: StorySettings,
        *,
        now: datetime,
        preferences: Mapping[str, tuple[int, str]] | None = None,
        learned: Learned | None = None,
        timeless: bool = False,
    ) -> None:
        learned = learned or shipped()
        self.new, self.context, self.settings = new, context, settings
        self.rows = rows = gather(new, context, settings, learned.prior)
        self.model = learned.model
        self.comparer = Comparer(rows.packed, rows.published)
        self.scored = candidates.score(rows, self.comparer, self.model, settings, timeless=timeless)
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
        self.priorities = {wide_hash(name): one[0] for name, one in (preferences or {}).items()}

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
        chosen = assign.best({id_: fit - self._bar(id_) for id_, fit in fits.items()})
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
            if other in self.board.story_of:
                by_story[self.board.story_of[other]].append(float(self.scored.margins[pair]))
        drafts = {id_: self.board.drafts[id_] for id_ in by_story}
        return {
            id_: assign.fit(logits, len(drafts[id_].members))
            for id_, logits in by_story.items()
            if len(drafts[id_].members) < assign.SIZE
            and not self.rules.forbids(key, drafts[id_].members)
        }

    def _bar(self, story: str) -> float:
        """Return what a story wants of a newcomer, from how well its members fit."""
        reasons = self.board.drafts[story].members.values()
        fits = [assign.log_odds(one.score) for one in reasons if one.weights]
        return assign.bar(fits, len(reasons))

    def _reason(self, turn: int, fit: float, story: str) -> Reason:
        """Say why an entry joined: the closest member and what weighed most."""
        scored = self.scored
        inside = [
            pair
            for pair in scored.of(self.row_of[turn])
            if self.board.story_of.get(self.rows.keys[scored.right[pair]]) == story
        ]
        copied = max(inside, key=lambda one: float(scored.copied[one]))
        copy = bool(scored.copied[copied] >= COPIED)
        pair = copied if copy else max(inside, key=lambda one: float(scored.logits[one]))
        return Reason(
            kind="same text" if copy else "same event",
            score=assign.chance(fit),
            nearest=self.rows.keys[scored.right[pair]],
            weights=self._contributions(pair),
            shared=self._shared_words(turn, pair),
        )

    def _shared_words(self, turn: int, pair: int, most: int = 8) -> tuple[str, ...]:
        """Return the heaviest words that both entries of a pair hold."""
        rows = [int(self.scored.left[pair]), int(self.scored.right[pair])]
        mine, other = packing.heaviest_words([self.rows.packed[row] for row in rows])
        words = vocabulary(self.new[turn])
        held = set(other)
        return tuple(words[one] for one in mine if one in held and one in words)[:most]

    def _contributions(self, pair: int, most: int = 6) -> tuple[tuple[str, float], ...]:
        kind = kinds_of(self.rows.heads, self.scored.left[[pair]], self.scored.right[[pair]])
        parts = self.model.kind(int(kind[0])).contributions(self.scored.columns[pair]).tolist()
        named = ((name, round(part, 2)) for name, part in zip(NAMES, parts, strict=True))
        return tuple(sorted(named, key=lambda one: -abs(one[1]))[:most])

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
