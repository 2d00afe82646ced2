"""Grouping what is stored: batch after batch, and after the form of features has changed."""

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.core.model import Decision, ShownStory, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.extraction import extract_features
from aggregator.group.features.unweighted import extract_to_bytes
from aggregator.group.features.window import Window
from aggregator.group.grouper import Grouper
from aggregator.pool import Pool
from aggregator.store import SqlStore, open_store
from tests.builders import NOW, at, make_source, make_state
from tests.unit.group.news import week

WHOLE = week()
OLD = bytes([packing.VERSION + 1]) + b"of a later version"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """Open an empty store."""
    one = open_store(f"sqlite:///{tmp_path}/store.db", data=tmp_path, now=NOW)
    yield one
    one.close()


def gather(store: SqlStore, *new: StoredEntry) -> None:
    """Store entries that are still to be grouped, each of its own source."""
    for one in new:
        source = make_source(id=one.source_id)
        entry = replace(one.entry, published=one.published)
        store.save_gathered(source, [entry], make_state(), now=NOW, initial=None)


def group(store: SqlStore) -> None:
    """Group all that is stored."""

    async def run() -> None:
        """Take features and group until nothing is left."""
        pool = Pool()
        grouper = Grouper(
            store=store, pool=pool, settings=StorySettings(), sources=(), clock=lambda: NOW
        )
        while batch := grouper.next():
            grouper.group(await grouper.extract(batch))
        assert grouper.group({}).stories == ()
        pool.close()

    asyncio.run(run())


def test_what_changed_meanwhile_is_taken_anew(store: SqlStore) -> None:
    """Features of an entry as it was before are not those of the entry."""
    gather(store, *WHOLE)
    grouper = Grouper(
        store=store, pool=Pool(), settings=StorySettings(), sources=(), clock=lambda: NOW
    )
    batch = grouper.next()
    taken, _ = extract_features(batch)
    others = zip(batch, reversed(taken), strict=True)
    grouper.group({one.key: (replace(one, source_id="before"), its) for one, its in others})
    found = store.features([one.key for one in batch])
    made = [packing.titles([found[one.key]], packing.headers([found[one.key]])) for one in batch]
    assert made == [[its.title] for its in taken]


def test_what_arrives_while_features_are_extracted_keeps_its_own(store: SqlStore) -> None:
    """Features that came with an entry are not extracted again; here they are another's."""
    one, other = WHOLE[0], WHOLE[-1]
    source, entry = make_source(id=one.source_id), replace(one.entry, published=one.published)
    packed = extract_to_bytes(replace(other, published=one.published))
    store.save_gathered(source, [entry], make_state(), now=NOW, initial=None, extracted=[packed])
    grouper = Grouper(
        store=store, pool=Pool(), settings=StorySettings(), sources=(), clock=lambda: NOW
    )
    (key,) = (each.key for each in grouper.next())
    grouper.group({})
    found = store.features([key])[key]
    ((title,),) = [packing.titles([found], packing.headers([found]))]
    assert title == extract_features([other])[0][0].title


def test_what_arrived_without_features_waits_for_the_next_batch(store: SqlStore) -> None:
    """So that it is extracted in a worker; what comes last of all is extracted where it is grouped."""
    gather(store, *WHOLE)
    grouper = Grouper(
        store=store, pool=Pool(), settings=StorySettings(), sources=(), clock=lambda: NOW
    )
    first, *rest = grouper.next()
    ((features,), _) = extract_features([first])
    grouper.group({first.key: (first, features)})
    assert {one.key for one in grouper.next()} == {one.key for one in rest}
    grouper.group({})
    assert grouper.next() == ()


def test_a_grouping_leaves_nothing_in_memory(store: SqlStore) -> None:
    """Nothing of it refers back to what holds it, so no window waits for the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        for one in WHOLE[:3]:
            gather(store, one)
            group(store)
            assert not any(isinstance(each, Window) for each in gc.get_objects())
    finally:
        gc.enable()


def titles(store: SqlStore) -> set[frozenset[str]]:
    """Return the titles of each story."""
    return {frozenset(one.entry.title for one in each.entries) for each in store.newest_stories()}


def test_what_is_grouped_in_parts_is_as_at_once(tmp_path: Path, store: SqlStore) -> None:
    for one in WHOLE:
        gather(store, one)
        group(store)
    (tmp_path / "other").mkdir()
    other = open_store(f"sqlite:///{tmp_path}/other.db", data=tmp_path / "other", now=NOW)
    gather(other, *WHOLE)
    group(other)
    assert titles(store) == titles(other)
    assert any(len(one) > 1 for one in titles(store))
    keys = [entry.key for each in store.newest_stories() for entry in each.entries]
    assert store.features(keys) == other.features(keys)
    other.close()


def test_features_of_an_older_form_are_made_anew(store: SqlStore) -> None:
    gather(store, *WHOLE[:-1])
    group(store)
    keys = [entry.key for each in store.newest_stories() for entry in each.entries]
    before = store.features(keys)
    store.save_features([(key, OLD) for key in keys])
    gather(store, WHOLE[-1])
    group(store)
    after = store.features(keys)
    assert after.keys() == before.keys() == set(keys)
    assert all(packing.readable(one) for one in after.values())
    last = next(one for one in titles(store) if WHOLE[-1].entry.title in one)
    assert len(last) > 1


def test_an_undone_join_of_two_stories_gives_both_back(store: SqlStore) -> None:
    """The members that nobody named leave as well, and both stories have the ids of before."""
    gather(store, *WHOLE)
    group(store)
    before = {one.story.id: keys_of(one) for one in store.newest_stories()}
    several = sorted((keys for keys in before.values() if len(keys) > 1), key=len)
    small, large = several[0], several[-1]
    pair = max(small), max(large)
    store.decide(Decision(kind="join", a=pair[0], b=pair[1], when=NOW))
    group(store)
    joined = [keys_of(one) for one in store.newest_stories()]
    assert small | large in joined
    store.decide(Decision(kind="undo", a=pair[0], b=pair[1], when=NOW))
    group(store)
    assert {one.story.id: keys_of(one) for one in store.newest_stories()} == before
    assert store.tombstones(at(days=-99)) == ()


def keys_of(one: ShownStory) -> frozenset[str]:
    """Return the keys of a story's members."""
    return frozenset(member.key for member in one.story.members)
