"""Grouping what is stored: batch by batch, features in the pool, decisions in the store's thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.errors import SourceError
from aggregator.core.model import GroupContext, Grouping, Source, StoredEntry
from aggregator.core.ports import Clock, GroupStore
from aggregator.core.settings import StorySettings
from aggregator.group.features.features import Features
from aggregator.group.features.intake import Intake, take_features
from aggregator.group.features.terms import remember
from aggregator.group.regroup.feature_refresh import renew
from aggregator.group.stories.grouping import group, take_in
from aggregator.pool import Pool

_BATCH = 2_000  # entries a grouping transaction
_PART = 50  # entries whose features one call takes
_REACH = timedelta(days=7)  # published span of one batch, so that its context stays small

Taken = Mapping[str, tuple[StoredEntry, Features]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouper:
    """Gives stored entries their stories."""

    store: GroupStore
    pool: Pool
    settings: StorySettings
    sources: Sequence[Source]
    clock: Clock

    def next(self) -> tuple[StoredEntry, ...]:
        """Return the oldest entries that are not yet grouped, those that are near in time."""
        batch = self.store.ungrouped(_BATCH)
        return tuple(one for one in batch if one.published <= batch[0].published + _REACH)

    async def extract(self, batch: Sequence[StoredEntry]) -> Taken:
        """Take the features of entries, in worker processes if that pays."""
        parts = [batch[at : at + _PART] for at in range(0, len(batch), _PART)]
        results = await self.pool.run(take_features, [(part,) for part in parts])
        taken: dict[str, tuple[StoredEntry, Features]] = {}
        for part, found in zip(parts, results, strict=True):
            if not isinstance(found, SourceError):
                features, words = found
                remember(words)
                taken.update((one.key, (one, its)) for one, its in zip(part, features, strict=True))
        return taken

    def group(self, taken: Taken) -> Grouping:
        """Group the entries that come next; features of those that changed meanwhile are taken anew."""
        new = tuple(_at_hand(one, taken) for one in self.next())
        if not new:
            return Grouping(stories=())
        context, intake = self._look_back(new)
        if intake.stale:
            self._renew(new)
            context, intake = self._look_back(new)
        known = ((one, taken.get(one.key)) for one in new)
        grouping = group(
            new,
            context,
            self.settings,
            now=self.clock(),
            priorities={one.identity: one.priority for one in self.sources},
            extracted={one.key: had[1] for one, had in known if had and had[0] is one},
            intake=intake,
            read=self.store.features,
            tell=self.store.stories_of,
        )
        self.store.save_grouping(grouping)
        return grouping

    def _look_back(self, new: Sequence[StoredEntry]) -> tuple[GroupContext, Intake]:
        """Return the context of new entries; of features only what finds pairs stays in memory."""
        intake = take_in(new, self.settings)
        return self.store.group_context(*self._span(new), intake.take), intake

    def _renew(self, new: Sequence[StoredEntry]) -> None:
        """Store the features around new entries anew that have an older form."""
        context = self.store.group_context(*self._span(new))
        _, renewed = renew(context, self.store.entries, self.settings)
        self.store.save_features(renewed)

    def _span(self, new: Sequence[StoredEntry]) -> tuple[datetime, datetime]:
        window = self.settings.window
        return new[0].published - window, new[-1].published + window


def _at_hand(stored: StoredEntry, taken: Taken) -> StoredEntry:
    """Return an entry as it is in memory already, if it has not changed: its text is there once."""
    had = taken.get(stored.key)
    return had[0] if had and had[0] == stored else stored
