"""The published files of one machine come to the others as they are."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.store import SqlStore, open_store
from aggregator.workers.edition_store import EditionStore
from tests.builders import NOW

ROLE = ("publish", "one")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """Open a store whose role of publishing is taken."""
    one = open_store("sqlite", data=tmp_path, now=NOW)
    one.take_role(*ROLE, timedelta(minutes=1))
    yield one
    one.close()


def machine(store: SqlStore, folder: Path) -> EditionStore:
    """Return the editions of a machine of its own."""
    one = EditionStore(store, folder)
    one.role = ROLE
    return one


def write(folder: Path, name: str, content: bytes, modified: int = 1_700_000_000) -> None:
    """Publish a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified, modified))


def listed(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of each file."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), int(path.stat().st_mtime))
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_come_with_their_times_and_states_of_archives(
    store: SqlStore, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "merged.atom", b"<feed/>")
    write(one, "merged/archive-0001.atom", b"<feed>1</feed>", 1_600_000_000)
    write(one, "merged/.archive.atom", b"{}")
    assert machine(store, one).save() == 3
    assert len(machine(store, two).restore()) == 3
    assert listed(two) == listed(one)


def test_nothing_is_moved_when_nothing_changed(store: SqlStore, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "merged.atom", b"<feed/>")
    first, second = machine(store, one), machine(store, two)
    assert (first.save(), first.save()) == (1, 0)
    assert (len(second.restore()), len(second.restore())) == (1, 0)
    write(one, "merged.atom", b"<feed>2</feed>", 1_700_000_001)
    assert (first.save(), len(second.restore())) == (1, 1)
    assert listed(two) == listed(one)


def test_a_machine_that_takes_over_changes_nothing(store: SqlStore, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "merged.atom", b"<feed/>")
    machine(store, one).save()
    second = machine(store, two)
    second.restore()
    assert second.save() == 0


def test_half_written_files_are_nobodys_and_files_that_went_are_gone(
    store: SqlStore, tmp_path: Path
) -> None:
    one = tmp_path / "one"
    write(one, "merged.atom", b"<feed/>")
    write(one, ".merged.atom.17.part", b"<fe")
    editions = machine(store, one)
    editions.save()
    assert [file.path for file in store.edition_files()] == ["merged.atom"]
    (one / "merged.atom").unlink()
    editions.save()
    assert store.edition_files() == ()


def test_a_file_that_was_spoilt_is_brought_back(store: SqlStore, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "merged.atom", b"<feed/>")
    machine(store, one).save()
    second = machine(store, two)
    second.restore()
    write(two, "merged.atom", b"other")
    assert len(second.restore()) == 1
    assert listed(two) == listed(one)
