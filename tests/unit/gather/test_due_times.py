"""A tick with nothing due reads nothing, and none is missed that should read."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from aggregator.core.model import Source, SourceState
from aggregator.core.ports import DocumentReader
from aggregator.core.settings import FetchSettings
from aggregator.core.threads import StoreThread
from aggregator.gather.gatherer import Gatherer
from aggregator.gather.save_queue import SaveQueue
from aggregator.gather.state_buffer import StateBuffer
from aggregator.store import SqlStore, open_store
from tests.builders import NOW, at, make_entries, make_source, make_state


class CountingStore(SqlStore):
    """A store that counts how often all states are read."""

    reads = 0

    def source_states(self) -> Mapping[str, SourceState]:
        """Count, then read."""
        self.reads += 1
        return super().source_states()


class Ticks:
    """A gatherer of three sources, asked again and again what is due."""

    def __init__(self, data: Path) -> None:
        self.now = NOW
        self.store = CountingStore("sqlite", data, NOW)
        self.thread = StoreThread()
        self.sources = tuple(make_source(id=name) for name in ("a", "b", "c"))
        self.gatherer = Gatherer(
            store=self.store,
            thread=self.thread,
            fetchers={},
            reader=cast("DocumentReader", None),
            sources=self.sources,
            settings=FetchSettings(),
            clock=lambda: self.now,
            jitter=lambda: 0.5,
            buffer=StateBuffer(self.store, self.thread),
            saves=SaveQueue(self.store, self.thread),
        )
        for hours, source in enumerate(self.sources, 1):
            self.save(source, at(hours))

    def save(self, source: Source, due: datetime) -> None:
        """Save when a source is due."""
        state = make_state(url=source.url, due=due, last_fetch=NOW)
        self.store.save_states({source.identity: state})

    def tick(self, **pushed: datetime) -> list[str]:
        """Return the ids of the sources that are due."""
        return [one.id for one in asyncio.run(self.gatherer.due(pushed))]

    def reads(self) -> int:
        """Tick with nothing due, and return how often all states were read for it."""
        before = self.store.reads
        assert self.tick() == []
        return self.store.reads - before


@pytest.fixture
def ticks(tmp_path: Path) -> Iterator[Ticks]:
    """Give a gatherer that was asked once."""
    ticks = Ticks(tmp_path)
    assert ticks.tick() == []
    yield ticks
    ticks.thread.close()
    ticks.store.close()


def test_a_tick_with_nothing_due_reads_no_states(ticks: Ticks) -> None:
    for minutes in range(1, 60):
        ticks.now = NOW + timedelta(minutes=minutes)
        assert ticks.reads() == 0
    ticks.now = at(1)
    assert ticks.tick() == ["a"]
    assert ticks.tick() == ["a"]


def test_a_write_of_this_process_is_seen(ticks: Ticks) -> None:
    ticks.save(ticks.sources[2], NOW)
    assert ticks.tick() == ["c"]


def test_a_write_of_another_store_is_seen(ticks: Ticks, tmp_path: Path) -> None:
    other = open_store("sqlite", data=tmp_path, now=NOW)
    assert ticks.reads() <= 1
    assert ticks.reads() == 0
    state = make_state(url=ticks.sources[1].url, due=NOW, last_fetch=NOW)
    other.save_gathered(ticks.sources[1], make_entries((1,)), state, now=NOW, initial=None)
    other.close()
    assert ticks.tick() == ["b"]


def test_a_clock_that_is_set_back_is_seen(ticks: Ticks) -> None:
    ticks.now = at(-1)
    before = ticks.store.reads
    ticks.tick()
    assert ticks.store.reads == before + 1


def test_a_subscription_that_ends_is_seen(ticks: Ticks) -> None:
    began = at(-1)
    ticks.now = at(0.5)
    assert ticks.tick(a=began) == []
    ticks.now = at(1)
    assert ticks.tick(a=began) == []
    assert ticks.tick() == ["a"]


def test_states_that_wait_to_be_saved_count(ticks: Ticks) -> None:
    async def act() -> list[str]:
        source = ticks.sources[0]
        ticks.gatherer.buffer.add(
            source.identity, make_state(url=source.url, due=NOW, last_fetch=NOW)
        )
        return [one.id for one in await ticks.gatherer.due({})]

    assert asyncio.run(act()) == ["a"]
