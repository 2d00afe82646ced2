"""The generation of the store: another value after each change of what feeds may show."""

import secrets

from sqlalchemy import Connection, select

from aggregator.store import schema
from aggregator.store.database import upsert

_NAME = "generation"


def load(connection: Connection) -> str:
    """Return the generation; empty if none was ever saved."""
    query = select(schema.meta.c.value).where(schema.meta.c.name == _NAME)
    return str(connection.scalar(query) or "")


def move(connection: Connection) -> None:
    """Save another generation, in the transaction of the change.

    It is random, for a count could repeat after transactions were lost in a power cut.
    """
    row = {"name": _NAME, "value": secrets.token_hex(8)}
    upsert(connection, schema.meta, [row], update=("value",))
