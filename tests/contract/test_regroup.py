"""Every store gives its history to a regrouping and takes what comes of it, whole or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from aggregator.core import ids
from aggregator.core.model import Grouping, Story
from aggregator.core.ports import Page
from aggregator.store import SqlStore, open_store
from aggregator.store.journal import EntryLine, Journal
from aggregator.store.opening import FILE, JOURNAL
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_entries,
    make_entry,
    make_grouping,
    make_key,
    make_member,
    make_state,
    make_story,
    make_tombstone,
)
from tests.stores import gather


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[SqlStore]:
    """Open a store with five entries, each in a story of its own."""
    one = open_store(url, data=tmp_path, now=NOW)
    fill(one)
    yield one
    one.close()


def fill(store: SqlStore, now: datetime = NOW) -> None:
    """Gather and group five entries."""
    gather(store, *make_entries(range(1, 6)), now=now)
    new = store.ungrouped(9)
    features = tuple((one.key, one.key.encode()) for one in new)
    store.save_grouping(make_grouping(*(make_story(one.key) for one in new), features=features))


def pages(store: SqlStore, page: int = 100) -> list[Page]:
    """Return the history that a plan gets to see."""
    seen: list[Page] = []

    def look(given: Iterator[Page]) -> Iterator[Grouping]:
        """Note what comes and want nothing."""
        seen.extend(given)
        return iter(())

    store.regroup(look, page=page)
    return seen


def merged() -> Grouping:
    """Return what makes one story of the first two."""
    kept, gone = make_story(make_key(1)), make_story(make_key(2))
    return Grouping(
        stories=(replace(kept, members=(*kept.members, *gone.members), updated=at(1)),),
        tombstones=(make_tombstone(gone.id, kept.id, at(1)),),
        features=((make_key(1), b"anew"),),
    )


def stories(store: SqlStore) -> dict[str, list[str]]:
    """Return the members of the stories, by id."""
    return {
        one.story.id: [member.key for member in one.story.members] for one in store.newest_stories()
    }


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_history_comes_in_order_page_by_page(store: SqlStore, size: int) -> None:
    found = pages(store, size)
    keys = [one.key for entries, _ in found for one in entries]
    assert keys == [make_key(n) for n in range(1, 6)]
    assert all(len(entries) <= size for entries, _ in found)
    for entries, past in found:
        assert [one.key for one in past.entries] == [one.key for one in entries]
        assert [one.published for one in past.entries] == [one.published for one in entries]
        assert [one.features for one in past.entries] == [one.key.encode() for one in entries]
        assert {one.id for one in past.stories} == {one.story_id for one in past.entries}
        assert not past.journal


def test_a_page_brings_whole_stories_and_all_decisions(store: SqlStore) -> None:
    decision = make_decision("never", make_key(1), make_key(5), at(1))
    store.decide(decision)
    store.save_grouping(merged())
    first, second = pages(store, 1)[:2]
    assert [member.key for member in first[1].stories[0].members] == [make_key(1), make_key(2)]
    assert first[1].stories == second[1].stories
    assert first[1].decisions == (decision,)


def test_what_is_not_grouped_yet_is_no_history(store: SqlStore) -> None:
    gather(store, make_entry(9))
    assert len(pages(store)[0][0]) == 5


def test_all_that_a_plan_yields_is_stored(store: SqlStore, tmp_path: Path) -> None:
    one, two = make_story(make_key(1)), make_story(make_key(2))
    third = make_story(make_key(3))
    reason = make_member(make_key(3), score=0.7)

    def plan(given: Iterator[Page]) -> Iterator[Grouping]:
        """Read and write in turns."""
        assert len(next(given)[0]) == 2
        yield Grouping(stories=(replace(third, members=(reason,)),))
        assert [one.key for one in next(given)[0]] == [make_key(3), make_key(4)]
        yield merged()

    store.regroup(plan, page=2)
    assert stories(store)[one.id] == [make_key(1), make_key(2)]
    assert store.tombstones(NOW) == merged().tombstones
    assert store.stories([two.id])[0].story.id == one.id
    assert store.stories([third.id])[0].story.members == (reason,)
    assert store.stories([third.id])[0].story.updated == third.updated
    assert not store.ungrouped(9)
    assert pages(store)[0][1].entries[0].features == b"anew"
    lines = list(Journal(tmp_path / JOURNAL).read())
    assert lines[-2:] == [
        next(one for one in lines[-2:] if isinstance(one, EntryLine)),
        merged().tombstones[0],
    ]


def test_a_plan_that_fails_changes_nothing(store: SqlStore) -> None:
    before = stories(store)

    def plan(given: Iterator[Page]) -> Iterator[Grouping]:
        """Break off half-way."""
        next(given)
        yield Grouping(stories=(make_story(make_key(3), make_key(4)),))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.regroup(plan)
    assert stories(store) == before


def test_a_dry_run_changes_nothing_and_lets_others_write(store: SqlStore, tmp_path: Path) -> None:
    before, size = stories(store), (tmp_path / JOURNAL).stat().st_size

    def plan(given: Iterator[Page]) -> Iterator[Grouping]:
        """Let another write meanwhile."""
        next(given)
        store.save_states({"other": make_state(failures=1)})
        yield merged()

    store.regroup(plan, dry_run=True)
    assert stories(store) == before
    assert store.source_states()["other"].failures == 1
    assert (tmp_path / JOURNAL).stat().st_size == size


def test_an_entry_that_changed_meanwhile_is_still_to_be_grouped(store: SqlStore) -> None:
    changed = make_entry(2, text="Quite another text, which is long enough to tell.")
    gather(store, changed, now=at(1))
    store.regroup(lambda _: iter([merged()]))
    assert [one.key for one in store.ungrouped(9)] == [make_key(2)]


def test_features_are_stored_alone(store: SqlStore) -> None:
    store.decide(make_decision("never", make_key(1), make_key(5), at(1)))
    store.save_features(((make_key(1), b"1"), (make_key(2), b"2")))
    store.save_features(())
    found = [one.features for one in pages(store)[0][1].entries]
    assert found[:3] == [b"1", b"2", make_key(3).encode()]
    assert {one.key for one in store.ungrouped(9)} == {make_key(1), make_key(5)}


def test_what_is_known_by_the_journal_alone_keeps_its_place(tmp_path: Path) -> None:
    url = "sqlite"  # a server's database is not lost with the folder
    store = open_store(url, data=tmp_path, now=NOW)
    fill(store)
    store.close()
    for file in tmp_path.glob(f"{FILE}*"):
        file.unlink()
    store = open_store(url, data=tmp_path, now=NOW)
    new = store.ungrouped(9)
    back: list[Story] = [
        make_story(one.key, id=ids.story_id(one.key), first_published=NOW) for one in new
    ]
    store.save_grouping(make_grouping(*back, features=tuple((one.key, b"x") for one in new)))
    (entries, past), *_ = pages(store)
    assert past.journal == {one.key: (ids.story_id(one.key), NOW) for one in entries}
    store.close()
