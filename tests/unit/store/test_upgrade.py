"""Entries that an earlier version stored: nothing is new again, and corrections still are."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, update

from aggregator.core.model import Entry
from aggregator.store import open_store, schema
from aggregator.store.codec import pack, unpack
from aggregator.store.store import SqlStore
from tests.builders import NOW, at, make_entry
from tests.stores import gather

TEXT = "The office says each morning what the tide and the wind will be, and who may go to sea."


def changes(store: SqlStore, *entries: Entry, hours: float) -> list[tuple[str, bool]]:
    """Gather entries; return what became of each and whether `updated` moves."""
    return [(one.kind, one.material) for one in gather(store, *entries, now=at(hours))]


def age(path: Path) -> None:
    """Write the entries of a database as a version did that knew none of the newer digests."""
    engine = create_engine(f"sqlite:///{path / 'aggregator.db'}")
    with engine.begin() as connection:
        for row in connection.execute(select(schema.entry)).all():
            entry = unpack(Entry, row.content)
            old = replace(entry, digest="", sent="", letters=0)
            values = {"material": "of another kind", "content": pack(old)}
            named = schema.entry.c.key == row.key
            connection.execute(update(schema.entry).where(named).values(**values))
        connection.execute(schema.alias.delete().where(schema.alias.c.kind == "headline"))
    engine.dispose()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a data folder of an earlier version, with entries of all sorts."""
    store = open_store("sqlite", data=tmp_path, now=NOW)
    changes(store, *SORTS, hours=0)
    store.close()
    age(tmp_path)
    return tmp_path


SORTS = (
    make_entry(1, text=TEXT),
    make_entry(2, guid="", text=f"{TEXT} Two."),
    make_entry(3, guid="", link="", text=f"{TEXT} And three."),
    make_entry(4, guid="", link="", text="Short."),
)


def test_nothing_is_new_or_modified(old: Path) -> None:
    store = open_store("sqlite", data=old, now=NOW)
    for hours in (1, 2):
        assert changes(store, *SORTS, hours=hours) == [("unchanged", False)] * len(SORTS)
    store.close()


def test_a_correction_is_one(old: Path) -> None:
    store = open_store("sqlite", data=old, now=NOW)
    corrected = make_entry(1, text=TEXT.replace("may", "may not"))
    assert changes(store, corrected, hours=1) == [("modified", True)]
    more = make_entry(2, guid="", text=f"{TEXT} Two.", html=f"<p>{TEXT} Two.</p><p>☑ More.</p>")
    assert changes(store, more, hours=1) == [("modified", False)]  # cleaning may have kept less
    store.close()
