"""Results of many tasks, as they come."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.arrivals import Arrivals
from tests.waiting import HUNG, cpu_time


async def give(number: int) -> int:
    """Return a number after a moment."""
    await asyncio.sleep(0.001 * (number % 5))
    return number


async def hang(number: int) -> int:
    """Return nothing for long."""
    await asyncio.sleep(HUNG)
    return number


def test_each_result_comes_once() -> None:
    async def run() -> list[int]:
        pending, found = Arrivals(range(500), give, most=100), list[int]()
        while pending:
            found += await pending.take(HUNG)
        return found

    assert sorted(asyncio.run(run())) == list(range(500))


def test_nothing_comes_before_its_time() -> None:
    async def run() -> None:
        pending = Arrivals([1, 2], hang, most=1)
        assert await pending.take(0.01) == []
        assert pending
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending.take(HUNG)
        assert not pending

    asyncio.run(run())


def test_no_items_no_results() -> None:
    async def run() -> bool:
        return bool(Arrivals((), give, most=1))

    assert not asyncio.run(run())


def test_an_error_is_raised_where_results_are_taken() -> None:
    async def fail(_: int) -> int:
        raise ValueError("no")

    async def run() -> None:
        await Arrivals([1], fail, most=1).take(HUNG)

    with pytest.raises(ValueError, match="no"):
        asyncio.run(run())


class Counting:
    """Work that notes how many items were open at once, altogether and of each key."""

    def __init__(self) -> None:
        self.open, self.most, self.most_of_key = Counter[str](), 0, 0
        self.order: list[str] = []

    async def work(self, item: str) -> str:
        """Be open for a few turns of the loop."""
        self.order.append(item)
        self.open[item[0]] += 1
        self.most = max(self.most, self.open.total())
        self.most_of_key = max(self.most_of_key, *self.open.values())
        for _ in range(1 + len(self.order) % 3):
            await asyncio.sleep(0)
        self.open[item[0]] -= 1
        return item


@given(st.lists(st.sampled_from("aaaabbcd"), max_size=60), st.integers(1, 7), st.integers(1, 4))
def test_no_more_are_open_than_allowed(keys: list[str], most: int, share: int) -> None:
    items = [f"{key}{number}" for number, key in enumerate(keys)]
    seen = Counting()

    async def run() -> list[str]:
        found: list[str] = []
        pending = Arrivals(items, seen.work, most=most, key=lambda item: item[0], most_of_key=share)
        while pending:
            found += await pending.take(HUNG)
        return found

    assert sorted(asyncio.run(run())) == sorted(items)
    assert seen.most <= most
    assert seen.most_of_key <= share
    for key in set(keys):
        own = [item for item in seen.order if item[0] == key]
        assert own == [item for item in items if item[0] == key]


def test_items_whose_key_has_its_share_hold_up_no_other() -> None:
    async def run() -> list[str]:
        items = [*(f"a{n}" for n in range(100)), "b", "c"]
        pending = Arrivals(items, work, most=10, key=lambda item: item[0], most_of_key=5)
        found = [*await pending.take(HUNG), *await pending.take(0.01)]
        pending.cancel()
        return found

    async def work(item: str) -> str:
        if item[0] == "a":
            await asyncio.sleep(HUNG)
        return item

    assert asyncio.run(run()) == ["b", "c"]


def test_what_follows_an_item_keeps_no_other_from_starting() -> None:
    started: list[int] = []

    async def work(number: int) -> int:
        started.append(number)
        return number

    async def run() -> None:
        pending = Arrivals([1, 2, 3], work, most=1, then=hang)
        assert await pending.take(0.01) == []
        pending.cancel()

    asyncio.run(run())
    assert started == [1, 2, 3]


def test_ten_thousand_cost_the_same_each() -> None:
    async def run() -> int:
        pending, found = Arrivals(range(10_000), give, most=256), 0
        while pending:
            found += len(await pending.take(HUNG))
        return found

    with cpu_time(10.0):
        assert asyncio.run(run()) == 10_000
