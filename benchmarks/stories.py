"""Measure grouping: speed as the archive grows, agreement with labels held out, real dumps as one stream.

python -m benchmarks.stories speed [--sizes 10000,100000]
python -m benchmarks.stories held-out FILE.jsonl...
python -m benchmarks.stories dumps FOLDER
"""

import argparse
import json
import math
import random
import resource
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from aggregator import cleaning, ids
from aggregator.errors import SourceError
from aggregator.model import (
    Document,
    Entry,
    FeedInfo,
    GroupContext,
    Grouped,
    Publisher,
    Source,
    StoredEntry,
    Story,
)
from aggregator.parsers import parse
from aggregator.settings import StorySettings
from aggregator.stories import evaluate, labelled, pairs, prior, scoring, train
from aggregator.stories.features import extract
from aggregator.stories.grouping import Learned, Work
from aggregator.stories.labelled import Labelled

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = timedelta(hours=72)
BATCH = 4000
HELD_BACK = 100_000  # entries of one window in the speed run


@dataclass(slots=True)
class Past:
    """What a store would remember, as far back as the window reaches."""

    entries: deque[Grouped] = field(default_factory=deque)
    stories: dict[str, Story] = field(default_factory=dict)

    def step(self, batch: Sequence[StoredEntry]) -> Work:
        """Group one batch and remember what came of it."""
        while self.entries and self.entries[0].published < batch[0].published - WINDOW:
            self.entries.popleft()
        known = {one.story_id for one in self.entries}
        self.stories = {id_: one for id_, one in self.stories.items() if id_ in known}
        context = GroupContext(entries=tuple(self.entries), stories=tuple(self.stories.values()))
        work = Work(batch, context, StorySettings(window=WINDOW), now=batch[-1].published)
        work.run()
        done = work.finish()
        story_of = {member.key: one.id for one in done.stories for member in one.members}
        moved = {one.id: one.into for one in done.tombstones}
        self.stories.update((one.id, one) for one in done.stories)
        packed = dict(done.features)
        self.entries = deque(
            Grouped(
                key=one.key,
                published=one.published,
                story_id=moved.get(one.story_id, one.story_id),
                features=one.features,
            )
            if one.story_id in moved
            else one
            for one in self.entries
        )
        self.entries.extend(
            Grouped(
                key=one.key,
                published=one.published,
                story_id=story_of[one.key],
                features=packed[one.key],
            )
            for one in batch
        )
        return work


def invent(count: int, seed: int = 7) -> Iterator[StoredEntry]:
    """Yield invented news: events of a few entries among many that stand alone, in order of time."""
    chance = random.Random(seed)
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 2500)]
    words = ["".join(chance.choices(letters, k=2)) for _ in range(60_000)]
    ranks = [1 / (rank + 10) for rank in range(len(words))]
    totals = list(np.cumsum(ranks))
    step = WINDOW / HELD_BACK
    events: deque[list[str]] = deque(maxlen=400)
    for number in range(count):
        if not events or chance.random() < 0.6:
            events.append(chance.choices(words, k=14))
            subject = events[-1]
        else:
            subject = chance.choice(events)
        common = chance.choices(words, cum_weights=totals, k=130)
        told = chance.choices(subject, k=26)
        body = common + told
        chance.shuffle(body)
        title = "".join(chance.sample(subject, 5) + common[:3])
        text = "".join(word + ("，" if n % 7 else "。") for n, word in enumerate(body))
        yield _stored(number, title, text, START + number * step, chance.randrange(40))


def _stored(number: int, title: str, text: str, when: datetime, publisher: int) -> StoredEntry:
    name = f"p{publisher}.example"
    entry = Entry(
        title=title,
        text=text,
        canonical=f"https://{name}/{number}",
        publisher=Publisher(id=name, title=name),
        language="zh",
        published=when,
    )
    key = ids.entry_key("bench", "guid", str(number))
    return StoredEntry(
        key=key, source_id=name, entry=entry, first_seen=when, published=when, revised=when
    )


