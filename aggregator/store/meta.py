"""Single values that are stored by name: the generation, how far retention came, marks of opening."""

from sqlalchemy import Connection, select

from aggregator.store import schema
from aggregator.store.database import upsert

_meta = schema.meta.c


def recall(connection: Connection, name: str) -> str:
    """Return the value of a name; empty if there is none."""
    value = connection.scalar(select(_meta.value).where(_meta.name == name))
    return "" if value is None else str(value)


def remember(connection: Connection, name: str, value: str) -> None:
    """Store the value of a name."""
    upsert(connection, schema.meta, [{"name": name, "value": value}], update=("value",))
