"""All grouped entries, page by page, for regrouping."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select, tuple_

from aggregator.core.model import GroupContext, Grouped, StoredEntry
from aggregator.store import feature_changes, schema
from aggregator.store.codec import from_ticks
from aggregator.store.database import upsert
from aggregator.store.grouping import load_decisions
from aggregator.store.rows import WHOLE, WITH_ARTICLE, load_stories, whole_of

PAGE = 2_000  # entries

_entry = schema.entry.c
_feature = schema.feature.c
_member = schema.member.c


def load_history(
    connection: Connection, page: int = PAGE
) -> Iterator[tuple[tuple[StoredEntry, ...], GroupContext]]:
    """Yield the grouped entries in (published, key) order.

    Each page has the features and stories of its entries, all decisions, and the stories of entries
    that only the journal knows.
    """
    decisions = load_decisions(connection)
    query = (
        select(*WHOLE, _entry.blank, _member.story, _member.published.label("at"), _feature.packed)
        .select_from(WITH_ARTICLE)
        .join(schema.member, _member.key == _entry.key)
        .outerjoin(schema.feature, _feature.key == _entry.key)
        .where(_entry.content != b"")
        .order_by(_member.published, _member.key)
        .limit(page)
    )
    after = None
    while True:
        here = query
        if after is not None:
            here = query.where(tuple_(_member.published, _member.key) > tuple_(*after))
        rows = connection.execute(here).all()
        entries = tuple(whole_of(row) for row in rows)
        stories = load_stories(connection, (row.story for row in rows))
        blank = {row.key for row in rows if row.blank}
        yield (
            entries,
            GroupContext(
                entries=tuple(_grouped(row) for row in rows),
                stories=tuple(stories[id_] for id_ in sorted(stories)),
                decisions=decisions,
                journal={
                    one.key: (stories[row.story].id, stories[row.story].first_published)
                    for one, row in zip(entries, rows, strict=True)
                    if one.key in blank and not one.entry.text
                },
            ),
        )
        if len(rows) < page:
            return
        after = (rows[-1].at, rows[-1].key)


def _grouped(row: Any) -> Grouped:
    return Grouped(
        key=row.key,
        published=from_ticks(row.published),
        story_id=row.story,
        features=row.packed or b"",
    )


def save_features(connection: Connection, features: Sequence[tuple[str, bytes]]) -> None:
    """Store refreshed features; ungrouped entries stay ungrouped."""
    rows = [{"key": key, "packed": packed} for key, packed in features]
    upsert(connection, schema.feature, rows, update=("packed",))
    feature_changes.log(connection, (key for key, _ in features))
