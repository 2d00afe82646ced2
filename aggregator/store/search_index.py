"""The index of the search: which terms each entry has.

`mark` notes entries in the transaction that changes them; `update` indexes what is noted, some at a
time, the newest first. An index that is missing, or of another form, is built anew in the same way.

The terms are in a table of the database's own full-text search: FTS5 in SQLite, a `tsvector` in
PostgreSQL. Neither splits or folds our terms further, so both find the same. `search_entry.terms` are
the same terms once more: FTS5 deletes a text only by its exact terms.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text

from aggregator.core.model import StoredEntry
from aggregator.store import meta, schema
from aggregator.store.codec import storable, to_ticks
from aggregator.store.database import chunks
from aggregator.store.rows import load_whole_entries
from aggregator.text import search_terms

TABLE = "search_terms"
_FORM = "search index"  # in `meta`
_VERSION = 1  # of the terms; another one builds the index anew
_PER_SECOND = 4096  # numbers
_STEPS = 8191  # at most, to another number when one is taken
_due = schema.search_due.c
_held = schema.search_entry.c
_entry = schema.entry.c
_CREATE = {
    "sqlite": (
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(terms, content='', tokenize=\"ascii tokenchars '._'\")",
    ),
    "postgresql": (
        f"CREATE TABLE {TABLE} (number BIGINT PRIMARY KEY, terms TSVECTOR NOT NULL)",
        f"CREATE INDEX {TABLE}_terms ON {TABLE} USING gin (terms)",
    ),
}
_INSERT = {
    "sqlite": f"INSERT INTO {TABLE}(rowid, terms) VALUES (:number, :terms)",  # noqa: S608  no input
    "postgresql": f"INSERT INTO {TABLE}(number, terms) VALUES (:number, CAST(:terms AS tsvector))",  # noqa: S608
}


def mark(connection: Connection, keys: Iterable[str]) -> None:
    """Note that these entries are new or have changed."""
    if rows := [{"key": key} for key in keys]:
        connection.execute(insert(schema.search_due), rows)


def drop(connection: Connection, keys: Iterable[str]) -> None:
    """Delete entries from the index."""
    for some in chunks(keys):
        query = select(schema.search_entry).where(_held.key.in_(some))
        if rows := connection.execute(query).all():
            _delete_terms(connection, [(row.number, row.terms) for row in rows])
            connection.execute(delete(schema.search_entry).where(_held.key.in_(some)))


def forget(connection: Connection) -> None:
    """Let the next update build the index anew, such as in a copy, which lacks the terms."""
    connection.execute(delete(schema.search_entry))
    meta.remember(connection, _FORM, "")


def is_built(connection: Connection) -> bool:
    """Say whether there is an index, even if entries are missing in it."""
    return meta.recall(connection, _FORM) != ""


def pending(connection: Connection) -> int:
    """Return how many entries are still to be indexed."""
    table = schema.search_due if is_built(connection) else schema.entry
    return connection.scalar(select(func.count()).select_from(table)) or 0


def is_behind(connection: Connection, characters: int) -> bool:
    """Say whether `update` has anything to do."""
    if meta.recall(connection, _FORM) != _form(characters):
        return True
    return connection.scalar(select(_due.number).limit(1)) is not None


def update(connection: Connection, limit: int, characters: int) -> None:
    """Index up to `limit` entries: titles, and so many characters of the texts."""
    if meta.recall(connection, _FORM) != _form(characters):
        _begin(connection)
        meta.remember(connection, _FORM, _form(characters))
    query = select(_due.number, _due.key).order_by(_due.number.desc()).limit(limit)
    due = connection.execute(query).all()
    keys = list(dict.fromkeys(row.key for row in due))
    drop(connection, keys)
    _add(connection, load_whole_entries(connection, keys), characters)
    for some in chunks(row.number for row in due):
        connection.execute(delete(schema.search_due).where(_due.number.in_(some)))


def _form(characters: int) -> str:
    return f"{_VERSION}/{characters}"


def _begin(connection: Connection) -> None:
    """Empty the index and mark all entries."""
    connection.execute(text(f"DROP TABLE IF EXISTS {TABLE}"))
    for statement in _CREATE[connection.dialect.name]:
        connection.execute(text(statement))
    connection.execute(delete(schema.search_entry))
    connection.execute(delete(schema.search_due))
    entries = select(_entry.key).order_by(_entry.first_seen, _entry.published, _entry.key)
    with_text = entries.where(_entry.content != b"")
    connection.execute(insert(schema.search_due).from_select(["key"], with_text))


def _add(connection: Connection, entries: Mapping[str, StoredEntry], characters: int) -> None:
    if not entries:
        return
    numbers = _numbers(connection, entries)
    held, rows = list[dict[str, Any]](), list[dict[str, Any]]()
    for key, stored in entries.items():
        terms = " ".join(_terms(stored, characters))
        packed = zlib.compress(terms.encode(), 1)
        held.append({"number": numbers[key], "key": key, "terms": packed})
        rows.append({"number": numbers[key], "terms": terms})
    connection.execute(insert(schema.search_entry), held)
    if connection.dialect.name == "postgresql":
        rows = [{**row, "terms": _vector(row["terms"].split())} for row in rows]
    connection.execute(text(_INSERT[connection.dialect.name]), rows)


def _terms(stored: StoredEntry, characters: int) -> list[str]:
    entry = stored.entry
    languages = search_terms.languages(entry.language) if entry.language else ()
    labels = [
        search_terms.label("source", stored.source_id),
        search_terms.label("publisher", entry.publisher.id),
        search_terms.label("publisher", entry.publisher.title),
        *(search_terms.label("language", one) for one in languages),
    ]
    told = search_terms.terms_of(f"{entry.title}\n{entry.text[:characters]}")
    return [*(storable(one) for one in told), *dict.fromkeys(labels)]


def _vector(terms: Sequence[str]) -> str:
    """Return a tsvector in text form; PostgreSQL would fold and split a text itself."""
    return " ".join(f"'{term}':{min(place, 16_383)}" for place, term in enumerate(terms, 1))


def _delete_terms(connection: Connection, rows: Iterable[tuple[int, bytes]]) -> None:
    if connection.dialect.name == "postgresql":
        statement = text(f"DELETE FROM {TABLE} WHERE number = :number")  # noqa: S608  no input
        connection.execute(statement, [{"number": number} for number, _ in rows])
        return
    statement = text(
        f"INSERT INTO {TABLE}({TABLE}, rowid, terms) VALUES ('delete', :number, :terms)"  # noqa: S608
    )
    gone = [{"number": number, "terms": zlib.decompress(terms).decode()} for number, terms in rows]
    connection.execute(statement, gone)


# --- numbers -------------------------------------------------------------------------------


def number_at(ticks: int) -> int:
    """Return the least number of an entry of this time."""
    return ticks // 1_000_000 * _PER_SECOND


def _numbers(connection: Connection, entries: Mapping[str, StoredEntry]) -> dict[str, int]:
    """Return a free number for each entry, near its date."""
    found: dict[str, int] = {}
    taken: set[int] = set()
    wanted = {key: _first_number(stored) for key, stored in entries.items()}
    while wanted:
        for some in chunks(wanted.values()):
            taken.update(connection.scalars(select(_held.number).where(_held.number.in_(some))))
        for key, number in list(wanted.items()):
            if number in taken:
                wanted[key] += 1 + int(key[3:8], 16) % _STEPS
                continue
            taken.add(number)
            found[key] = wanted.pop(key)
    return found


def _first_number(stored: StoredEntry) -> int:
    return number_at(to_ticks(stored.published)) + int(stored.key[:3], 16) % _PER_SECOND
