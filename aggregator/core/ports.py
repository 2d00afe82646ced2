"""Protocols of the replaceable parts, and of the store as each step uses it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from aggregator.core.activity import SourceActivity
from aggregator.core.errors import SourceError
from aggregator.core.figures import FigureStore
from aggregator.core.gathered import Gathered
from aggregator.core.leases import Lease
from aggregator.core.model import (
    Change,
    CleanedFeed,
    Decision,
    Document,
    Edition,
    Entry,
    Fetched,
    GroupContext,
    Grouped,
    Grouping,
    NotModified,
    ParsedFeed,
    ShownStory,
    Source,
    SourceState,
    StoredEntry,
    Story,
    Tombstone,
    Validators,
)
from aggregator.core.news_digest import DigestStore
from aggregator.core.pages import ArticleStore
from aggregator.core.search import SearchStore
from aggregator.core.traces import KnownDocument, ReadDocument

Place = tuple[datetime, datetime, str]
"""The position of a story or an entry in the order of first publication: first, published, id."""

Page = tuple[tuple[StoredEntry, ...], GroupContext]
"""Grouped entries in (published, key) order, with their features, stories and all decisions."""

Boilerplate = Mapping[str, frozenset[int]]
"""The hashes of the learned boilerplate blocks by publisher id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureChanges:
    """The grouped entries whose features or dates changed since a mark, and the next mark.

    `keys` also has entries that are no longer grouped; None if the changes are not known. `before`
    are the features that some of them had at the mark.
    """

    mark: str
    keys: tuple[str, ...] | None
    before: Mapping[str, bytes] = field(default_factory=dict)


class Clock(Protocol):
    """The time, aware and in UTC."""

    def __call__(self) -> datetime: ...


