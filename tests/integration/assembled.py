"""Pipelines whose clock is in our hands, for tests that run several parts together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config import Config
from aggregator.core.model import Document
from aggregator.core.ports import Clock, Fetcher
from aggregator.core.report import RunReport
from aggregator.core.settings import FeedSpec, FetchSettings, ImageOptions, StorySettings
from aggregator.core.threads import StoreThread
from aggregator.gather.fetchers import open_fetchers
from aggregator.pipeline import Pipeline
from aggregator.pool import Pool
from aggregator.store import open_store
from tests.builders import NOW, make_source
from tests.contract.databases import chosen_url
from tests.fakes import FakeClock, FakeFetcher

SOURCE = make_source()


@asynccontextmanager
async def assembled(
    app: Application, clock: Clock, fetchers: Mapping[str, Fetcher] | None = None
) -> AsyncIterator[Pipeline]:
    """Open a pipeline under a clock of ours; it fetches as the program does, unless told how."""
    real, pool, thread = open_fetchers(app.config.fetch), Pool(), StoreThread()
    try:
        yield bootstrap.assemble(
            app,
            fetchers=fetchers or real,
            pool=pool,
            thread=thread,
            clock=clock,
            jitter=lambda: 0.5,
        )
    finally:
        thread.close()
        pool.close()
        await real.close()


class House:
    """A pipeline with one source, whose document is in our hands too."""

    def __init__(
        self,
        data: Path,
        *specs: FeedSpec,
        stories: StorySettings | None = None,
        shortcuts: bool = True,
    ) -> None:
        self.clock = FakeClock()
        self.fetcher = FakeFetcher()
        self.data = data
        self.folder = data / "feeds"
        url = chosen_url(data)
        self.store = open_store(url, data=data, now=NOW)
        self._pool = Pool()
        self._thread = StoreThread()
        config = Config(
            path=data / "aggregator.yaml",
            data=data,
            public_url="http://127.0.0.1:8080/",
            store=url,
            fetch=FetchSettings(),
            images=ImageOptions(),
            stories=stories or StorySettings(),
            sources=(SOURCE,),
            feeds=specs,
        )
        self.pipeline = bootstrap.assemble(
            Application(config=config, store=self.store),
            fetchers={"feed": self.fetcher},
            pool=self._pool,
            thread=self._thread,
            clock=self.clock,
            jitter=lambda: 0.0,
            shortcuts=shortcuts,
        )

    def run(self, found: Document, hours: float = 0) -> RunReport:
        """Let the source serve a document, so many hours later, and run once."""
        self.clock.pass_(timedelta(hours=hours))
        self.fetcher.answer(SOURCE, found)
        return asyncio.run(self.pipeline.run((SOURCE,), force=True))

    def close(self) -> None:
        """End its threads and close the store."""
        self._thread.close()
        self._pool.close()
        self.store.close()
