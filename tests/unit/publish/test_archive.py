"""Archives: what falls out of a feed stands there, and stays as it was written."""

import json as jsonlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from aggregator.core import ids
from aggregator.core.errors import PublishError
from aggregator.publish import archive, archive_files, files
from aggregator.publish.publisher import Publication, Publisher
from aggregator.publish.renderers import atom, json, rss
from aggregator.store import SqlStore, open_store
from tests.builders import (
    NOW,
    at,
    make_entries,
    make_entry,
    make_grouping,
    make_key,
    make_spec,
    make_story,
    make_tombstone,
)
from tests.stores import gather, group_apart

_ATOM = "{http://www.w3.org/2005/Atom}"
_HOME = "http://127.0.0.1:8080/feeds"


@dataclass
class House:
    """A store, and the folder that it is published into."""

    store: SqlStore
    folder: Path
    hour: float = 0

    def add(self, *numbers: int, published: datetime | None = None) -> None:
        """Gather entries and make a story of each."""
        self.hour += 1
        given = {"published": published} if published else {}
        gather(self.store, *make_entries(numbers, **given), now=self.now)
        group_apart(self.store, first_published=self.now, updated=self.now)

    @property
    def now(self) -> datetime:
        """Return the time of the last step."""
        return at(self.hour)

    def publish(self, **kw: Any) -> Publication:
        """Publish a feed of these conditions."""
        home = kw.pop("home", "http://127.0.0.1:8080/")
        spec = make_spec(**{"limit": 150} | kw)
        publisher = Publisher(
            store=self.store,
            renderers={"atom": atom, "rss": rss, "json": json},
            sources=(),
            feeds=(spec,),
            folder=self.folder,
            public_url=home,
            clock=lambda: self.now,
        )
        return publisher.run()

    def pages(self, extension: str = "atom") -> dict[str, bytes]:
        """Return the pages by name, oldest first."""
        folder = self.folder / "merged"
        names = {path.name.removesuffix(".gz") for path in folder.glob(f"archive-*.{extension}*")}
        return {name: archive_files.read(folder / name) for name in sorted(names)}

    def page(self, number: int, extension: str = "atom") -> Path:
        """Return the path of a page without the `.gz`."""
        return self.folder / "merged" / archive_files.page_name(number, extension)

    def walk(self) -> list[list[str]]:
        """Return the ids in the feed, then those of each page, as the links lead."""
        found, name = [], "merged.atom"
        while name:
            root = etree.fromstring(archive_files.read(self.folder / name))
            assert links(root)["self"] == f"{_HOME}/{name}"
            found.append([one.text or "" for one in root.iterfind(f"{_ATOM}entry/{_ATOM}id")])
            name = links(root).get("prev-archive", "").removeprefix(f"{_HOME}/")
        return found

    def missing(self) -> int:
        """Return how many stories are neither in the feed nor on a page."""
        shown = {id_ for page in self.walk() for id_ in page}
        return len({one.story.id for one in self.store.newest_stories()} - shown)


