"""How the cost of grouping grows with the archive, beside brute force and MinHash LSH."""

import json
import math
import multiprocessing
import pickle
import sqlite3
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

from rapidfuzz import fuzz, process

from aggregator.core.model import GroupContext, Grouped, Grouping, StoredEntry, Story
from aggregator.core.settings import StorySettings
from aggregator.group.features import vocabulary
from aggregator.group.features.feature_rows import FeatureSources, gather
from aggregator.group.features.window import Window
from aggregator.group.stories.context import GroupingContext, shipped
from aggregator.group.stories.grouping import Work
from benchmarks.invented import HELD_BACK, WINDOW, invent, pack
from benchmarks.processes import apart, peak_megabytes

BATCH = 4000
_SENT = 500  # entries that are invented ahead
SETTINGS = StorySettings(window=WINDOW)
_TEXTS = 3000  # that features are taken of
_SAMPLE = 100  # entries that brute force is measured on
_PERMUTATIONS, _ALIKE = 128, 0.5  # of MinHash LSH
_ADDED = 5000  # entries that MinHash LSH is measured on, its window being full


class Disk:
    """Features and stories as a store keeps them: in a file, read by key when they are asked for."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # a file that ends with us
        self._file.execute("create table feature (key text primary key, packed blob)")
        self._file.execute("create table member (key text primary key, story text)")
        self._file.execute("create table story (id text primary key, packed blob)")

    def save(self, done: Grouping) -> None:
        """Keep what came of a grouping."""
        members = [(member.key, one.id) for one in done.stories for member in one.members]
        stories = [(one.id, pickle.dumps(one)) for one in done.stories]
        self._file.executemany("insert into feature values (?, ?)", done.features)
        self._file.executemany("insert or replace into member values (?, ?)", members)
        self._file.executemany("insert or replace into story values (?, ?)", stories)
        self._file.commit()

    def load_features(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the features of entries by key."""
        return dict(self._rows("select key, packed from feature where key in", keys))

    def load_stories(self, keys: Iterable[str]) -> list[Story]:
        """Return the stories that hold entries."""
        ids = {id_ for (id_,) in self._rows("select story from member where key in", list(keys))}
        rows = self._rows("select packed from story where id in", sorted(ids))
        return [pickle.loads(packed) for (packed,) in rows]  # noqa: S301  our own

    def _rows(self, query: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for begin in range(0, len(keys), 500):
            some = keys[begin : begin + 500]
            yield from self._file.execute(f"{query} ({','.join('?' * len(some))})", some)


@dataclass(slots=True)
class Past:
    """What a run remembers: the window in memory, everything else on the disk."""

    window: Window = field(default_factory=Window)
    disk: Disk = field(default_factory=Disk)

    def work(self, batch: Sequence[StoredEntry], packed: Mapping[str, bytes] | None = None) -> Work:
        """Return the grouping of a batch, ready to run."""
        self.window.remove_before(batch[0].published.timestamp() - WINDOW.total_seconds())
        features = FeatureSources(packed=packed, window=self.window, load=self.disk.load_features)
        context = GroupingContext(
            settings=SETTINGS,
            now=batch[-1].published,
            features=features,
            load_stories=self.disk.load_stories,
        )
        return Work(batch, context)

    def step(self, batch: Sequence[StoredEntry]) -> Work:
        """Group one batch and remember the result."""
        work = self.work(batch)
        self.keep(work, batch)
        return work

    def keep(self, work: Work, batch: Sequence[StoredEntry]) -> None:
        """Run a grouping and remember the result."""
        work.run()
        done = work.finish()
        self.disk.save(done)
        published = {one.key: one.published for one in batch}
        self.window.add(
            Grouped(key=key, published=published[key], story_id="", features=packed)
            for key, packed in done.features
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An entry with its features and the number of its event."""

    stored: StoredEntry
    event: int
    packed: bytes


@dataclass(slots=True)
class Tally:
    """What has been measured of a stream so far."""

    entries: int = 0
    grouping: float = 0.0
    candidates: int = 0
    true: int = 0
    found: int = 0


def speed(sizes: Sequence[int], window: int = HELD_BACK) -> None:
    """Print time, candidates and memory of one stream whenever it has reached a size.

    `window` is how many entries are published in the time of the window.
    """
    apart(_features)
    marks: list[Tally] = []
    tally, past = Tally(), Past()
    stream = _news(max(sizes), window)
    events: dict[int, list[str]] = defaultdict(list)
    for size in sorted(sizes):
        before = replace(tally)
        while tally.entries < size:
            _step(tally, past, tuple(islice(stream, min(BATCH, size - tally.entries))), events)
        marks.append(replace(tally))
        _say(before, tally)
    if len(marks) > 1:
        spans = [(one.entries, one.grouping) for one in (marks[0], marks[-1])]
        slope = math.log(spans[1][1] / spans[0][1]) / math.log(spans[1][0] / spans[0][0])
        print(f"exponent from {spans[0][0]:,} to {spans[1][0]:,} entries: {slope:.2f}")


def _features() -> None:
    """Print how long it takes to take features."""
    started = time.process_time()
    sample = [one.stored for one in invent(_TEXTS)]
    between = time.process_time()
    gather(sample, GroupContext(), SETTINGS, shipped().prior)
    spent = time.process_time() - between
    print(
        f"features of {_TEXTS:,} texts: {_TEXTS / spent:,.0f}/s; inventing them: "
        f"{_TEXTS / (between - started):,.0f}/s",
        flush=True,
    )


def _news(count: int, window: int) -> Iterator[Arrival]:
    """Yield entries that another process invents, so that their making takes no memory here."""
    mine, other = multiprocessing.Pipe(duplex=False)
    maker = multiprocessing.get_context("spawn").Process(
        target=_invent, args=(other, count, window), daemon=True
    )
    maker.start()
    other.close()
    while sent := mine.recv():
        arrivals, words = sent
        vocabulary.update(words)
        yield from arrivals
    maker.join()


def _invent(there: Connection, count: int, window: int) -> None:
    """Send entries with their features and the words met, as the workers of a run do."""
    stream, known = invent(count, held_back=window), 0
    while some := [
        Arrival(stored=one.stored, event=one.event, packed=pack(one))
        for one in islice(stream, _SENT)
    ]:
        there.send((some, vocabulary.since(known)))
        known = vocabulary.size()
    there.send(())


def _step(
    tally: Tally, past: Past, invented: Sequence[Arrival], events: dict[int, list[str]]
) -> None:
    batch = [one.stored for one in invented]
    packed = {one.stored.key: one.packed for one in invented}
    started = time.process_time()
    work = past.work(batch, packed)
    past.keep(work, batch)
    tally.grouping += time.process_time() - started
    tally.entries += len(batch)
    tally.candidates += len(work.scored.left)
    keys = work.rows.keys
    pairs = {
        (keys[a], keys[b])
        for a, b in zip(work.scored.left.tolist(), work.scored.right.tolist(), strict=True)
    }
    for one in invented:
        told, key = events[one.event], one.stored.key
        tally.true += len(told)
        tally.found += sum((key, other) in pairs for other in told)
        told.append(key)
    for event in list(islice(events, max(0, len(events) - 20_000))):
        del events[event]


def _say(before: Tally, now: Tally) -> None:
    """Print what the entries since the last mark cost."""
    count = now.entries - before.entries
    grouping = now.grouping - before.grouping
    memory = peak_megabytes()
    shown = {
        "entries": now.entries,
        "since the mark before": count,
        "entries/s": round(count / grouping),
        "ms an entry": round(1000 * grouping / count, 3),
        "candidates an entry": round((now.candidates - before.candidates) / count, 1),
        "recall": round((now.found - before.found) / max(now.true - before.true, 1), 4),
        "peak MB": round(memory),
    }
    print(json.dumps(shown), flush=True)


# --- rivals --------------------------------------------------------------------------------


def rivals(sizes: Sequence[int]) -> None:
    """Print what others take, each in a process of its own so that memory is its own."""
    for rival in (_brute_force, _minhash):
        for size in sizes:
            apart(rival, size)


def _brute_force(size: int) -> None:
    """Compare the titles of a sample with those of all entries of the window."""
    window = min(size, HELD_BACK)
    titles = [one.stored.entry.title for one in invent(window)]
    sample = titles[-_SAMPLE:]
    started = time.process_time()
    process.cdist(sample, titles, scorer=fuzz.token_set_ratio, score_cutoff=60, workers=1)
    each = (time.process_time() - started) / len(sample)
    memory = peak_megabytes()
    print(
        f"brute force over titles (rapidfuzz cdist), window {window:,}, a sample of {_SAMPLE}: "
        f"{1000 * each:.2f} ms an entry, {1 / each:,.0f}/s, {memory:,.0f} MB",
        flush=True,
    )


def _minhash(size: int) -> None:
    """Look up entries, then add them, in an index of MinHash that holds the window."""
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415  in requirements.txt

    window = min(size, HELD_BACK)
    index = MinHashLSH(threshold=_ALIKE, num_perm=_PERMUTATIONS)
    held: deque[str] = deque()
    events: dict[int, list[str]] = defaultdict(list)
    seconds, true, found, candidates, measured = 0.0, 0, 0, 0, 0
    stream = invent(window + _ADDED if size > HELD_BACK else window)
    for number, invented in enumerate(stream):
        one, event = invented.stored, invented.event
        started = time.process_time()
        sketch = MinHash(num_perm=_PERMUTATIONS)
        sketch.update_batch([pair.encode() for pair in _bigrams(one)])
        near = set(index.query(sketch))
        index.insert(one.key, sketch)
        held.append(one.key)
        if len(held) > window:
            index.remove(held.popleft())
        if number >= (window if size > HELD_BACK else window - min(_ADDED, window // 2)):
            seconds += time.process_time() - started
            measured += 1
            candidates += len(near)
            true += len(events[event])
            found += sum(key in near for key in events[event])
        events[event].append(one.key)
    memory = peak_megabytes()
    print(
        f"MinHash LSH over texts (datasketch), window {window:,}, the last {measured:,}: "
        f"{1000 * seconds / measured:.2f} ms an entry, {measured / seconds:,.0f}/s, "
        f"{candidates / measured:.1f} candidates, recall {found / max(true, 1):.3f}, {memory:,.0f} MB",
        flush=True,
    )


def _bigrams(one: StoredEntry) -> Iterator[str]:
    text = f"{one.entry.title}\n{one.entry.text}"
    return (text[n : n + 2] for n in range(len(text) - 1))
