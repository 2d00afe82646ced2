"""Times what a run does with a real store whose window is full: batches of new entries are grouped."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aggregator.core.model import Entry, Source, SourceState
from aggregator.core.settings import StorySettings
from aggregator.group.features import vocabulary
from aggregator.group.features.extraction import extract_features
from aggregator.group.grouper import Extracted, Grouper
from aggregator.pool import Pool
from aggregator.store import SqlStore, open_store
from benchmarks.grouping_speed import SETTINGS, Past
from benchmarks.invented import START, WINDOW, Invented, invent, pack
from benchmarks.processes import apart, peak_megabytes

NOW = START + 2 * WINDOW
_AT_ONCE = 4000
_SOURCE = Source(id="bench")


def in_store(window: int, batches: int) -> None:
    """Print how long each of some batches takes after a window of so many entries, and how much memory."""
    with TemporaryDirectory() as folder:
        apart(_fill, Path(folder), window, batches * _AT_ONCE)
        apart(_measure, Path(folder), batches)


def _fill(folder: Path, window: int, more: int) -> None:
    """Store invented news, the window grouped, the rest not; features are made of the words known."""
    store, past = open_store("sqlite", data=folder, now=NOW), Past()
    grouped = 0
    stream = invent(window + more, held_back=window)
    while some := list(islice(stream, min(_AT_ONCE, window - grouped))):
        _gather(store, some)
        batch = store.ungrouped(_AT_ONCE)
        work = past.work(batch, {one.stored.key: pack(one) for one in some})
        past.keep(work, batch)
        grouped += len(batch)
        store.save_grouping(work.finish())
    _gather(store, list(stream))
    store.close()


def _gather(store: SqlStore, some: Sequence[Invented]) -> None:
    entries = [_whole(one.stored.entry) for one in some]
    store.save_gathered(_SOURCE, entries, SourceState(), now=NOW, initial=None)


def _whole(entry: Entry) -> Entry:
    """Return an entry with what a store knows it by, and with its text as HTML too."""
    number = entry.canonical.rpartition("/")[2]
    return replace(entry, guid=number, html=f"<p>{entry.text}</p>")


class _Clock:
    """A store that notes the processor time that each of its methods takes."""

    def __init__(self, store: SqlStore) -> None:
        self.spent: dict[str, float] = {}
        self._store = store

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the method, watched."""
        method = getattr(self._store, name)

        def watched(*given: Any, **named: Any) -> Any:
            """Do it and note the time."""
            started = time.process_time()
            result = method(*given, **named)
            self.spent[name] = self.spent.get(name, 0) + time.process_time() - started
            return result

        return watched


def _measure(folder: Path, batches: int) -> None:
    store = _Clock(open_store("sqlite", data=folder, now=NOW))
    settings = StorySettings(window=SETTINGS.window)
    grouper: Any = Grouper(
        store=store,  # type: ignore[arg-type]  it has all methods
        pool=Pool(),
        settings=settings,
        sources=(),
        clock=lambda: NOW,
    )
    worker = multiprocessing.get_context("spawn").Pool(1)  # as in a run: its memory is its own
    for _ in range(batches):
        batch = grouper.next()
        features, words = worker.apply(extract_features, (batch,))
        vocabulary.update(words)
        taken: Extracted = {one.key: (one, its) for one, its in zip(batch, features, strict=True)}
        store.spent.clear()
        started = time.process_time()
        grouper.group(taken)
        spent = time.process_time() - started
        parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in store.spent.items())
        memory = peak_megabytes()
        print(
            f"{len(batch):,} entries: {spent:.2f} s, {len(batch) / spent:,.0f}/s "
            f"({parts}), {memory:,.0f} MB",
            flush=True,
        )
    worker.terminate()
