"""Learns boilerplate: counts the blocks that recur in the new entries of a publisher.

The counts decay, so that they reflect recent entries: once `DECAY_ENTRIES` entries of a publisher are
counted, all its counts are halved, and blocks with a count of zero are deleted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, case, delete, select, update

from aggregator.core.model import StoredEntry
from aggregator.core.ports import Boilerplate
from aggregator.store import schema
from aggregator.store.codec import storable, to_ticks
from aggregator.store.database import chunks, insert_of, upsert
from aggregator.store.prepared import rows_in, write_rows

if TYPE_CHECKING:
    from aggregator.store.database import Upsert

MIN_ENTRIES = 8  # with a block before it is boilerplate
MIN_SHARE = 0.3  # of the recent entries of the publisher
MIN_SPAN = timedelta(days=1)  # between their dates, because the news of one day also repeats blocks
DECAY_ENTRIES = 200  # counted for a publisher before its counts are halved
EDGE_BLOCKS = 12  # counted at each end of an entry, where boilerplate is found

_block = schema.block.c
_publisher = schema.publisher.c
_COUNTED = select(_publisher.id, _publisher.entries)


def count(connection: Connection, entries: Sequence[StoredEntry]) -> None:
    """Count the blocks of new entries."""
    if not entries:
        return
    by_publisher: dict[str, list[StoredEntry]] = {}
    for stored in entries:
        by_publisher.setdefault(storable(stored.entry.publisher.id), []).append(stored)
    rows = [row for name, own in sorted(by_publisher.items()) for row in _rows(name, own)]
    write_rows(connection, _block_counts(connection.dialect.name), rows)
    _count_entries(connection, {name: len(own) for name, own in by_publisher.items()})


@cache
def _block_counts(dialect: str) -> "Upsert":
    """Return the statement that adds counts of blocks to those stored."""
    statement = insert_of(dialect, schema.block)
    new = statement.excluded
    counted = {
        "entries": _block.entries + new.entries,
        "first": case((new.first < _block.first, new.first), else_=_block.first),
        "last": case((new.last > _block.last, new.last), else_=_block.last),
    }
    return statement.on_conflict_do_update(
        index_elements=[_block.publisher, _block.hash], set_=counted
    )


@cache
def _entry_counts(dialect: str) -> "Upsert":
    """Return the statement that adds counts of entries to those stored."""
    statement = insert_of(dialect, schema.publisher)
    counted = {"entries": _publisher.entries + statement.excluded.entries}
    return statement.on_conflict_do_update(index_elements=[_publisher.id], set_=counted)


def _rows(name: str, entries: Sequence[StoredEntry]) -> list[dict[str, Any]]:
    """Return one row for each block in the new entries of one publisher."""
    rows: dict[int, dict[str, Any]] = {}
    for stored in entries:
        when = to_ticks(stored.published)
        blocks = stored.entry.blocks
        for block in {*blocks[:EDGE_BLOCKS], *blocks[-EDGE_BLOCKS:]}:
            row = rows.get(block) or _row(name, block, when, stored.key)
            rows[block] = row
            row["entries"] += 1
            row["first"] = min(row["first"], when)
            row["last"] = max(row["last"], when)
    return [rows[block] for block in sorted(rows)]


def _row(name: str, block: int, when: int, key: str) -> dict[str, Any]:
    return {
        "publisher": name,
        "hash": block,
        "entries": 0,
        "first": when,
        "last": when,
        "example": key,
        "vetoed": False,
    }


def _count_entries(connection: Connection, counts: Mapping[str, int]) -> None:
    rows = [{"id": name, "entries": counts[name]} for name in sorted(counts)]
    write_rows(connection, _entry_counts(connection.dialect.name), rows)
    for row in sorted(rows_in(connection, _COUNTED, _publisher.id, sorted(counts))):
        if row.entries >= DECAY_ENTRIES:
            _decay(connection, row.id)


def _decay(connection: Connection, name: str) -> None:
    own = _block.publisher == name
    halved = update(schema.block).where(own).values(entries=_block.entries // 2)
    connection.execute(halved)
    connection.execute(delete(schema.block).where(own, _block.entries == 0, ~_block.vetoed))
    connection.execute(
        update(schema.publisher)
        .where(_publisher.id == name)
        .values(entries=_publisher.entries // 2)
    )


def learned(connection: Connection, publisher_ids: Iterable[str] | None) -> Boilerplate:
    """Return the block hashes of each publisher's boilerplate; None means all publishers."""
    if publisher_ids is None:
        return _learned(connection, ())
    found: dict[str, frozenset[int]] = {}
    for some in chunks({storable(name) for name in publisher_ids}):
        found |= _learned(connection, [_block.publisher.in_(some)])
    return found


def _learned(connection: Connection, where: Sequence[Any]) -> dict[str, frozenset[int]]:
    query = (
        select(_block.publisher, _block.hash)
        .join(schema.publisher, _publisher.id == _block.publisher)
        .where(
            _block.entries >= MIN_ENTRIES,
            _block.entries >= MIN_SHARE * _publisher.entries,
            _block.last - _block.first >= MIN_SPAN // timedelta(microseconds=1),
            ~_block.vetoed,
            *where,
        )
    )
    found: dict[str, set[int]] = {}
    for name, one in connection.execute(query):
        found.setdefault(name, set()).add(one)
    return {name: frozenset(hashes) for name, hashes in found.items()}


def veto(connection: Connection, name: str, block: int) -> None:
    """Record the user's decision that a block is not boilerplate."""
    row = _row(storable(name), block, 0, "") | {"vetoed": True}
    upsert(connection, schema.block, [row], update=("vetoed",))
