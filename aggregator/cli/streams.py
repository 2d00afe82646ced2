"""Entries of JSON lines, as a run would have them, and the stories that grouping makes of them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from aggregator import cleaning, ids, stories
from aggregator.cli.lines import text
from aggregator.model import FeedInfo, GroupContext, RawEntry, Source, StoredEntry
from aggregator.settings import StorySettings

_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # where nothing of the stream is dated


def group_rows(rows: Sequence[dict[str, Any]], settings: StorySettings | None = None) -> list[str]:
    """Group {id,title,html|text,published?,source?,link?,lang?} as one stream; a story id for each."""
    stored = stored_entries(rows)
    if not stored:
        return []
    ordered = sorted(stored, key=lambda one: (one.published, one.key))
    now = ordered[-1].published
    grouping = stories.group(ordered, GroupContext(), settings or StorySettings(), now=now)
    story_of = {member.key: one.id for one in grouping.stories for member in one.members}
    return [story_of[one.key] for one in stored]


def stored_entries(rows: Iterable[dict[str, Any]]) -> list[StoredEntry]:
    """Clean the entries of a stream; one without a time stands where the one before it does."""
    last, made = _NO_TIME, list[StoredEntry]()
    for number, row in enumerate(rows):
        one = _stored(row, number, last)
        last = one.published
        made.append(one)
    return made


def _stored(row: dict[str, Any], number: int, last: datetime) -> StoredEntry:
    """Clean one entry; its key is of its place, so that two with one id stay two."""
    language = text(row, "lang")
    publisher = text(row, "source") or f"unknown {number}"  # unknown is equal to none
    raw = RawEntry(
        where=str(number),
        guid=f"{number}:{row.get('id')}",
        link=text(row, "link"),
        title=text(row, "title"),
        content=text(row, "html") or escape(text(row, "text"), quote=False),
        language=language,
        published=text(row, "published"),
    )
    source = Source(id=publisher, title=publisher)
    entry = cleaning.clean(raw, FeedInfo(), source)
    when = entry.published or last
    key = ids.entry_key("stream", "guid", raw.guid)
    return StoredEntry(
        key=key, source_id=publisher, entry=entry, first_seen=when, published=when, revised=when
    )
