"""The composition root: builds all components from a Config; the only module that reads the clock."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config import Config, located_error
from aggregator.config.serving import public_hub
from aggregator.core import plugins, profile
from aggregator.core.errors import ConfigError
from aggregator.core.logger import get_logger
from aggregator.core.model import Source
from aggregator.core.ports import Clock, Fetcher, PageFetcher, Store
from aggregator.core.report import RunReport
from aggregator.core.settings import FeedSpec
from aggregator.core.threads import StoreThread
from aggregator.gather.fetchers import check_settings, open_fetchers, open_poster, why_unreachable
from aggregator.gather.gatherer import Gatherer
from aggregator.gather.pictures import open_pictures
from aggregator.gather.save_queue import SaveQueue
from aggregator.gather.state_buffer import StateBuffer
from aggregator.intake import Intake, prepare
from aggregator.pipeline import Pipeline, Progress
from aggregator.pool import Pool
from aggregator.publish import selection
from aggregator.publish.publisher import Publisher
from aggregator.store import WindowFile, lock_folder, open_store
from aggregator.store.upkeep import Upkeep
from aggregator.websub import CALLBACK, Announcer, Inbox, Subscriber

if TYPE_CHECKING:
    from aggregator.gather.articles.article_gatherer import ArticleGatherer
    from aggregator.group.grouper import Grouper
    from aggregator.group.regroup.regroup import RegroupResult

_RENDERERS = "aggregator.publish.renderers"
_log = get_logger()


def now() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A configuration with its open store, which every command works on."""

    config: Config
    store: Store
    announce: bool = True  # False: do not notify the hub of new editions

    @property
    def folder(self) -> Path:
        """The folder of the published feeds."""
        return self.config.data / "feeds"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock data folder and database for gathering and publishing, or raise DataFolderBusy."""
        with lock_folder(self.config.data), self.store.held():
            yield

    def pick(self, ids: Iterable[str]) -> tuple[Source, ...]:
        """Return the sources with these ids; without ids, all that are not paused."""
        wanted = tuple(ids)
        if not wanted:
            return tuple(source for source in self.config.sources if not source.paused)
        return tuple(dict.fromkeys(self.config.find(one) for one in wanted))

    @asynccontextmanager
    async def pipeline(self, clock: Clock = now) -> AsyncIterator[Pipeline]:
        """Open the resources of a run: connections, worker processes, the store's thread."""
        fetchers = open_fetchers(self.config.fetch)
        pool, thread, announcer = Pool(prepare=prepare), StoreThread(), self._announcer()
        try:
            yield assemble(
                self, fetchers=fetchers, pool=pool, thread=thread, announcer=announcer, clock=clock
            )
        finally:
            if announcer:
                await announcer.close()
            thread.close()
            pool.close()
            await fetchers.close()

    @asynccontextmanager
    async def subscriber(self, inbox: Inbox) -> AsyncIterator[Subscriber | None]:
        """Open the subscriber, which delivers to the inbox; None without subscriptions to keep or end."""
        config, problem = self.config, self.hub_problem()
        wanted = config.websub.subscribe and not problem
        if config.websub.subscribe and problem:
            _log.warning("hubs are not used", public_url=config.public_url, reason=problem)
        if not wanted and not self.store.leases():
            yield None
            return
        subscriber = Subscriber(
            sources=config.sources,
            store=self.store,
            poster=open_poster(config.fetch),
            inbox=inbox,
            clock=now,
            jitter=random.random,
            callback=f"{config.public_url}{CALLBACK}/" if wanted else "",
            most=config.fetch.max_size,
        )
        try:
            yield subscriber
        finally:
            await subscriber.close()

    def hub_problem(self) -> str:
        """Return why hubs cannot reach this server; empty if they can."""
        return why_unreachable(self.config.public_url, self.config.fetch)

    def _announcer(self) -> Announcer | None:
        hub = self.config.websub.hub
        if not hub or not self.announce:
            return None
        path = self.config.data / "websub.json"
        return Announcer(hub, open_poster(self.config.fetch), path, now)

    async def run_once(
        self,
        sources: tuple[Source, ...] | None = None,
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> RunReport:
        """Gather, group and publish once."""
        chosen = self.pick(()) if sources is None else sources
        async with self.pipeline() as pipeline:
            with profile.run.measure("event loop"):
                return await pipeline.run(chosen, force=force, progress=progress, alone=True)

    async def regroup(self, *, dry_run: bool = False, clock: Clock = now) -> "RegroupResult":
        """Group all stored entries again, new ones first, and publish; a dry run changes nothing."""
        if dry_run:
            return self._regroup(clock, dry_run=True)
        async with self.pipeline(clock) as pipeline:
            await pipeline.settle()
            outcome = self._regroup(clock)
            await pipeline.settle()
        return outcome

    def _regroup(self, clock: Clock, *, dry_run: bool = False) -> "RegroupResult":
        """Group with the current weights, settings, decisions and boilerplate."""
        # slow: only this command needs them
        from aggregator.gather.document import without_learned  # noqa: PLC0415
        from aggregator.group.regroup.regroup import Regrouping  # noqa: PLC0415

        learned = self.store.learned_blocks()
        regrouping = Regrouping(
            self.config.stories,
            now=clock(),
            priorities={one.identity: one.priority for one in self.config.sources},
            strip=lambda stored: without_learned(stored, learned),
        )
        self.store.regroup(regrouping.run, dry_run=dry_run)
        return regrouping.outcome

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def assemble(
    application: Application,
    *,
    fetchers: Mapping[str, Fetcher],
    pool: Pool,
    thread: StoreThread,
    clock: Clock,
    announcer: Announcer | None = None,
    jitter: Callable[[], float] = random.random,
    shortcuts: bool = True,
) -> Pipeline:
    """Build the pipeline of an application.

    Without shortcuts it does everything anew, with the same results, which tests compare.
    """
    config, store, folder = application.config, application.store, application.folder

    @cache
    def _make_grouper() -> "Grouper":
        from aggregator.group import grouper, kept_window  # noqa: PLC0415  0.3 s, and rarely needed

        return grouper.Grouper(
            store=store,
            pool=pool,
            settings=config.stories,
            sources=config.sources,
            clock=clock,
            window=kept_window.KeptWindow(WindowFile(config.data) if shortcuts else None),
        )

    return Pipeline(
        gatherer=Gatherer(
            store=store,
            thread=thread,
            fetchers=fetchers,
            reader=Intake(pool=pool, names=config.stories.names, clock=clock),
            sources=config.sources,
            settings=config.fetch,
            clock=clock,
            jitter=jitter,
            buffer=StateBuffer(store, thread),
            saves=SaveQueue(store, thread),
            shortcuts=shortcuts,
        ),
        has_ungrouped=lambda: store.has_ungrouped(clock()),
        grouper=_make_grouper,
        publisher=_make_publisher(application, clock, announcer, shortcuts=shortcuts),
        upkeep=Upkeep(store=store, settings=config.stories, folder=folder, clock=clock),
        thread=thread,
        announcer=announcer,
        documents_waiting=lambda: pool.waiting,
        articles=_article_gatherer(application, fetchers, pool, thread, clock),
        pictures=open_pictures(config, store, fetchers.get("feed"), pool, thread, clock),
    )


def _article_gatherer(
    application: Application,
    fetchers: Mapping[str, Fetcher],
    pool: Pool,
    thread: StoreThread,
    clock: Clock,
) -> "ArticleGatherer | None":
    """Build what fetches whole texts; None if no source wants them."""
    pages, config = fetchers.get("feed"), application.config
    if not any(one.full_text for one in config.sources) or not isinstance(pages, PageFetcher):
        return None
    # slow: cleaning and its rules
    from aggregator.gather.articles.article_gatherer import ArticleGatherer  # noqa: PLC0415
    from aggregator.gather.articles.robots import PRODUCT, Robots  # noqa: PLC0415

    return ArticleGatherer(
        store=application.store,
        thread=thread,
        pages=pages,
        robots=Robots(pages, config.fetch.user_agent or PRODUCT, clock),
        pool=pool,
        sources={one.identity: one for one in config.sources},
        clock=clock,
    )


def _make_publisher(
    application: Application, clock: Clock, announcer: Announcer | None, *, shortcuts: bool
) -> Publisher:
    config = application.config
    return Publisher(
        store=application.store,
        renderers=plugins.Plugins(_RENDERERS),
        sources=config.sources,
        feeds=config.feeds,
        folder=application.folder,
        public_url=config.public_url,
        clock=clock,
        hub=public_hub(config.websub.hub),
        owe=announcer.owe if announcer else lambda _: None,
        shortcuts=shortcuts,
    )


def reload(application: Application, config: Config) -> Application:
    """Return the application with a new configuration and the same store; raise ConfigError."""
    old = application.config
    for key, before, after in (("data", old.data, config.data), ("store", old.store, config.store)):
        if before != after:
            raise ConfigError("a change of this key needs a restart", path=config.path, key=key)
    check_feeds(config)
    check_settings(config.fetch)
    return Application(config=config, store=application.store)


def check_feeds(config: Config) -> None:
    """Raise ConfigError, with its location, for a feed that cannot be published."""
    for number, spec in enumerate(config.feeds):
        for key, patterns in (("include", spec.include), ("exclude", spec.exclude)):
            for index, pattern in enumerate(patterns):
                try:
                    selection.check(FeedSpec(name="", title="", include=(pattern,)))
                except ConfigError as error:
                    where = ("feeds", number, key, index)
                    raise located_error(config.path, where, error.problem) from None
    for name in sorted({name for spec in config.feeds for name in spec.formats}):
        plugins.check(_RENDERERS, name)


def open_application(config: Config) -> Application:
    """Open the store of a configuration; raise ConfigError if a feed cannot be published."""
    check_feeds(config)
    store = open_store(config.store, data=config.data, now=now())
    return Application(config=config, store=store)


def run_once(config: Config, *, force: bool = False) -> RunReport:
    """Gather, group and publish once, as `aggregator fetch` does; raise DataFolderBusy."""
    with closing(open_application(config)) as application, application.lock():
        return asyncio.run(application.run_once(force=force))
