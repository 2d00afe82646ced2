"""The one thread in which a process calls its store."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from aggregator.core import profile

_T = TypeVar("_T")


class StoreThread:
    """Runs calls of the store one after the other, so that the event loop stays free."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._waiting = 0

    async def call(self, function: Callable[[], _T], *, stage: str = "store") -> _T:
        """Run the function in the thread and return its result; `stage` is its name in a profile."""
        measured = partial(_measure, stage, function)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, measured)
        finally:
            self._waiting -= 1

    @property
    def waiting(self) -> int:
        """How many calls wait for the thread."""
        return self._waiting

    def close(self) -> None:
        """End the thread after the calls that are queued."""
        self._executor.shutdown()


def _measure(stage: str, function: Callable[[], _T]) -> _T:
    with profile.run.measure(stage):
        return function()
