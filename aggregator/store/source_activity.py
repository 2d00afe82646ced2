"""How much each source has published lately, and how much of it others told as well."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from aggregator.core.activity import SourceActivity
from aggregator.store import schema
from aggregator.store.codec import to_ticks

DAYS = 14
_DAY_TICKS = timedelta(days=1) // timedelta(microseconds=1)


def load(connection: Connection, now: datetime) -> dict[str, SourceActivity]:
    """Return the activity of each source with entries of the last days, by identity."""
    entry, story = schema.entry.c, schema.story.c
    began = to_ticks(now) - DAYS * _DAY_TICKS
    day = (entry.published - began) // _DAY_TICKS
    is_duplicate = case((story.representative != entry.key, 1), else_=0)
    query = (
        select(entry.source, day.label("day"), func.count(), func.sum(is_duplicate))
        .select_from(schema.entry)
        .outerjoin(schema.member, schema.member.c.key == entry.key)
        .outerjoin(schema.story, story.id == schema.member.c.story)
        .where(entry.published > began, entry.published <= to_ticks(now))
        .group_by(entry.source, day)
    )
    counts: dict[str, list[int]] = {}
    duplicates: dict[str, int] = {}
    for source, number, count, told_by_others in connection.execute(query):
        counts.setdefault(source, [0] * DAYS)[min(int(number), DAYS - 1)] += count
        duplicates[source] = duplicates.get(source, 0) + int(told_by_others or 0)
    return {
        source: SourceActivity(days=tuple(own), duplicates=duplicates[source])
        for source, own in counts.items()
    }
