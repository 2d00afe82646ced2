"""Roles of workers and the editions that they share, on every kind of database."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from aggregator.core.errors import StoreError
from aggregator.store import SqlStore, open_store, schema
from aggregator.store.editions import PublishedFile, digest
from tests.builders import NOW, make_entries
from tests.stores import gather, group_apart

SPAN = timedelta(minutes=1)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[SqlStore]:
    """Open an empty store."""
    one = open_store(url, data=tmp_path, now=NOW)
    yield one
    one.close()


def run_out(store: SqlStore) -> None:
    """Let all roles run out, as time does."""
    with store._write() as connection:
        connection.execute(update(schema.role).values(until=1))


def test_one_holder_at_a_time_that_may_renew(store: SqlStore) -> None:
    assert store.take_role("group", "one", SPAN)
    assert not store.take_role("group", "two", SPAN)
    assert store.take_role("group", "one", SPAN)
    assert store.take_role("publish", "two", SPAN), "another role"


def test_a_role_that_ran_out_or_was_left_is_free(store: SqlStore) -> None:
    store.take_role("group", "one", SPAN)
    run_out(store)
    assert store.take_role("group", "two", SPAN)
    store.leave_role("group", "one")
    assert not store.take_role("group", "one", SPAN), "it was no longer its to leave"
    store.leave_role("group", "two")
    assert store.take_role("group", "one", SPAN)


def test_who_lost_the_role_changes_no_stories(store: SqlStore) -> None:
    """What was computed before another worker took over is not stored."""
    gather(store, *make_entries(range(3)))
    store.take_role("group", "one", SPAN)
    store.write_only_as("group", "one")
    run_out(store)
    store.take_role("group", "two", SPAN)
    with pytest.raises(StoreError, match="another worker has taken over: group"):
        group_apart(store)
    assert len(store.ungrouped(10)) == 3
    store.write_only_as("group", "two")
    group_apart(store)
    assert store.ungrouped(10) == ()


def file(path: str, content: bytes, modified: int = 7) -> tuple[PublishedFile, bytes]:
    """Return a published file with its content."""
    return PublishedFile(path=path, digest=digest(content), modified=modified), content


def test_published_files_come_back_each_content_once(store: SqlStore) -> None:
    role = ("publish", "one")
    store.take_role(*role, SPAN)
    store.save_edition_files([file("a.atom", b"1"), file("b.atom", b"1")], (), role)
    store.save_edition_files([file("a.atom", b"2", 8)], (), role)
    assert store.edition_files() == (file("a.atom", b"2", 8)[0], file("b.atom", b"1")[0])
    assert store.edition_content(digest(b"2")) == b"2"
    store.save_edition_files((), ["b.atom"], role)
    assert store.edition_content(digest(b"1")) is None, "no file has it"
    with store._read() as connection:
        count = select(func.count()).select_from(schema.edition_content)
        assert connection.scalar(count) == 1


def test_who_lost_the_role_publishes_nothing(store: SqlStore) -> None:
    store.take_role("publish", "two", SPAN)
    with pytest.raises(StoreError, match="taken over"):
        store.save_edition_files([file("a.atom", b"1")], (), ("publish", "one"))
    assert store.edition_files() == ()
