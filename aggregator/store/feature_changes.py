"""The log of changed features: which entries a reader that kept some has to read again."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select

from aggregator.core.ports import FeatureChanges
from aggregator.store import schema

_MAX_LOGGED = 100_000  # changes; a reader that missed more reads everything

_change = schema.feature_change.c


def log(connection: Connection, keys: Iterable[str]) -> None:
    """Log that the features or dates of entries changed, or that they are no longer grouped."""
    rows = [{"key": key} for key in sorted(set(keys))]
    if not rows:
        return
    connection.execute(schema.feature_change.insert(), rows)
    last = connection.scalar(select(func.max(_change.number))) or 0
    connection.execute(delete(schema.feature_change).where(_change.number <= last - _MAX_LOGGED))


def since(connection: Connection, number: int | None) -> FeatureChanges:
    """Return the changes after a number; the mark is the number of the last one."""
    row = connection.execute(select(func.min(_change.number), func.max(_change.number))).one()
    first, last = row[0] or 0, row[1] or 0
    if number is None or not first - 1 <= number <= last:
        return FeatureChanges(mark=str(last), keys=None)
    query = select(_change.key).where(_change.number > number).distinct()
    return FeatureChanges(mark=str(last), keys=tuple(connection.scalars(query)))
