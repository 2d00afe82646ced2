"""Copies a whole store from one database into another one, of whichever kind."""

from itertools import islice

from sqlalchemy import Connection, func, select

from aggregator.core.errors import StoreError
from aggregator.store import schema, search_index
from aggregator.store.database import Database
from aggregator.store.opening import migrate, version_of

_ROWS = 1_000  # written at once


def copy(old: Database, new: Database) -> int:
    """Copy all rows into a new, empty database, in one transaction; return how many.

    Raise StoreError if there is anything in it already.
    """
    with old.read() as source, new.write(durable=True) as target:
        if version_of(target, new.place):
            raise StoreError(f"the database {new.place} is not empty: name another one")
        migrate(target)
        count = sum(_copy_table(source, target, name) for name in schema.metadata.tables)
        search_index.forget(target)
        if target.dialect.name == "postgresql":
            _follow_numbers(target)
        return count


def _copy_table(source: Connection, target: Connection, name: str) -> int:
    table = schema.metadata.tables[name]
    rows = source.execution_options(yield_per=_ROWS).execute(select(table)).mappings()
    count = 0
    while some := [dict(row) for row in islice(rows, _ROWS)]:
        target.execute(table.insert(), some)
        count += len(some)
    if target.scalar(select(func.count()).select_from(table)) != count:
        raise StoreError(f"the table {name} was not copied completely")
    return count


def _follow_numbers(target: Connection) -> None:
    """Let the next row of each numbered table have a number after those that were copied."""
    for table in schema.metadata.tables.values():
        if (column := table.autoincrement_column) is not None:
            last = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            target.execute(select(func.setval(sequence, last, False)))
