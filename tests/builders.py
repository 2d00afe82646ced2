"""Makers of values for tests: everything has a default, so that a test names only what it is about."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, TypeVar

from aggregator.core import ids
from aggregator.core.leases import Lease
from aggregator.core.model import (
    Decision,
    Document,
    Edition,
    Entry,
    FeedInfo,
    Grouping,
    Member,
    Publisher,
    RawEntry,
    Reason,
    ShownStory,
    Source,
    SourceState,
    StoredEntry,
    Story,
    Tombstone,
)
from aggregator.core.settings import FeedSpec
from aggregator.gather.changes import shown

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""The time of a test that does not name one."""


def at(hours: float = 0, *, days: float = 0) -> datetime:
    """Return a time so many hours and days after NOW (before it if negative)."""
    return NOW + timedelta(hours=hours, days=days)


def _make(type_: Callable[..., T], kw: dict[str, Any], **given: Any) -> T:
    return type_(**given | kw)


def digest(*parts: str) -> str:
    """Return a short digest of the parts, as cleaning makes for fingerprints."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def make_source(**kw: Any) -> Source:
    """Make a source, a feed of example.org."""
    return _make(Source, kw, id="example", url="https://example.org/feed.xml", title="Example")


def make_folder(path: Path, **kw: Any) -> Source:
    """Make a source that is a folder of dumps."""
    return _make(Source, kw, id="dumps", kind="dump", path=path)


def make_document(content: bytes | str = b"", **kw: Any) -> Document:
    """Make a document; text is written in UTF-8."""
    body = content.encode() if isinstance(content, str) else content
    return _make(Document, kw, name="feed.xml", content=body, url="https://example.org/feed.xml")


def make_info(**kw: Any) -> FeedInfo:
    """Make what the feed of example.org says of itself."""
    return _make(FeedInfo, kw, title="Example", link="https://example.org/", language="en")


def make_raw(n: int = 1, **kw: Any) -> RawEntry:
    """Make entry number n as a parser would have read it."""
    return _make(
        RawEntry,
        kw,
        where=f"entry {n}",
        guid=f"tag:example.org,2026:{n}",
        link=f"https://example.org/{n}",
        title=f"Headline {n}",
        content=f"<p>The text of entry {n}.</p>",
        published=at(n).isoformat(),
    )


def make_publisher(name: str = "example.org", **kw: Any) -> Publisher:
    """Make a publisher; its id is the name."""
    return _make(Publisher, kw, id=name, title=name.title(), url=f"https://{name}/")


def make_entry(n: int = 1, **kw: Any) -> Entry:
    """Make cleaned entry number n, published n hours after NOW less a day.

    The canonical link follows the link, the fingerprint title and text, and `digest` all that is
    shown, unless they are given.
    """
    given: dict[str, Any] = {
        "guid": f"tag:example.org,2026:{n}",
        "link": f"https://example.org/{n}",
        "title": f"Headline {n}",
        "text": f"The text of entry number {n}, long enough to be material.",
        "publisher": make_publisher(),
        "language": "en",
        "published": at(n, days=-1),
    } | kw
    given.setdefault("html", f"<p>{given['text']}</p>")
    given.setdefault("canonical", given["link"])
    given.setdefault("fingerprint", digest(given["title"], given["text"]))
    given.setdefault("letters", len(given["text"]))
    given.setdefault("sent", digest(given["title"], given["link"], given["html"]))
    if given["published"] is not None:
        given.setdefault("claimed", given["published"].isoformat())
    entry = Entry(**given)
    if "digest" in given:
        return entry
    return replace(entry, digest=digest(*map(repr, shown(entry)), entry.claimed))


def make_entries(numbers: Sequence[int] | range, **kw: Any) -> tuple[Entry, ...]:
    """Make cleaned entries of these numbers, alike in all that is given."""
    return tuple(make_entry(n, **kw) for n in numbers)


def make_state(**kw: Any) -> SourceState:
    """Make the state of a source that was just fetched."""
    return _make(SourceState, kw, last_fetch=NOW, last_success=NOW)


def make_key(n: int = 1, source_id: str = "example") -> str:
    """Return the key that entry number n gets at first sight."""
    return ids.entry_key(source_id, "guid", f"tag:example.org,2026:{n}")


def make_stored(n: int = 1, **kw: Any) -> StoredEntry:
    """Make entry number n as the store gives it; unknown words go to the entry itself.

    Fields of StoredEntry (key, source_id, first_seen, published, revised, shown) may be given.
    """
    own = ("key", "source_id", "first_seen", "published", "revised", "shown")
    given: dict[str, Any] = {name: kw.pop(name) for name in own if name in kw}
    given.setdefault("source_id", "example")
    given.setdefault("key", make_key(n, given["source_id"]))
    given.setdefault("published", at(n, days=-1))
    entry = kw.pop("entry", None) or make_entry(n, **{"published": given["published"]} | kw)
    given.setdefault("first_seen", max(NOW, given["published"]))
    given.setdefault("revised", given["published"])
    return StoredEntry(entry=entry, **given)


def make_member(key: str, kind: Literal["founder", "same event"] = "founder", **kw: Any) -> Member:
    """Make a member with a reason of this kind."""
    return Member(key=key, reason=Reason(kind=kind, **kw))


def make_story(*keys: str, **kw: Any) -> Story:
    """Make a story of these entry keys (entry 1 if none), founded and shown by the first."""
    held = keys or (make_key(1),)
    founder, rest = held[0], held[1:]
    members = (make_member(founder), *(make_member(key, "same event", score=0.9) for key in rest))
    given: dict[str, Any] = {
        "id": ids.story_id(founder),
        "founder": founder,
        "representative": founder,
        "members": members,
        "first_published": NOW,
        "updated": NOW,
    }
    return Story(**given | kw)


def make_shown(*entries: StoredEntry, **kw: Any) -> ShownStory:
    """Make a story of these stored entries (entry 1 if none), ready to render."""
    held = entries or (make_stored(1),)
    return ShownStory(story=make_story(*(entry.key for entry in held), **kw), entries=held)


def make_grouping(*stories: Story, **kw: Any) -> Grouping:
    """Make a grouping whose stories are all new, without features unless given."""
    return _make(Grouping, kw, stories=stories, new=len(stories))


def make_tombstone(dead: str, into: str, when: datetime = NOW) -> Tombstone:
    """Make the tombstone of a story that went into another one."""
    return Tombstone(id=dead, into=into, when=when)


def make_decision(
    kind: Literal["join", "split", "never", "undo"], a: str, b: str, when: datetime = NOW
) -> Decision:
    """Make a correction by the user."""
    return Decision(kind=kind, a=a, b=b, when=when)


def make_lease(**kw: Any) -> Lease:
    """Make a subscription to the feed of example.org that the hub was not asked for yet."""
    return _make(
        Lease,
        kw,
        path="one",
        callback="https://news.example/websub/one",
        source="example",
        hub="https://hub.example/",
        topic="https://example.org/feed.xml",
        secret="of many letters",  # noqa: S106  made up
        due=NOW,
    )


def make_spec(**kw: Any) -> FeedSpec:
    """Make the specification of the merged feed."""
    return _make(FeedSpec, kw, name="merged", title="Merged news")


def make_edition(*stories: ShownStory, **kw: Any) -> Edition:
    """Make an edition of the merged feed with these stories."""
    return _make(
        Edition,
        kw,
        spec=make_spec(),
        self_url="http://127.0.0.1:8080/feeds/merged.atom",
        home_url="http://127.0.0.1:8080/",
        updated=NOW,
        stories=stories,
    )


def gzipped(content: bytes) -> bytes:
    """Compress without the time of day: parameters of tests name them, in every worker alike."""
    return gzip.compress(content, mtime=0)
