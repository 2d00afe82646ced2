"""Statements compiled once and executed on the driver: for many rows SQLAlchemy takes longer than SQLite.

Values are passed as they are, so they must be those of the driver: text, numbers, bytes and booleans.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, ColumnElement, Select

CHUNK = 500  # values of one IN (...)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as the driver takes it; `names` are its parameters, in order if it has places."""

    text: str
    names: tuple[str, ...]
    has_places: bool


_kept: dict[
    tuple[object, ...], _Prepared
] = {}  # one for each statement of the program, and few more


def write_rows(
    connection: Connection, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Execute an insert or update once for each row; all rows have the same columns.

    The statement must be one that is made once, for its compiled form is kept.
    """
    if not rows:
        return
    found = _prepare(connection.dialect, statement, tuple(rows[0]))
    given: Sequence[Any] = rows
    if found.has_places:
        pick = _picker(found.names)
        given = [pick(row) for row in rows]
    connection.exec_driver_sql(found.text, list(given))


def rows_in(
    connection: Connection, query: Select[Any], column: ColumnElement[str], values: Sequence[str]
) -> Iterator[Any]:
    """Yield the rows of a query that is made once, without parameters, whose column has one of these values.

    Columns come as the driver gives them: SQLite has numbers for booleans.
    """
    for start in range(0, len(values), CHUNK):
        some = list(values[start : start + CHUNK])
        # few lengths, so that few statements are compiled
        some += some[-1:] * ((1 << (len(some) - 1).bit_length()) - len(some))
        found = _prepare_in(connection.dialect, query, column, len(some))
        named = dict(zip(found.names, some, strict=True))
        yield from connection.exec_driver_sql(
            found.text, tuple(some) if found.has_places else named
        )


def _prepare(dialect: Dialect, statement: ClauseElement, columns: tuple[str, ...]) -> _Prepared:
    key = (dialect.name, statement, columns)
    if key not in _kept:
        _kept[key] = _prepared(statement.compile(dialect=dialect, column_keys=list(columns)))
    return _kept[key]


def _prepare_in(
    dialect: Dialect, query: Select[Any], column: ColumnElement[str], count: int
) -> _Prepared:
    key = (dialect.name, query, count)
    if key not in _kept:
        whole = query.where(column.in_([""] * count))
        options = {"render_postcompile": True}
        _kept[key] = _prepared(whole.compile(dialect=dialect, compile_kwargs=options))
    return _kept[key]


def _prepared(compiled: Any) -> _Prepared:
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"not a statement: {compiled!r}")
    names = tuple(compiled.positiontup or compiled.params)
    return _Prepared(str(compiled), names, compiled.positional)


@cache
def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """Return the function that returns these values of a row, always as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    (name,) = names
    return lambda row: (row[name],)
