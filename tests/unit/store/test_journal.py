"""The journal is never changed, survives tears, and says no more than it knows."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.core.errors import StoreError
from aggregator.store.journal import EntryLine, Journal, Line
from tests.builders import NOW, at, make_decision, make_publisher, make_tombstone

ENTRY = EntryLine(
    key="k",
    story="s",
    source="quelle ü",
    first_published=NOW,
    published=at(-1),
    link="https://example.org/1",
    title="Überschrift",
    publisher=make_publisher(),
    names=(("guid", "g"), ("link", "l")),
)
HIDDEN = replace(ENTRY, key="h", first_published=at(1), shown=False, names=())
LINES: tuple[Line, ...] = (
    ENTRY,
    HIDDEN,
    make_tombstone("dead", "s"),
    make_decision("never", "k", "h"),
    make_decision("undo", "k", "h", at(2)),
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Give a journal that is not there yet."""
    return Journal(tmp_path / "journal.jsonl")


def test_lines_come_back_as_they_were(journal: Journal) -> None:
    assert list(journal.read()) == []
    assert journal.size() == 0
    assert journal.append(LINES[:2]) == journal.size()
    journal.append(LINES[2:])
    assert tuple(journal.read()) == LINES


def test_appending_changes_nothing_that_is_there(journal: Journal) -> None:
    journal.append(LINES)
    before = journal.path.read_bytes()
    journal.append(LINES)
    assert journal.path.read_bytes() == before + before


@pytest.mark.parametrize("lost", range(1, 40, 6))
def test_a_torn_last_line_costs_itself_alone(journal: Journal, lost: int) -> None:
    journal.append(LINES)
    journal.path.write_bytes(journal.path.read_bytes()[:-lost])
    journal.append([ENTRY])
    whole = LINES if lost == 1 else LINES[:-1]
    assert tuple(journal.read()) == (*whole, ENTRY)


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param("", id="empty line"),
        pytest.param("no json", id="no JSON"),
        pytest.param("[1, 2]", id="no object"),
        pytest.param("{}", id="nothing in it"),
        pytest.param('{"entry": 1}', id="fields missing"),
        pytest.param('{"dead": 1, "into": "a", "at": "2026-01-01T00:00:00Z"}', id="no text"),
        pytest.param('{"dead": "a", "into": "a", "at": "2026-01-01"}', id="time without zone"),
        pytest.param('{"dead": "a", "into": "a", "at": "soon"}', id="no time"),
        pytest.param('{"decision": "burn", "a": "a", "b": "b", "at": "x"}', id="unknown decision"),
        pytest.param("[" * 100_000, id="deep and long"),
        pytest.param("x" * 500_000, id="long"),
    ],
)
def test_foreign_lines_are_passed_over(journal: Journal, foreign: str) -> None:
    journal.append([ENTRY])
    with journal.path.open("a") as file:
        file.write(foreign + "\n")
    journal.append([HIDDEN])
    assert tuple(journal.read()) == (ENTRY, HIDDEN)


def test_names_of_a_later_version_are_passed_over(journal: Journal) -> None:
    journal.append([ENTRY])
    text = journal.path.read_text().replace('"guid"', '"soul"')
    journal.path.write_text(text)
    (line,) = journal.read()
    assert isinstance(line, EntryLine)
    assert line.names == (("link", "l"),)


def test_a_lost_journal_is_written_anew(journal: Journal) -> None:
    journal.append(LINES)
    assert journal.replace(LINES[:1]) == journal.size()
    assert tuple(journal.read()) == LINES[:1]
    assert [path.name for path in journal.path.parent.iterdir()] == ["journal.jsonl"]


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond this size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_room_the_journal_stays_as_it_was(journal: Journal) -> None:
    size = journal.append(LINES)
    with little_room(size + 50), pytest.raises(StoreError, match="cannot use"):
        journal.append(LINES)
    assert tuple(journal.read()) == LINES
    journal.append([ENTRY])
    assert tuple(journal.read()) == (*LINES, ENTRY)


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda journal: journal.append([ENTRY]), id="append"),
        pytest.param(lambda journal: journal.replace([ENTRY]), id="replace"),
        pytest.param(lambda journal: list(journal.read()), id="read"),
    ],
)
def test_a_journal_that_cannot_be_used_is_named(
    journal: Journal, use: Callable[[Journal], object]
) -> None:
    os.mkdir(journal.path)  # noqa: PTH102
    (journal.path / "x").touch()
    with pytest.raises(StoreError, match=r"journal\.jsonl"):
        use(journal)


def fail_after(journal: Journal, *appended: tuple[Journal, tuple[Line, ...]]) -> None:
    """Append lines, by whom they are, in a block that fails."""
    with journal.undone():
        for one, lines in appended:
            one.append(lines)
        raise StoreError("the disk is full")


def test_lines_of_work_that_failed_are_taken_back(journal: Journal) -> None:
    journal.append(LINES[:1])
    before = journal.path.read_bytes()
    for _ in range(3):
        with pytest.raises(StoreError):
            fail_after(journal, (journal, LINES[1:3]), (journal, LINES[3:]))
        assert journal.path.read_bytes() == before
    with journal.undone():
        journal.append(LINES[1:])
    assert tuple(journal.read()) == LINES


def test_lines_of_others_stay_when_work_fails(journal: Journal) -> None:
    other = Journal(journal.path)
    with pytest.raises(StoreError):
        fail_after(journal, (journal, LINES[:1]), (other, LINES[1:2]))
    assert tuple(journal.read()) == LINES[:2]


def test_reading_begins_where_a_line_ended_or_at_the_beginning(journal: Journal) -> None:
    place = journal.append(LINES[:2])
    journal.append(LINES[2:])
    assert tuple(journal.read(place)) == LINES[2:]
    assert tuple(journal.read(place - 3)) == LINES
    assert tuple(journal.read(journal.size())) == ()
