"""Feeds are made again when anything that they show may have changed, and only then."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.model import Edition, FeedInfo
from aggregator.publish import stamp
from aggregator.publish.publisher import Publication, Publisher
from aggregator.publish.renderers import atom, json, rss
from aggregator.store import SqlStore, open_store
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_entries,
    make_grouping,
    make_key,
    make_source,
    make_spec,
    make_state,
    make_story,
    make_tombstone,
)
from tests.stores import gather, group_apart

_FEED = "merged.atom"


@dataclass
class CountingAtom:
    """The Atom renderer, which counts how often it is asked."""

    EXTENSION: str = atom.EXTENSION
    MEDIA_TYPE: str = atom.MEDIA_TYPE
    asked: int = 0

    def render(self, edition: Edition) -> bytes:
        """Render as Atom."""
        self.asked += 1
        return atom.render(edition)


@dataclass
class House:
    """A store and the folder that it is published into."""

    store: SqlStore
    folder: Path
    now: datetime = NOW
    spec: dict[str, Any] = field(default_factory=dict)
    url: str = "http://127.0.0.1:8080/"
    category: str = ""
    renderer: CountingAtom = field(default_factory=CountingAtom)

    def gather(self, *numbers: int, **kw: Any) -> None:
        """Gather entries, and make a story of each new one."""
        gather(self.store, *make_entries(numbers, **kw), now=self.now)
        self.group()

    def group(self) -> None:
        """Make a story of each entry that is not grouped."""
        group_apart(self.store, first_published=self.now, updated=self.now)

    def publish(self, *, shortcuts: bool = True) -> Publication:
        """Publish one feed."""
        return self.publisher(shortcuts=shortcuts).run()

    def publisher(self, *, shortcuts: bool = True) -> Publisher:
        """Return the publisher of one feed."""
        return Publisher(
            store=self.store,
            renderers={"atom": self.renderer, "rss": rss, "json": json},
            sources=(make_source(category=self.category),),
            feeds=(make_spec(**{"limit": 5} | self.spec),),
            folder=self.folder,
            public_url=self.url,
            clock=lambda: self.now,
            shortcuts=shortcuts,
        )

    def renders(self) -> int:
        """Publish, and return how many documents were made."""
        before = self.renderer.asked
        self.publish()
        return self.renderer.asked - before


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give a house with three stories, published."""
    store = open_store("sqlite", data=tmp_path, now=NOW)
    house = House(store, tmp_path / "feeds")
    house.gather(1, 2, 3)
    assert house.renders() == 1
    yield house
    store.close()


def test_nothing_changed_nothing_is_made(house: House) -> None:
    first = replace(house.publish(), written=(), topics=(), until=None)
    assert house.renders() == 0
    assert house.publish() == first
    assert first.stories


