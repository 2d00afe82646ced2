"""Reads what the pages tell of sources: figures, latest entries, totals."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from aggregator.core.figures import DAYS, EntryOfSource, SourceFigures, Totals
from aggregator.store import schema
from aggregator.store.codec import maybe_time, to_ticks
from aggregator.store.rows import load_outlines
from aggregator.store.sql_database import SqlDatabase

_DAY_TICKS = 86_400_000_000
_entry = schema.entry.c
_member = schema.member.c


class SourceReading(SqlDatabase):
    """The methods of the store about sources."""

    def source_figures(self, now: datetime) -> Mapping[str, SourceFigures]:
        """Return the figures of each source with entries in the last days, by identity."""
        with self._read() as connection:
            return load_figures(connection, now)

    def latest_entries(self, identity: str, limit: int) -> tuple[EntryOfSource, ...]:
        """Return the entries of a source that were first seen last, the newest first."""
        with self._read() as connection:
            return load_latest(connection, identity, limit)

    def totals(self) -> Totals:
        """Return how much is stored."""
        with self._read() as connection:
            return load_totals(connection)


def load_figures(connection: Connection, now: datetime) -> dict[str, SourceFigures]:
    """Return the figures of each source, by identity."""
    today = to_ticks(now) // _DAY_TICKS
    first = today - DAYS + 1
    day = (_entry.first_seen // _DAY_TICKS).label("day")
    query = (
        select(_entry.source, day, func.count())
        .where(_entry.first_seen >= first * _DAY_TICKS)
        .group_by(_entry.source, day)
    )
    days: dict[str, list[int]] = {}
    for source, number, count in connection.execute(query):
        if number <= today:  # a wrong clock may have dated entries later
            days.setdefault(source, [0] * DAYS)[number - first] += count
    places = _places(connection, now - timedelta(days=DAYS))
    return {
        source: SourceFigures(days=tuple(counts), **places.get(source, {}))
        for source, counts in days.items()
    }


def _places(connection: Connection, since: datetime) -> dict[str, dict[str, int]]:
    """Return how the entries of each source stand in their stories."""
    order = (_member.published, _member.key)
    ranked = (
        select(
            _member.key,
            func.row_number().over(partition_by=_member.story, order_by=order).label("rank"),
            func.count().over(partition_by=_member.story).label("size"),
        )
        .where(_member.published >= to_ticks(since))
        .subquery()
    )
    columns = ranked.c
    later = func.sum(case((columns.rank > 1, 1), else_=0))
    first = func.sum(case(((columns.rank == 1) & (columns.size > 1), 1), else_=0))
    query = (
        select(_entry.source, func.count(), later, first)
        .join(ranked, columns.key == _entry.key)
        .group_by(_entry.source)
    )
    return {
        source: {"grouped": grouped, "later": int(later), "first": int(first)}
        for source, grouped, later, first in connection.execute(query)
    }


def load_latest(connection: Connection, identity: str, limit: int) -> tuple[EntryOfSource, ...]:
    """Return the entries of a source that were first seen last, the newest first."""
    query = (
        select(_entry.key, _member.story)
        .outerjoin(schema.member, _member.key == _entry.key)
        .where(_entry.source == identity)
        .order_by(_entry.first_seen.desc(), _entry.published.desc(), _entry.key)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    entries = load_outlines(connection, [row.key for row in rows])
    return tuple(
        EntryOfSource(stored=entries[row.key], story_id=row.story or "")
        for row in rows
        if row.key in entries
    )


def load_totals(connection: Connection) -> Totals:
    """Return how much is stored."""
    entries, oldest = connection.execute(select(func.count(), func.min(_entry.first_seen))).one()
    sizes = select(func.count().label("n")).select_from(schema.member).group_by(_member.story)
    held = sizes.subquery()
    shared = func.sum(case((held.c.n > 1, 1), else_=0))
    stories, several = connection.execute(select(func.count(), shared).select_from(held)).one()
    return Totals(
        entries=entries, stories=stories, shared=int(several or 0), oldest=maybe_time(oldest)
    )
