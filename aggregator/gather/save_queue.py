"""Saves what sources delivered; what waits while the store is busy becomes one transaction."""

import asyncio
from collections import deque
from concurrent.futures import Future

from aggregator.core.gathered import Gathered
from aggregator.core.model import Change
from aggregator.core.ports import GatherStore
from aggregator.core.threads import StoreThread

_MOST = 16  # sources in one transaction, which other writers wait for

Changes = tuple[Change, ...]


class SaveQueue:
    """Sources that wait to be saved, in order."""

    def __init__(self, store: GatherStore, thread: StoreThread) -> None:
        self._store = store
        self._thread = thread
        self._waiting: deque[tuple[Gathered, Future[Changes]]] = deque()

    async def save(self, gathered: Gathered) -> Changes:
        """Save one source and return its changes once they are committed; raise what failed for it."""
        result = Future[Changes]()
        self._waiting.append((gathered, result))
        try:
            # Each source queues a call; the first that runs also saves what waits behind it.
            await self._thread.call(self._save_waiting, stage="save")
        except asyncio.CancelledError:
            result.cancel()
            raise
        return result.result()

    def _save_waiting(self) -> None:
        """Save the sources that wait now; runs in the thread of the store."""
        taken: list[tuple[Gathered, Future[Changes]]] = []
        while self._waiting and len(taken) < _MOST:
            gathered, result = self._waiting.popleft()
            if result.set_running_or_notify_cancel():
                taken.append((gathered, result))
        outcomes = self._store.save_gathered_together([gathered for gathered, _ in taken])
        for (_, result), outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, Exception):
                result.set_exception(outcome)
            else:
                result.set_result(outcome)
