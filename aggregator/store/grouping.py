"""What grouping reads and writes: ungrouped entries, the past around them, the result."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, select, update

from aggregator.core.model import (
    Decision,
    GroupContext,
    Grouped,
    Grouping,
    StoredEntry,
    Story,
    Tombstone,
)
from aggregator.store import feature_changes, schema
from aggregator.store.articles import is_free
from aggregator.store.codec import from_ticks, to_ticks
from aggregator.store.database import chunks, upsert
from aggregator.store.journal import EntryLine, Line
from aggregator.store.rows import (
    WHOLE,
    WITH_ARTICLE,
    is_row_of,
    load_outlines,
    load_stories,
    member_row,
    stored_of,
    whole_of,
)

_ROWS = 1000  # entries of the context that are read at a time, to bound memory
_LINK_MOST, _TITLE_MOST = 4_000, 500  # characters in the journal

_entry = schema.entry.c
_member = schema.member.c
_story = schema.story.c


Find = Callable[[str, bytes], StoredEntry | None]


def _find_nothing(_: str, __: bytes) -> None:
    """Find no entry in memory."""


# --- asked ---------------------------------------------------------------------------------


def has_ungrouped(connection: Connection, now: datetime | None = None) -> bool:
    """Say whether `load_ungrouped` would return anything; reads one row at most."""
    query = select(_entry.key).where(~_entry.grouped, _entry.content != b"").limit(1)
    if now is not None:
        query = query.select_from(WITH_ARTICLE).where(is_free(now))
    return connection.scalar(query) is not None


def load_ungrouped(
    connection: Connection,
    limit: int,
    now: datetime | None = None,
    find: Find = _find_nothing,
) -> tuple[StoredEntry, ...]:
    """Return the oldest ungrouped entries in (published, key) order, without their HTML.

    With `now` those that wait for their whole texts are left out. `find` gives those that are in
    memory, by key and stored form.
    """
    query = (
        select(*WHOLE)
        .select_from(WITH_ARTICLE)
        .where(~_entry.grouped, _entry.content != b"")  # a decision may name a deleted entry
        .order_by(_entry.published, _entry.key)
        .limit(limit)
    )
    if now is not None:
        query = query.where(is_free(now))
    return tuple(_ungrouped_of(row, find) for row in connection.execute(query))


def _ungrouped_of(row: Any, find: Find) -> StoredEntry:
    """Return the entry of a row without its HTML, decoded only if it is not in memory."""
    held = None if row.article else find(row.key, row.content)
    if held is None:
        return _without_html(whole_of(row))
    return held if is_row_of(held, row) else stored_of(row, held.entry)


def _without_html(stored: StoredEntry) -> StoredEntry:
    """Return an entry without its HTML."""
    return replace(stored, entry=replace(stored.entry, html=""))


def load_context(
    connection: Connection, start: datetime, end: datetime, *, named_only: bool = False
) -> GroupContext:
    """Return the context of a grouping: what is grouped and was published in the span.

    It also has the entries that decisions name and the stories that the journal names, whatever
    their time; with `named_only` no others.
    """
    decisions = load_decisions(connection)
    journal = _load_records(connection, start, end)
    named = sorted({key for one in decisions for key in (one.a, one.b)})
    found = {one.key: one for one in load_grouped_of(connection, named)}
    if not named_only:
        found |= {one.key: one for one in load_grouped(connection, start, end)}
    entries = sorted(found.values(), key=lambda one: (one.published, one.key))
    ids = {id_ for id_, _ in journal.values()}
    if not named_only:
        ids |= {one.story_id for one in entries}
    stories = load_stories(connection, ids)
    return GroupContext(
        entries=tuple(entries),
        stories=tuple(stories[id_] for id_ in sorted(stories)),
        decisions=decisions,
        journal=journal,
    )


_GROUPED = (
    select(_member.key, _member.published, _member.story, schema.feature.c.packed)
    .join(schema.feature, schema.feature.c.key == _member.key)
    .execution_options(yield_per=_ROWS)
)


def load_grouped(connection: Connection, start: datetime, end: datetime) -> Iterator[Grouped]:
    """Yield the grouped entries published in the span."""
    span = _member.published.between(to_ticks(start), to_ticks(end))
    yield from map(_grouped, connection.execute(_GROUPED.where(span)))


def load_grouped_of(connection: Connection, keys: Sequence[str]) -> Iterator[Grouped]:
    """Yield those of these entries that are grouped."""
    for some in chunks(keys):
        yield from map(_grouped, connection.execute(_GROUPED.where(_member.key.in_(some))))


def _grouped(row: Any) -> Grouped:
    key, ticks, story, packed = row
    return Grouped(key=key, published=from_ticks(ticks), story_id=story, features=packed)


def existing_stories(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Return those of these ids that stories have."""
    found: set[str] = set()
    for some in chunks(ids):
        found.update(connection.scalars(select(_story.id).where(_story.id.in_(some))))
    return frozenset(found)


