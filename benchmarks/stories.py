"""Measure grouping: speed as the archive grows, agreement with labels held out, real dumps as one stream.

python -m benchmarks.stories speed [--sizes 10000,100000,1000000] [--rivals]
python -m benchmarks.stories store [--window 100000] [--batches 3]
python -m benchmarks.stories recall FILE.jsonl...
python -m benchmarks.stories dumps FOLDER
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from aggregator.cli import evaluation, streams
from aggregator.core import ids
from aggregator.core.errors import SourceError
from aggregator.core.model import Document, FeedInfo, Source, StoredEntry, Story
from aggregator.gather import cleaning
from aggregator.gather.parsers import parse
from aggregator.group.learning import evaluate
from benchmarks import grouping_speed, grouping_store
from benchmarks.grouping_speed import BATCH, Past
from benchmarks.processes import peak_megabytes

# --- candidates ----------------------------------------------------------------------------


def recall(paths: Sequence[Path]) -> None:
    """Print how many of the true pairs of each file are looked at, and of all files together."""
    totals = np.zeros(3, int)
    for path in paths:
        one = evaluate.evaluate(streams.entries(evaluation.read(path)))
        found = sum(pair.same for pair in one.pairs)
        row = np.array([found, one.true_pairs, len(one.pairs)])
        totals += row
        each = len(one.pairs) / len(one.entries)
        print(f"{path.stem:<28} {found / max(one.true_pairs, 1):.4f} of {one.true_pairs} true pairs, "
              f"{each:.1f} candidates an entry", flush=True)  # fmt: skip
    print(f"{'all':<28} {totals[0] / max(totals[1], 1):.4f} of {totals[1]} true pairs")


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
    memory = peak_megabytes()
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
    fast = commands.add_parser("speed")
    fast.add_argument("--sizes", default="10000,100000,1000000")
    fast.add_argument("--window", type=int, default=100_000, help="entries of one window")
    fast.add_argument("--rivals", action="store_true", help="measure brute force and MinHash LSH")
    real_store = commands.add_parser("store")
    real_store.add_argument("--window", type=int, default=100_000, help="entries of the window")
    real_store.add_argument("--batches", type=int, default=3)
    commands.add_parser("recall").add_argument("files", type=Path, nargs="+")
    real = commands.add_parser("dumps")
    real.add_argument("folder", type=Path)
    real.add_argument("--show", type=int, default=50)
    given = options.parse_args()
    if given.command == "speed":
        sizes = [int(size) for size in given.sizes.split(",")]
        grouping_speed.speed(sizes, given.window)
        if given.rivals:
            grouping_speed.rivals(sizes)
    elif given.command == "store":
        grouping_store.in_store(given.window, given.batches)
    elif given.command == "recall":
        recall(given.files)
    else:
        dumps(given.folder, given.show)


if __name__ == "__main__":
    main()
