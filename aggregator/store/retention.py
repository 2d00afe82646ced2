"""Retention: deletes the texts of old stories; their ids and names stay."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, delete, select

from aggregator.store import articles, feature_changes, meta, schema, search_index
from aggregator.store.codec import from_ticks, to_ticks
from aggregator.store.database import chunks, insert

_MOST = 2_000  # stories per transaction, so that no writer waits long
_DONE = "forgotten before"  # in `meta`

_entry = schema.entry.c
_member = schema.member.c
_story = schema.story.c
_record = schema.record


def forgotten(connection: Connection) -> datetime | None:
    """Return the time before which everything was deleted that may be."""
    value = meta.recall(connection, _DONE)
    return from_ticks(int(value)) if value else None


def forget(
    connection: Connection, before: datetime, shown: Iterable[str] = (), most: int = _MOST
) -> int:
    """Delete the texts of the oldest stories neither published nor updated since; return how many.

    Stories that a feed shows are kept; `shown` contains ids of stories and entries. Entries keep keys,
    names, titles and links, some hundred bytes each, so that one that a source delivers again is not
    new; and their story, so that a later change is put into it.
    """
    gone = list(islice(_old(connection, before, _stories_with(connection, shown)), most))
    waiting = {story for some in chunks(gone) for story in _waiting(connection, some)}
    for some in chunks(one for one in gone if one not in waiting):
        _drop(connection, some)
    if len(gone) < most:
        meta.remember(connection, _DONE, str(to_ticks(before)))
    return len(gone) - len(waiting)


def _stories_with(connection: Connection, shown: Iterable[str]) -> set[str]:
    """Return the ids given, and those of the stories of the entries among them."""
    found = set(shown)
    for some in chunks(sorted(found)):
        query = select(_member.story).join(schema.entry, _entry.key == _member.key)
        found.update(connection.scalars(query.where(_entry.id.in_(some))))
    return found


def _old(connection: Connection, before: datetime, kept: set[str]) -> Iterator[str]:
    limit = to_ticks(before)
    query = (
        select(_story.id)
        .where(_story.updated < limit, _story.first_published < limit)
        .order_by(_story.first_published, _story.id)
    )
    return (id_ for id_ in connection.scalars(query) if id_ not in kept)


def _waiting(connection: Connection, ids: list[str]) -> Iterator[str]:
    """Yield the stories with an ungrouped entry: its new text is not shown yet."""
    query = select(_member.story).join(schema.entry, _entry.key == _member.key)
    yield from connection.scalars(query.where(_member.story.in_(ids), ~_entry.grouped))


def _drop(connection: Connection, ids: list[str]) -> None:
    keys = select(_member.key).where(_member.story.in_(ids))
    places = (
        select(_member.key, _member.story, _story.first_published)
        .join(schema.story, _story.id == _member.story)
        .where(_member.story.in_(ids))
    )
    connection.execute(
        insert(connection, _record)
        .from_select(["key", "story", "first_published"], places)
        .on_conflict_do_nothing(index_elements=[_record.c.key])
    )
    gone = list(connection.scalars(keys))
    feature_changes.log(connection, gone)
    _empty(connection, gone)
    connection.execute(delete(schema.feature).where(schema.feature.c.key.in_(keys)))
    connection.execute(delete(schema.member).where(_member.story.in_(ids)))
    connection.execute(delete(schema.story).where(_story.id.in_(ids)))


def _empty(connection: Connection, keys: list[str]) -> None:
    """Rewrite entries without their texts.

    SQLite frees pages whose rows are all deleted, not pages whose rows only shrink.
    """
    articles.drop(connection, keys)
    search_index.drop(connection, keys)
    columns = [column for column in _entry if column is not _entry.content]
    for some in chunks(keys):
        rows = connection.execute(select(*columns).where(_entry.key.in_(some))).mappings()
        left = [{**row, "content": b""} for row in rows]
        connection.execute(delete(schema.entry).where(_entry.key.in_(some)))
        connection.execute(schema.entry.insert(), left)
