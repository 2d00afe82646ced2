"""The values that flow through the pipeline, in the order in which they flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from aggregator.core.outcomes import PastFetches
from aggregator.core.settings import CleanOptions, FeedSpec, FullText


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source: a feed or a folder that the user follows."""

    id: str
    kind: str = "feed"
    url: str = ""  # http or https; empty for a path
    path: Path | None = None
    title: str = ""
    category: str = ""
    publisher: str = ""  # a domain or a name; empty: found from the entries
    language: str = ""
    priority: int = 0
    interval: timedelta | None = None
    timeout: timedelta | None = None
    headers: tuple[tuple[str, str], ...] = ()
    clean: CleanOptions = field(default=CleanOptions())
    timezone: str = ""  # IANA name; decides zones that a date leaves open
    full_text: FullText | None = None  # how the articles of its entries are taken; None: not
    paused: bool = False
    formerly: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """The first id of this source, under which all its data is stored."""
        return self.formerly[0] if self.formerly else self.id


# --- fetch ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request conditional, byte for byte as the server gave it."""

    etag: str = ""
    last_modified: str = ""
    documents: tuple[tuple[str, str], ...] = ()  # (name, stamp) of the files that were read


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The bytes of one feed document or dump; `url` is the base of relative addresses."""

    name: str
    content: bytes
    url: str = ""
    content_type: str = ""
    format: str = ""  # a parser's name; empty: found from the content
    max_entries: int = 0  # the maximum number of entries, the newest; 0: the parser's own limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Lower bounds that a server or a feed sets on the time to the next request."""

    max_age: timedelta | None = None
    ttl: timedelta | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """New documents of a source; `permanent` is the target of permanent redirects."""

    documents: tuple[Document, ...]
    validators: Validators
    hints: Hints = Hints()
    permanent: str = ""
    links: tuple[tuple[str, str], ...] = ()  # (rel, URL) of the Link header: hub, self
    skipped: tuple["Skipped", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """Nothing new: a 304, or the same files as before."""

    validators: Validators
    hints: Hints = Hints()
    permanent: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was skipped, and the reason, in words for the user."""

    where: str
    reason: str


# --- parse: untrusted ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """An author of an entry."""

    name: str
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A media file of an entry; `length` in bytes, 0 if unknown."""

    url: str
    type: str = ""
    length: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInfo:
    """The metadata of a feed, or of the feed that an entry was copied from (atom:source)."""

    id: str = ""
    title: str = ""
    link: str = ""
    self_url: str = ""
    hub: str = ""
    language: str = ""
    icon: str = ""
    rights: str = ""
    updated: str = ""
    authors: tuple[Author, ...] = ()
    hints: Hints = Hints()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """An entry as the parser read it: HTML untrusted, addresses relative, dates as written."""

    where: str
    guid: str = ""
    link: str = ""
    base: str = ""
    title: str = ""
    title_is_html: bool = False
    summary: str = ""
    content: str = ""
    authors: tuple[Author, ...] = ()
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    image: str = ""
    published: str = ""
    updated: str = ""
    gathered: datetime | None = None  # the stamp of a dump
    language: str = ""
    rights: str = ""
    via: str = ""
    source: FeedInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """One document, read; `entries` in document order."""

    info: FeedInfo
    entries: tuple[RawEntry, ...]
    skipped: tuple[Skipped, ...] = ()
    cut: bool = False  # truncated: entries may be missing that the feed still has


# --- clean: safe ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """The publisher of an entry; grouping and filters compare `id`."""

    id: str
    title: str
    url: str = ""
    feed_id: str = ""
    stated: bool = False  # by the entry's own source element


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cleaned entry: safe HTML, absolute addresses, plain title; ready to be stored."""

    guid: str = ""
    link: str = ""
    canonical: str = ""
    fingerprint: str = ""  # digest of title and text
    digest: str = ""  # of all that is shown
    sent: str = ""  # digest of what the publisher wrote
    letters: int = 0  # characters of the text with boilerplate
    title: str
    html: str = ""
    text: str = ""  # plain, for grouping: without boilerplate and copyright notices
    summary: str = ""
    authors: tuple[Author, ...] = ()
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    image: str = ""
    cites: tuple[str, ...] = ()
    via: str = ""
    rights: str = ""
    language: str = ""
    publisher: Publisher
    claimed: str = ""  # the date as written
    published: datetime | None = None
    modified: datetime | None = None
    gathered: datetime | None = None
    blocks: tuple[int, ...] = ()  # 63-bit hashes of the body's blocks, to learn boilerplate
    removed: tuple[str, ...] = ()  # ids of the cleaning rules that removed something


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedFeed:
    """One document after parse and clean, as a worker process returns it."""

    info: FeedInfo
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()
    cut: bool = False
    extracted: tuple[bytes, ...] = ()  # the features of each entry, if they were extracted


# --- store ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState(PastFetches):
    """The stored state of a source between fetches."""

    url: str = ""  # the configured URL or path that this state belongs to
    validators: Validators = Validators()
    due: datetime | None = None
    failures: int = 0
    last_fetch: datetime | None = None
    last_success: datetime | None = None
    last_document: datetime | None = None  # the last response other than 304
    error: str = ""
    gone: bool = False
    wait_until: datetime | None = None  # the server asked for it
    permanent: str = ""  # targets of permanent redirects in the last fetches
    permanent_since: datetime | None = None
    permanent_seen: int = 0
    info: FeedInfo = FeedInfo()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with its permanent key and the times that the store adds."""

    key: str
    source_id: str  # the source's identity
    entry: Entry
    first_seen: datetime
    published: datetime  # the effective date: the claimed one, never after `first_seen`
    revised: datetime  # when its shown text last changed materially, else `published`
    shown: bool = True  # False: stored as seen, so that a new source does not flood readers
    extracted: bytes = field(default=b"", repr=False, compare=False)  # features, if just gathered


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The result of storing one gathered entry."""

    kind: Literal["new", "modified", "unchanged"]
    key: str
    material: bool = False  # readers see a difference, so `updated` changes
    skipped: str = ""  # why it was skipped: an older copy, a duplicate


# --- group ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an entry is in its story: the kind of decision, its probability, the main features."""

    kind: Literal["founder", "same event", "same text", "same link", "user", "journal"]
    score: float = 1.0
    nearest: str = ""  # key of the closest member
    weights: tuple[tuple[str, float], ...] = ()  # feature, contribution in log-odds
    shared: tuple[str, ...] = ()  # the heaviest shared terms
    bar: float | None = None  # the probability that was needed; older versions stored none


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An entry in a story."""

    key: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All entries that report one event; `id` is permanent, `members` in (published, key) order."""

    id: str
    founder: str
    representative: str
    members: tuple[Member, ...]
    first_published: datetime  # when it was first shown; until then, when it was stored
    updated: datetime  # when its shown content last changed materially
    shown: bool = True  # False: all its members are stored as seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A tombstone: a story that was merged into another one (RFC 6721)."""

    id: str
    when: datetime
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A correction on the entries of two keys, kept permanently; `undo` cancels the last one."""

    kind: Literal["join", "split", "never", "undo"]
    a: str
    b: str
    when: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """An entry that is already grouped; `features` is their packed form."""

    key: str
    published: datetime
    story_id: str
    features: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupContext:
    """The past that a grouping needs; `journal` maps entry key → (story id, first published)."""

    entries: tuple[Grouped, ...] = ()
    stories: tuple[Story, ...] = ()
    decisions: tuple[Decision, ...] = ()
    journal: Mapping[str, tuple[str, datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """The new and changed stories, the features of the entries, how many pairs were compared."""

    stories: tuple[Story, ...]
    tombstones: tuple[Tombstone, ...] = ()
    features: tuple[tuple[str, bytes], ...] = ()
    new: int = 0
    changed: int = 0
    pairs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStory:
    """A story with its entries, ready to render; the representative comes first."""

    story: Story
    entries: tuple[StoredEntry, ...]

    @property
    def lead(self) -> StoredEntry:
        """The entry whose title and text are shown."""
        return self.entries[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One state of a published feed, before it becomes bytes."""

    spec: FeedSpec
    self_url: str
    home_url: str
    updated: datetime
    stories: tuple[ShownStory, ...]
    tombstones: tuple[Tombstone, ...] = ()
    sources: Mapping[str, FeedInfo] = field(default_factory=dict)  # by identity
    categories: Mapping[str, str] = field(default_factory=dict)  # of sources, by identity
    links: tuple[tuple[str, str], ...] = ()  # rel, address: hub, prev-archive…
    has_pages: bool = True  # whether readers of the feed may open the pages
    note: str = ""  # a note to readers, such as why it is empty
    secret: bytes = field(default=b"", repr=False)  # signs split links; empty: no such links
