"""Holds a role as long as it can be renewed, and runs its jobs meanwhile."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable

from aggregator.core.errors import AggregatorError
from aggregator.core.logger import get_logger
from aggregator.core.threads import StoreThread
from aggregator.store import SqlStore
from aggregator.workers.timing import Timing

_RENEWALS = 4  # in the time that a role is held

_log = get_logger()


class RoleKeeper:
    """One role of this worker: `taken` is called with the new holder, then `work` runs until it is lost."""

    def __init__(
        self,
        name: str,
        *,
        store: SqlStore,
        thread: StoreThread,
        timing: Timing,
        taken: Callable[[str], Awaitable[None]],
        work: Callable[[], Awaitable[None]],
    ) -> None:
        self.name = name
        self.settled = False  # it is known who has the role, and what to do at first is queued
        self._store = store
        self._thread = thread
        self._timing = timing
        self._taken = taken
        self._work = work

    async def run(self) -> None:
        """Try to take the role, hold it, and try again after it was lost; until cancelled."""
        while True:
            holder = uuid.uuid4().hex  # another one each time, so that what began before fails
            if await self._renew(holder):
                try:
                    await self._hold(holder)
                finally:
                    await self._leave(holder)
            self.settled = True
            await asyncio.sleep(self._timing.role / _RENEWALS)

    async def _hold(self, holder: str) -> None:
        """Work until the role could not be renewed in time."""
        await self._taken(holder)
        _log.info("role taken", role=self.name)
        self.settled = True
        working = asyncio.ensure_future(self._work())
        try:
            until = time.monotonic() + self._timing.role
            while time.monotonic() < until:
                await asyncio.sleep(self._timing.role / _RENEWALS)
                began = time.monotonic()
                renewed = await self._renew(holder)
                if renewed is False:
                    break
                if renewed:
                    until = began + self._timing.role
            _log.warning("role lost", role=self.name)
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError, AggregatorError):
                await working
            await self._thread.call(lambda: None)  # what began before has ended, or failed

    async def _renew(self, holder: str) -> bool | None:
        """Return whether we have the role; None if the database cannot tell."""
        try:
            # not in the store's thread, where a grouping may take longer than the role holds
            return await asyncio.to_thread(
                self._store.take_role, self.name, holder, self._timing.role_span
            )
        except AggregatorError:
            return None

    async def _leave(self, holder: str) -> None:
        with contextlib.suppress(AggregatorError):
            await asyncio.to_thread(self._store.leave_role, self.name, holder)
