"""Indexes entries for the search, a few at a time, beside all other work."""

import asyncio
from functools import partial
from typing import Protocol

from aggregator.core.logger import get_logger
from aggregator.core.search import SearchStore
from aggregator.core.settings import SearchSettings
from aggregator.core.threads import StoreThread
from aggregator.core.ticker import Ticker

SLICE = 200  # entries of one transaction
_PAUSE_SECONDS = 0.05  # between two of them, for others who write
_SLICES = 20  # at a time, so that a daemon that ends need not wait long
_TICK_SECONDS = 5.0

_log = get_logger()


class IndexStore(SearchStore, Protocol):
    """What indexing asks of the store."""

    def change_mark(self) -> object:
        """Return a value that differs after every write, of any process; None if unknown."""


class Indexing:
    """Brings the index up to date after changes of the store."""

    def __init__(self, store: IndexStore, thread: StoreThread, settings: SearchSettings) -> None:
        self._store = store
        self._thread = thread
        self._settings = settings
        self._mark: object = None

    async def run(self) -> None:
        """Index what is new; nothing is read while the store is as it was."""
        if not self._settings.enabled:
            return
        mark = await self._thread.call(self._store.change_mark)
        if mark is not None and mark == self._mark:
            return
        index = partial(self._store.index, SLICE, self._settings.characters)
        try:
            for _ in range(_SLICES):
                if not await self._thread.call(index):
                    break
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return  # the next tick continues
        except Exception:  # noqa: BLE001  logged with traceback; a later change retries
            _log.exception("indexing for the search failed")
        self._mark = await self._thread.call(self._store.change_mark)


def index_repeatedly(indexing: Indexing) -> Ticker:
    """Start to bring the index up to date, now and then every few seconds."""
    return Ticker(indexing.run, _TICK_SECONDS)
