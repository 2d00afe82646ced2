"""Results of many tasks, as they come."""

import asyncio

import pytest

from aggregator.core.arrivals import Arrivals
from tests.waiting import HUNG, cpu_time


async def give(number: int, after: float = 0.0) -> int:
    """Return a number after a time."""
    await asyncio.sleep(after)
    return number


def test_each_result_comes_once() -> None:
    async def run() -> list[int]:
        pending, found = Arrivals(give(n, 0.001 * (n % 5)) for n in range(500)), list[int]()
        while pending:
            found += await pending.take(HUNG)
        return found

    assert sorted(asyncio.run(run())) == list(range(500))


def test_nothing_comes_before_its_time() -> None:
    async def run() -> None:
        pending = Arrivals([give(1, HUNG)])
        assert await pending.take(0.01) == []
        assert pending
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending.take(HUNG)

    asyncio.run(run())


def test_no_tasks_no_results() -> None:
    async def run() -> bool:
        return bool(Arrivals[int](()))

    assert not asyncio.run(run())


def test_an_error_is_raised_where_results_are_taken() -> None:
    async def fail() -> int:
        raise ValueError("no")

    async def run() -> None:
        await Arrivals([fail()]).take(HUNG)

    with pytest.raises(ValueError, match="no"):
        asyncio.run(run())


def test_ten_thousand_cost_the_same_each() -> None:
    async def run() -> int:
        gate = asyncio.Semaphore(10)

        async def work(number: int) -> int:
            async with gate:
                return await give(number)

        pending, found = Arrivals(work(n) for n in range(10_000)), 0
        while pending:
            found += len(await pending.take(HUNG))
        return found

    with cpu_time(10.0):
        assert asyncio.run(run()) == 10_000
