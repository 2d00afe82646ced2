"""Times the store over many sources of 4 kB entries: first sight, second sight, grouping, reading."""

import argparse
import random
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from aggregator.core import ids
from aggregator.core.model import (
    Entry,
    Grouping,
    Member,
    Publisher,
    Reason,
    Source,
    SourceState,
    StoredEntry,
    Story,
)
from aggregator.store import SqlStore, open_store

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PER_SOURCE = 100
FEATURES = 2_500  # bytes
WORDS = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"


def make_entry(n: int, source: str) -> Entry:
    """Make an entry whose words are like no other's."""
    words = random.Random(n)
    text = "".join(words.choices(WORDS, k=600))
    return Entry(
        guid=f"tag:{source},{n}",
        link=f"https://{source}.example/{n}",
        canonical=f"https://{source}.example/{n}",
        fingerprint=f"{n:032x}",
        material=f"{n:032x}",
        title=text[:24],
        html=f'<p>{text}</p><p><img src="https://{source}.example/{n}.jpg"></p>',
        text=text,
        publisher=Publisher(id=source, title=source),
        published=NOW - timedelta(minutes=n),
        blocks=tuple(words.getrandbits(62) for _ in range(12)),
    )


def make_story(stored: StoredEntry) -> Story:
    """Make a story of one entry."""
    return Story(
        id=ids.story_id(stored.key),
        founder=stored.key,
        representative=stored.key,
        members=(Member(key=stored.key, reason=Reason(kind="founder")),),
        first_published=NOW,
        updated=NOW,
    )


def gather(store: SqlStore, batches: dict[str, list[Entry]]) -> None:
    """Gather every source once."""
    for name, entries in batches.items():
        store.save_gathered(Source(id=name), entries, SourceState(), now=NOW, initial=None)


def group(store: SqlStore) -> None:
    """Make a story of each entry, in batches as the pipeline does."""
    while new := store.ungrouped(2_000):
        features = tuple((one.key, b"\1" * FEATURES) for one in new)
        store.save_grouping(
            Grouping(stories=tuple(make_story(one) for one in new), features=features)
        )


def clock(what: str, count: int, call: Callable[[], T]) -> T:
    """Call and print how long it took."""
    started, used = time.perf_counter(), time.process_time()
    result = call()
    wall, used = time.perf_counter() - started, time.process_time() - used
    print(
        f"{what:34} {wall:7.2f} s  {count / wall:9.0f}/s  ({count / used:9.0f} a second of processor)"
    )
    return result


def main() -> None:
    """Run with as many entries as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--store", default="sqlite", help="sqlite, or the URL of an empty database")
    given = parser.parse_args()
    count: int = given.entries
    batches = {
        f"s{first}": [make_entry(n, f"s{first}") for n in range(first, first + PER_SOURCE)]
        for first in range(0, count, PER_SOURCE)
    }
    with TemporaryDirectory() as folder:
        store = clock("open, empty", 1, lambda: open_store(given.store, data=Path(folder), now=NOW))
        clock("first sight", count, lambda: gather(store, batches))
        clock("second sight, nothing changed", count, lambda: gather(store, batches))
        clock("group, with journal", count, lambda: group(store))
        span = (NOW - timedelta(hours=72), NOW)
        clock("context of three days", count, lambda: store.group_context(*span))
        clock("newest 200 stories", 200, lambda: list(islice(store.newest_stories(), 200)))
        clock("find by link", 1, lambda: store.find_entry("https://s0.example/7"))
        store.close()
        clock("open again", 1, lambda: open_store(given.store, data=Path(folder), now=NOW)).close()
        for path in sorted(Path(folder).iterdir()):
            print(f"{path.name:34} {path.stat().st_size / count / 1000:7.2f} kB an entry")
    print(f"{'peak memory':34} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:7.0f} MB")


if __name__ == "__main__":
    main()
