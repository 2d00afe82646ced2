"""Who works with a database, and what a reader sees meanwhile, on every kind of database."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from aggregator.core.errors import DataFolderBusy
from aggregator.store import open_store, schema
from tests.builders import NOW, make_entries, make_state
from tests.stores import gather, group_apart


def folder(tmp_path: Path, name: str) -> Path:
    """Return a data folder of its own."""
    path = tmp_path / name
    path.mkdir()
    return path


def test_a_server_is_held_by_one_process_whatever_its_folder(url: str, tmp_path: Path) -> None:
    """Files are held by the lock of their folder."""
    if url == "sqlite":
        with closing(open_store(url, data=tmp_path, now=NOW)) as one, one.held(), one.held():
            one.prove_writable()
        return
    with (
        closing(open_store(url, data=folder(tmp_path, "one"), now=NOW)) as one,
        closing(open_store(url, data=folder(tmp_path, "two"), now=NOW)) as two,
    ):
        with one.held():
            one.prove_writable()
            with pytest.raises(DataFolderBusy, match="another process works with the database"):
                two.held().__enter__()
        with two.held():
            two.prove_writable()


def test_workers_share_a_server_and_one_process_has_it_alone(url: str, tmp_path: Path) -> None:
    if url == "sqlite":
        return
    with (
        closing(open_store(url, data=folder(tmp_path, "one"), now=NOW)) as one,
        closing(open_store(url, data=folder(tmp_path, "two"), now=NOW)) as two,
    ):
        with one.working(), two.working(), pytest.raises(DataFolderBusy):
            one.held().__enter__()
        with one.held(), pytest.raises(DataFolderBusy):
            two.working().__enter__()


def test_no_journal_of_a_worker_is_followed_until_one_process_has_the_database(
    url: str, tmp_path: Path
) -> None:
    """Each machine has some of the lines; to follow one journal would move stories back."""
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    with closing(open_store(url, data=one, now=NOW)) as store:
        gather(store, *make_entries(range(3)))
        group_apart(store)
        if url == "sqlite":
            return
        store.register_sources({"a": "x"}, {"a": NOW})
        whole = (one / "journal.jsonl").read_bytes()
    with closing(open_store(url, data=two, now=NOW)) as store:
        assert not (two / "journal.jsonl").exists()
        with store.held():
            assert (two / "journal.jsonl").read_bytes() == whole


def test_a_lost_connection_is_made_anew_and_holds_again(url: str, tmp_path: Path) -> None:
    with closing(open_store(url, data=tmp_path, now=NOW)) as store, store.held():
        holder = store._database._holder
        if holder is not None:
            driver = holder.connection.driver_connection
            assert driver
            driver.close()
        store.prove_writable()
        assert (holder is None) == (url == "sqlite")


def test_a_reader_sees_one_state_of_the_database(url: str, tmp_path: Path) -> None:
    def count(connection: Connection) -> int:
        query = select(func.count()).select_from(schema.source)
        return int(connection.scalar(query) or 0)

    with (
        closing(open_store(url, data=tmp_path, now=NOW)) as store,
        store._database.read() as connection,
    ):
        before = count(connection)
        with closing(open_store(url, data=tmp_path, now=NOW)) as other:
            other.save_states({"new": make_state()})
        assert count(connection) == before
