"""Reads stories and entries for publishing, pages and commands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, and_, func, or_, select, true, tuple_

from aggregator.core import ids
from aggregator.core.model import ShownStory, StoredEntry, Story, Tombstone
from aggregator.core.ports import Place
from aggregator.gather import identity
from aggregator.store import schema
from aggregator.store.codec import from_ticks, to_ticks
from aggregator.store.database import chunks
from aggregator.store.gather import load_aliases
from aggregator.store.rows import load_stories, load_whole_entries
from aggregator.text import urls

FIRST_PAGE = 100  # stories of the first page; each further one is twice as large, up to LAST_PAGE
LAST_PAGE = 400
_ALIKE = 10  # ids with the same prefix that a message lists
_GRAVES = 16  # merges followed to the story that replaced the others; more would be a cycle

_story = schema.story.c
_entry = schema.entry.c
_member = schema.member.c
_STORIES = (_story.first_published, _story.published, _story.id)
_ENTRIES = (_entry.first_seen, _entry.published, _entry.id)

Columns = tuple[Column[int], Column[int], Column[str]]
Read = Callable[[], AbstractContextManager[Connection]]
Found = Iterator[tuple[Place, ShownStory]]


def newest_stories(read: Read) -> Iterator[ShownStory]:
    """Yield the shown stories, newest first."""
    for _, shown in _walk(read, _STORIES, _story.shown, _stories_at, newest=True):
        yield shown


def stories_before(read: Read, place: Place | None) -> Found:
    """Yield the shown stories before a position, newest first, with their positions."""
    where = _story.shown
    if place is None:
        return _walk(read, _STORIES, where, _stories_at, newest=True)
    first, published, id_ = place
    before = tuple_(*_STORIES) < tuple_(to_ticks(first), to_ticks(published), id_)
    return _walk(read, _STORIES, and_(where, before), _stories_at, newest=True)


def oldest_stories(read: Read, after: Place | None, changed: datetime | None) -> Found:
    """Yield the shown stories after a position, or changed after a time, oldest first."""
    wanted = _since(_STORIES, after, _story.updated, changed)
    return _walk(read, _STORIES, and_(_story.shown, wanted), _stories_at)


def newest_entries(read: Read) -> Iterator[tuple[str, ShownStory]]:
    """Yield the ids of shown entries, newest first, each with its story."""
    for place, shown in _walk(read, _ENTRIES, _entry.shown, _stories_with, newest=True):
        yield place[2], shown


def oldest_entries(read: Read, after: Place | None, changed: datetime | None) -> Found:
    """Yield the positions of shown entries after a position, or revised after a time, oldest first."""
    wanted = _since(_ENTRIES, after, _entry.revised, changed)
    return _walk(read, _ENTRIES, and_(_entry.shown, wanted), _stories_with)


def story_marks(connection: Connection, limit: int) -> tuple[tuple[str, int], ...]:
    """Return the ids of the newest shown stories, newest first, each with a mark.

    A mark differs after each change of what readers see of the story, as long as the process runs.
    """
    order = [column.desc() for column in _STORIES]
    newest = (
        select(*_STORIES, _story.representative, _story.updated)
        .where(_story.shown)
        .order_by(*order)
        .limit(limit)
        .subquery()
    )
    text = schema.article.c
    query = (
        select(newest, _member.key, _entry.material, _entry.shown, func.length(text.content))
        .join(schema.member, _member.story == newest.c.id)
        .join(schema.entry, _entry.key == _member.key)
        .outerjoin(schema.article, text.key == _member.key)
        .order_by(*(newest.c[column.name].desc() for column in _STORIES), _member.key)
    )
    found: dict[str, list[int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.id, []).append(hash(tuple(row)))
    return tuple((id_, hash(tuple(parts))) for id_, parts in found.items())


def _since(
    columns: Columns, after: Place | None, updated: Column[int], changed: datetime | None
) -> ColumnElement[bool]:
    if after is None:
        return true()
    first, published, id_ = after
    later = tuple_(*columns) > tuple_(to_ticks(first), to_ticks(published), id_)
    return later if changed is None else or_(later, updated > to_ticks(changed))


def _walk(
    read: Read,
    columns: Columns,
    where: ColumnElement[bool] | Column[bool],
    load: Callable[[Connection, list[str]], Mapping[str, ShownStory]],
    *,
    newest: bool = False,
) -> Found:
    """Yield rows in order, each page in its own transaction.

    A reader that stops half-way holds no transaction, and later pages are not read.
    """
    order = [column.desc() if newest else column.asc() for column in columns]
    size, after = FIRST_PAGE, None
    while True:
        query = select(*columns).where(where).order_by(*order).limit(size)
        if after is not None:
            here, there = tuple_(*columns), tuple_(*after)
            query = query.where(here < there if newest else here > there)
        with read() as connection:
            rows = list(connection.execute(query))
            found = load(connection, [row.id for row in rows])
        for first, published, id_ in rows:
            if id_ in found:
                yield (from_ticks(first), from_ticks(published), id_), found[id_]
        if len(rows) < size:
            return
        size, after = min(size * 2, LAST_PAGE), rows[-1]


def _stories_at(connection: Connection, ids_: list[str]) -> Mapping[str, ShownStory]:
    return {shown.story.id: shown for shown in _show(connection, ids_)}


def _stories_with(connection: Connection, ids_: list[str]) -> Mapping[str, ShownStory]:
    """Return the story of each entry, by the entry's id."""
    places: dict[str, str] = {}
    for some in chunks(ids_):
        query = select(_entry.id, _member.story).join(schema.member, _member.key == _entry.key)
        rows = connection.execute(query.where(_entry.id.in_(some)))
        places.update((row.id, row.story) for row in rows)
    stories = _stories_at(connection, list(dict.fromkeys(places.values())))
    return {id_: stories[story] for id_, story in places.items() if story in stories}


