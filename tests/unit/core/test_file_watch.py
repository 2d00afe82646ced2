"""A changed file is noticed once, when it is whole."""

from pathlib import Path

import pytest

from aggregator.core.file_watch import FileWatch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a file."""
    one = tmp_path / "aggregator.yaml"
    one.write_text("one")
    return one


def test_a_change_is_said_once_when_the_file_stays_as_it_is(path: Path) -> None:
    watch = FileWatch(path)
    assert not watch.has_changed()
    path.write_text("half")
    assert not watch.has_changed()
    path.write_text("half and half")
    assert not watch.has_changed()
    assert watch.has_changed()
    assert not watch.has_changed()


def test_an_editor_that_replaces_the_file_is_noticed(path: Path) -> None:
    watch = FileWatch(path)
    path.rename(path.with_name("old"))
    assert not watch.has_changed()
    assert not watch.has_changed()
    path.write_text("two")
    assert not watch.has_changed()
    assert watch.has_changed()


def test_a_file_that_comes_later_is_a_change(tmp_path: Path) -> None:
    watch = FileWatch(tmp_path / "none")
    assert not watch.has_changed()
    (tmp_path / "none").write_text("one")
    assert [watch.has_changed() for _ in range(3)] == [False, True, False]
