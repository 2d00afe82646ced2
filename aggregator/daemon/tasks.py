"""The background tasks of the daemon."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator

Task = asyncio.Task[None]
Work = Coroutine[None, None, None]


class Tasks:
    """Tasks that are waited for or cancelled together."""

    def __init__(self) -> None:
        self._running: set[Task] = set()

    def __len__(self) -> int:
        """Return how many are running."""
        return len(self._running)

    def __iter__(self) -> Iterator[Task]:
        """Yield those that are running."""
        return iter(tuple(self._running))

    def start(self, work: Work) -> Task:
        """Start a task."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def wait_for_another(self) -> None:
        """Wait until one of them has ended, other than the one that calls."""
        others = {task for task in self if task is not asyncio.current_task()}
        await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)

    async def finish(self, stop: Task) -> None:
        """Wait until all have ended, or `stop` has."""
        while self and not stop.done():
            await asyncio.wait({stop, *self}, return_when=asyncio.FIRST_COMPLETED)

    async def cancel(self) -> None:
        """Cancel all and wait until they have ended."""
        running = tuple(self)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class OneAtATime:
    """Work that is never done twice at the same time."""

    def __init__(self, tasks: Tasks, work: Callable[[], Work]) -> None:
        self._tasks = tasks
        self._work = work
        self.task: Task | None = None

    def start(self) -> None:
        """Start the work, unless it is under way."""
        if self.task is None or self.task.done():
            self.task = self._tasks.start(self._work())
