"""Roles of workers: work that only one of them does at a time, under a lock that it has to renew."""

from datetime import timedelta

from sqlalchemy import Connection, delete, select

from aggregator.core.errors import StoreError
from aggregator.store import schema
from aggregator.store.database import insert
from aggregator.store.due_sources import database_time

_role = schema.role.c
_TICK = timedelta(microseconds=1)


def take(connection: Connection, name: str, holder: str, span: timedelta) -> bool:
    """Take or renew a role for this span from now; False if another worker has it."""
    now = database_time(connection)
    new = {"name": name, "holder": holder, "until": now + span // _TICK}
    statement = insert(connection, schema.role).values(new)
    free = (_role.until <= now) | (_role.holder == holder)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_role.name],
            set_={"holder": new["holder"], "until": new["until"]},
            where=free,
        )
    )
    return connection.scalar(select(_role.holder).where(_role.name == name)) == holder


def leave(connection: Connection, name: str, holder: str) -> None:
    """Give a role up, so that another worker need not wait until it runs out."""
    connection.execute(delete(schema.role).where(_role.name == name, _role.holder == holder))


def prove(connection: Connection, name: str, holder: str) -> None:
    """Raise StoreError unless the role is held until the end of this transaction.

    Its row stays locked, so that no other worker takes it before this one has committed.
    """
    row = connection.execute(
        select(_role.holder, _role.until).where(_role.name == name).with_for_update()
    ).first()
    if row is None or row.holder != holder:
        raise StoreError(f"another worker has taken over: {name}")