def speed(sizes: Sequence[int]) -> None:
    """Print time and candidates per entry, and memory, for streams of growing length."""
    measured = []
    for size in sizes:
        past, features, grouping, candidates = Past(), 0.0, 0.0, 0
        stream = invent(size)
        last = 0.0
        while batch := tuple(islice(stream, BATCH)):
            started = time.perf_counter()
            for one in batch:
                extract(one)
            between = time.perf_counter()
            work = past.step(batch)
            features += between - started
            last = (time.perf_counter() - between) - (between - started)
            grouping += last
            candidates += len(work.scored.left)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        measured.append(grouping / size)
        print(
            f"{size:>9,} entries: features {size / features:,.0f}/s, blocking, scoring and assigning "
            f"{size / grouping:,.0f}/s (last batch {len(work.new) / last:,.0f}/s), "
            f"{candidates / size:.1f} candidates an entry, {memory:,.0f} MB at most",
            flush=True,
        )
    if len(sizes) > 1:
        slope = math.log(measured[-1] / measured[0]) / math.log(sizes[-1] / sizes[0])
        print(f"exponent of the whole: {1 + slope:.2f}")


def rivals(size: int) -> None:
    """Print how brute force and MinHash do on one stream of this size, titles and texts."""
    stream = list(invent(size))
    titles = [one.entry.title for one in stream]
    started = time.perf_counter()
    for begin in range(0, size, 1000):
        process.cdist(
            titles[begin : begin + 1000], titles[:begin] or [""], scorer=fuzz.ratio, score_cutoff=60
        )
    print(
        f"{size:>9,} entries: brute force over titles (rapidfuzz) {size / (time.perf_counter() - started):,.0f}/s"
    )
    started = time.perf_counter()
    found = _minhash([one.entry.text for one in stream])
    print(
        f"{size:>9,} entries: MinHash LSH over texts {size / (time.perf_counter() - started):,.0f}/s, "
        f"{found / size:.1f} candidates an entry"
    )


def _minhash(texts: Sequence[str], bands: int = 32, rows: int = 3) -> int:
    """Return how many pairs of texts share a band of MinHash over bigrams."""
    chance = np.random.default_rng(1)
    a = chance.integers(1, 2**31, bands * rows, dtype=np.uint64) | np.uint64(1)
    b = chance.integers(0, 2**31, bands * rows, dtype=np.uint64)
    buckets: Counter[tuple[int, bytes]] = Counter()
    pairs_found = 0
    for text in texts:
        codes = np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint64)
        grams = np.unique(codes[:-1] * np.uint64(65_599) + codes[1:])
        least = ((grams[:, None] * a + b) & np.uint64(0xFFFFFFFF)).min(axis=0).reshape(bands, rows)
        for band in range(bands):
            bucket = band, least[band].tobytes()
            pairs_found += buckets[bucket]
            buckets[bucket] += 1
    return pairs_found


# --- labels held out -----------------------------------------------------------------------


def held_out(paths: Sequence[Path]) -> None:
    """Train on all files but one, prior and threshold included, and test on that one."""
    files = {path.stem: _read(path) for path in paths}
    features = {
        name: [one for one in (extract(entry.stored) for entry in found) if one.chinese]
        for name, found in files.items()
    }
    figures = []
    for name, found in files.items():
        rest = [other for other in files if other != name]
        lessons = [
            pairs.collect(other, files[other], _without(features, {other, name})) for other in rest
        ]
        weights = train.train(lessons, ["zh"])
        learned = Learned(model=scoring.read(weights), prior=_without(features, {name}).prior)
        one = evaluate.evaluate(found, learned=learned)
        agreement = one.counts.agreement()
        low, high = one.intervals()["pair_f1"]
        row = (one.average_precision(), agreement.pair_f1, agreement.b3_f1)
        figures.append(row)
        print(
            f"{name:<24} AP {row[0]:.3f}  pair P {agreement.pair_precision:.3f} "
            f"R {agreement.pair_recall:.3f} F1 {row[1]:.3f} ({low:.2f}-{high:.2f})  B3 {row[2]:.3f}",
            flush=True,
        )
    mean = np.mean(figures, axis=0)
    print(f"{'mean':<24} AP {mean[0]:.3f}  pair F1 {mean[1]:.3f}  B3 F1 {mean[2]:.3f}")