def load_features(connection: Connection, keys: Sequence[str]) -> dict[str, bytes]:
    """Return the stored features by entry key; entries without features are left out."""
    feature = schema.feature.c
    found: dict[str, bytes] = {}
    for some in chunks(keys):
        query = select(feature.key, feature.packed).where(feature.key.in_(some))
        found.update((row.key, row.packed) for row in connection.execute(query))
    return found


def _load_records(
    connection: Connection, start: datetime, end: datetime
) -> dict[str, tuple[str, datetime]]:
    """Return story and time of the ungrouped entries of the span, from the journal."""
    query = (
        select(schema.record)
        .join(schema.entry, _entry.key == schema.record.c.key)
        .where(~_entry.grouped, _entry.published.between(to_ticks(start), to_ticks(end)))
    )
    return {
        row.key: (row.story, from_ticks(row.first_published)) for row in connection.execute(query)
    }


# --- decisions -----------------------------------------------------------------------------


def load_decisions(connection: Connection) -> tuple[Decision, ...]:
    """Return the user's corrections, oldest first."""
    rows = connection.execute(select(schema.decision).order_by(schema.decision.c.number))
    return tuple(
        Decision(kind=row.kind, a=row.a, b=row.b, when=from_ticks(row.decided)) for row in rows
    )


