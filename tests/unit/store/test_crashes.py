"""A process that dies, or a disk that is full, costs nothing that was promised."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aggregator.core.errors import StoreError
from aggregator.store import SqlStore, open_store
from aggregator.store.journal import EntryLine, Journal
from aggregator.store.opening import FILE, JOURNAL
from tests.builders import (
    NOW,
    at,
    make_entries,
    make_entry,
    make_grouping,
    make_story,
)
from tests.stores import gather, group_apart


def start(how: str, data: Path) -> subprocess.Popen[bytes]:
    """Start a process that is to die."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.store.dying", how, str(data)],
        stdout=subprocess.PIPE,
    )


def stories(store: SqlStore) -> dict[str, str]:
    """Return the story of each entry."""
    return {
        entry.key: shown.story.id for shown in store.newest_stories() for entry in shown.entries
    }


def test_killed_between_journal_and_commit(tmp_path: Path) -> None:
    with start("journal", tmp_path) as process:
        assert process.wait() == -signal.SIGKILL
    journaled = {
        line.key: line.story
        for line in Journal(tmp_path / JOURNAL).read()
        if isinstance(line, EntryLine)
    }
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        assert not store.rebuilt
        assert stories(store) == {}
        new = store.ungrouped(99)
        assert {one.key for one in new} == set(journaled)
        group_apart(store)
        assert stories(store) == journaled


def test_killed_at_any_moment(tmp_path: Path) -> None:
    promised: dict[str, str] = {}
    for rounds in (1, 4):
        with start("any", tmp_path) as process:
            assert process.stdout is not None
            for _ in range(rounds):
                process.stdout.readline()
            process.kill()
        with closing(open_store("sqlite", data=tmp_path, now=at(rounds))) as store:
            now = stories(store)
            assert promised.items() <= now.items()
            assert not store.rebuilt
            promised = now
    assert len(promised) >= 25
    (tmp_path / FILE).unlink()
    with closing(open_store("sqlite", data=tmp_path, now=at(9))) as store:
        gather(store, *make_entries(range(1, 26)), now=at(9))
        journal = store.group_context(at(-99), NOW).journal
        assert {key: story for key, (story, _) in journal.items()}.items() <= promised.items()


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond this size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_costs_nothing(tmp_path: Path) -> None:
    noise = os.urandom(60_000).hex()
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        gather(store, make_entry(1))
        group_apart(store)
        before = list(store.newest_stories())
        many = [make_entry(n, html=noise) for n in range(2, 30)]
        with little_room(200_000), pytest.raises(StoreError, match=str(tmp_path)):
            gather(store, *many, now=at(1))
        assert list(store.newest_stories()) == before
        assert store.ungrouped(9) == ()
        gather(store, *many, now=at(2))
        assert len(store.ungrouped(99)) == 28


def test_a_journal_without_room_keeps_the_grouping_back(tmp_path: Path) -> None:
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        gather(store, *make_entries(range(1, 400)))
        grouping = make_grouping(*(make_story(one.key) for one in store.ungrouped(999)))
        with little_room(20_000), pytest.raises(StoreError):
            store.save_grouping(grouping)
        assert list(store.newest_stories()) == []
        assert (tmp_path / JOURNAL).stat().st_size == 0
        store.save_grouping(grouping)
        assert len(list(store.newest_stories())) == 399