class Fetcher(Protocol):
    """Fetches the documents of one kind of source; each module `gather/fetchers/KIND.py` has `make`."""

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Return what is new, or raise FetchError; within the deadline of the source."""

    async def close(self) -> None:
        """Close the connections."""


Permit = Callable[[str], Awaitable[None]]
"""Called with each URL before it is requested; raises FetchError if it may not be."""


@runtime_checkable
class PageFetcher(Fetcher, Protocol):
    """A fetcher that also fetches web pages, under the rules of feeds."""

    async def fetch_page(
        self, source: Source, validators: Validators, permit: Permit
    ) -> Fetched | NotModified:
        """Return the page at the URL of `source`, or raise FetchError; `permit` is asked for each hop."""


class DocumentReader(Protocol):
    """Turns documents into cleaned entries."""

    def expecting(self) -> AbstractContextManager[None]:
        """Tell, while this is open, that one more request may bring documents."""

    async def read(
        self,
        documents: Sequence[Document],
        source: Source,
        boilerplate: Boilerplate,
        max_entries: int,
        *,
        all_new: bool,
        known: KnownDocument | None = None,
    ) -> list[CleanedFeed | SourceError]:
        """Return each document cleaned, in order, or why it cannot be read.

        Entries that are known from the document before may be left out, see core/traces.py.
        `all_new`: no entry of the source is stored yet, so that features are worth extracting.
        """


class Poster(Protocol):
    """Posts forms, for example to hubs."""

    async def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
        """Post a form and return the HTTP status, or raise FetchError."""

    async def close(self) -> None:
        """Close the connections."""


class Parser(Protocol):
    """Reads one format; a module `gather/parsers/FORMAT.py` is one."""

    def accepts(self, document: Document) -> bool:
        """Return whether the content looks like this format; cheap and never raises."""

    def parse(self, document: Document) -> ParsedFeed:
        """Read the document, or raise ParseError."""


class Renderer(Protocol):
    """Renders an edition in one format; a module `publish/renderers/FORMAT.py` is one."""

    EXTENSION: str
    MEDIA_TYPE: str

    def render(self, edition: Edition) -> bytes:
        """Return the complete document; the same edition gives the same bytes."""


class SourceStates(Protocol):
    """The stored state of each source."""

    def source_states(self) -> Mapping[str, SourceState]:
        """Return the state of each source, by identity."""


class GatherStore(SourceStates, Protocol):
    """The store as gathering uses it."""

    def change_mark(self) -> object:
        """Return a value that differs after every write, of any process; None if unknown."""

    def save_states(self, states: Mapping[str, SourceState]) -> None:
        """Save the states of sources that brought no document, by identity."""

    def known_document(self, identity: str) -> KnownDocument | None:
        """Return the last document of a source; None if its entries left doubts."""

    def are_new(self, source: Source, entries: Sequence[Entry]) -> bool:
        """Say whether no name of these entries is known, and none is shared by two of them."""

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
        """Store one source's documents, aliases, block counts and state in one transaction.

        Return one Change for each entry, in order. If the source is new, only the `initial` newest
        entries are shown; None shows all. `extracted` are the features of the entries, if they are
        known; new entries come with them when they are grouped soon. `read` tells how the document of
        a feed was read, to remember it.
        """

    def save_gathered_together(
        self, waiting: Sequence[Gathered]
    ) -> list[tuple[Change, ...] | Exception]:
        """Do `save_gathered` for several sources in one transaction; return the outcome of each.

        If that fails, each is saved in a transaction of its own, so that one does not stop the others.
        """

    def learned_blocks(self, publisher_ids: Iterable[str] | None = None) -> Boilerplate:
        """Return the hashes of the boilerplate blocks of each publisher."""


class WindowCache(Protocol):
    """Where the grouping window is kept for the next process; it may be lost at any time."""

    def load(self) -> memoryview | None:
        """Return what was saved last, unchanged; None if there is any doubt."""

    def save(self, parts: Iterable[bytes | memoryview]) -> None:
        """Replace what is saved; never raise an error."""


class GroupStore(Protocol):
    """The store as grouping uses it."""

    def has_ungrouped(self, now: datetime | None = None) -> bool:
        """Say whether `ungrouped` would return any."""

    def ungrouped(self, limit: int, now: datetime | None = None) -> tuple[StoredEntry, ...]:
        """Return entries that are new, or materially changed, since they were last grouped.

        In (published, key) order and without their HTML, which grouping does not need. With `now`,
        without those that wait for their whole texts.
        """

    def group_context(
        self, start: datetime, end: datetime, *, named_only: bool = False
    ) -> GroupContext:
        """Return what is already grouped with a member published in the span, and all decisions.

        With `named_only` there are, of the entries, those that decisions name and, of the stories,
        those that the journal names; `grouped` and `stories_of` give the others.
        """

    def grouped(self, start: datetime, end: datetime) -> Iterator[Grouped]:
        """Yield the grouped entries published in the span, with their features."""

    def grouped_of(self, keys: Sequence[str]) -> tuple[Grouped, ...]:
        """Return those of these entries that are grouped, with their features."""

    def feature_changes(self, since: str) -> FeatureChanges:
        """Return the entries whose features or dates changed since a mark; '' is no mark."""

    def existing_stories(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of these ids that stories have."""

    def features(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the stored features by entry key; entries without features are left out."""

    def save_grouping(self, grouping: Grouping) -> None:
        """Store one grouping in one transaction, its journal lines fsynced first."""

    def save_features(self, features: Sequence[tuple[str, bytes]]) -> None:
        """Store features that replace ones in an older form, by key."""

    def stories_of(self, keys: Iterable[str]) -> tuple[Story, ...]:
        """Return the stories that contain these entries, each once."""

    def entries(self, keys: Iterable[str]) -> tuple[StoredEntry, ...]:
        """Return the entries of these keys, in the order asked for."""


class StoryReader(Protocol):
    """What feeds are selected from."""

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield stories with at least one shown entry: newest first published, then published, then id."""

    def newest_entries(self) -> Iterator[tuple[str, ShownStory]]:
        """Yield ids of shown entries, each with its story: newest first seen, then published, then id."""


class PublishStore(SourceStates, StoryReader, DigestStore, Protocol):
    """The store as publishing uses it."""

    def generation(self) -> str:
        """Return another value after each change of what feeds may show; empty if unknown."""

    def oldest_stories(
        self, after: Place | None = None, changed: datetime | None = None
    ) -> Iterator[tuple[Place, ShownStory]]:
        """Yield shown stories after a position or changed after a time, oldest first."""

    def oldest_entries(
        self, after: Place | None = None, changed: datetime | None = None
    ) -> Iterator[tuple[Place, ShownStory]]:
        """Yield the positions of shown entries in the same way, each with the story of the entry."""

    def tombstones(self, since: datetime) -> tuple[Tombstone, ...]:
        """Return the stories merged into others since then, newest first."""


class DecisionStore(Protocol):
    """The user's corrections."""

    def decisions(self) -> tuple[Decision, ...]:
        """Return the user's corrections, oldest first."""

    def decide(self, decision: Decision) -> None:
        """Save a correction permanently and mark its entries as ungrouped."""


class LeaseStore(SourceStates, Protocol):
    """Subscriptions to hubs; called from any thread."""

    def leases(self) -> tuple[Lease, ...]:
        """Return all subscriptions."""

    def save_lease(self, lease: Lease) -> None:
        """Save a subscription."""

    def drop_lease(self, path: str) -> None:
        """Delete a subscription."""


class RecoveryStore(Protocol):
    """Recovery after the database was lost and rebuilt from the journal."""

    @property
    def rebuilt(self) -> bool:
        """Return whether texts are missing that the published feeds may contain."""

    def restore(self, entries: Sequence[Entry]) -> int:
        """Restore the published texts of entries of a lost database, by link; return how many."""


class RetentionStore(Protocol):
    """Retention of old texts."""

    def forget(self, before: datetime, shown: Iterable[str] = ()) -> int:
        """Delete the texts of stories neither published nor updated since; return how many.

        The oldest first, some thousands a call; never one whose story or entry id is in `shown`.
        """

    def forgotten(self) -> datetime | None:
        """Return the time before which everything was deleted; None if never."""


class UpkeepStore(RecoveryStore, RetentionStore, Protocol):
    """What the upkeep of the store asks of it."""

    def tidy(self) -> tuple[int, int]:
        """Make database and journal smaller, if that pays; return the bytes that were saved."""

    def notice_loss(self) -> bool:
        """Open the database anew if its file was removed or replaced, and say so."""

    def prove_writable(self) -> None:
        """Raise StoreError unless disk, journal and database take a write now."""


class Store(
    GatherStore,
    FigureStore,
    ArticleStore,
    GroupStore,
    PublishStore,
    DecisionStore,
    LeaseStore,
    UpkeepStore,
    SearchStore,
    Protocol,
):
    """Everything that is remembered; the three steps meet only here."""

    def close(self) -> None:
        """Close the database."""

    def source_activity(self, now: datetime) -> Mapping[str, SourceActivity]:
        """Return how much each source has published lately, by identity."""

    def size(self) -> tuple[int, int]:
        """Return the bytes of database and journal."""

    def held(self) -> AbstractContextManager[None]:
        """Hold a server's database for gathering; raise DataFolderBusy if another process does."""

    def sources_set_aside(self) -> Mapping[str, datetime]:
        """Return the sources that workers died of, by identity, and since when they are set aside."""

    def veto_block(self, publisher_id: str, block: int) -> None:
        """Record the user's decision that a block is not boilerplate."""

    def regroup(
        self, plan: Callable[[Iterator[Page]], Iterator[Grouping]], *, dry_run: bool = False
    ) -> None:
        """Pass all grouped entries to a plan and store what it yields, in one transaction.

        A dry run stores nothing and does not block writers.
        """

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids; ids of merged stories lead to the story that replaced them."""

    def stories_before(self, place: Place | None) -> Iterator[tuple[Place, ShownStory]]:
        """Yield the shown stories before a position, newest first, with their positions."""

    def find_entry(self, text: str) -> StoredEntry | None:
        """Return the entry of a key, an id (urn:uuid:…) or a link."""

    def find_ids(self, beginning: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the ids of entries and of stories with this prefix; a few of each."""