def save_decisions(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Save corrections and mark their entries as ungrouped.

    What is undone may concern everything that a correction moved: all members of their stories.
    """
    rows = [
        {"kind": one.kind, "a": one.a, "b": one.b, "decided": to_ticks(one.when)}
        for one in decisions
    ]
    if rows:
        connection.execute(schema.decision.insert(), rows)
    keys = {key for one in decisions for key in (one.a, one.b)}
    undone = {key for one in decisions if one.kind == "undo" for key in (one.a, one.b)}
    for some in chunks(sorted(set(_stories_of(connection, undone).values()))):
        keys.update(connection.scalars(select(_member.key).where(_member.story.in_(some))))
    _mark(connection, keys, grouped=False)


def _mark(connection: Connection, keys: Iterable[Any], *, grouped: bool) -> None:
    for some in chunks(sorted(set(keys))):
        connection.execute(update(schema.entry).where(_entry.key.in_(some)).values(grouped=grouped))


# --- done ----------------------------------------------------------------------------------


def journal_lines(connection: Connection, grouping: Grouping) -> Iterator[Line]:
    """Yield the lines on stories and tombstones that the journal lacks."""
    keys = [member.key for story in grouping.stories for member in story.members]
    before = _stories_of(connection, keys)
    moved = {
        member.key: (story.id, story.first_published)
        for story in grouping.stories
        for member in story.members
        if before.get(member.key) != story.id
    }
    yield from entry_lines(connection, moved)
    yield from grouping.tombstones


def entry_lines(
    connection: Connection, places: Mapping[str, tuple[str, datetime]]
) -> Iterator[EntryLine]:
    """Yield the journal lines of entries; `places` are their stories and first published."""
    for some in chunks(places):
        names = _load_names(connection, some)
        for key, stored in load_outlines(connection, some).items():
            yield EntryLine(
                key=key,
                story=places[key][0],
                source=stored.source_id,
                first_published=places[key][1],
                published=stored.published,
                link=stored.entry.link[:_LINK_MOST],
                title=stored.entry.title[:_TITLE_MOST],
                publisher=stored.entry.publisher,
                shown=stored.shown,
                names=names.get(key, ()),
            )


def _stories_of(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    return {key: story for key, (story, _) in _members_of(connection, keys).items()}


def _members_of(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return the story and the date of each of these entries that is a member."""
    found: dict[str, tuple[str, int]] = {}
    for some in chunks(keys):
        query = select(_member.key, _member.story, _member.published).where(_member.key.in_(some))
        found.update((row.key, (row.story, row.published)) for row in connection.execute(query))
    return found


def _load_names(
    connection: Connection, keys: Iterable[str]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the latest name of each kind, for each entry."""
    alias = schema.alias.c
    found: dict[str, dict[str, str]] = {}
    for some in chunks(keys):
        query = select(schema.alias).where(alias.key.in_(some)).order_by(alias.seen, alias.name)
        for row in connection.execute(query):
            found.setdefault(row.key, {})[row.kind] = row.name
    return {key: tuple(sorted(names.items())) for key, names in found.items()}


def _load_columns(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[int, bool]]:
    """Return the effective date of each entry, and whether it is shown."""
    found: dict[str, tuple[int, bool]] = {}
    for some in chunks(keys):
        query = select(_entry.key, _entry.published, _entry.shown).where(_entry.key.in_(some))
        found.update((row.key, (row.published, row.shown)) for row in connection.execute(query))
    return found


def save_grouping(connection: Connection, grouping: Grouping) -> None:
    """Store the result of a grouping; its entries count as grouped from now on."""
    keys = [member.key for story in grouping.stories for member in story.members]
    ids = [story.id for story in grouping.stories]
    entries = _load_columns(connection, keys)
    before = _members_of(connection, keys)
    _bury(connection, grouping, ids)
    _write_stories(connection, grouping.stories, entries)
    left = _drop_members(connection, ids) - set(keys)
    rows = [
        member_row(member, story, entries[member.key][0])
        for story in grouping.stories
        for member in story.members
        if member.key in entries
    ]
    upsert(connection, schema.member, rows, update=("story", "published", "reason"))
    features = [{"key": key, "packed": packed} for key, packed in grouping.features]
    renewed = {key for key, _ in grouping.features}
    former = load_features(connection, sorted(renewed))
    upsert(connection, schema.feature, features, update=("packed",))
    _drop_empty(connection, {story for story, _ in before.values()} - set(ids))
    dates = {key: date for key, (_, date) in before.items()}
    moved = {row["key"] for row in rows if dates.get(row["key"]) != row["published"]}
    former = load_features(connection, sorted((moved | left) - renewed)) | former
    feature_changes.log(connection, moved | left | renewed, former)
    # A former member may have changed since; then it is still ungrouped.
    done = (set(keys) - before.keys()) | renewed
    _mark(connection, done, grouped=True)
    _mark(connection, left, grouped=False)
    for some in chunks(sorted(done)):  # from now on the story row contains this
        connection.execute(delete(schema.record).where(schema.record.c.key.in_(some)))


def _write_stories(
    connection: Connection,
    stories: Sequence[Story],
    entries: Mapping[str, tuple[int, bool]],
) -> None:
    rows = []
    for story in stories:
        held = [entries[member.key] for member in story.members if member.key in entries]
        founder = entries.get(story.founder)
        rows.append(
            {
                "id": story.id,
                "founder": story.founder,
                "representative": story.representative,
                "first_published": to_ticks(story.first_published),
                "updated": to_ticks(story.updated),
                "published": founder[0] if founder else min((one[0] for one in held), default=0),
                "shown": any(one[1] for one in held),
            }
        )
    columns = ("founder", "representative", "first_published", "updated", "shown")
    upsert(connection, schema.story, rows, update=columns)


def _drop_members(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Remove all members of the stories, which are then rewritten; return the former ones."""
    gone: set[str] = set()
    for some in chunks(ids):
        gone.update(connection.scalars(select(_member.key).where(_member.story.in_(some))))
        connection.execute(delete(schema.member).where(_member.story.in_(some)))
    return gone


def _drop_empty(connection: Connection, ids: Iterable[str]) -> None:
    """Delete stories that have no members left."""
    for some in chunks(sorted(ids)):
        empty = ~exists().where(_member.story == _story.id)
        connection.execute(delete(schema.story).where(_story.id.in_(some), empty))


def _bury(connection: Connection, grouping: Grouping, living: Sequence[str]) -> None:
    """Write tombstones, and delete those of stories that exist again."""
    grave = schema.tombstone.c
    for some in chunks(living):
        connection.execute(delete(schema.tombstone).where(grave.id.in_(some)))
    save_tombstones(connection, grouping.tombstones)
    for some in chunks(one.id for one in grouping.tombstones):
        connection.execute(delete(schema.story).where(_story.id.in_(some)))


def save_tombstones(connection: Connection, tombstones: Iterable[Tombstone]) -> None:
    """Save which stories were merged into others."""
    rows = [{"id": one.id, "story": one.into, "died": to_ticks(one.when)} for one in tombstones]
    upsert(connection, schema.tombstone, rows, update=("story", "died"))
