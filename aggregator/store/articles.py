"""The whole texts of entries, and the pages that are still to be fetched for them.

Each row belongs to an entry whose page is wanted. `due`: when the page is fetched; null once that is
done. `hold`: until when grouping waits for it. The entry's own row keeps what the feed says, so the
next fetch of the feed is compared with that.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from aggregator.core.model import Change, Source, Validators
from aggregator.core.pages import Article, ArticleCounts, PageResult, PageTask
from aggregator.gather import revision
from aggregator.gather.articles.overlay import with_article
from aggregator.gather.identity import Known
from aggregator.store import generation, schema, search_index
from aggregator.store.codec import from_json, maybe_ticks, pack, storable, to_json, to_ticks
from aggregator.store.database import chunks, upsert
from aggregator.store.rows import load_entries
from aggregator.text.urls import is_web

_UNKNOWN = "unknown"
_HOLD = timedelta(seconds=60)
_article = schema.article.c
_entry = schema.entry.c


def queue(
    connection: Connection,
    source: Source,
    changes: Sequence[Change],
    known: Mapping[str, Known],
    now: datetime,
) -> None:
    """Queue the pages of entries that are new or have changed, if the source wants whole texts."""
    if source.full_text is None:
        return
    blank = {key for key, one in known.items() if one.blank}
    keys = {one.key for one in changes if one.kind != "unchanged" or one.key in blank}
    for some in chunks(sorted(keys)):
        query = select(_entry.key, _entry.link, _entry.material).where(
            _entry.key.in_(some), _entry.shown, _entry.content != b""
        )
        rows = [
            {
                "key": row.key,
                "source": source.identity,
                "digest": row.material,
                "due": to_ticks(now),
                "hold": to_ticks(now + _HOLD),
                "tries": 0,
                "validators": "",
                "problem": "",
                "content": b"",
            }
            for row in connection.execute(query)
            if is_web(row.link)
        ]
        upsert(connection, schema.article, rows, update=("digest", "due", "hold", "tries"))


def is_free(now: datetime) -> ColumnElement[bool]:
    """Return the condition, in a query with this table joined, that grouping need not wait."""
    return or_(_article.hold.is_(None), _article.hold <= to_ticks(now))


def load_due(
    connection: Connection, source_id: str, now: datetime, limit: int
) -> tuple[PageTask, ...]:
    """Return pages of a source to fetch, those of the newest entries first."""
    query = (
        select(_article.key, _article.digest, _article.tries, _article.validators)
        .join(schema.entry, _entry.key == _article.key)
        .where(_article.source == source_id, _article.due <= to_ticks(now))
        .order_by(_entry.published.desc(), _article.key)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    entries = load_entries(connection, (row.key for row in rows))
    return tuple(
        PageTask(
            key=row.key,
            entry=entries[row.key].entry,
            digest=row.digest,
            tries=row.tries,
            validators=_validators(row.validators),
        )
        for row in rows
        if row.key in entries
    )


def _validators(text: str) -> Validators:
    found: Validators = from_json(Validators, text) if text else Validators()
    return found


def sources_due(connection: Connection, now: datetime) -> frozenset[str]:
    """Return the identities of the sources that have pages to fetch."""
    query = select(_article.source).where(_article.due <= to_ticks(now)).distinct()
    return frozenset(connection.scalars(query))


def save(connection: Connection, result: PageResult) -> bool:
    """Store what a page gave; return whether the entry has another text now."""
    query = select(_article.digest, _article.content).where(_article.key == result.key)
    before = connection.execute(query).first()
    if before is None or before.digest != result.digest:
        return False  # the entry has changed meanwhile, and its page is due again
    values: dict[str, Any] = {
        "due": maybe_ticks(result.due),
        "hold": None,
        "tries": result.tries,
        "problem": storable(result.problem),
        "validators": to_json(result.validators),
    }
    content = before.content
    if result.article is not None:
        content = pack(result.article)
    elif result.problem and result.due is None:
        content = b""  # the text of an earlier page would contradict what the feed says now
    values["content"] = content
    connection.execute(update(schema.article).where(_article.key == result.key).values(**values))
    if content == before.content:
        return False
    connection.execute(update(schema.entry).where(_entry.key == result.key).values(grouped=False))
    search_index.mark(connection, [result.key])
    generation.move(connection)
    if result.article is not None and result.article.published is not None:
        _date(connection, result.key, result.article)
    return True


def _date(connection: Connection, key: str, article: Article) -> None:
    """Give an undated entry the date of its article, unless it stands in a story already."""
    stored = load_entries(connection, [key]).get(key)
    member = schema.member.c.key
    if stored is None or stored.entry.published is not None:
        return
    if connection.scalar(select(member).where(member == key)) is not None:
        return
    dated = revision.published(with_article(stored.entry, article), stored.first_seen)
    values = {"published": to_ticks(dated)}
    if stored.revised == stored.published:
        values["revised"] = to_ticks(dated)
    connection.execute(update(schema.entry).where(_entry.key == key).values(**values))


def counts(connection: Connection) -> dict[str, ArticleCounts]:
    """Return how far the whole texts are, by the identity of their source."""
    columns = (_article.source, _article.due.is_(None), _article.content != b"", _article.problem)
    query = select(*columns, func.count()).group_by(*columns)
    fetched, waiting = Counter[str](), Counter[str]()
    problems: dict[str, Counter[str]] = {}
    for source, is_done, has_text, problem, count in connection.execute(query):
        if has_text:
            fetched[source] += count
        elif not is_done:
            waiting[source] += count
        else:
            problems.setdefault(source, Counter())[problem or _UNKNOWN] += count
    return {
        source: ArticleCounts(
            fetched=fetched[source],
            waiting=waiting[source],
            problems=tuple(problems.get(source, Counter()).most_common()),
        )
        for source in sorted({*fetched, *waiting, *problems})
    }


def end_hold(connection: Connection, source_id: str) -> None:
    """Let grouping have the entries of a source without their whole texts."""
    connection.execute(
        update(schema.article)
        .where(_article.source == source_id, _article.hold.is_not(None))
        .values(hold=None)
    )


def drop(connection: Connection, keys: Iterable[str]) -> None:
    """Delete the whole texts of entries."""
    for some in chunks(keys):
        connection.execute(delete(schema.article).where(_article.key.in_(some)))
