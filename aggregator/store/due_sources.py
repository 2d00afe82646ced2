"""Sources that workers take turns with: when each is due, and which worker has it.

Times of claims are those of the database's clock, so that the clocks of the workers may differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from aggregator.store import schema
from aggregator.store.codec import from_ticks, maybe_ticks, to_ticks
from aggregator.store.database import chunks, upsert

_SOLO_LOSSES = 3  # of workers that died while they worked on this source alone
_ASIDE = timedelta(days=1)  # between two tries of a source that workers died of
_TICK = timedelta(microseconds=1)
_CANDIDATES = 10  # times as many as are wanted, among which no host gets more than its share

_due = schema.due_source.c
_NOW = {
    "postgresql": text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"),
    "sqlite": text("SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Sources of one host that a worker is about to fetch; `token` tells this claim from others."""

    host: str
    sources: tuple[str, ...]  # identities
    token: int
    alone: bool = False  # a worker died with it: nothing else may run beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """When a source is due again after it was fetched; None: never. `held`: see the table."""

    identity: str
    due: datetime | None
    held: datetime | None = None


def database_time(connection: Connection) -> int:
    """Return the time by the clock of the database."""
    return int(connection.scalar(_NOW[connection.dialect.name]) or 0)


def register(
    connection: Connection, hosts: Mapping[str, str], due: Mapping[str, datetime | None]
) -> None:
    """Make the rows match the configured sources: `hosts` by identity; rows of others are deleted.

    `due` is used for sources that are new here, that were paused, or that are paused now.
    """
    rows = connection.execute(select(_due.identity, _due.host, _due.due, _due.aside)).all()
    known = {row.identity: row for row in rows}
    for some in chunks(sorted(known.keys() - hosts.keys())):
        connection.execute(delete(schema.due_source).where(_due.identity.in_(some)))
    new = [
        {"identity": one, "host": host, "due": maybe_ticks(due[one]), "losses": 0}
        for one, host in sorted(hosts.items())
        if one not in known
    ]
    upsert(connection, schema.due_source, new)
    changed = [
        {"of": one, "host": hosts[one], "due": maybe_ticks(due[one])}
        for one, row in sorted(known.items())
        if one in hosts and ((row.due is None) != (due[one] is None) or row.host != hosts[one])
    ]
    if changed:
        statement = update(schema.due_source).where(_due.identity == bindparam("of"))
        values: dict[str, Any] = {"host": bindparam("host"), "due": bindparam("due")}
        connection.execute(statement.values(values), changed)