def _read(path: Path) -> tuple[Labelled, ...]:
    lines = path.read_text("utf-8").splitlines()
    return labelled.read((json.loads(line) for line in lines), cleaning.clean)


def _without(features: dict[str, list], names: set[str]) -> Learned:  # type: ignore[type-arg]
    others = [one for other, some in features.items() if other not in names for one in some]
    return Learned(model=scoring.built_in(), prior=prior.count(others))


# --- real dumps ----------------------------------------------------------------------------


def dumps(folder: Path, show: int) -> None:
    """Group all dumps of a folder as one stream; print speed and the stories to read by eye."""
    started = time.perf_counter()
    stream = sorted(_dumped(folder), key=lambda one: (one.published, one.key))
    read = time.perf_counter() - started
    past = Past()
    everything: dict[str, Story] = {}
    started = time.perf_counter()
    for begin in range(0, len(stream), BATCH):
        work = past.step(stream[begin : begin + BATCH])
        done = work.finish()
        everything.update((one.id, one) for one in done.stories)
        for dead in done.tombstones:
            everything.pop(dead.id, None)
    took = time.perf_counter() - started
    entries = {one.key: one for one in stream}
    several = [one for one in everything.values() if len(_publishers(one, entries)) > 1]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(stream)} entries: read and cleaned in {read:.1f} s, grouped in {took:.1f} s "
        f"({len(stream) / took:,.0f}/s), {memory:,.0f} MB; {len(everything)} stories, "
        f"{len(several)} of more than one publisher"
    )
    _show(sorted(everything.values(), key=lambda one: -len(one.members))[:30], entries)
    two = [one for one in several if len(one.members) == 2]
    _show(random.Random(3).sample(two, min(show, len(two))), entries)


def _publishers(story: Story, entries: dict[str, StoredEntry]) -> set[str]:
    return {entries[one.key].entry.publisher.id for one in story.members}


def _show(stories: Sequence[Story], entries: dict[str, StoredEntry]) -> None:
    for story in stories:
        print(f"-- {len(story.members)}")
        for member in story.members:
            one = entries[member.key]
            print(
                f"   {one.published:%d %H:%M} {one.entry.publisher.id} "
                f"{member.reason.score:.2f} {one.entry.title[:60]}"
            )


def _dumped(folder: Path) -> Iterator[StoredEntry]:
    source = Source(id="dumps", kind="dump", path=folder)
    for path in sorted(folder.iterdir()):
        try:
            feed = parse(Document(name=path.name, content=path.read_bytes(), format="dump"))
        except SourceError:
            continue
        for raw in feed.entries:
            entry = cleaning.clean(raw, FeedInfo(), source)
            when = entry.published or entry.gathered
            if when:
                yield StoredEntry(
                    key=ids.entry_key("dumps", "guid", path.name),
                    source_id="dumps",
                    entry=entry,
                    first_seen=when,
                    published=when,
                    revised=when,
                )


def main() -> None:
    """Run what the command line asks for."""
    options = argparse.ArgumentParser(description=__doc__)
    commands = options.add_subparsers(dest="command", required=True)
    commands.add_parser("speed").add_argument("--sizes", default="10000,100000")
    commands.add_parser("held-out").add_argument("files", type=Path, nargs="+")
    real = commands.add_parser("dumps")
    real.add_argument("folder", type=Path)
    real.add_argument("--show", type=int, default=50)
    given = options.parse_args()
    if given.command == "speed":
        sizes = [int(size) for size in given.sizes.split(",")]
        speed(sizes)
        rivals(sizes[0])
    elif given.command == "held-out":
        held_out(given.files)
    else:
        dumps(given.folder, given.show)


if __name__ == "__main__":
    main()
