"""What outlives a lost database, and what is let go in time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, exists, select, update

from aggregator import changes, ids
from aggregator.changes import SPENT, Name
from aggregator.model import Decision, Entry, StoredEntry, Tombstone
from aggregator.stores import schema
from aggregator.stores.codec import from_ticks, to_ticks
from aggregator.stores.database import chunks, upsert
from aggregator.stores.gather import load_aliases, write_aliases
from aggregator.stores.grouping import load_decisions, load_names, save_decisions
from aggregator.stores.journal import EntryLine, Line
from aggregator.stores.rows import row_of

_BATCH = 2_000  # lines of the journal written at once

_entry = schema.entry.c
_record = schema.record.c
_story = schema.story.c


# --- the journal ---------------------------------------------------------------------------


def replay(connection: Connection, lines: Iterator[Line]) -> int:
    """Take the journal into an empty database; return how many lines it had."""
    count = 0
    while batch := list(islice(lines, _BATCH)):
        count += len(batch)
        _replay_entries(connection, [line for line in batch if isinstance(line, EntryLine)])
        graves = [line for line in batch if isinstance(line, Tombstone)]
        rows = {
            one.id: {"id": one.id, "story": one.into, "died": to_ticks(one.when)} for one in graves
        }
        upsert(connection, schema.tombstone, list(rows.values()), update=("story", "died"))
        save_decisions(connection, [line for line in batch if isinstance(line, Decision)])
    _open_graves(connection)
    return count


def _replay_entries(connection: Connection, lines: Sequence[EntryLine]) -> None:
    rows = {
        line.key: {
            "key": line.key,
            "story": line.story,
            "source": line.source,
            "first_published": to_ticks(line.first_published),
            "shown": line.shown,
        }
        for line in lines
    }
    upsert(
        connection, schema.record, list(rows.values()), update=("story", "first_published", "shown")
    )
    for line in lines:
        names = [(Name(kind, digest), line.key) for kind, digest in _kinds(line)]
        write_aliases(connection, names, line.first_published)


def _kinds(line: EntryLine) -> Iterator[tuple[changes.Kind, str]]:
    given = dict(line.names)
    return ((kind, given[kind]) for kind in changes.ORDER if kind in given)


def _open_graves(connection: Connection) -> None:
    """Take back the death of stories that live: a later line brought an entry back into them."""
    grave = schema.tombstone.c
    lives = exists().where(_record.story == grave.id)
    connection.execute(delete(schema.tombstone).where(lives))


def journal_lines(connection: Connection) -> Iterator[Line]:
    """Yield what the journal has to say, for one that was lost."""
    member = schema.member.c
    members = (
        select(member.key, member.story, _entry.source, _entry.shown, _story.first_published)
        .join(schema.entry, _entry.key == member.key)
        .join(schema.story, _story.id == member.story)
        .order_by(member.published, member.key)
    )
    for query in (select(schema.record), members):
        rows = connection.execute(query).all()
        for start in range(0, len(rows), _BATCH):
            yield from _entry_lines(connection, rows[start : start + _BATCH])
    for row in connection.execute(select(schema.tombstone)):
        yield Tombstone(id=row.id, into=row.story, when=from_ticks(row.died))
    yield from load_decisions(connection)


def _entry_lines(connection: Connection, rows: Sequence[Any]) -> Iterator[EntryLine]:
    names = load_names(connection, [row.key for row in rows])
    for row in rows:
        yield EntryLine(
            key=row.key,
            story=row.story,
            source=row.source,
            first_published=from_ticks(row.first_published),
            shown=row.shown,
            names=names.get(row.key, ()),
        )


# --- entries that come back ----------------------------------------------------------------


def restore(connection: Connection, entries: Sequence[Entry], now: datetime) -> int:
    """Bring back entries that the journal knows and the database has lost; return how many.

    They are found by their link. Their text is what we published, so the next sight of them
    replaces it without a word.
    """
    sources = list(connection.scalars(select(_record.source).distinct()))
    named = {place: _link_names(sources, entry) for place, entry in enumerate(entries)}
    aliases = load_aliases(connection, (one for own in named.values() for one in own))
    back: dict[str, tuple[str, Entry]] = {}
    for place, entry in enumerate(entries):
        for digest, source in named[place].items():
            key = aliases.get(digest, SPENT)
            if key and key not in back:
                back[key] = (source, entry)
    lost = _lost(connection, back)
    rows = [
        row_of(_returned(key, *back[key], shown=lost[key], now=now), now, blank=True)
        for key in sorted(lost)
    ]
    if rows:
        connection.execute(schema.entry.insert(), rows)
    return len(rows)


def _link_names(sources: Iterable[str], entry: Entry) -> dict[str, str]:
    name = changes.link_name(entry.canonical or entry.link)
    return {ids.entry_key(source, "link", name): source for source in sources} if name else {}


def _returned(key: str, source: str, entry: Entry, *, shown: bool, now: datetime) -> StoredEntry:
    published = changes.published(entry, now)
    return StoredEntry(
        key=key,
        source_id=source,
        entry=entry,
        first_seen=now,
        published=published,
        revised=published,
        shown=shown,
    )


def _lost(connection: Connection, keys: Iterable[str]) -> dict[str, bool]:
    """Return the keys that have a record and no entry, and whether the entry was shown."""
    found: dict[str, bool] = {}
    for some in chunks(sorted(keys)):
        lost = ~exists().where(_entry.key == _record.key)
        query = select(_record.key, _record.shown).where(_record.key.in_(some), lost)
        found.update((row.key, row.shown) for row in connection.execute(query))
    return found


# --- retention -----------------------------------------------------------------------------


def forget(connection: Connection, before: datetime) -> int:
    """Let go the stories that were neither published nor updated since; return how many.

    Their entries keep their keys and names, a few hundred bytes each, so that one which comes
    back is not taken for new; their texts and features go.
    """
    limit = to_ticks(before)
    old = select(_story.id).where(_story.updated < limit, _story.first_published < limit)
    gone = list(connection.scalars(old))
    member = schema.member.c
    for some in chunks(gone):
        keys = select(member.key).where(member.story.in_(some))
        connection.execute(
            update(schema.entry).where(_entry.key.in_(keys)).values(content=b"", title="")
        )
        connection.execute(delete(schema.feature).where(schema.feature.c.key.in_(keys)))
        connection.execute(delete(schema.member).where(member.story.in_(some)))
        connection.execute(delete(schema.story).where(_story.id.in_(some)))
    return len(gone)
