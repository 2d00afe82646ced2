"""How tests bound time: work by the CPU it takes, waits by what only a hang can last."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HUNG = 240.0  # seconds after which nothing is to be hoped for, however busy the machine is


@contextmanager
def cpu_time(most: float) -> Iterator[None]:
    """Bound the CPU seconds that a block takes in this process.

    `most` is at least ten times what it takes, so that it finds work that grows faster than
    its input, and nothing else; what runs beside the tests does not count.
    """
    before = time.process_time()
    yield
    spent = time.process_time() - before
    assert spent < most, f"took {spent:.1f} s of CPU time, {most} s at most"


def until(true: Callable[[], object]) -> None:
    """Wait until something is so; fail when it hangs."""
    end = time.monotonic() + HUNG
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)


async def soon(true: Callable[[], object]) -> None:
    """Wait until something is so, and let the loop go on; fail when it hangs."""
    async with asyncio.timeout(HUNG):
        while not true():  # noqa: ASYNC110  what is waited for may be in a thread
            await asyncio.sleep(0.01)
