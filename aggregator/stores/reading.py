"""Reading: stories and entries as publishing, pages and commands ask for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_

from aggregator import changes, ids, urls
from aggregator.model import ShownStory, StoredEntry, Story, Tombstone
from aggregator.stores import schema
from aggregator.stores.codec import from_ticks, to_ticks
from aggregator.stores.database import chunks
from aggregator.stores.gather import load_aliases
from aggregator.stores.rows import load_entries, load_stories

FIRST_PAGE = 100  # stories read at once; a page twice as large follows, up to LAST_PAGE
LAST_PAGE = 400
_GRAVES = 16  # steps from a dead story to a living one; more would be a circle

_story = schema.story.c
_NEWEST = (_story.first_published, _story.published, _story.id)


def newest_stories(
    read: Callable[[], AbstractContextManager[Connection]],
) -> Iterator[ShownStory]:
    """Yield the shown stories, newest first; each page in a transaction of its own.

    So a reader that stops half-way holds nothing, and what it did not ask for is not read.
    """
    size, after = FIRST_PAGE, None
    while True:
        with read() as connection:
            places = _page(connection, size, after)
            stories = _show(connection, [place.id for place in places])
        yield from stories
        if len(places) < size:
            return
        size, after = min(size * 2, LAST_PAGE), places[-1]


def _page(connection: Connection, size: int, after: Any | None) -> list[Any]:
    query = select(*_NEWEST).where(_story.shown)
    if after is not None:
        query = query.where(tuple_(*_NEWEST) < tuple_(*after))
    query = query.order_by(*(column.desc() for column in _NEWEST)).limit(size)
    return list(connection.execute(query))


def _show(connection: Connection, ids_: Iterable[str]) -> tuple[ShownStory, ...]:
    """Return the stories with their entries, in the order asked for."""
    asked = tuple(ids_)
    stories = load_stories(connection, asked)
    keys = [member.key for story in stories.values() for member in story.members]
    entries = load_entries(connection, keys)
    shown = (_join(stories[id_], entries) for id_ in asked if id_ in stories)
    return tuple(one for one in shown if one.entries)


def _join(story: Story, entries: Mapping[str, StoredEntry]) -> ShownStory:
    own = [entries[member.key] for member in story.members if member.key in entries]
    own.sort(key=lambda one: (one.key != story.representative, one.published, one.key))
    return ShownStory(story=story, entries=tuple(own))


def stories(connection: Connection, ids_: Iterable[str]) -> tuple[ShownStory, ...]:
    """Return the stories of these ids, each once, dead ids followed to the living."""
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
    """Return the stories that hold these entries, each once, by id."""
    found: set[str] = set()
    for some in chunks(dict.fromkeys(keys)):
        query = select(schema.member.c.story).where(schema.member.c.key.in_(some)).distinct()
        found.update(connection.scalars(query))
    return tuple(story for _, story in sorted(load_stories(connection, found).items()))


def entries(connection: Connection, keys: Iterable[str]) -> tuple[StoredEntry, ...]:
    """Return the entries of these keys, in the order asked for; unknown ones are left out."""
    asked = tuple(keys)
    found = load_entries(connection, asked)
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
    found = load_entries(connection, keys).values()
    return min(found, key=lambda one: (one.published, one.key), default=None)


def _keys_of_link(connection: Connection, link: str) -> list[str]:
    name = changes.link_name(urls.canonical(link))
    identities = connection.scalars(select(schema.entry.c.source).distinct())
    digests = [ids.entry_key(identity, "link", name) for identity in identities]
    return [key for key in load_aliases(connection, digests).values() if key]


def tombstones(connection: Connection, since: datetime) -> tuple[Tombstone, ...]:
    """Return the stories that went into others since then, newest first."""
    grave = schema.tombstone.c
    query = (
        select(schema.tombstone)
        .where(grave.died >= to_ticks(since))
        .order_by(grave.died.desc(), grave.id)
    )
    rows = connection.execute(query)
    return tuple(Tombstone(id=row.id, into=row.story, when=from_ticks(row.died)) for row in rows)
