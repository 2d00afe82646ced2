"""Stores the digests that were published."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from aggregator.core.news_digest import NewsDigest
from aggregator.store import schema
from aggregator.store.codec import pack, to_ticks, unpack
from aggregator.store.database import upsert
from aggregator.store.sql_database import SqlDatabase

_digest = schema.news_digest.c


class NewsDigests(SqlDatabase):
    """A DigestStore over the transactions of a store."""

    def digests(self, feed: str, limit: int) -> tuple[NewsDigest, ...]:
        """Return the newest digests of a feed, newest first."""
        query = select(_digest.value).where(_digest.feed == feed)
        newest = query.order_by(_digest.ends.desc(), _digest.period).limit(limit)
        with self._read() as connection:
            return tuple(unpack(NewsDigest, value) for value in connection.scalars(newest))

    def save_digest(self, feed: str, digest: NewsDigest) -> None:
        """Save a digest; one of the same period is kept as it is."""
        row = {
            "feed": feed,
            "period": digest.period,
            "ends": to_ticks(digest.end),
            "value": pack(digest),
        }
        with self._write(durable=True, quiet=True) as connection:
            upsert(connection, schema.news_digest, [row])

    def drop_digests(self, feed: str, after: datetime) -> None:
        """Delete digests that end after a time: they were made while the clock was wrong."""
        with self._write(quiet=True) as connection:
            _drop(connection, feed, after)


def _drop(connection: Connection, feed: str, after: datetime) -> None:
    late = (_digest.feed == feed, _digest.ends > to_ticks(after))
    connection.execute(delete(schema.news_digest).where(*late))
