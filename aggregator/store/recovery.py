"""Rebuilds a lost database from the journal, and a lost journal from the database."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, select, update

from aggregator.core import ids
from aggregator.core.model import Decision, Entry, StoredEntry, Tombstone
from aggregator.gather import identity
from aggregator.gather.identity import AMBIGUOUS, Name
from aggregator.store import schema, search_index
from aggregator.store.codec import from_ticks, pack, storable, to_ticks
from aggregator.store.database import chunks, upsert
from aggregator.store.gather import load_aliases, write_aliases
from aggregator.store.grouping import entry_lines, load_decisions, save_decisions, save_tombstones
from aggregator.store.journal import EntryLine, Line
from aggregator.store.rows import load_entries, row_of
from aggregator.text import urls

_BATCH = 2_000  # lines of the journal per write

_entry = schema.entry.c
_record = schema.record.c
_story = schema.story.c


# --- the journal ---------------------------------------------------------------------------


def replay(connection: Connection, lines: Iterator[Line]) -> int:
    """Replay the journal into an empty database; return the number of lines."""
    count = 0
    while batch := list(islice(lines, _BATCH)):
        count += len(batch)
        _replay_entries(connection, [line for line in batch if isinstance(line, EntryLine)])
        graves = {line.id: line for line in batch if isinstance(line, Tombstone)}
        save_tombstones(connection, graves.values())
        save_decisions(connection, [line for line in batch if isinstance(line, Decision)])
    _open_graves(connection)
    return count


class Caught(NamedTuple):
    """What a database lacked of its journal."""

    missing: int  # entries
    moved: int  # entries that the journal puts into another story
    decisions: int

    def __bool__(self) -> bool:
        """Say whether there was anything."""
        return any(self)


def catch_up(connection: Connection, lines: Iterator[Line]) -> Caught:
    """Replay the end of the journal that a database does not know; safe to repeat.

    Entries that the journal puts into another story are grouped again, into that one.
    """
    places: dict[str, EntryLine] = {}
    graves: dict[str, Tombstone] = {}
    decided: dict[Decision, None] = {}
    for line in lines:
        if isinstance(line, EntryLine):
            places[line.key] = line
            graves.pop(line.story, None)
        elif isinstance(line, Tombstone):
            graves[line.id] = line
        else:
            decided[line] = None
    known = _known(connection, places)
    missing = [line for key, line in places.items() if key not in known]
    _replay_entries(connection, missing)
    moved = [line for key, line in places.items() if known.get(key, line.story) != line.story]
    _move(connection, moved)
    save_tombstones(connection, graves.values())
    _open_graves(connection)
    recorded = set(load_decisions(connection))
    new = [one for one in decided if one not in recorded]
    save_decisions(connection, new)
    return Caught(len(missing), len(moved), len(new))


def _known(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Return the story of each entry that is stored; empty for one that is in none."""
    found: dict[str, str] = {}
    member = schema.member.c
    query = select(_entry.key, member.story).outerjoin(schema.member, member.key == _entry.key)
    for some in chunks(keys):
        rows = connection.execute(query.where(_entry.key.in_(some)))
        found.update((row.key, row.story or "") for row in rows)
    return found


def _move(connection: Connection, lines: Sequence[EntryLine]) -> None:
    """Take entries out of their stories, to be grouped into those that the journal names."""
    _save_records(connection, lines)
    member = schema.member.c
    for some in chunks(line.key for line in lines):
        connection.execute(delete(schema.member).where(member.key.in_(some)))
        connection.execute(update(schema.entry).where(_entry.key.in_(some)).values(grouped=False))
    empty = ~exists().where(member.story == _story.id)
    connection.execute(delete(schema.story).where(empty))


def _replay_entries(connection: Connection, lines: Sequence[EntryLine]) -> None:
    latest = {line.key: line for line in lines}
    _save_records(connection, latest.values())
    rows = [row_of(_outline(line), line.first_published, blank=True) for line in latest.values()]
    upsert(connection, schema.entry, rows, update=("shown", "title", "content"))
    if lines:
        names = [(name, line.key) for line in lines for name in _names(line)]
        write_aliases(connection, names, max(line.first_published for line in lines))


def _save_records(connection: Connection, lines: Iterable[EntryLine]) -> None:
    """Save into which story each entry is to be grouped."""
    rows = [
        {"key": line.key, "story": line.story, "first_published": to_ticks(line.first_published)}
        for line in lines
    ]
    upsert(connection, schema.record, rows, update=("story", "first_published"))


def _outline(line: EntryLine) -> StoredEntry:
    """Return the row of an entry from its journal line, without text."""
    entry = Entry(
        title=line.title,
        link=line.link,
        canonical=urls.canonical(line.link),
        publisher=line.publisher,
    )
    return StoredEntry(
        key=line.key,
        source_id=line.source,
        entry=entry,
        first_seen=max(line.first_published, line.published),
        published=line.published,
        revised=line.published,
        shown=line.shown,
    )


def _names(line: EntryLine) -> list[Name]:
    given = dict(line.names)
    return [Name(kind, given[kind]) for kind in identity.ORDER if kind in given]


def _open_graves(connection: Connection) -> None:
    """Delete the tombstones of stories to which a later line added an entry."""
    grave = schema.tombstone.c
    lives = exists().where(_record.story == grave.id)
    connection.execute(delete(schema.tombstone).where(lives))


def journal_lines(connection: Connection) -> Iterator[Line]:
    """Yield all lines of the journal, to replace a lost one."""
    member = schema.member.c
    members = (
        select(member.key, member.story, _story.first_published)
        .join(schema.story, _story.id == member.story)
        .order_by(member.published, member.key)
    )
    for query in (select(schema.record), members):
        rows = connection.execute(query)
        places = {row.key: (row.story, from_ticks(row.first_published)) for row in rows}
        yield from entry_lines(connection, places)
    for row in connection.execute(select(schema.tombstone)):
        yield Tombstone(id=row.id, into=row.story, when=from_ticks(row.died))
    yield from load_decisions(connection)


# --- texts that come back ------------------------------------------------------------------


def restore(connection: Connection, entries: Sequence[Entry]) -> int:
    """Restore the texts of entries that only the journal knows, by link; return how many.

    These are texts as published, so the next fetch replaces them without counting as a change.
    """
    blank = select(_entry.key, _entry.source).where(_entry.blank)
    sources = {row.key: row.source for row in connection.execute(blank)}
    named = [_link_names(set(sources.values()), entry) for entry in entries]
    aliases = load_aliases(connection, (one for own in named for one in own))
    back = {
        key: entry
        for entry, own in zip(entries, named, strict=True)
        for digest in own
        if (key := aliases.get(digest, AMBIGUOUS)) in sources
    }
    for key, stored in load_entries(connection, back).items():
        own = stored.entry
        entry = replace(
            back[key], guid="", publisher=own.publisher, link=own.link, canonical=own.canonical
        )
        row = {"content": pack(entry), "title": storable(entry.title), "grouped": False}
        connection.execute(update(schema.entry).where(_entry.key == key).values(row))
    search_index.mark(connection, back)
    return len(back)


def _link_names(sources: Iterable[str], entry: Entry) -> list[str]:
    name = identity.link_name(entry.canonical or entry.link)
    return [ids.entry_key(source, "link", name) for source in sources] if name else []
