"""Keeps database and journal small: gives freed pages back, and drops lines that later ones replace."""

import sqlite3

from sqlalchemy import Connection, func, select, text

from aggregator.store import recovery, schema
from aggregator.store.database import Database, hold_writer
from aggregator.store.journal import Journal
from aggregator.store.opening import remember_journal

_MIN_FREE_BYTES, _MIN_FREE_SHARE = 32_000_000, 0.2  # of a database, for a vacuum to pay
_MIN_JOURNAL_BYTES, _MIN_LINES = 8_000_000, 2  # of a journal, and lines for each that counts


def vacuum(database: Database) -> int:
    """Shrink a SQLite file if enough of it is free; return the bytes given back.

    It needs as much room on the disk as the file, and writers wait meanwhile.
    """
    if database.engine.dialect.name != "sqlite":
        return 0
    with database.alone() as connection:
        connection.execute("PRAGMA optimize")
        before, free = _pages(connection, "page_count"), _pages(connection, "freelist_count")
        if free >= max(_MIN_FREE_BYTES, before * _MIN_FREE_SHARE):
            connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before - _pages(connection, "page_count")


def _pages(connection: sqlite3.Connection, name: str) -> int:
    """Return the bytes of the pages that a pragma counts."""
    (count,) = connection.execute(f"PRAGMA {name}").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(count) * int(size)


def compact(database: Database, journal: Journal, least: int = _MIN_JOURNAL_BYTES) -> int:
    """Rewrite the journal if most of its lines are replaced by later ones; return the bytes saved."""
    before = journal.size()
    if before < least:
        return 0
    with database.write(durable=True) as connection:
        hold_writer(connection)
        if sum(1 for _ in journal.read()) < _MIN_LINES * _count(connection):
            return 0
        recovery.catch_up(connection, journal.read())
        size = journal.replace(recovery.journal_lines(connection))
        remember_journal(connection, size)
    return before - size


def _count(connection: Connection) -> int:
    """Return about how many lines the journal needs."""
    tables = (schema.member, schema.record, schema.tombstone, schema.decision)
    counts = [connection.scalar(select(func.count()).select_from(one)) or 0 for one in tables]
    return max(1, sum(counts))


def size(database: Database) -> int:
    """Return the bytes that the database takes on its disk."""
    if database.engine.dialect.name == "sqlite":
        with database.alone() as file:
            return _pages(file, "page_count")
    with database.read() as connection:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
