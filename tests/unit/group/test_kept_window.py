"""A window that is kept from one grouping to the next groups as one that is read each time."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as sized
from hypothesis import strategies as st

from aggregator.core.model import Decision, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group import kept_window
from aggregator.group.features import packing
from aggregator.group.grouper import Grouper
from aggregator.pool import Pool
from aggregator.store import SqlStore, WindowFile, open_store, window_file
from tests.builders import NOW, at, make_source, make_state
from tests.unit.group.news import BRIDGE, FERRY, FLOOD, MATCH, PORT, tell

SETTINGS = StorySettings(window=timedelta(hours=6))
TELLINGS = (*BRIDGE, *FLOOD, *MATCH, *PORT, *FERRY)
PUBLISHERS = ("one.example", "two.example", "three.example", "four.example")
OLD = bytes([packing.VERSION + 1]) + b"of a later version"
NEWS = [
    tell(text, number, PUBLISHERS[number % len(PUBLISHERS)], hours)
    for number, (text, hours) in enumerate(
        (text, hours) for hours in (0, 3, 5, 9, 14, 30) for text in TELLINGS
    )
]
KEYS = [one.key for one in NEWS]
PLACES = st.integers(0, len(NEWS) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.lists(PLACES, min_size=1, max_size=8)),
        st.tuples(st.just("edit"), PLACES, PLACES),
        st.tuples(st.sampled_from(("join", "split", "never", "undo")), PLACES, PLACES),
        st.tuples(st.just("outdate"), PLACES),
        st.tuples(st.just("forget"), st.integers(0, 40)),
    ),
    min_size=2,
    max_size=9,
)


@pytest.fixture(scope="module")
def empty() -> Iterator[Path]:
    """Make an empty data folder, which the examples copy."""
    with TemporaryDirectory() as folder:
        open_store("sqlite", data=Path(folder), now=NOW).close()
        yield Path(folder)


class News:
    """A store that is told news, and its grouper."""

    def __init__(self, folder: Path, max_spare: int = kept_window.MAX_SPARE) -> None:
        self._max_spare, self.cache = max_spare, WindowFile(folder)
        self.store: SqlStore = open_store("sqlite", data=folder, now=NOW)
        self._grouper: Grouper | None = None

    def gather(self, *some: StoredEntry) -> None:
        """Store entries, each of its own source."""
        for one in some:
            entry = replace(one.entry, published=one.published)
            source = make_source(id=one.source_id)
            self.store.save_gathered(source, [entry], make_state(), now=NOW, initial=None)

    def do(self, kind: str, *given: Any) -> None:
        """Take one step."""
        if kind == "tell":
            self.gather(*(NEWS[n] for n in given[0]))
        elif kind == "edit":
            one, other = (NEWS[n] for n in given)
            self.gather(replace(one, entry=replace(one.entry, text=other.entry.text)))
        elif kind == "outdate":
            key = KEYS[given[0]]
            self.store.save_features([(one, OLD) for one in self.store.features([key])])
        elif kind == "forget":
            self.store.forget(at(given[0], days=-30))
        else:
            a, b = (KEYS[n] for n in given)
            self.store.decide(Decision(kind=kind, a=a, b=b, when=NOW))  # type: ignore[arg-type]

    def group(self, *, keep: bool, cached: bool = False) -> None:
        """Group what is new, with the window of the last time, one of its own or that of the file."""
        if self._grouper is None or not keep:
            self._grouper = Grouper(
                store=self.store,
                pool=Pool(),
                settings=SETTINGS,
                sources=(),
                clock=lambda: NOW,
                window=kept_window.KeptWindow(
                    self.cache if cached else None, self._max_spare, least_saved=0
                ),
            )
        while self._grouper.next():
            self._grouper.group({})

    def state(self) -> tuple[object, ...]:
        """Return all stories and features."""
        stories = sorted(self.store.stories_of(self.keys()), key=lambda one: one.id)
        return stories, self.store.features(self.keys())

    def keys(self) -> list[str]:
        """Return the keys of all entries."""
        return [one.key for one in self.store.grouped(at(days=-99), at(days=99))]


@sized(max_examples=25, deadline=None)
@given(STEPS, st.sampled_from((0, kept_window.MAX_SPARE)))
def test_a_kept_window_groups_as_one_read_each_time(
    empty: Path, steps: list[tuple[Any, ...]], spare: int
) -> None:
    """Whatever is told late, edited, corrected, refreshed or forgotten in between."""
    with TemporaryDirectory() as folder:
        folders = [shutil.copytree(empty, Path(folder) / name) for name in ("a", "b", "c")]
        kept, fresh, cached = (News(one, spare) for one in folders)
        for step in steps:
            for one in (kept, fresh, cached):
                one.do(*step)
            kept.group(keep=True)
            fresh.group(keep=False)
            cached.group(keep=False, cached=True)
            assert kept.state() == fresh.state() == cached.state()
        for one in (kept, fresh, cached):
            one.store.close()


class Counting:
    """A store that counts the entries whose features are read."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        """Return what the store does otherwise."""
        return getattr(self._store, name)

    def grouped(self, *span: Any) -> Iterator[Any]:
        """Yield what is read of a span."""
        for one in self._store.grouped(*span):
            self.read += 1
            yield one

    def grouped_of(self, keys: Any) -> Any:
        """Return what is read by key."""
        found = self._store.grouped_of(keys)
        self.read += len(found)
        return found


def test_only_what_was_stored_since_is_read(tmp_path: Path) -> None:
    news = News(tmp_path)
    counting: Any = Counting(news.store)
    window = kept_window.KeptWindow()
    seen = []
    for begin, end in itertools.pairwise((0, 40, 45, 50, len(NEWS))):
        news.gather(*NEWS[begin:end])
        new = news.store.ungrouped(99)
        window.read(counting, new, StorySettings())
        seen.append(counting.read)
        counting.read = 0
        news.group(keep=True)
    assert seen == [0, 40, 5, 5]
    news.store.close()


def test_entries_of_long_ago_leave_the_window_of_today(tmp_path: Path) -> None:
    news = News(tmp_path)
    news.gather(*NEWS[:20])
    news.group(keep=True)
    window = kept_window.KeptWindow()
    counting: Any = Counting(news.store)
    today = window.read(counting, NEWS[20:21], SETTINGS)
    old = [replace(NEWS[40], published=at(days=-300))]
    assert len(window.read(counting, old, SETTINGS)) == 0
    counting.read = 0
    assert window.read(counting, NEWS[20:21], SETTINGS) is today
    assert counting.read == 0
    news.store.close()


def grown(folder: Path) -> News:
    """Return a store with a window in the file, and five entries grouped since."""
    news = News(folder)
    for begin, end in ((0, 20), (20, 21)):
        news.gather(*NEWS[begin:end])
        news.group(keep=False, cached=True)
    assert (folder / window_file.FILE).exists()
    news.gather(*NEWS[21:26])
    news.group(keep=False)
    return news


def read_again(news: News) -> tuple[int, int]:
    """Return how many entries a process reads that begins now, and the size of its window."""
    counting: Any = Counting(news.store)
    window = kept_window.KeptWindow(news.cache).read(counting, NEWS[26:27], StorySettings())
    return counting.read, len(window)


def test_another_process_reads_what_the_file_lacks(tmp_path: Path) -> None:
    news = grown(tmp_path)
    read, size = read_again(news)
    assert (read, size) == (6, 26)  # the file is from before the second grouping
    news.store.close()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[:0], id="empty"),
        pytest.param(lambda content: content[:-1], id="cut"),
        pytest.param(lambda content: content[:20], id="cut in the head"),
        pytest.param(lambda content: bytes(len(content)), id="zeros"),
        pytest.param(lambda content: content[:-9] + b"x" + content[-8:], id="one byte"),
        pytest.param(lambda content: content + b"more", id="longer"),
        pytest.param(lambda content: content.replace(b"window 1", b"window 9"), id="a later form"),
    ],
)
def test_a_damaged_file_is_read_past(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    news = grown(tmp_path)
    file = tmp_path / window_file.FILE
    file.write_bytes(damage(file.read_bytes()))
    assert read_again(news) == (26, 26)
    news.store.close()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xff\xff\x7f", id="a head beyond the end"),
        pytest.param(b"\x02\0\0\0{}", id="no arrays"),
        pytest.param(b"\x04\0\0\0null", id="no object"),
        pytest.param(
            b'\x2d\0\0\0{"about": {"tag": 1}, "arrays": [["keys", 9]]}', id="another version"
        ),
    ],
)
def test_a_sound_file_of_something_else_is_read_past(tmp_path: Path, content: bytes) -> None:
    news = grown(tmp_path)
    news.cache.save([content])
    assert read_again(news) == (26, 26)
    news.store.close()


def test_a_restored_database_does_not_meet_the_file_of_a_later_one(tmp_path: Path) -> None:
    """The numbers of its changes repeat; what they are about does not."""
    (tmp_path / "then").mkdir()
    then = News(tmp_path / "then")
    then.gather(*NEWS[30:60])
    then.group(keep=False)
    then.store.close()
    news = grown(tmp_path)
    news.store.close()
    for name in ("aggregator.db", "journal.jsonl"):
        shutil.copy(tmp_path / "then" / name, tmp_path / name)
    restored = News(tmp_path)
    assert read_again(restored) == (30, 30)
    restored.store.close()


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    cache = WindowFile(tmp_path / "missing")
    cache.save([b"x"])
    assert cache.load() is None


def test_another_opening_goes_on_from_the_mark(tmp_path: Path) -> None:
    news = News(tmp_path)
    news.gather(*NEWS[:20])
    news.group(keep=True)
    window = kept_window.KeptWindow()
    before = window.read(news.store, NEWS[20:21], SETTINGS)
    news.gather(NEWS[20])
    news.group(keep=True)
    news.store.close()
    later = open_store("sqlite", data=tmp_path, now=NOW)
    counting: Any = Counting(later)
    size = len(before)
    assert len(window.read(counting, NEWS[20:21], SETTINGS)) == size + 1
    assert counting.read == 1
    later.close()