def links(root: etree._Element) -> dict[str, str]:
    """Return the links of a document by their relation."""
    return {one.get("rel", ""): one.get("href", "") for one in root.iterfind(f"{_ATOM}link")}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give a house with nothing in it."""
    store = open_store("sqlite", data=tmp_path, now=NOW)
    yield House(store, tmp_path / "feeds")
    store.close()


def test_a_feed_that_holds_everything_has_no_archive(house: House) -> None:
    house.add(*range(1, 151))
    house.publish()
    assert list(house.folder.iterdir()) == [house.folder / "merged.atom"]


def test_what_falls_out_stands_on_a_page(house: House) -> None:
    house.add(*range(1, 152))
    house.publish()
    assert [len(one) for one in house.walk()] == [150, 100]
    assert house.missing() == 0


def test_pages_lead_to_each_other_and_to_the_feed(house: House) -> None:
    house.add(*range(1, 500))
    house.publish()
    roots = [etree.fromstring(content) for content in house.pages().values()]
    page = f"{_HOME}/merged/archive-000"
    assert [links(root).get("prev-archive") for root in roots] == [
        None,
        *(f"{page}{n}.atom" for n in (1, 2, 3)),
    ]
    assert [links(root).get("next-archive") for root in roots] == [
        *(f"{page}{n}.atom" for n in (2, 3, 4)),
        None,
    ]
    assert {links(root)["current"] for root in roots} == {f"{_HOME}/merged.atom"}
    mark = "{http://purl.org/syndication/history/1.0}archive"
    assert all(root.find(mark) is not None for root in roots)
    assert {root.findtext(f"{_ATOM}id") for root in roots} == {ids.feed_id("merged")}
    assert b"history/1.0" not in (house.folder / "merged.atom").read_bytes()
    assert house.missing() == 0


def test_a_page_stays_as_it_was_written(house: House) -> None:
    house.add(*range(1, 300))
    house.publish()
    before = house.pages()
    for step in range(1, 10):
        house.add(*range(step * 1000, step * 1000 + 60))
        house.publish()
        assert house.missing() == 0
        after = house.pages()
        for name in list(before)[:-1]:
            assert after[name] == before[name]
        last = list(before)[-1]
        added = set(after[last].splitlines()) - set(before[last].splitlines())
        assert all(b'rel="next-archive"' in line for line in added)
        before = after
    assert len(before) == 7


def test_unchanged_stories_write_nothing(house: House) -> None:
    house.add(*range(1, 300))
    assert len(house.publish().written) == 1
    files = {path: path.stat().st_mtime_ns for path in house.folder.rglob("*")}
    house.hour += 1
    assert house.publish().written == ()
    assert {path: path.stat().st_mtime_ns for path in house.folder.rglob("*")} == files


def test_what_changed_stands_on_the_next_page_again(house: House) -> None:
    house.add(*range(1, 252))
    house.publish()
    first = next(iter(house.walk()[-1:]))[-1]
    (shown,) = house.store.stories([first])
    house.hour += 1
    changed = replace(shown.story, updated=house.now)
    house.store.save_grouping(make_grouping(changed))
    assert house.publish().written == ()
    house.add(*range(1000, 1100))
    house.publish()
    pages = house.walk()[1:]
    assert first in pages[0]
    assert first in pages[-1]
    assert house.missing() == 0
    house.add(*range(2000, 2200))
    house.publish()
    assert sum(first in page for page in house.walk()) == 2


def test_the_next_page_buries_the_dead(house: House) -> None:
    house.add(*range(1, 302))
    house.publish()
    dead, living = (ids.story_id(make_key(n)) for n in (1, 2))
    house.hour += 1
    both = make_story(make_key(2), make_key(1), updated=house.now, first_published=at(1))
    grave = make_tombstone(dead, living, house.now)
    house.store.save_grouping(make_grouping(both, tombstones=(grave,)))
    house.add(*range(1000, 1200))
    house.publish()
    held = [f'ref="{dead}"'.encode() in page for page in house.pages().values()]
    assert held == [False, False, True, *[False] * (len(held) - 3)]


def test_what_is_too_old_for_the_feed_stands_on_a_page(house: House) -> None:
    house.add(1, 2, 3, published=at(days=-90))
    house.add(4, 5)
    house.publish(max_age=timedelta(days=7))
    assert [len(one) for one in house.walk()] == [2, 5]
    before = house.pages()
    house.hour += 24 * 30
    house.publish(max_age=timedelta(days=7))
    assert [len(one) for one in house.walk()] == [0, 5]
    assert house.pages() == before


def test_conditions_hold_for_pages_too(house: House) -> None:
    house.add(*range(1, 30))
    house.publish(include=("/Headline 1/",), limit=3)
    assert [len(one) for one in house.walk()] == [3, 11]


@pytest.mark.parametrize("group", ["none", "duplicates"])
def test_a_feed_of_entries_has_pages_of_entries(house: House, group: str) -> None:
    house.add(*range(1, 252))
    house.publish(group=group)
    feed, *pages = house.walk()
    assert len(feed) == 150
    assert len(pages) == 2
    shown = {id_ for page in (feed, *pages) for id_ in page}
    assert shown == {ids.entry_id(make_key(n)) for n in range(1, 252)}
    changed = make_entry(1, text="Quite another text, which is also long enough.")
    house.hour += 1
    gather(house.store, changed, now=house.now)
    house.add(*range(1000, 1200))
    house.publish(group=group)
    held = [ids.entry_id(make_key(1)) in page for page in house.walk()]
    assert held.count(True) == 2


def test_each_format_that_has_links_has_an_archive(house: House) -> None:
    house.add(*range(1, 400))
    house.publish(formats=("atom", "rss", "json"))
    assert len(house.pages("rss")) == len(house.pages()) == 3
    middle = house.pages("rss")["archive-0002.rss"]
    for rel in ("current", "next-archive", "prev-archive", "self"):
        assert middle.count(f'rel="{rel}"'.encode()) == 1
    assert b"<fh:archive/>" in middle
    etree.fromstring(middle)


def test_a_json_feed_leads_page_by_page_to_the_oldest(house: House) -> None:
    house.add(*range(1, 400))
    house.publish(formats=("json",))
    pages = house.pages("json")
    house.add(*range(1000, 1200))
    house.publish(formats=("json",))
    assert pages.items() <= house.pages("json").items()
    found: set[str] = set()
    name, said = "merged.json", {}
    while name:
        said = jsonlib.loads(archive_files.read(house.folder / name))
        assert said["feed_url"] == f"{_HOME}/{name}"
        assert said["_story"].get("current", "") == (
            "" if name == "merged.json" else f"{_HOME}/merged.json"
        )
        found |= {one["id"] for one in said["items"]}
        name = said.get("next_url", "").removeprefix(f"{_HOME}/")
    assert found == {one.story.id for one in house.store.newest_stories()}


def test_a_lost_archive_is_made_again(house: House) -> None:
    house.add(*range(1, 400))
    house.publish()
    before = house.pages()
    for path in (house.folder / "merged").iterdir():
        path.unlink()
    house.publish()
    assert house.pages() == before
    (house.folder / "merged" / ".archive.atom").write_text('{"pages": "x"}')
    house.publish()
    assert house.pages() == before


def test_a_new_address_goes_into_all_links(house: House) -> None:
    house.add(*range(1, 400))
    house.publish()
    archive_files.delete(house.page(2))
    house.publish(home="https://news.example.org/x")
    content = house.pages()["archive-0001.atom"]
    for file in ("merged/archive-0001.atom", "merged/archive-0002.atom", "merged.atom"):
        assert f'"https://news.example.org/x/feeds/{file}"'.encode() in content
    assert b'"http://127.0.0.1:8080/feeds' not in content
    assert house.publish(home="https://news.example.org/x").written == ()


# --- compression and expiry ----------------------------------------------------------------


def unpack(house: House) -> None:
    """Leave the pages as an earlier version did: not compressed, and no first page in the state."""
    for path in sorted((house.folder / "merged").glob("archive-*.gz")):
        path.with_suffix("").write_bytes(archive_files.read(path.with_suffix("")))
        path.unlink()
    for state in (house.folder / "merged").glob(".archive.*"):
        said = jsonlib.loads(state.read_bytes())
        del said["first"]
        state.write_text(jsonlib.dumps(said))


def test_pages_are_compressed(house: House) -> None:
    house.add(*range(1, 400))
    house.publish()
    names = {path.name for path in (house.folder / "merged").iterdir()}
    assert names == {
        ".archive.atom",
        "archive-0001.atom.gz",
        "archive-0002.atom.gz",
        "archive-0003.atom",
    }
    packed = house.folder / "merged" / "archive-0001.atom.gz"
    assert packed.stat().st_size * 4 < len(archive_files.read(house.page(1)))


def test_pages_of_an_earlier_version_go_on(house: House) -> None:
    house.add(*range(1, 400))
    house.publish()
    before = house.pages()
    unpack(house)
    assert house.publish().written == ()
    house.add(*range(1000, 1200))
    house.publish()
    assert house.missing() == 0
    assert house.page(1).read_bytes() == before["archive-0001.atom"]
    assert house.page(1).stat().st_mtime == archive_files.find(house.page(1)).stat().st_mtime  # type: ignore[union-attr]
    assert house.page(2).exists()
    assert not house.page(3).exists()  # its link was added
    assert archive_files.compress_old(house.folder, 1) == 1
    assert not house.page(1).exists()
    assert archive_files.compress_old(house.folder, 9) == 1
    assert before.items() - house.pages().items() == {
        ("archive-0003.atom", before["archive-0003.atom"])
    }
    assert house.missing() == 0


def test_compression_keeps_the_time_of_a_page_and_prefers_what_is_newer(house: House) -> None:
    page = house.page(1)
    files.write(house.page(2), b"the newest stays as it is")
    files.write(page, b"old")
    os.utime(page, (1_700_000_000, 1_700_000_000))
    assert archive_files.compress_old(house.folder, 9) == 1
    found = archive_files.find(page)
    assert found is not None
    assert int(found.stat().st_mtime) == 1_700_000_000
    page.write_bytes(b"cut off before it was deleted")
    assert archive_files.compress_old(house.folder, 9) == 1
    assert house.page(2).exists()
    assert (archive_files.read(page), page.exists()) == (b"old", False)


def test_a_damaged_page_stays_and_stops_nothing(house: House) -> None:
    house.add(*range(1, 300))
    house.publish()
    packed = house.folder / "merged" / "archive-0001.atom.gz"
    packed.write_bytes(packed.read_bytes()[:100])
    house.add(*range(1000, 1200))
    assert house.publish().errors == ()
    assert house.publish(home="https://news.example.org/").errors == ()
    assert len(packed.read_bytes()) == 100


def age(house: House, *numbers: int, extension: str = "atom") -> None:
    """Make pages 400 days old."""
    for number in numbers:
        path = archive_files.find(house.page(number, extension))
        assert path is not None
        when = (house.now - timedelta(days=400)).timestamp()
        os.utime(path, (when, when))


@pytest.mark.parametrize("extension", ["atom", "rss", "json"])
@pytest.mark.parametrize("old", [(), (1,), (1, 2), (2,), (1, 2, 3)], ids=str)
def test_pages_that_are_too_old_are_deleted_from_the_oldest_on(
    house: House, old: tuple[int, ...], extension: str
) -> None:
    given = {"formats": (extension,), "keep_archive": timedelta(days=365)}
    house.add(*range(1, 500))
    house.publish(**given)
    assert len(house.pages(extension)) == 4
    age(house, 1, 2, 3, 4, extension=extension)
    for number in {1, 2, 3, 4} - set(old):
        path = archive_files.find(house.page(number, extension))
        assert path is not None
        os.utime(path, (house.now.timestamp(),) * 2)
    house.add(*range(1000, 1100))
    house.publish(**given)
    gone = {(): 0, (1,): 1, (1, 2): 2, (2,): 0, (1, 2, 3): 2}[old]  # at most two for a new page
    pages = house.pages(extension)
    assert sorted(pages) == [f"archive-000{n}.{extension}" for n in range(gone + 1, 6)]
    link = b'"next_url"' if extension == "json" else b'rel="prev-archive"'
    assert [link in page for page in pages.values()] == [False, *[True] * (len(pages) - 1)]
    for page in pages.values():
        jsonlib.loads(page) if extension == "json" else etree.fromstring(page)


def test_expiry_goes_on_page_by_page_and_survives_a_move(house: House) -> None:
    keep = timedelta(days=365)
    house.add(*range(1, 500))
    house.publish()
    age(house, 1, 2, 3)
    house.add(*range(1000, 1100))
    house.publish(keep_archive=keep)
    home = "https://news.example.org/"
    house.publish(keep_archive=keep, home=home)
    assert b"https://news.example.org/feeds/merged" in house.pages()["archive-0003.atom"]
    age(house, 3)
    house.add(*range(2000, 2100))
    house.publish(keep_archive=keep, home=home)
    assert sorted(house.pages()) == [f"archive-000{n}.atom" for n in (4, 5, 6)]
    assert house.publish(keep_archive=keep, home=home).written == ()


def test_nothing_is_deleted_while_nothing_is_written(house: House) -> None:
    house.add(*range(1, 500))
    house.publish()
    age(house, 1, 2, 3)
    house.publish(keep_archive=timedelta(days=365), title="Another")
    assert len(house.pages()) == 4


def make_archive(house: House, **kw: Any) -> archive.Archive:
    """Return the archive of a feed that holds nothing older than a day."""
    return archive.Archive(
        spec=make_spec(max_age=timedelta(days=1)),
        store=house.store,
        renderer=atom,
        sources=(),
        infos={},
        folder=house.folder,
        home="http://127.0.0.1:8080/",
        **kw,
    )


def test_a_long_archive_is_written_in_several_runs(house: House) -> None:
    house.add(*range(1, 1000))
    pages = [make_archive(house, most=4).extend((), now=house.now).pages for _ in range(4)]
    assert pages == [4, 8, 10, 10]
    assert sum(page.count(b"<entry") for page in house.pages().values()) == 999


def test_pages_that_cannot_be_written_leave_the_feed_as_it_was(house: House) -> None:
    house.add(*range(1, 300))
    files.write(house.folder / "merged", b"a file where the folder would be")
    done = house.publish()
    assert len(done.errors) == 1
    assert done.written == ()
    assert not (house.folder / "merged.atom").exists()


def test_a_page_that_cannot_be_read_is_an_error(house: House) -> None:
    house.add(*range(1, 300))
    house.publish()
    archive_files.delete(house.page(2))
    house.page(2).mkdir()
    house.add(*range(1000, 1200))
    with pytest.raises(PublishError):
        make_archive(house).extend((), now=house.now)


def test_a_run_that_was_cut_off_is_made_good(house: House) -> None:
    """The state is written last, so the next run writes the same page and link again."""
    house.add(*range(1, 300))
    house.publish()
    state = house.folder / "merged" / ".archive.atom"
    before = state.read_bytes()
    house.add(*range(1000, 1060))
    house.publish()
    pages = house.pages()
    state.write_bytes(before)
    house.publish()
    assert house.pages() == pages
    assert len(pages) == 3


def test_a_page_without_links_gets_none(house: House) -> None:
    house.add(*range(1, 300))
    house.publish()
    archive_files.delete(house.page(2))
    house.page(2).write_bytes(b"<feed>mended by hand</feed>")
    house.add(*range(1000, 1200))
    house.publish()
    assert archive_files.read(house.page(2)) == b"<feed>mended by hand</feed>"


def test_a_feed_has_the_newest_tombstones_and_not_too_many(house: House) -> None:
    house.add(1)
    (living,) = house.store.newest_stories()
    graves = [
        make_tombstone(ids.story_id(str(n)), living.story.id, at(0.001 * n)) for n in range(510)
    ]
    house.store.save_grouping(make_grouping(tombstones=tuple(graves)))
    house.publish()
    written = (house.folder / "merged.atom").read_text()
    assert written.count("<at:deleted-entry") == 500
    assert graves[-1].id in written
    assert graves[0].id not in written
