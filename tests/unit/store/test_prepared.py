"""Prepared statements do what SQLAlchemy does, for any number of rows and values."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from aggregator.store import prepared, schema
from aggregator.store.database import Database, open_sqlite, upsert

_alias = schema.alias.c
_NAMES = select(_alias.name, _alias.key)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database with one table."""
    database = open_sqlite(tmp_path / "a.db")
    schema.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 499, 500, 501, 1300])
def test_rows_in_finds_each_value(database: Database, count: int) -> None:
    rows = [{"name": f"n{n}", "key": "k", "kind": "guid", "seen": n} for n in range(count)]
    with database.write() as connection:
        upsert(connection, schema.alias, rows)
    wanted = [f"n{n}" for n in range(count)]
    with database.read() as connection:
        found = list(prepared.rows_in(connection, _NAMES, _alias.name, ["none", *wanted]))
    assert sorted(row.name for row in found) == sorted(wanted)


def test_upsert_keeps_or_sets_columns(database: Database) -> None:
    row = {"name": "n", "key": "k", "kind": "guid", "seen": 1}
    with database.write() as connection:
        upsert(connection, schema.alias, [row])
        upsert(connection, schema.alias, [row | {"key": "l", "seen": 2}])
        upsert(connection, schema.alias, [row | {"key": "m", "seen": 3}], update=("key",))
        stored = connection.execute(select(schema.alias)).mappings().one()
    assert dict(stored) == row | {"key": "m"}


def test_few_statements_are_kept(database: Database) -> None:
    before = len(prepared._kept)
    with database.read() as connection:
        for count in range(1, 600):
            list(prepared.rows_in(connection, _NAMES, _alias.name, ["x"] * count))
    assert len(prepared._kept) - before <= 10
