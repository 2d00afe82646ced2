"""Subscriptions to hubs, one row each."""

from sqlalchemy import Connection, delete, select

from aggregator.core.leases import Lease
from aggregator.store import schema
from aggregator.store.codec import from_json, to_json
from aggregator.store.database import upsert

_lease = schema.lease.c


def load(connection: Connection) -> tuple[Lease, ...]:
    """Return all subscriptions, in a stable order."""
    rows = connection.execute(select(schema.lease).order_by(_lease.path))
    return tuple(from_json(Lease, row.value) for row in rows)


def save(connection: Connection, lease: Lease) -> None:
    """Save a subscription."""
    row = {"path": lease.path, "value": to_json(lease)}
    upsert(connection, schema.lease, [row], update=("value",))


def drop(connection: Connection, path: str) -> None:
    """Delete a subscription."""
    connection.execute(delete(schema.lease).where(_lease.path == path))
