"""Work on many items, a bounded number at a time, with the results as they come."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

_I = TypeVar("_I")
_T = TypeVar("_T")


class Arrivals(Generic[_I, _T]):
    """Works on items; each costs the same, however many are waiting.

    At most `most` items are open at once, and `most_of_key` of those with the same key. An item that
    has to wait for its key holds up no other. `then` follows the work of an item, which is no longer
    open meanwhile. (`asyncio.wait` registers with every pending task each time it is called.)
    """

    def __init__(
        self,
        items: Iterable[_I],
        work: Callable[[_I], Coroutine[Any, Any, _T]],
        *,
        most: int,
        key: Callable[[_I], str] = str,
        most_of_key: int = 0,
        then: Callable[[_I], Coroutine[Any, Any, object]] | None = None,
    ) -> None:
        self._work, self._then, self._key = work, then, key
        self._most, self._most_of_key = most, most_of_key or most
        self._waiting = deque(items)
        self._held: defaultdict[str, deque[_I]] = defaultdict(
            deque
        )  # until an item of their key ends
        self._next: deque[_I] = deque()  # which take the place of such an item
        self._open = Counter[str]()
        self._count = 0
        self._done: list[asyncio.Task[_T]] = []
        self._arrived = asyncio.Event()
        self._tasks: set[asyncio.Task[_T]] = set()
        self._fill()

    def __bool__(self) -> bool:
        """Say whether there are results to come or to take."""
        return bool(self._tasks or self._done)

    async def take(self, timeout: float | None = None) -> list[_T]:
        """Wait for results and return all that are there; none after a timeout in seconds.

        Raises what the work raised.
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
        """Start nothing more, and cancel what is under way."""
        for items in (self._waiting, self._next, self._held):
            items.clear()
        for task in self._tasks:
            task.cancel()

    def _fill(self) -> None:
        """Start work until enough is open."""
        while self._count < self._most and (found := self._choose()):
            self._count += 1
            task = asyncio.create_task(self._run(found[0]))
            self._tasks.add(task)
            task.add_done_callback(self._note)

    def _choose(self) -> tuple[_I] | None:
        """Take the next item whose key has room."""
        if self._next:
            return (self._next.popleft(),)
        while self._waiting:
            item = self._waiting.popleft()
            key = self._key(item)
            if self._open[key] < self._most_of_key:
                self._open[key] += 1
                return (item,)
            self._held[key].append(item)
        return None

    async def _run(self, item: _I) -> _T:
        try:
            result = await self._work(item)
        finally:
            self._release(self._key(item))
        if self._then:
            await self._then(item)
        return result

    def _release(self, key: str) -> None:
        """Let the next item start, one of the same key if one was held."""
        self._count -= 1
        if held := self._held.get(key):
            self._next.append(held.popleft())
        else:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]
                self._held.pop(key, None)
        self._fill()

    def _note(self, task: asyncio.Task[_T]) -> None:
        self._tasks.discard(task)
        self._done.append(task)
        self._arrived.set()
