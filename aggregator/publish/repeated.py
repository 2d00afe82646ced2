"""Publishing beside a running gather."""

import asyncio
import time
from collections.abc import Callable, Coroutine

INTERVAL_SECONDS = 3.0  # between two publications while new entries keep arriving
_SHARE = 4  # a publication that takes long is followed by a pause so many times as long


class RepeatedPublishing:
    """Publishes from time to time in the background; the run raises its failures."""

    def __init__(self, publish: Callable[[], Coroutine[None, None, None]]) -> None:
        self._publish = publish
        self._task: asyncio.Task[None] | None = None
        self._began = time.monotonic()
        self._next = self._began + INTERVAL_SECONDS

    def start(self, *, at_once: bool) -> bool:
        """Start publishing unless it is running or ended a moment ago; return whether it started."""
        if self._task is not None and not self._task.done():
            return False
        if not at_once and time.monotonic() < self._next:
            return False
        if self._task is not None:
            self._task.result()
        self._began = time.monotonic()
        self._task = asyncio.create_task(self._publish())
        self._task.add_done_callback(self._ended)
        return True

    def _ended(self, _: asyncio.Task[None]) -> None:
        now = time.monotonic()
        self._next = now + max(INTERVAL_SECONDS, _SHARE * (now - self._began))

    async def end(self) -> None:
        """Wait until publishing has ended."""
        if self._task is not None:
            await self._task

    def cancel(self) -> None:
        """Cancel publishing."""
        if self._task is not None:
            self._task.cancel()
