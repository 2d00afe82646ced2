"""The store: each method is one transaction over the functions of this folder."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from aggregator.core.activity import SourceActivity
from aggregator.core.gathered import Gathered
from aggregator.core.leases import Lease
from aggregator.core.model import (
    Change,
    Decision,
    Entry,
    GroupContext,
    Grouped,
    Grouping,
    ShownStory,
    Source,
    SourceState,
    StoredEntry,
    Story,
    Tombstone,
)
from aggregator.core.ports import Boilerplate, FeatureChanges, Page, Place
from aggregator.core.traces import KnownDocument, ReadDocument
from aggregator.store import (
    feature_changes,
    gather,
    generation,
    grouping,
    history,
    known_documents,
    learned_blocks,
    leases,
    reading,
    recovery,
    retention,
    source_activity,
)
from aggregator.store.news_digests import NewsDigests
from aggregator.store.opening import forget_rebuild, remember_journal
from aggregator.store.recent import RecentEntries
from aggregator.store.searching import Searching
from aggregator.store.source_figures import SourceReading
from aggregator.store.whole_texts import WholeTexts
from aggregator.store.worker_tables import WorkerTables


class SqlStore(SourceReading, WholeTexts, Searching, NewsDigests, WorkerTables):
    """ports.Store over SQLAlchemy; reads from any thread, one write at a time.

    `rebuilt`: the database was rebuilt from the journal, which knows titles and links only; the
    published feeds may contain the texts, for `restore`.
    """

    def __init__(self, url: str, data: Path, now: datetime) -> None:
        self._decoded: gather.Decoded = {}
        super().__init__(url, data, now)
        # kept in memory: every fetch needs them, and they change rarely
        self._learned: dict[str, frozenset[int]] | None = None
        self._recent = RecentEntries()

    def _reopen(self) -> None:
        super()._reopen()
        self._learned, self._recent = None, RecentEntries()

    def refresh(self) -> None:
        """Read anew what other processes may have changed."""
        self._learned = None

    # gather

    def change_mark(self) -> object:
        """Return a value that differs after every write, of any process; None if unknown."""
        return self._database.change_mark()

    def source_states(self) -> Mapping[str, SourceState]:
        """Return the state of each source, by identity."""
        with self._read() as connection:
            self._decoded = gather.load_states(connection, self._decoded)
            return {identity: state for identity, (_, state) in self._decoded.items()}

    def save_states(self, states: Mapping[str, SourceState]) -> None:
        """Save the states of sources that brought no document, by identity."""
        with self._write(quiet=True) as connection:
            if gather.save_states(connection, states):
                generation.move(connection)

    def known_document(self, identity: str) -> KnownDocument | None:
        """Return the last document of a source; None if its entries left doubts."""
        with self._read() as connection:
            return known_documents.load(connection, identity)

    def are_new(self, source: Source, entries: Sequence[Entry]) -> bool:
        """Say whether no name of these entries is known, and none is shared by two of them."""
        with self._read() as connection:
            return gather.are_new(connection, source, entries)

    def save_gathered(
        self,
        source: Source,
        entries: Sequence[Entry],
        state: SourceState,
        *,
        now: datetime,
        initial: int | None,
        extracted: Sequence[bytes] = (),
        read: ReadDocument | None = None,
    ) -> tuple[Change, ...]:
        """Store one source's documents, aliases, block counts and state in one transaction."""
        gathered = Gathered(
            source=source,
            entries=entries,
            state=state,
            now=now,
            initial=initial,
            extracted=extracted,
            read=read,
        )
        return self._save_gathered([gathered])[0]

    def save_gathered_together(
        self, waiting: Sequence[Gathered]
    ) -> list[tuple[Change, ...] | Exception]:
        """Do `save_gathered` for several sources in one transaction; return the outcome of each."""
        if not waiting:
            return []
        try:
            return list(self._save_gathered(waiting))
        except Exception as error:  # noqa: BLE001  one source must not stop the others
            if len(waiting) == 1:
                return [error]
        return [one for each in waiting for one in self.save_gathered_together([each])]

    def _save_gathered(self, waiting: Sequence[Gathered]) -> list[tuple[Change, ...]]:
        self._now = waiting[-1].now
        with self._write(quiet=True) as connection:
            saved = [gather.save_gathered(connection, one) for one in waiting]
            if any(one.is_shown for one in saved):
                generation.move(connection)
        for one in saved:
            for stored, packed in one.new:
                self._recent.add(stored, packed)
        publishers = {stored.entry.publisher.id for one in saved for stored, _ in one.new}
        if publishers and self._learned is not None:
            self._learn(publishers)
        return [one.changes for one in saved]

    def learned_blocks(self, publisher_ids: Iterable[str] | None = None) -> Boilerplate:
        """Return the hashes of the boilerplate blocks of each publisher."""
        if self._learned is None:
            self._learned = {}
            self._learn(None)
        learned = self._learned
        if publisher_ids is None:
            return dict(learned)
        return {name: learned[name] for name in publisher_ids if name in learned}

    def _learn(self, publisher_ids: Iterable[str] | None) -> None:
        """Read the learned blocks of these publishers, or of all, into memory."""
        with self._read() as connection:
            found = learned_blocks.learned(connection, publisher_ids)
        gone = {name: frozenset[int]() for name in publisher_ids or ()}
        merged = {**(self._learned or {}), **gone, **found}
        self._learned = {name: hashes for name, hashes in merged.items() if hashes}

    def veto_block(self, publisher_id: str, block: int) -> None:
        """Record the user's decision that a block is not boilerplate."""
        with self._write() as connection:
            learned_blocks.veto(connection, publisher_id, block)
        self._learned = None

    def source_activity(self, now: datetime) -> Mapping[str, SourceActivity]:
        """Return how much each source has published lately, by identity."""
        with self._read() as connection:
            return source_activity.load(connection, now)

    # group

    def has_ungrouped(self, now: datetime | None = None) -> bool:
        """Say whether `ungrouped` would return any."""
        with self._read() as connection:
            return grouping.has_ungrouped(connection, now)

    def ungrouped(self, limit: int, now: datetime | None = None) -> tuple[StoredEntry, ...]:
        """Return entries that are new or materially changed, without their HTML; see ports.Store."""
        with self._read() as connection:
            return grouping.load_ungrouped(connection, limit, now, self._recent.find)

    def group_context(
        self, start: datetime, end: datetime, *, named_only: bool = False
    ) -> GroupContext:
        """Return what is already grouped with a member published in the span; see ports.Store."""
        with self._read() as connection:
            return grouping.load_context(connection, start, end, named_only=named_only)

    def grouped(self, start: datetime, end: datetime) -> Iterator[Grouped]:
        """Yield the grouped entries published in the span, with their features."""
        with self._read() as connection:
            yield from grouping.load_grouped(connection, start, end)

    def grouped_of(self, keys: Sequence[str]) -> tuple[Grouped, ...]:
        """Return those of these entries that are grouped, with their features."""
        with self._read() as connection:
            return tuple(grouping.load_grouped_of(connection, keys))

    def feature_changes(self, since: str) -> FeatureChanges:
        """Return the entries whose features or dates changed since a mark; '' is no mark."""
        with self._read() as connection:
            return feature_changes.since(connection, since)

    def existing_stories(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of these ids that stories have."""
        with self._read() as connection:
            return grouping.existing_stories(connection, ids)

    def features(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the stored features by entry key."""
        with self._read() as connection:
            return grouping.load_features(connection, keys)

    def save_grouping(self, done: Grouping) -> None:
        """Store one grouping in one transaction, its journal lines fsynced first."""
        with self._journaled() as connection:
            self._save(connection, done)
        self._recent.drop(key for key, _ in done.features)

    def save_features(self, features: Sequence[tuple[str, bytes]]) -> None:
        """Store features that replace ones in an older form."""
        with self._write(quiet=True) as connection:
            history.save_features(connection, features)

    def regroup(
        self,
        plan: Callable[[Iterator[Page]], Iterator[Grouping]],
        *,
        dry_run: bool = False,
        page: int = history.PAGE,
    ) -> None:
        """Pass all grouped entries to a plan and store what it yields, in one transaction.

        A dry run stores nothing and does not block writers. `page` is in entries.
        """
        with self._read() if dry_run else self._journaled() as connection:
            for done in plan(history.load_history(connection, page)):
                if not dry_run:
                    self._save(connection, done)

    def _save(self, connection: Connection, done: Grouping) -> None:
        if lines := list(grouping.journal_lines(connection, done)):
            remember_journal(connection, self._journal.append(lines))
        grouping.save_grouping(connection, done)

    def decisions(self) -> tuple[Decision, ...]:
        """Return the user's corrections, oldest first."""
        with self._read() as connection:
            return grouping.load_decisions(connection)

    def decide(self, decision: Decision) -> None:
        """Save a correction permanently and mark its entries as ungrouped."""
        with self._journaled() as connection:
            remember_journal(connection, self._journal.append([decision]))
            grouping.save_decisions(connection, [decision])

    # read

    def generation(self) -> str:
        """Return another value after each change of what feeds may show; empty if unknown."""
        with self._read() as connection:
            return generation.load(connection)

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield stories with at least one shown entry, newest first; read as they are asked for."""
        return reading.newest_stories(self._read)

    def story_marks(self, limit: int) -> tuple[tuple[str, int], ...]:
        """Return the ids of the newest shown stories, each with a mark that differs after a change."""
        with self._read() as connection:
            return reading.story_marks(connection, limit)

    def newest_entries(self) -> Iterator[tuple[str, ShownStory]]:
        """Yield ids of shown entries, newest first seen, each with its story."""
        return reading.newest_entries(self._read)

    def oldest_stories(
        self, after: Place | None = None, changed: datetime | None = None
    ) -> Iterator[tuple[Place, ShownStory]]:
        """Yield shown stories after a position or changed after a time, oldest first."""
        return reading.oldest_stories(self._read, after, changed)

    def oldest_entries(
        self, after: Place | None = None, changed: datetime | None = None
    ) -> Iterator[tuple[Place, ShownStory]]:
        """Yield the positions of shown entries in the same way, each with its story."""
        return reading.oldest_entries(self._read, after, changed)

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids; ids of merged stories lead to the story that replaced them."""
        with self._read() as connection:
            return reading.stories(connection, ids)

    def stories_of(self, keys: Iterable[str]) -> tuple[Story, ...]:
        """Return the stories that contain these entries, each once."""
        with self._read() as connection:
            return reading.stories_of(connection, keys)

    def entries(self, keys: Iterable[str]) -> tuple[StoredEntry, ...]:
        """Return the entries of these keys, in the order asked for."""
        with self._read() as connection:
            return reading.entries(connection, keys)

    def find_entry(self, text: str) -> StoredEntry | None:
        """Return the entry of a key, an id (urn:uuid:…) or a link."""
        with self._read() as connection:
            return reading.find_entry(connection, text)

    def find_ids(self, beginning: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the ids of entries and of stories with this prefix; a few of each."""
        with self._read() as connection:
            return reading.find_ids(connection, beginning)

    def tombstones(self, since: datetime) -> tuple[Tombstone, ...]:
        """Return the stories merged into others since then, newest first."""
        with self._read() as connection:
            return reading.tombstones(connection, since)

    # recovery and retention

    def restore(self, entries: Sequence[Entry]) -> int:
        """Restore the published texts of entries of a lost database, by link; return how many."""
        with self._write() as connection:
            count = recovery.restore(connection, entries)
            forget_rebuild(connection)
        self._rebuilt = False
        return count

    def forget(self, before: datetime, shown: Iterable[str] = ()) -> int:
        """Delete the texts of stories neither published nor updated since; return how many."""
        with self._write(quiet=True) as connection:
            count = retention.forget(connection, before, shown)
            if count:
                generation.move(connection)
        return count

    def forgotten(self) -> datetime | None:
        """Return the time before which everything was deleted; None if never."""
        with self._read() as connection:
            return retention.forgotten(connection)

    # leases

    def leases(self) -> tuple[Lease, ...]:
        """Return all subscriptions to hubs."""
        with self._read() as connection:
            return leases.load(connection)

    def save_lease(self, lease: Lease) -> None:
        """Save a subscription to a hub."""
        with self._write(quiet=True) as connection:
            leases.save(connection, lease)

    def drop_lease(self, path: str) -> None:
        """Delete a subscription to a hub."""
        with self._write(quiet=True) as connection:
            leases.drop(connection, path)
