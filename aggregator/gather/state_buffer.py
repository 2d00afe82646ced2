"""Collects the states of sources that brought no document, and saves many in one transaction."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from aggregator.core.errors import StoreError
from aggregator.core.model import SourceState
from aggregator.core.ports import GatherStore
from aggregator.core.threads import StoreThread

_SECONDS = 0.5  # after which states are saved; a crash loses no more, and costs full requests


class StateBuffer:
    """States that are not saved yet, by the identity of their source."""

    def __init__(self, store: GatherStore, thread: StoreThread) -> None:
        self._store = store
        self._thread = thread
        self._waiting: dict[str, SourceState] = {}
        self._timer: asyncio.Task[None] | None = None

    def add(self, identity: str, state: SourceState) -> None:
        """Save the state soon."""
        self._waiting[identity] = state
        if self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._wait())

    def drop(self, identity: str) -> None:
        """Forget a state that a newer one replaces."""
        self._waiting.pop(identity, None)

    async def flush(self) -> None:
        """Save all states now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._save()

    async def _wait(self) -> None:
        await asyncio.sleep(_SECONDS)
        self._timer = None
        with suppress(StoreError):  # the states are still there: the next flush raises it again
            await self._save()

    async def _save(self) -> None:
        taken: Mapping[str, SourceState] = dict(self._waiting)
        if taken:
            await self._thread.call(partial(self._store.save_states, taken))
        for identity, state in taken.items():
            if self._waiting.get(identity) is state:
                del self._waiting[identity]
