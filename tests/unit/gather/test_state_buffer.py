"""States are saved together, in order, and none is lost."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aggregator.core.errors import StoreError
from aggregator.core.model import SourceState
from aggregator.core.threads import StoreThread
from aggregator.gather.state_buffer import StateBuffer
from aggregator.store import SqlStore
from tests.builders import NOW, make_state


class CountingStore(SqlStore):
    """A store that counts its transactions of states, and can be told to fail."""

    def __init__(self, data: Path) -> None:
        super().__init__("sqlite", data, NOW)
        self.writes = 0
        self.fails = False
        self.saved = threading.Event()

    def save_states(self, states: Mapping[str, SourceState]) -> None:
        """Count, then save."""
        self.writes += 1
        if self.fails:
            raise StoreError("the disk is full")
        super().save_states(states)
        self.saved.set()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountingStore]:
    """Give an empty store."""
    store = CountingStore(tmp_path)
    yield store
    store.close()


@pytest.fixture
def thread() -> Iterator[StoreThread]:
    """Give the thread of the store."""
    thread = StoreThread()
    yield thread
    thread.close()


def test_many_states_are_one_transaction(store: CountingStore, thread: StoreThread) -> None:
    async def act() -> None:
        buffer = StateBuffer(store, thread)
        for number in range(300):
            buffer.add(f"s{number % 200}", make_state(failures=number))
        await buffer.flush()
        await buffer.flush()
        assert store.writes == 1
        found = store.source_states()
        assert len(found) == 200
        assert found["s0"].failures == 200

    asyncio.run(act())


def test_states_are_saved_without_being_asked(store: CountingStore, thread: StoreThread) -> None:
    async def act() -> None:
        buffer = StateBuffer(store, thread)
        buffer.add("s", make_state(failures=1))
        assert await asyncio.to_thread(store.saved.wait, 60)
        assert store.source_states()["s"].failures == 1

    asyncio.run(act())


def test_a_dropped_state_is_not_saved(store: CountingStore, thread: StoreThread) -> None:
    async def act() -> None:
        buffer = StateBuffer(store, thread)
        buffer.add("s", make_state(failures=1))
        buffer.drop("s")
        await buffer.flush()
        assert store.source_states() == {}

    asyncio.run(act())


def test_states_survive_a_write_that_failed(store: CountingStore, thread: StoreThread) -> None:
    async def act() -> None:
        buffer = StateBuffer(store, thread)
        buffer.add("s", make_state(failures=1))
        store.fails = True
        with pytest.raises(StoreError):
            await buffer.flush()
        store.fails = False
        await buffer.flush()
        assert store.source_states()["s"].failures == 1

    asyncio.run(act())
