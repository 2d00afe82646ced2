"""Documents that kill, hang or starve a worker fail alone."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Document
from aggregator.pool import Pool
from tests.unit.pool_work import hang, prepare, size, unready, work
from tests.waiting import HUNG, soon

_T = TypeVar("_T")
SHORT = timedelta(seconds=2)


def children() -> list[str]:
    """Return the processes that this one has started and not buried."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [pid for task in tasks for pid in task.read_text().split()]


def has_ended(pid: object) -> bool:
    """Say whether a process is gone, or waits to be buried."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or ") Z" in status.read_text()


@contextmanager
def pool_of(**kw: Any) -> Iterator[Pool]:
    """Open a pool that is closed at the end."""
    pool = Pool(**kw)
    try:
        yield pool
    finally:
        pool.close()
        assert not children()


def run(test: Coroutine[None, None, _T]) -> _T:
    """Run a test, which may not take long."""
    return asyncio.run(asyncio.wait_for(test, HUNG))


def texts(results: list[Any]) -> list[str]:
    """Return errors as texts, other results as they are."""
    return [str(one) if isinstance(one, Exception) else one for one in results]


@pytest.mark.parametrize("worth", [2.0, 0], ids=["thread", "processes"])
def test_results_come_in_order(worth: float) -> None:
    """Each call has its result or its error, here and there."""

    async def test() -> None:
        with pool_of(threshold=worth, workers=2) as pool:
            assert await pool.run(work, []) == []
            calls = ["a", "raise", "page", "dig", 4, "where"]
            *results, where = await pool.run(work, [(one,) for one in calls])
            assert (where == os.getpid()) is (worth > 0)
            assert results[0], results[4] == ("a", 4)
            assert str(results[1]) == "cannot be read: ValueError: bad  document"
            page = results[2]
            assert isinstance(page, NotAFeed)
            assert page.feeds == ("https://example.org/feed",)
            assert isinstance(results[3], ParseError)
            assert "RecursionError" in str(results[3])

    run(test())


def test_only_the_guilty_fail() -> None:
    """Those in one batch with a document that ends or stops the worker have their results."""
    harm = {7: "die", 23: "hang", 40: "leave", 55: "starve", 70: "generator"}

    async def test() -> None:
        with pool_of(workers=2, threshold=0.1, deadline=SHORT) as pool:
            calls = [(harm.get(n, n),) for n in range(90)]
            results = await pool.run(work, calls)
            assert [one for one in results if not isinstance(one, ParseError)] == [
                n for n in range(90) if n not in harm
            ]
            assert texts([results[n] for n in harm]) == [
                "the worker process ended while reading it (status 3)",
                "reading it took longer than 2 s",
                "the worker process ended while reading it (status 0)",
                "reading it takes too much memory",
                "the result cannot be pickled: TypeError",
            ]
            assert await pool.run(work, [("again",)]) == ["again"]

    run(test())


def test_many_or_heavy_documents_go_to_processes() -> None:
    """Few and light ones are not worth a start; workers that are there are used."""

    def documents(count: int, weight: int) -> list[tuple[Document]]:
        return [(Document(name="where", content=b"a" * weight),) for _ in range(count)]

    async def test() -> None:
        with pool_of(workers=1, threshold=0.018) as pool:
            here = os.getpid()
            assert set(await pool.run(size, documents(3, 10))) == {here}
            assert here not in await pool.run(size, documents(1, 9_000_000))
        with pool_of(workers=1, threshold=0.018) as pool:
            first, *_ = await pool.run(size, documents(4, 10))
            assert first != here
            assert await pool.run(size, documents(1, 10)) == [first]

    run(test())


def test_runs_share_the_workers() -> None:
    """Many runs of one call each are as good as one run of many."""

    async def test() -> None:
        with pool_of(workers=2, threshold=0.03) as pool:
            runs = [pool.run(work, [("where" if n > 20 else n,)]) for n in range(40)]
            results = [one for (one,) in await asyncio.gather(*runs)]
            assert results[:21] == list(range(21))
            assert os.getpid() not in results[21:]

    run(test())


def test_a_thread_that_hangs_is_left_behind() -> None:
    """Its document fails by the deadline; what comes later goes to processes."""

    async def test() -> None:
        with pool_of(deadline=timedelta(milliseconds=300), workers=1) as pool:
            late, where = await pool.run(work, [("hang",), ("where",)])
            assert str(late) == "reading it took longer than 0.3 s"
            assert where != os.getpid()

    run(test())


@pytest.mark.parametrize("threshold", [9.0, 0.0])
def test_waiting_for_a_busy_machine_does_not_count(threshold: float) -> None:
    """The deadline is of CPU time, in the thread and in processes."""

    async def test() -> None:
        with pool_of(deadline=timedelta(milliseconds=200), threshold=threshold) as pool:
            assert await pool.run(work, [("nap",)]) == ["nap"]

    run(test())


@pytest.mark.parametrize("threshold", [9.0, 0.0])
def test_a_call_that_sleeps_ends_some_time_after_the_deadline(threshold: float) -> None:
    async def test() -> None:
        with pool_of(deadline=timedelta(milliseconds=20), threshold=threshold) as pool:
            assert texts(await pool.run(work, [("sleep",)])) == [
                "reading it took longer than 0.02 s"
            ]

    run(test())


def test_the_loop_stays_free() -> None:
    """Others go on while documents are read."""

    async def test() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        with pool_of(deadline=SHORT / 2, workers=1) as pool:
            await pool.run(work, [("hang",)])
        ticking.cancel()
        assert ticks > 2

    run(test())


def test_where_no_process_can_be_prepared_the_thread_does_it_all() -> None:
    """A worker that cannot start costs time, no document."""

    async def test() -> None:
        with pool_of(workers=2, threshold=0.018, prepare=unready) as pool:
            results = await pool.run(work, [("where",)] * 12)
            assert set(results) == {os.getpid()}

    run(test())


def test_a_function_that_cannot_be_handed_over_is_an_error() -> None:
    """It is told at once, and stops nothing else."""

    async def test() -> None:
        with pool_of(workers=1, threshold=0) as pool:
            (result,) = await pool.run(lambda: 1, [()])
            assert "cannot be pickled" in str(result)
            assert await pool.run(work, [(1,)]) == [1]

    run(test())


@pytest.mark.parametrize("worth", [2.0, 0], ids=["thread", "processes"])
def test_a_run_can_be_given_up(worth: float) -> None:
    """What nobody waits for is not begun, and closing ends the rest at once."""

    async def test() -> None:
        with pool_of(workers=1, threshold=worth) as pool:
            given_up = asyncio.create_task(pool.run(work, [("hang",), ("hang",)]))
            await asyncio.sleep(0.5)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up

    run(test())


def test_resting_workers_end() -> None:
    """Workers without work do not hold their memory for ever."""

    async def test() -> None:
        with pool_of(workers=2, threshold=0, idle=0.1) as pool:
            (first,) = await pool.run(work, [("where",)])
            await soon(lambda: not children())
            (second,) = await pool.run(work, [("where",)])
            assert first != second

    run(test())


def test_what_workers_need_is_prepared_once() -> None:
    """All workers are copies of one process, in which it is done."""

    async def test() -> None:
        with pool_of(workers=2, threshold=0, prepare=prepare) as pool:
            found: list[Any] = await pool.run(work, [("prepared",)] * 8)
            places = {places for _, places in found}
            assert len({pid for pid, _ in found}) == 2
            assert len(places) == 1
            assert len(places.pop()) == 1

    run(test())


def test_workers_are_started_again_after_all_was_killed() -> None:
    """A kill from outside costs no document, and processes go on to be used."""

    async def test() -> None:
        with pool_of(workers=1, threshold=0) as pool:
            server, worker = await pool.run(work, [("parent",), ("where",)])
            assert isinstance(server, int)
            os.killpg(server, signal.SIGKILL)
            await soon(lambda: has_ended(worker))
            assert await pool.run(work, [(1,), (2,)]) == [1, 2]
            (other,) = await pool.run(work, [("parent",)])
            assert other not in {server, os.getpid()}

    run(test())


def test_a_pool_closes_while_its_workers_are_prepared() -> None:
    """Nothing is left behind."""

    async def test() -> None:
        with pool_of(workers=2, threshold=0, prepare=hang) as pool:
            waiting = asyncio.create_task(pool.run(work, [("where",)]))
            await soon(lambda: bool(children()))
            waiting.cancel()

    run(test())


@pytest.mark.parametrize(("expected", "is_here"), [(20, False), (2, True)])
def test_the_thread_waits_while_many_calls_are_expected(expected: int, is_here: bool) -> None:
    """They may be worth processes, and then the main process need not load what calls need."""

    async def test() -> None:
        with pool_of(workers=1, threshold=0.018, patience=HUNG) as pool, ExitStack() as requests:
            for _ in range(expected):
                requests.enter_context(pool.expecting())
            first = asyncio.create_task(pool.run(work, [("where",)]))
            await asyncio.sleep(0.1)
            assert first.done() <= is_here
            if not is_here:
                await pool.run(work, [(1,), (2,), (3,)])
            assert (await first == [os.getpid()]) is is_here

    run(test())
