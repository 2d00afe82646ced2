"""Boilerplate: blocks that recur in a publisher's entries, counted as new entries come in.

The counts fade: when a publisher has `HORIZON` entries counted, all its counts are halved and
what falls to nothing is dropped, so that they speak of recent entries and stay few.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, case, delete, select, update

from aggregator.core.model import StoredEntry
from aggregator.store import schema
from aggregator.store.codec import storable, to_ticks
from aggregator.store.database import chunks, insert, upsert

LEARN_ENTRIES = 8  # entries that hold a block before it can be boilerplate
LEARN_SHARE = 0.3  # of the publisher's recent entries
LEARN_SPAN = timedelta(days=1)  # published over so long: the day's news repeats itself too
HORIZON = 200  # entries of a publisher counted before the counts are halved
EDGE = 12  # blocks counted at either end of an entry; boilerplate stands there

_block = schema.block.c
_publisher = schema.publisher.c


def count(connection: Connection, entries: Sequence[StoredEntry]) -> None:
    """Count the blocks of new entries."""
    by_publisher: dict[str, list[StoredEntry]] = {}
    for stored in entries:
        by_publisher.setdefault(storable(stored.entry.publisher.id), []).append(stored)
    rows = [row for name, own in sorted(by_publisher.items()) for row in _rows(name, own)]
    new = insert(connection, schema.block).excluded
    upsert(
        connection,
        schema.block,
        rows,
        update={
            "entries": _block.entries + new.entries,
            "first": case((new.first < _block.first, new.first), else_=_block.first),
            "last": case((new.last > _block.last, new.last), else_=_block.last),
        },
    )
    _count_entries(connection, {name: len(own) for name, own in by_publisher.items()})


def _rows(name: str, entries: Sequence[StoredEntry]) -> list[dict[str, Any]]:
    """Return one row for each block that one publisher's new entries hold."""
    rows: dict[int, dict[str, Any]] = {}
    for stored in entries:
        when = to_ticks(stored.published)
        blocks = stored.entry.blocks
        for one in {*blocks[:EDGE], *blocks[-EDGE:]}:
            row = rows.get(one) or _row(name, one, when, stored.key)
            rows[one] = row
            row["entries"] += 1
            row["first"] = min(row["first"], when)
            row["last"] = max(row["last"], when)
    return [rows[one] for one in sorted(rows)]


def _row(name: str, one: int, when: int, key: str) -> dict[str, Any]:
    return {
        "publisher": name,
        "hash": one,
        "entries": 0,
        "first": when,
        "last": when,
        "example": key,
        "vetoed": False,
    }


def _count_entries(connection: Connection, counts: Mapping[str, int]) -> None:
    rows = [{"id": name, "entries": counts[name]} for name in sorted(counts)]
    new = insert(connection, schema.publisher).excluded
    upsert(
        connection,
        schema.publisher,
        rows,
        update={"entries": _publisher.entries + new.entries},
    )
    full = select(_publisher.id).where(_publisher.entries >= HORIZON).order_by(_publisher.id)
    for name in connection.scalars(full).all():
        _fade(connection, name)


def _fade(connection: Connection, name: str) -> None:
    own = _block.publisher == name
    halved = update(schema.block).where(own).values(entries=_block.entries // 2)
    connection.execute(halved)
    connection.execute(delete(schema.block).where(own, _block.entries == 0, ~_block.vetoed))
    connection.execute(
        update(schema.publisher)
        .where(_publisher.id == name)
        .values(entries=_publisher.entries // 2)
    )


def learned(
    connection: Connection, publisher_ids: Iterable[str] | None
) -> Mapping[str, frozenset[int]]:
    """Return the hashes of each publisher's boilerplate; of all publishers for None."""
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
            _block.entries >= LEARN_ENTRIES,
            _block.entries >= LEARN_SHARE * _publisher.entries,
            _block.last - _block.first >= LEARN_SPAN // timedelta(microseconds=1),
            ~_block.vetoed,
            *where,
        )
    )
    found: dict[str, set[int]] = {}
    for name, one in connection.execute(query):
        found.setdefault(name, set()).add(one)
    return {name: frozenset(hashes) for name, hashes in found.items()}


def veto(connection: Connection, name: str, one: int) -> None:
    """Remember that the user holds a block to be no boilerplate."""
    row = _row(storable(name), one, 0, "") | {"vetoed": True}
    upsert(connection, schema.block, [row], update=("vetoed",))
