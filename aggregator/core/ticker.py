"""Calls a function every few seconds on the monotonic clock, whatever the time of day does."""

import asyncio
from collections.abc import Awaitable, Callable

from aggregator.core.errors import AggregatorError
from aggregator.core.logger import get_logger

_log = get_logger()


class Ticker:
    """A repeated call that survives its own failures; a call never overlaps the one before."""

    def __init__(self, call: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._call = call
        self._seconds = seconds
        self._failures = 0
        self._task = asyncio.create_task(self._run())

    def shutdown(self, *, wait: bool = True) -> None:
        """Make no further call, and cancel one that is under way."""
        del wait  # nobody has to wait for it
        self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._call()
                self._failures = 0
            except Exception as error:  # noqa: BLE001  the next call may succeed
                self._report(error)
            await asyncio.sleep(max(0.0, began + self._seconds - loop.time()))

    def _report(self, error: Exception) -> None:
        """Log the first failure, then ever fewer of them."""
        self._failures += 1
        if self._failures & (self._failures - 1):
            return
        if isinstance(error, AggregatorError):
            _log.error("tick failed", error=str(error), times=self._failures)
        else:
            _log.error("tick failed", times=self._failures, exc_info=error)
