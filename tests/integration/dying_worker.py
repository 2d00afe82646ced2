"""A worker that dies whenever it fetches a source named `bad`: python -m tests.integration.dying_worker CONFIG."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config import load
from aggregator.core.model import Fetched, NotModified, Source, Validators
from aggregator.core.ports import Clock, Fetcher
from aggregator.core.threads import StoreThread
from aggregator.gather.fetchers import open_fetchers
from aggregator.pipeline import Pipeline
from aggregator.pool import Pool
from aggregator.workers import process
from benchmarks.steady import QUICK, clock


@dataclass(frozen=True, slots=True)
class DyingFetcher:
    """Fetches, or dies as a parser does that a document makes overwrite its memory."""

    inner: Fetcher

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Fetch the source, unless it is the bad one."""
        found = await self.inner.fetch(source, validators)
        if source.id == "bad":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self.inner.close()


class DyingApplication(Application):
    """An application whose fetcher dies."""

    @asynccontextmanager
    async def pipeline(self, clock: Clock = bootstrap.now) -> AsyncIterator[Pipeline]:
        """Open the resources of a run."""
        fetchers = dict(open_fetchers(self.config.fetch))
        dying = {**fetchers, "feed": DyingFetcher(fetchers["feed"])}
        pool, thread = Pool(), StoreThread()
        try:
            yield bootstrap.assemble(self, fetchers=dying, pool=pool, thread=thread, clock=clock)
        finally:
            thread.close()
            pool.close()
            await dying["feed"].close()


def main() -> None:
    """Work until nothing is left to do, or until it dies."""
    opened = bootstrap.open_application(load(Path(sys.argv[1]), {}))
    application = DyingApplication(config=opened.config, store=opened.store)
    asyncio.run(process.run(application, until_idle=True, clock=clock, timing=QUICK))
    application.close()


if __name__ == "__main__":
    main()