def claim(
    connection: Connection, now: datetime, span: timedelta, *, most: int, most_of_host: int
) -> tuple[Claim, ...]:
    """Claim sources that are due and that nobody has, by host; hosts of other claims wait."""
    clock = database_time(connection)
    other = schema.due_source.alias()
    taken = select(other.c.host).where(other.c.claimed > clock)
    free = _due.claimed.is_(None) | (_due.claimed <= clock)
    candidate = (
        select(_due.identity, _due.host, _due.due)
        .where(_due.due <= to_ticks(now), free, _due.host.not_in(taken))
        .order_by(_due.due)
        .limit(most * _CANDIDATES)
        .subquery()
    )
    place = func.row_number().over(partition_by=candidate.c.host, order_by=candidate.c.due)
    ranked = select(candidate.c.identity, place.label("place")).subquery()
    query = (
        select(_due.identity, _due.host, _due.losses)
        .where(
            _due.identity.in_(select(ranked.c.identity).where(ranked.c.place <= most_of_host)),
            free,
        )
        .order_by(_due.due, _due.identity)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    token = clock + span // _TICK
    _set_claimed(connection, [row.identity for row in rows], token)
    return tuple(_claims(rows, token))


def _claims(rows: Sequence[Any], token: int) -> Iterable[Claim]:
    by_host: dict[str, list[str]] = {}
    for row in rows:
        if row.losses:
            yield Claim(host=row.host, sources=(row.identity,), token=token, alone=True)
        else:
            by_host.setdefault(row.host, []).append(row.identity)
    for host, own in by_host.items():
        yield Claim(host=host, sources=tuple(own), token=token)


def _set_claimed(connection: Connection, identities: Iterable[str], until: int | None) -> None:
    for some in chunks(identities):
        statement = update(schema.due_source).where(_due.identity.in_(some))
        connection.execute(statement.values(claimed=until))


def begin(connection: Connection, claimed: Claim, span: timedelta) -> Claim:
    """Return what is still ours of a claim, for this span from now; its token is another one."""
    until = database_time(connection) + span // _TICK
    query = (
        select(_due.identity)
        .where(_due.identity.in_(claimed.sources), _due.claimed == claimed.token)
        .with_for_update()
    )
    ours = set(connection.scalars(query))
    _set_claimed(connection, sorted(ours), until)
    own = tuple(one for one in claimed.sources if one in ours)
    return Claim(host=claimed.host, sources=own, token=until, alone=claimed.alone)


def host_wait(connection: Connection, host: str, now: datetime) -> datetime | None:
    """Return until when a host asked to wait, by any of its sources; None if it did not."""
    query = select(func.max(_due.held)).where(_due.host == host, _due.held > to_ticks(now))
    ticks = connection.scalar(query)
    return None if ticks is None else from_ticks(ticks)


def finish(connection: Connection, token: int, fetched: Iterable[Fetched]) -> None:
    """Give sources back that were fetched; those that another worker has meanwhile stay as they are."""
    rows = [
        {"of": one.identity, "due": maybe_ticks(one.due), "held": maybe_ticks(one.held)}
        for one in sorted(fetched, key=lambda one: one.identity)
    ]
    if not rows:
        return
    statement = update(schema.due_source).where(
        _due.identity == bindparam("of"), _due.claimed == token
    )
    values: dict[str, Any] = {
        "due": bindparam("due"),
        "held": bindparam("held"),
        "claimed": None,
        "losses": 0,
        "aside": None,
    }
    connection.execute(statement.values(values), rows)


def take_back(connection: Connection, lost: Claim, now: datetime) -> tuple[str, ...]:
    """Release the sources of a worker that died or hangs; return those that are set aside.

    A source whose work had not begun is as it was. One that was alone in its worker counts a loss.
    """
    query = (
        select(_due.identity, _due.claimed, _due.losses)
        .where(_due.identity.in_(lost.sources), _due.claimed.is_not(None))
        .with_for_update()
    )
    aside: list[str] = []
    for row in connection.execute(query).all():
        values: dict[str, Any] = {"claimed": None}
        if row.claimed != lost.token:
            values["losses"] = row.losses + 1 if lost.alone else max(row.losses, 1)
            if values["losses"] > _SOLO_LOSSES:
                values |= {"aside": to_ticks(now), "due": to_ticks(now + _ASIDE)}
                aside.append(row.identity)
        statement = update(schema.due_source).where(_due.identity == row.identity)
        connection.execute(statement.values(values))
    return tuple(aside)


def set_aside(connection: Connection) -> dict[str, datetime]:
    """Return the sources that are set aside, by identity, and since when."""
    query = select(_due.identity, _due.aside).where(_due.aside.is_not(None))
    return {row.identity: from_ticks(row.aside) for row in connection.execute(query)}


def count_due(connection: Connection, now: datetime) -> int:
    """Return how many sources are due or claimed."""
    clock = database_time(connection)
    query = select(func.count()).where((_due.due <= to_ticks(now)) | (_due.claimed > clock))
    return int(connection.scalar(query.select_from(schema.due_source)) or 0)


def is_shared(connection: Connection) -> bool:
    """Say whether workers share the database, each with a data folder and a journal of its own."""
    if connection.dialect.name != "postgresql":
        return False
    return connection.scalar(select(_due.identity).limit(1)) is not None


def end_sharing(connection: Connection) -> None:
    """Forget what workers knew; they register all sources again when they start."""
    connection.execute(delete(schema.due_source))