def _show(connection: Connection, ids_: Iterable[str]) -> tuple[ShownStory, ...]:
    """Return the stories with their entries, in the order asked for."""
    asked = tuple(ids_)
    stories = load_stories(connection, asked)
    keys = [member.key for story in stories.values() for member in story.members]
    entries = load_whole_entries(connection, keys)
    shown = (_join(stories[id_], entries) for id_ in asked if id_ in stories)
    return tuple(one for one in shown if one.entries)


def _join(story: Story, entries: Mapping[str, StoredEntry]) -> ShownStory:
    own = [entries[member.key] for member in story.members if member.key in entries]
    own.sort(key=lambda one: (one.key != story.representative, one.published, one.key))
    return ShownStory(story=story, entries=tuple(own))


def stories(connection: Connection, ids_: Iterable[str]) -> tuple[ShownStory, ...]:
    """Return the stories of these ids, each once; ids of merged stories lead to the story that replaced them."""
    return _show(connection, dict.fromkeys(_living(connection, list(ids_))))


def _living(connection: Connection, ids_: list[str]) -> list[str]:
    grave = schema.tombstone.c
    for _ in range(_GRAVES):
        into: dict[str, str] = {}
        for some in chunks(ids_):
            query = select(grave.id, grave.story).where(grave.id.in_(some))
            into.update((row.id, row.story) for row in connection.execute(query))
        if not into:
            break
        ids_ = [into.get(id_, id_) for id_ in ids_]
    return ids_


def stories_of(connection: Connection, keys: Iterable[str]) -> tuple[Story, ...]:
    """Return the stories that contain these entries, each once, by id."""
    found: set[str] = set()
    for some in chunks(dict.fromkeys(keys)):
        query = select(schema.member.c.story).where(schema.member.c.key.in_(some)).distinct()
        found.update(connection.scalars(query))
    return tuple(story for _, story in sorted(load_stories(connection, found).items()))


def entries(connection: Connection, keys: Iterable[str]) -> tuple[StoredEntry, ...]:
    """Return the entries of these keys, in the order asked for; unknown ones are left out."""
    asked = tuple(keys)
    found = load_whole_entries(connection, asked)
    return tuple(found[key] for key in asked if key in found)


def find_entry(connection: Connection, text: str) -> StoredEntry | None:
    """Return the entry of a key, an id or a link; of several with one link the oldest."""
    text = text.strip()
    if text.startswith("urn:uuid:"):
        keys = list(connection.scalars(select(schema.entry.c.key).where(schema.entry.c.id == text)))
    elif urls.is_web(text):
        keys = _keys_of_link(connection, text)
    else:
        keys = [text]
    found = load_whole_entries(connection, keys).values()
    return min(found, key=lambda one: (one.published, one.key), default=None)


def find_ids(connection: Connection, beginning: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of entries and of stories with this prefix; at most ten of each.

    Includes stories that were merged into others.
    """
    start = f"urn:uuid:{beginning}"
    end = f"{start}g"  # after every hexadecimal digit
    found = []
    for columns in ([_entry.id], [_story.id, schema.tombstone.c.id]):
        known: set[str] = set()
        for column in columns:
            query = select(column).where(column >= start, column < end).order_by(column)
            known.update(connection.scalars(query.limit(_ALIKE)))
        found.append(tuple(sorted(known)[:_ALIKE]))
    return found[0], found[1]


def _keys_of_link(connection: Connection, link: str) -> list[str]:
    name = identity.link_name(urls.canonical(link))
    identities = connection.scalars(select(schema.entry.c.source).distinct())
    digests = [ids.entry_key(identity, "link", name) for identity in identities]
    return [key for key in load_aliases(connection, digests).values() if key]


def tombstones(connection: Connection, since: datetime) -> tuple[Tombstone, ...]:
    """Return the stories merged into others since then, newest first."""
    grave = schema.tombstone.c
    query = (
        select(schema.tombstone)
        .where(grave.died >= to_ticks(since))
        .order_by(grave.died.desc(), grave.id)
    )
    rows = connection.execute(query)
    return tuple(Tombstone(id=row.id, into=row.story, when=from_ticks(row.died)) for row in rows)
