"""Corrects stored times that a wrong clock produced, once the clock is right."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, func, select, update

from aggregator.gather import revision
from aggregator.store import schema
from aggregator.store.codec import from_ticks, maybe_time, to_ticks

_entry = schema.entry.c
_story = schema.story.c
_WITNESSES = 200  # the entries seen last, whose claimed dates show whether the clock is behind
_EARLY = timedelta(hours=1)  # a story that is older than its entries by more was dated wrongly
_LEAP = timedelta(days=1)  # a step forward after which stored times may be too early


def is_doubtful(connection: Connection, now: datetime) -> bool:
    """Return whether any stored time is later than now."""
    ticks = to_ticks(now + revision.CLOCK_SLACK)
    latest = (
        select(func.max(column))
        for column in (_entry.first_seen, _story.first_published, _story.updated)
    )
    return any((connection.scalar(query) or 0) > ticks for query in latest)


def mend(connection: Connection, now: datetime) -> None:
    """Lower stored times that are later than now, if now is right."""
    if trusted(connection, now) == now:
        _lower(connection, schema.story, _story.first_published, now)
        _lower(connection, schema.story, _story.updated, now)
        _lower(connection, schema.tombstone, schema.tombstone.c.died, now)


def raise_early_stories(connection: Connection) -> int:
    """Date stories anew that were published before any of their entries was seen; return how many.

    A clock that was behind dated them, so that they stand far down in feeds and archives.
    """
    seen = func.min(_entry.first_seen)
    member = schema.member.c
    found = (
        select(_story.id, seen.label("seen"))
        .join(schema.member, member.story == _story.id)
        .join(schema.entry, _entry.key == member.key)
        .group_by(_story.id, _story.first_published)
        .having(_story.first_published < seen - _EARLY // timedelta(microseconds=1))
    )
    rows = [{"of": row.id, "seen": row.seen} for row in connection.execute(found)]
    if rows:
        times: dict[str, Any] = {"first_published": bindparam("seen"), "updated": bindparam("seen")}
        statement = update(schema.story).where(_story.id == bindparam("of")).values(times)
        connection.execute(statement, rows)
    return len(rows)


def trusted(connection: Connection, now: datetime) -> datetime:
    """Return the time to store, after correcting times that a wrong clock produced."""
    latest = maybe_time(connection.scalar(select(func.max(_entry.first_seen))))
    if latest is None or latest <= now <= latest + _LEAP:
        return now
    if now > latest:
        _mend_behind(connection, now)
        return now
    best = revision.trusted(now, latest, _claims(connection))
    if best == now < latest - revision.CLOCK_SLACK:
        _mend_ahead(connection, now)
    return best


def _claims(connection: Connection) -> list[datetime]:
    return [claim for claim, _ in _witnesses(connection)]


def _witnesses(connection: Connection) -> list[tuple[datetime, datetime]]:
    """Return the claimed date of the entries seen last, and when each was seen."""
    query = (
        select(_entry.claim, _entry.first_seen).order_by(_entry.first_seen.desc()).limit(_WITNESSES)
    )
    rows = connection.execute(query)
    return [(from_ticks(row.claim), from_ticks(row.first_seen)) for row in rows if row.claim]


def _mend_ahead(connection: Connection, now: datetime) -> None:
    """Lower the times stored by a clock that was ahead."""
    _lower(connection, schema.entry, _entry.first_seen, now)
    _lower(connection, schema.entry, _entry.published, now)
    _lower(connection, schema.entry, _entry.revised, now)
    _lower(connection, schema.story, _story.first_published, now)
    _lower(connection, schema.story, _story.updated, now)
    _lower(connection, schema.story, _story.published, now)
    _lower(connection, schema.member, schema.member.c.published, now)
    _lower(connection, schema.tombstone, schema.tombstone.c.died, now)


def _lower(connection: Connection, table: Table, column: Column[int], now: datetime) -> None:
    ticks = to_ticks(now)
    connection.execute(update(table).where(column > ticks).values({column.name: ticks}))


def _mend_behind(connection: Connection, now: datetime) -> None:
    """Raise the times stored by a clock that was behind, if most claimed dates show that it was."""
    seen = _witnesses(connection)
    early = sum(claim > first_seen + _LEAP for claim, first_seen in seen)
    if early * 2 <= len(seen):
        return
    ticks = to_ticks(now)
    wrong = (_entry.claim > _entry.first_seen + _LEAP // timedelta(microseconds=1)) & (
        _entry.claim <= ticks
    )
    early_keys = select(_entry.key).where(wrong)
    member = schema.member.c
    claim = select(_entry.claim).where(_entry.key == member.key).scalar_subquery()
    connection.execute(
        update(schema.member).where(member.key.in_(early_keys)).values(published=claim)
    )
    times: dict[str, Any] = {"first_published": ticks, "updated": ticks}
    connection.execute(update(schema.story).where(_story.founder.in_(early_keys)).values(times))
    connection.execute(
        update(schema.entry)
        .where(wrong)
        .values(published=_entry.claim, revised=_entry.claim, first_seen=ticks)
    )
