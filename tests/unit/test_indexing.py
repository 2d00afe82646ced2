"""Indexing beside all other work."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.core.settings import SearchSettings
from aggregator.core.threads import StoreThread
from aggregator.daemon.indexing import Indexing, index_repeatedly
from aggregator.store import SqlStore, open_store
from tests.builders import NOW, make_entries, make_entry
from tests.stores import gather
from tests.waiting import until


class CountingStore(SqlStore):
    """Counts how often it is asked to index."""

    asked = 0

    def index(self, limit: int, characters: int) -> bool:
        """Index some entries."""
        self.asked += 1
        return super().index(limit, characters)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountingStore]:
    """Open a store of five thousand entries in which nothing is indexed."""
    with closing(CountingStore("sqlite", tmp_path, NOW)) as one:
        gather(one, *make_entries(range(5000)))
        yield one


def run(store: CountingStore, *, times: int = 1, enabled: bool = True) -> None:
    """Index as several ticks do."""

    async def ticks(thread: StoreThread) -> None:
        indexing = Indexing(store, thread, SearchSettings(enabled=enabled))
        for _ in range(times):
            await indexing.run()

    with closing(StoreThread()) as thread:
        asyncio.run(ticks(thread))


def test_a_tick_does_a_bounded_part(store: CountingStore) -> None:
    run(store)
    assert (store.asked, store.unindexed()) == (20, 1000)
    run(store)
    assert store.unindexed() == 0


def test_nothing_is_asked_while_nothing_changes(store: CountingStore) -> None:
    run(store, times=2)
    store.asked = 0
    run(store, times=5)
    assert store.asked == 1


def test_it_can_be_turned_off(store: CountingStore) -> None:
    run(store, enabled=False)
    assert store.asked == 0


def test_what_another_process_brings_is_indexed(store: CountingStore, tmp_path: Path) -> None:
    async def serve(thread: StoreThread) -> None:
        ticker = index_repeatedly(Indexing(store, thread, SearchSettings()))
        with closing(open_store("sqlite", data=tmp_path, now=NOW)) as other:
            gather(other, make_entry(9000))
        await asyncio.to_thread(until, lambda: store.unindexed() <= 1001)
        ticker.shutdown()

    with closing(StoreThread()) as thread:
        asyncio.run(serve(thread))
    assert store.unindexed() <= 1001


def test_after_a_failure_it_waits_for_a_change(tmp_path: Path) -> None:
    class Broken(CountingStore):
        """Cannot index."""

        def index(self, limit: int, characters: int) -> bool:
            """Fail."""
            del limit, characters
            self.asked += 1
            raise OSError("no room")

    with closing(Broken("sqlite", tmp_path, NOW)) as store:
        run(store, times=3)
        assert store.asked == 1


def test_while_sources_are_fetched_it_waits_a_minute(store: CountingStore) -> None:
    with closing(StoreThread()) as thread:
        indexing = Indexing(store, thread, SearchSettings())
        assert indexing.may_start(busy=False, now=100.0)
        assert not indexing.may_start(busy=True, now=110.0)
        assert indexing.may_start(busy=False, now=111.0)
        assert not indexing.may_start(busy=True, now=170.0)
        assert indexing.may_start(busy=True, now=171.0)
        assert not indexing.may_start(busy=True, now=172.0)
