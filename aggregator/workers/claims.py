"""Queues the sources that are due, and takes back those of workers that died."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aggregator.core.logger import get_logger
from aggregator.core.model import Source, SourceState
from aggregator.core.ports import Clock
from aggregator.core.threads import StoreThread
from aggregator.gather import schedule
from aggregator.store import SqlStore
from aggregator.text import urls
from aggregator.workers.depths import Depth, depths
from aggregator.workers.engine import FETCH, Engine, claim_of
from aggregator.workers.timing import Timing

_MOST = 400  # sources queued at once
_MOST_OF_HOST = 25  # in one job
_JOBS_AHEAD = 2  # that wait, for each that runs, so that workers find the next one at once

Count = Callable[[str, str], None]
"""Counts a job, by its queue and what came of it."""

_log = get_logger()


class Claims:
    """What each worker of the queue `fetch` does beside fetching; any number may do it at once."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        store: SqlStore,
        jobs: Engine,
        thread: StoreThread,
        clock: Clock,
        timing: Timing,
        concurrency: int,
        count: Count,
    ) -> None:
        self._sources = {one.identity: one for one in sources}
        self._store = store
        self._engine = jobs
        self._thread = thread
        self._clock = clock
        self._timing = timing
        self._count = count
        self._jobs_ahead = _JOBS_AHEAD * concurrency

    async def register(self) -> None:
        """Make the due sources match the configuration."""
        await self._thread.call(self._register)

    def _register(self) -> None:
        states, now = self._store.source_states(), self._clock()
        due = {
            name: schedule.due_at(source, states.get(name, SourceState()), {}, now)
            for name, source in self._sources.items()
        }
        hosts = {name: host_of(source) for name, source in self._sources.items()}
        self._store.register_sources(hosts, due)

    async def queue_due(self) -> int:
        """Queue sources that are due, unless enough jobs wait; return how many sources."""
        found = await self._thread.call(partial(self._store.ask_queues, depths))
        if found.get(FETCH, Depth()).waiting >= self._jobs_ahead:
            return 0
        claims = await self._thread.call(
            partial(
                self._store.claim_sources,
                self._clock(),
                self._timing.claim_span,
                self._engine.defer,
                most=_MOST,
                most_of_host=_MOST_OF_HOST,
            )
        )
        return sum(len(one.sources) for one in claims)

    async def take_back(self) -> None:
        """Release what workers had that died or hang; a job of a role is done by the next one."""
        for job in await self._engine.lost():
            if not await self._engine.drop(job):
                continue
            self._count(job.queue, "lost")
            claim = claim_of(job)
            if claim is None:
                await self._engine.ask(job.queue)
                continue
            call = partial(self._store.take_back_sources, claim, self._clock())
            aside = await self._thread.call(call)
            _log.warning("job of a lost worker taken back", sources=len(claim.sources))
            for identity in aside:
                named = self._sources.get(identity)
                _log.error(
                    "source set aside: workers died of it", source=named.id if named else identity
                )


def host_of(source: Source) -> str:
    """Return what the sources of one server have in common; of other kinds each stands for itself."""
    return urls.host(source.url) or source.identity


def known_sources(
    sources: Mapping[str, Source], identities: Sequence[str]
) -> tuple[list[Source], list[str]]:
    """Return the configured ones of these sources, and the identities of the others."""
    known = [sources[one] for one in identities if one in sources]
    return known, [one for one in identities if one not in sources]
