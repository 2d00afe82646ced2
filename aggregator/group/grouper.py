"""Groups stored entries batch by batch: features in the pool, assignment in the store's thread."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aggregator.core.errors import SourceError
from aggregator.core.model import Grouping, Source, StoredEntry
from aggregator.core.ports import Clock, GroupStore
from aggregator.core.settings import StorySettings
from aggregator.group.features import vocabulary
from aggregator.group.features.extraction import extract_features
from aggregator.group.features.feature_rows import FeatureSources
from aggregator.group.features.features import Features
from aggregator.group.features.unweighted import from_bytes
from aggregator.group.features.window import span
from aggregator.group.kept_window import KeptWindow
from aggregator.group.regroup.feature_refresh import renew
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from aggregator.pool import Pool

_ENTRIES_PER_BATCH = 2_000  # one transaction
_ENTRIES_PER_CALL = 50  # of a worker process that extracts features
_BATCH_MAX_SPAN = timedelta(days=7)  # of published dates, to bound the window of a batch

Extracted = Mapping[str, tuple[StoredEntry, Features]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouper:
    """Assigns stored entries to stories."""

    store: GroupStore
    pool: Pool
    settings: StorySettings
    sources: Sequence[Source]
    clock: Clock
    window: KeptWindow = field(default_factory=KeptWindow)

    def next(self) -> tuple[StoredEntry, ...]:
        """Return the next batch: the oldest entries to group, within seven days."""
        batch = self.store.ungrouped(_ENTRIES_PER_BATCH, self.clock())
        return tuple(one for one in batch if one.published <= batch[0].published + _BATCH_MAX_SPAN)

    async def extract(self, batch: Sequence[StoredEntry]) -> Extracted:
        """Return entries with their features.

        Those that did not come with the entry are extracted, in worker processes if that pays.
        """
        extracted = await asyncio.to_thread(self._decode, batch)
        missing = [one for one in batch if one.key not in extracted]
        steps = range(0, len(missing), _ENTRIES_PER_CALL)
        parts = [missing[begin : begin + _ENTRIES_PER_CALL] for begin in steps]
        results = await self.pool.run(
            extract_features, [(part, self.settings.names) for part in parts]
        )
        for part, result in zip(parts, results, strict=True):
            if not isinstance(result, SourceError):
                features, words = result
                vocabulary.update(words)
                found = zip(part, features, strict=True)
                extracted.update((one.key, (one, its)) for one, its in found)
        return extracted

    def _decode(self, batch: Sequence[StoredEntry]) -> dict[str, tuple[StoredEntry, Features]]:
        """Return the entries that came with their features."""
        found = ((one, from_bytes(one, self.settings.names)) for one in batch)
        return {one.key: (one, had) for one, had in found if had}

    def group(self, extracted: Extracted) -> Grouping:
        """Group the entries that come next and store the result.

        Those without features, which arrived or changed meanwhile, wait for the next batch. If none
        has any, they are extracted here.
        """
        new = tuple(_in_memory(one, extracted) for one in self.next())
        if not new:
            return Grouping(stories=())
        known = {one.key: its for one in new if (its := self._known(one, extracted))}
        if known:  # the others arrived meanwhile: they are in the next batch, extracted by workers
            new = tuple(one for one in new if one.key in known)
        window = self.window.read(self.store, new, self.settings)
        if window.stale:
            self._refresh_features(new)
            window = self.window.read(self.store, new, self.settings)
            window.stale = False  # entries without texts stay out of the window
        features = FeatureSources(
            extracted=known,
            window=window,
            load=self.store.features,
        )
        context = GroupingContext(
            settings=self.settings,
            now=self._trusted_now(new),
            past=self.store.group_context(*span(new, self.settings), named_only=True),
            priorities={one.identity: one.priority for one in self.sources},
            features=features,
            load_stories=self.store.stories_of,
            existing_ids=self.store.existing_stories,
        )
        grouping = group(new, context)
        self.store.save_grouping(grouping)
        if len(new) < _ENTRIES_PER_BATCH:  # else the next batch follows at once
            self.window.save()
        return grouping

    def _known(self, one: StoredEntry, extracted: Extracted) -> Features | None:
        """Return the features that were extracted already; None if the entry has changed since.

        An entry that was stored after the batch was taken may have come with some.
        """
        had = extracted.get(one.key)
        return had[1] if had and had[0] is one else from_bytes(one, self.settings.names)

    def _trusted_now(self, new: Sequence[StoredEntry]) -> datetime:
        """Return the time to date stories with: not before their entries, if the clock is behind.

        The store has checked the times of entries against what many sources claim.
        """
        return max(self.clock(), *(max(one.first_seen, one.revised) for one in new))

    def _refresh_features(self, new: Sequence[StoredEntry]) -> None:
        """Extract and store the features again that have an older format, near the new entries."""
        past = self.store.group_context(*span(new, self.settings))
        _, renewed = renew(past, self.store.entries, self.settings)
        self.store.save_features(renewed)


def _in_memory(stored: StoredEntry, extracted: Extracted) -> StoredEntry:
    """Return the copy of an entry that is in memory, if it has not changed."""
    had = extracted.get(stored.key)
    return had[0] if had and had[0] == stored else stored
