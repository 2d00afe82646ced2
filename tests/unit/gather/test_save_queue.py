"""Sources that wait are saved together; one that fails or is cancelled does not stop the others."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from aggregator.core.gathered import Gathered
from aggregator.core.model import Change
from aggregator.core.threads import StoreThread
from aggregator.gather.save_queue import SaveQueue
from aggregator.store import SqlStore
from tests.builders import NOW, make_entry, make_source, make_state


class CountingStore(SqlStore):
    """A store that counts the sources of each transaction."""

    def __init__(self, data: Path) -> None:
        super().__init__("sqlite", data, NOW)
        self.sizes: list[int] = []

    def _save_gathered(self, waiting: Sequence[Gathered]) -> list[tuple[Change, ...]]:
        self.sizes.append(len(waiting))
        return super()._save_gathered(waiting)


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


def _gathered(name: str, title: str = "") -> Gathered:
    entry = make_entry(1, title=title or f"News of {name}", guid=f"{name}-1")
    return Gathered(
        source=make_source(id=name), entries=(entry,), state=make_state(), now=NOW, initial=None
    )


async def _save_all(
    store: CountingStore, thread: StoreThread, waiting: Sequence[Gathered], cancelled: int = -1
) -> list[tuple[Change, ...] | BaseException]:
    """Let all wait behind a busy store, then save them."""
    queue, busy = SaveQueue(store, thread), threading.Event()
    blocked = asyncio.create_task(thread.call(busy.wait))
    tasks = [asyncio.create_task(queue.save(one)) for one in waiting]
    await asyncio.sleep(0)
    if cancelled >= 0:
        tasks[cancelled].cancel()
        with suppress(asyncio.CancelledError):
            await tasks[cancelled]
    busy.set()
    await blocked
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_waits_is_one_transaction(store: CountingStore, thread: StoreThread) -> None:
    waiting = [_gathered(f"s{number}") for number in range(20)]
    outcomes = asyncio.run(_save_all(store, thread, waiting))
    assert store.sizes == [16, 4]
    assert [one[0].kind for one in outcomes if not isinstance(one, BaseException)] == ["new"] * 20
    assert len(store.ungrouped(100)) == 20


def test_a_source_that_cannot_be_saved_fails_alone(
    store: CountingStore, thread: StoreThread
) -> None:
    bad = Gathered(
        source=make_source(id="bad"),
        entries=(make_entry(1),),
        state=make_state(),
        now=NOW,
        initial=None,
        read="no document",  # type: ignore[arg-type]
    )
    waiting = [_gathered("a"), bad, _gathered("c")]
    first, failed, last = asyncio.run(_save_all(store, thread, waiting))
    assert isinstance(failed, AttributeError)
    assert not isinstance(first, BaseException)
    assert not isinstance(last, BaseException)
    assert set(store.source_states()) == {"a", "c"}
    assert {one.source_id for one in store.ungrouped(100)} == {"a", "c"}


def test_one_that_is_cancelled_is_not_saved(store: CountingStore, thread: StoreThread) -> None:
    waiting = [_gathered(f"s{number}") for number in range(40)]
    outcomes = asyncio.run(_save_all(store, thread, waiting, cancelled=0))
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert len(store.source_states()) == 39
    assert "s0" not in store.source_states()


def test_together_is_as_one_by_one(tmp_path: Path) -> None:
    """One source twice, sources that share a guid, and one without entries."""
    waiting = [_gathered("a"), _gathered("b"), _gathered("a", "Changed"), _gathered("a")]
    together, apart = CountingStore(tmp_path / "1"), CountingStore(tmp_path / "2")
    outcomes = together.save_gathered_together(waiting)
    assert outcomes == [apart.save_gathered_together([one])[0] for one in waiting]
    assert together.ungrouped(100) == apart.ungrouped(100)
    assert together.source_states() == apart.source_states()
    assert together.learned_blocks() == apart.learned_blocks()
    together.close()
    apart.close()
