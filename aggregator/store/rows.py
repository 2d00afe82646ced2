"""Converts rows of the tables to values of the model, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from aggregator.core import ids
from aggregator.core.model import Entry, Member, Publisher, Reason, StoredEntry, Story
from aggregator.core.pages import Article
from aggregator.gather import revision
from aggregator.gather.articles.overlay import with_article
from aggregator.gather.identity import Known
from aggregator.store import schema
from aggregator.store.codec import (
    from_json,
    from_ticks,
    maybe_ticks,
    maybe_time,
    pack,
    storable,
    to_json,
    to_ticks,
    unpack,
)
from aggregator.store.database import chunks
from aggregator.store.prepared import rows_in

_entry = schema.entry.c
STORED = (
    _entry.key,
    _entry.source,
    _entry.first_seen,
    _entry.published,
    _entry.revised,
    _entry.shown,
    _entry.content,
)
# with the whole text, from WITH_ARTICLE
WHOLE = (*STORED, schema.article.c.content.label("article"))
WITH_ARTICLE = schema.entry.outerjoin(schema.article, schema.article.c.key == _entry.key)
_KNOWN = select(
    _entry.key,
    _entry.title,
    _entry.link,
    _entry.fingerprint,
    _entry.material,
    _entry.claim,
    _entry.stamp,
    _entry.gathered,
    _entry.variants,
    _entry.blank,
)


# --- entries -------------------------------------------------------------------------------


def content_of(entry: Entry, now: datetime) -> dict[str, Any]:
    """Return the columns that depend only on the content of the entry."""
    return {
        "publisher": storable(entry.publisher.id),
        "claim": maybe_ticks(entry.published),
        "stamp": maybe_ticks(revision.stamp(entry, now)),
        "gathered": maybe_ticks(entry.gathered),
        "title": storable(entry.title),
        "link": storable(entry.link),
        "fingerprint": storable(entry.fingerprint),
        "material": storable(entry.digest),
        "content": pack(entry),
    }


def row_of(stored: StoredEntry, now: datetime, *, blank: bool = False) -> dict[str, Any]:
    """Return the row of an ungrouped entry."""
    return content_of(stored.entry, now) | {
        "key": stored.key,
        "id": ids.entry_id(stored.key),
        "source": stored.source_id,
        "first_seen": to_ticks(stored.first_seen),
        "published": to_ticks(stored.published),
        "revised": to_ticks(stored.revised),
        "shown": stored.shown,
        "grouped": False,
        "blank": blank,
        "variants": "",
    }


def stored_of(row: Any, entry: Entry | None = None) -> StoredEntry:
    """Return the entry of a row of the columns STORED; `entry` is its content, if that is known."""
    return StoredEntry(
        key=row.key,
        source_id=row.source,
        entry=entry or unpack(Entry, row.content),
        first_seen=from_ticks(row.first_seen),
        published=from_ticks(row.published),
        revised=from_ticks(row.revised),
        shown=row.shown,
    )


def whole_of(row: Any) -> StoredEntry:
    """Return the entry of a row of the columns WHOLE, with its whole text if there is one."""
    stored = stored_of(row)
    if not row.article:
        return stored
    entry = with_article(stored.entry, unpack(Article, row.article))
    return replace(stored, entry=entry)


def load_whole_entries(connection: Connection, keys: Iterable[str]) -> dict[str, StoredEntry]:
    """Return the entries of these keys as readers see them: with their whole texts."""
    found: dict[str, StoredEntry] = {}
    for some in chunks(dict.fromkeys(keys)):
        query = select(*WHOLE).select_from(WITH_ARTICLE)
        rows = connection.execute(query.where(_entry.key.in_(some), _entry.content != b""))
        found.update((row.key, whole_of(row)) for row in rows)
    return found


def is_row_of(stored: StoredEntry, row: Any) -> bool:
    """Return whether the row of the columns STORED holds this entry; the content is not compared."""
    times = (to_ticks(stored.first_seen), to_ticks(stored.published), to_ticks(stored.revised))
    own = (stored.source_id, *times, stored.shown)
    return own == (row.source, row.first_seen, row.published, row.revised, row.shown)


def load_entries(connection: Connection, keys: Iterable[str]) -> dict[str, StoredEntry]:
    """Return the entries of these keys as their feeds have them.

    Unknown ones and those without text are left out.
    """
    found: dict[str, StoredEntry] = {}
    for some in chunks(dict.fromkeys(keys)):
        query = select(*STORED).where(_entry.key.in_(some), _entry.content != b"")
        found.update((row.key, stored_of(row)) for row in connection.execute(query))
    return found


def load_outlines(connection: Connection, keys: Iterable[str]) -> dict[str, StoredEntry]:
    """Return the entries of these keys, including those whose text was deleted."""
    found: dict[str, StoredEntry] = {}
    for some in chunks(dict.fromkeys(keys)):
        query = select(*STORED, _entry.title, _entry.link, _entry.publisher)
        for row in connection.execute(query.where(_entry.key.in_(some))):
            found[row.key] = stored_of(row) if row.content else _outline_of(row)
    return found


def _outline_of(row: Any) -> StoredEntry:
    publisher = Publisher(id=row.publisher, title=row.publisher)
    entry = Entry(title=row.title, link=row.link, publisher=publisher)
    return StoredEntry(
        key=row.key,
        source_id=row.source,
        entry=entry,
        first_seen=from_ticks(row.first_seen),
        published=from_ticks(row.published),
        revised=from_ticks(row.revised),
        shown=row.shown,
    )


def load_known(connection: Connection, keys: Iterable[str]) -> dict[str, Known]:
    """Return the data of these entries that matching and revision need."""
    return {row.key: _known_of(row) for row in rows_in(connection, _KNOWN, _entry.key, list(keys))}


def _known_of(row: Any) -> Known:
    texts = from_json(tuple[tuple[str, datetime], ...], row.variants) if row.variants else ()
    return Known(
        key=row.key,
        title=row.title,
        link=row.link,
        fingerprint=row.fingerprint,
        digest=row.material,
        claim=maybe_time(row.claim),
        stamp=maybe_time(row.stamp),
        gathered=maybe_time(row.gathered),
        variants=texts,
        blank=bool(row.blank),
    )


# --- stories -------------------------------------------------------------------------------


def load_stories(connection: Connection, ids_: Iterable[str]) -> dict[str, Story]:
    """Return the stories of these ids with all members, in no order; unknown ones are left out."""
    found: dict[str, Story] = {}
    for some in chunks(dict.fromkeys(ids_)):
        members = _load_members(connection, some)
        query = select(schema.story).where(schema.story.c.id.in_(some))
        for row in connection.execute(query):
            found[row.id] = _story_of(row, members.get(row.id, ()))
    return found


def _load_members(connection: Connection, ids_: list[str]) -> Mapping[str, list[Member]]:
    columns = schema.member.c
    query = (
        select(columns.key, columns.story, columns.reason)
        .where(columns.story.in_(ids_))
        .order_by(columns.published, columns.key)
    )
    members: dict[str, list[Member]] = {}
    for row in connection.execute(query):
        reason = from_json(Reason, row.reason)
        members.setdefault(row.story, []).append(Member(key=row.key, reason=reason))
    return members


def _story_of(row: Any, members: Iterable[Member]) -> Story:
    return Story(
        id=row.id,
        founder=row.founder,
        representative=row.representative,
        members=tuple(members),
        first_published=from_ticks(row.first_published),
        updated=from_ticks(row.updated),
        shown=row.shown,
    )


def member_row(member: Member, story: Story, published: int) -> dict[str, Any]:
    """Return the row of a member; `published` is its entry's, in ticks."""
    return {
        "key": member.key,
        "story": story.id,
        "published": published,
        "reason": to_json(member.reason),
    }
