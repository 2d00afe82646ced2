"""A database that is older than its journal: nothing that was decided or published is forgotten."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aggregator.core.model import Decision
from aggregator.store import SqlStore, open_store
from aggregator.store.opening import FILE, JOURNAL
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_entries,
    make_grouping,
    make_key,
    make_story,
    make_tombstone,
)
from tests.stores import gather


@contextmanager
def opened(data: Path, hours: float = 0) -> Iterator[SqlStore]:
    """Open the store of a folder, and close it."""
    with closing(open_store("sqlite", data=data, now=at(hours))) as store:
        yield store


def group(store: SqlStore) -> None:
    """Give each new entry a story of its own."""
    new = store.ungrouped(99)
    context = store.group_context(at(-999), at(999))
    stories = (
        make_story(
            one.key, **({"id": context.journal[one.key][0]} if one.key in context.journal else {})
        )
        for one in new
    )
    store.save_grouping(make_grouping(*stories))


def stories(store: SqlStore) -> dict[str, str]:
    """Return the story of each entry."""
    return {one.key: shown.story.id for shown in store.newest_stories() for one in shown.entries}


def test_an_older_database_learns_what_the_journal_knows(tmp_path: Path) -> None:
    """Entries, stories, merges and decisions made after the copy are there again, once."""
    decision: Decision = make_decision("never", make_key(1), make_key(2), at(1))
    with opened(tmp_path) as store:
        gather(store, *make_entries((1, 2, 3)))
        group(store)
        early = make_decision("join", make_key(1), make_key(3), NOW)
        store.decide(early)
        group(store)
    copy = tmp_path / "copy"
    shutil.copy(tmp_path / FILE, copy)
    with opened(tmp_path, 1) as store:
        gather(store, *make_entries((4,)))
        group(store)
        one, other = make_story(make_key(1)), make_story(make_key(2))
        merged = make_story(make_key(1), make_key(2), id=one.id)
        grave = make_tombstone(other.id, one.id)
        store.save_grouping(make_grouping(merged, tombstones=(grave,), new=0))
        store.decide(decision)
        wanted = stories(store)
    size = (tmp_path / JOURNAL).stat().st_size
    shutil.move(copy, tmp_path / FILE)
    for hours in (2, 3):
        with opened(tmp_path, hours) as store:
            assert store.decisions() == (early, decision)
            assert (tmp_path / JOURNAL).stat().st_size == size
            assert store.rebuilt
    with opened(tmp_path, 4) as store:
        gather(store, *make_entries((1, 2, 3, 4)))
        context = store.group_context(at(-999), at(999))
        assert context.journal[make_key(4)][0] == wanted[make_key(4)]
        assert context.journal[make_key(2)][0] == one.id
        assert {grave.id for grave in store.tombstones(at(-99))} == {other.id}


def test_a_journal_that_is_in_step_is_not_read_again(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        gather(store, *make_entries((1, 2)))
        group(store)
        before = stories(store)
    with opened(tmp_path, 1) as store:
        assert stories(store) == before
        assert store.ungrouped(9) == ()
        assert not store.rebuilt


def test_a_story_that_a_failed_commit_left_in_the_journal_gets_its_id_again(tmp_path: Path) -> None:
    """As after a kill between journal and commit, but with the entry grouped before."""
    with opened(tmp_path) as store:
        gather(store, *make_entries((1, 2)))
        group(store)
    shutil.copy(tmp_path / FILE, tmp_path / "copy")
    with opened(tmp_path, 1) as store:
        story = make_story(make_key(1), id="urn:uuid:00000000-0000-0000-0000-000000000001")
        store.save_grouping(make_grouping(story))
    shutil.move(tmp_path / "copy", tmp_path / FILE)
    with opened(tmp_path, 2) as store:
        group(store)
        assert stories(store)[make_key(1)] == story.id


def test_stories_that_a_slow_clock_dated_are_mended_once(tmp_path: Path) -> None:
    """They stand where they appeared; all others keep their times."""
    with opened(tmp_path) as store:
        gather(store, *make_entries((1, 2)))
        early = make_story(make_key(1), first_published=at(days=-1), updated=at(days=-1))
        store.save_grouping(make_grouping(early, make_story(make_key(2))))
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("DELETE FROM meta WHERE name = 'stories dated'")
    connection.close()
    for hours in (1, 2):
        with opened(tmp_path, hours) as store:
            found = {one.story.id: one.story for one in store.newest_stories()}
            assert {one.first_published for one in found.values()} == {NOW}
            assert found[early.id].updated == NOW
