"""Results of many tasks as they come, whatever their number."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Arrivals(Generic[_T]):
    """Runs coroutines as tasks; each result costs the same, however many tasks are pending.

    `asyncio.wait` registers with every pending task each time it is called.
    """

    def __init__(self, coroutines: Iterable[Coroutine[Any, Any, _T]]) -> None:
        self._done: list[asyncio.Task[_T]] = []
        self._arrived = asyncio.Event()
        self._pending = {asyncio.create_task(one) for one in coroutines}
        for task in self._pending:
            task.add_done_callback(self._note)

    def __bool__(self) -> bool:
        """Say whether there are results to come or to take."""
        return bool(self._pending or self._done)

    async def take(self, timeout: float | None = None) -> list[_T]:
        """Wait for results and return all that are there; none after a timeout in seconds.

        Raises what a task raised.
        """
        if not self._done:
            try:
                async with asyncio.timeout(timeout):
                    await self._arrived.wait()
            except TimeoutError:
                return []
        done, self._done = self._done, []
        self._arrived.clear()
        return [task.result() for task in done]

    def cancel(self) -> None:
        """Cancel what is pending."""
        for task in self._pending:
            task.cancel()

    def _note(self, task: asyncio.Task[_T]) -> None:
        self._pending.discard(task)
        self._done.append(task)
        self._arrived.set()