DAMAGE: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "of the same size": lambda path: path.write_bytes(b"x" * path.stat().st_size),
    "an older copy": lambda path: os.utime(path, (1, 1)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_file_that_others_changed_is_noticed(
    house: House, damage: Callable[[Path], object]
) -> None:
    publisher, path = house.publisher(), house.folder / _FEED
    before = path.read_bytes()
    assert publisher.is_complete()
    damage(path)
    assert not publisher.is_complete()
    publisher.run()
    assert publisher.is_complete()
    assert path.read_bytes() == before


def test_a_look_at_the_files_reads_none_of_them(house: House) -> None:
    publisher = house.publisher()
    assert publisher.is_complete()
    last = publisher.last.read(house.folder.parent / stamp.NAME)
    for _ in range(3):
        assert publisher.is_complete()
        assert publisher.last.read(house.folder.parent / stamp.NAME) is last


def test_what_readers_do_not_see_makes_nothing(house: House) -> None:
    house.store.save_states({"example": make_state(failures=3)})
    gather(house.store, *make_entries((1, 2, 3)), now=at(1))
    assert house.renders() == 0


CHANGES: dict[str, Callable[[House], object]] = {
    "a new entry": lambda house: house.gather(4),
    "a changed entry": lambda house: house.gather(1, title="Another title of the same entry"),
    "a source's title": lambda house: house.store.save_states(
        {"example": make_state(info=FeedInfo(title="Renamed"))}
    ),
    "a correction": lambda house: house.store.decide(
        make_decision("never", make_key(1), make_key(2))
    ),
    "a merged story": lambda house: house.store.save_grouping(
        make_grouping(
            make_story(make_key(1), make_key(2)),
            tombstones=(make_tombstone(make_story(make_key(2)).id, make_story(make_key(1)).id),),
        )
    ),
    "retention": lambda house: house.store.forget(at(days=9)),
    "the limit": lambda house: house.spec.update(limit=2),
    "a filter": lambda house: house.spec.update(include=("nothing",)),
    "the public address": lambda house: setattr(house, "url", "https://feeds.example/"),
    "a category": lambda house: setattr(house, "category", "local"),
    "a file deleted": lambda house: (house.folder / _FEED).unlink(),
    "a file edited": lambda house: (house.folder / _FEED).write_bytes(b"edited"),
    "a clock set back": lambda house: setattr(house, "now", at(-1)),
    "the stamp deleted": lambda house: (house.folder.parent / stamp.NAME).unlink(),
    "the stamp damaged": lambda house: (house.folder.parent / stamp.NAME).write_text("{}"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_readers_see_is_made_again(house: House, change: Callable[[House], object]) -> None:
    change(house)
    assert house.renders() >= 1
    house.publish()  # an archive that has grown is looked at once more
    assert house.renders() == 0


def test_a_story_that_grows_too_old_leaves(house: House) -> None:
    house.spec["max_age"] = timedelta(days=2)
    house.publish()
    oldest = min(one.published for one in house.store.entries([make_key(n) for n in (1, 2, 3)]))
    house.now = oldest + timedelta(days=2)
    assert house.renders() == 0
    house.now += timedelta(microseconds=1)
    assert house.renders() >= 1
    assert len(house.publish().stories) == 2


def test_a_tombstone_is_taken_down_in_time(house: House) -> None:
    CHANGES["a merged story"](house)
    assert house.renders() == 1
    assert b"deleted-entry" in (house.folder / _FEED).read_bytes()
    house.now = at(days=30)
    assert house.renders() == 0
    house.now = at(days=31)
    assert house.renders() == 1
    assert b"deleted-entry" not in (house.folder / _FEED).read_bytes()


def test_an_archive_that_has_not_caught_up_is_continued(house: House) -> None:
    house.gather(*range(4, 320))
    assert house.renders() > 1
    assert house.renders() == 1  # once more, in case there was more than one run may write
    assert house.renders() == 0
    max(house.folder.glob("merged/archive-*.atom")).unlink()
    assert house.renders() > 1


def test_an_edition_that_failed_is_tried_again(house: House) -> None:
    house.gather(4)
    (house.folder / _FEED).unlink()
    (house.folder / _FEED).mkdir()
    assert house.publish().errors
    assert house.renders() == 1


@settings(max_examples=15)
@given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=6))
def test_the_bytes_are_those_of_the_slow_way(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """After any changes, what is published is what would be made without shortcuts."""
    data = tmp_path_factory.mktemp("data")
    store = open_store("sqlite", data=data, now=NOW)
    house = House(store, data / "feeds", spec={"formats": ("atom", "rss", "json")})
    house.gather(1, 2, 3)
    house.publish()
    for step in steps:
        if (house.folder / _FEED).exists():
            CHANGES[step](house)
        house.publish()
    before = {path: path.read_bytes() for path in house.folder.rglob("*.*")}
    assert not house.publish(shortcuts=False).written
    assert before == {path: path.read_bytes() for path in house.folder.rglob("*.*")}
    store.close()


def test_a_stamp_comes_back_as_it_was(tmp_path: Path) -> None:
    made = stamp.Stamp(
        generation="a",
        settings="b",
        made=NOW,
        until=at(1),
        files=(("x.atom", 1, 2),),
        stories=("urn:uuid:1",),
    )
    stamp.write(tmp_path / stamp.NAME, made)
    assert stamp.read(tmp_path / stamp.NAME) == made
