"""The newest stories in memory, as the lists need them; only stories that changed are read again."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count

from aggregator.core.model import Source
from aggregator.web._site import WebStore, is_fresh
from aggregator.web.pages.cards import Card, make_card, slug_of

MAX_STORIES = 5000
_MAX_AGE = timedelta(seconds=10)  # of what is shown, while news keep arriving
_STORIES_PER_READ = 200  # in one transaction


@dataclass(frozen=True)  # no slots: cached_property
class Snapshot:
    """The newest stories, and what can be chosen among them."""

    number: int  # another one after each change
    cards: tuple[Card, ...]  # by time, the newest first

    @cached_property
    def categories(self) -> tuple[tuple[str, int], ...]:
        """The categories with their numbers of stories, most frequent first."""
        return _counted(Counter(one for card in self.cards for one in card.categories))

    @cached_property
    def languages(self) -> tuple[tuple[str, int], ...]:
        """The languages with their numbers of stories, most frequent first."""
        return _counted(Counter(one for card in self.cards for one in card.languages))

    @cached_property
    def publishers(self) -> tuple[tuple[str, int], ...]:
        """The ids of publishers with their numbers of stories, most frequent first."""
        return _counted(Counter(chip.id for card in self.cards for chip in card.chips))

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of publishers by id."""
        return {chip.id: chip.name for card in self.cards for chip in card.chips}

    @cached_property
    def sources_of(self) -> Mapping[str, frozenset[str]]:
        """The identities of the sources in whose stories a publisher stands alone, by its id."""
        found: dict[str, set[str]] = {}
        for card in self.cards:
            if len(card.sources) == 1 and card.chips:
                found.setdefault(card.chips[0].id, set()).update(card.sources)
        return {name: frozenset(held) for name, held in found.items()}


class StoryIndex:
    """Keeps a snapshot up to date; called from several threads, of which one reads the store.

    The others get the previous snapshot meanwhile.
    """

    def __init__(self, store: WebStore, sources: Sequence[Source]) -> None:
        self._store = store
        self._sources = {one.identity: one for one in sources}
        self._lock = threading.Lock()
        self._checked: datetime | None = None
        self._generation = ""
        self._numbers = count(1)
        self._known: dict[str, tuple[int, Card]] = {}  # by story id: its mark and its card
        self._snapshot: Snapshot | None = None

    def fresh(self, now: datetime) -> Snapshot | None:
        """Return the snapshot if it need not be read again; costs nothing."""
        return self._snapshot if is_fresh(self._checked, now, _MAX_AGE) else None

    def current(self, now: datetime) -> Snapshot:
        """Return the snapshot, read again if it is old and the store has changed."""
        if found := self.fresh(now):
            return found
        previous = self._snapshot
        if not self._lock.acquire(blocking=previous is None) and previous is not None:
            return previous  # somebody else reads it
        try:
            return self.fresh(now) or self._refresh(now)
        finally:
            self._lock.release()

    def _refresh(self, now: datetime) -> Snapshot:
        generation = self._store.generation()
        if self._snapshot is None or not generation or generation != self._generation:
            self._snapshot = Snapshot(next(self._numbers), self._read())
            self._generation = generation
        self._checked = now
        return self._snapshot

    def _read(self) -> tuple[Card, ...]:
        marks = dict(self._store.story_marks(MAX_STORIES))
        known = {id_: one for id_, one in self._known.items() if marks.get(id_) == one[0]}
        missing = [id_ for id_ in marks if id_ not in known]
        for start in range(0, len(missing), _STORIES_PER_READ):
            for shown in self._store.stories(missing[start : start + _STORIES_PER_READ]):
                id_ = shown.story.id
                if id_ in marks:  # it was not merged into another one meanwhile
                    known[id_] = (marks[id_], make_card(shown, self._sources))
        self._known = known
        order = {slug_of(id_): number for number, id_ in enumerate(marks)}
        cards = (card for _, card in known.values())
        return tuple(sorted(cards, key=lambda one: (-one.when.timestamp(), order[one.slug])))


def _counted(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda one: (-one[1], one[0])))
