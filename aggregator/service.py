"""The running service: web server and daemon, configuration reload and shutdown."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config import Config
from aggregator.config.serving import host_warning, port_warning, public_hub
from aggregator.core import profile
from aggregator.core.errors import ConfigError, faults
from aggregator.core.log_stream import LogStream
from aggregator.core.logger import get_logger
from aggregator.core.threads import StoreThread
from aggregator.core.ticker import Ticker
from aggregator.daemon.daemon import Daemon, schedule
from aggregator.daemon.indexing import Indexing, index_repeatedly
from aggregator.daemon.owner_actions import OwnerRequests
from aggregator.store import SqlStore, handover
from aggregator.store.opening import FILE, sqlite_path
from aggregator.web import Site
from aggregator.web.listen import addresses_of
from aggregator.web.metrics import Metrics
from aggregator.web.server import Limits, Server, max_connections, raise_file_limit
from aggregator.websub import Inbox, Subscriber
from aggregator.workers import queue_metrics
from aggregator.workers.edition_store import EditionStore

_FOLLOW_SECONDS = 2.0  # between two looks for what workers on other machines published
_INBOX_MAX_DOCUMENTS = 4  # of the maximum size, in memory

LoadConfig = Callable[[], Config]
"""Loads the configuration file, or raises ConfigError."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Listening:
    """The host and port of the server, with its open sockets, and the stream of the log."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...]
    log: LogStream | None = None
    addresses: tuple[str, ...] = field(init=False)  # also known when the sockets are closed

    def __post_init__(self) -> None:
        object.__setattr__(self, "addresses", addresses_of(self.sockets))


@dataclass(frozen=True, slots=True)
class _Running:
    """What outlives a reload of the configuration."""

    listening: Listening
    limits: Limits | None = None  # None: the usual ones
    metrics: Metrics = field(default_factory=Metrics)

    def start(self, application: Application) -> tuple[Server, asyncio.Task[None]]:
        """Start to serve; return the server and its task, which sets `ending` when it ends."""
        limits = self.limits or Limits(
            connections=max_connections(
                raise_file_limit(), 4 * application.config.fetch.concurrency
            ),
            body_bytes=application.config.fetch.max_size,
        )
        if log := self.listening.log:
            self.metrics.watch(
                "aggregator_log_lines_dropped", "Log lines that nobody read", lambda: log.dropped
            )
        database = application.config.data / FILE
        self.metrics.watch(
            "aggregator_database_bytes", "Size of the SQLite database", partial(_size_of, database)
        )
        self.metrics.watch(
            "aggregator_last_edition_age_seconds",
            "Time since the newest published file was written",
            partial(_age_of_newest, application.folder),
        )
        _warn_unreachable(application.config.public_url, self.listening)
        server = Server(self.listening.sockets, self.site(application), limits)
        serving = asyncio.create_task(server.serve())
        serving.add_done_callback(lambda _: server.ending.set())
        return server, serving

    def site(self, application: Application, subscriber: Subscriber | None = None) -> Site:
        """Return the site of an application; hub callbacks go to the subscriber."""
        config = application.config
        intervals = [one.interval or config.fetch.interval for one in config.sources]
        self.metrics.monitor.expect(min(intervals, default=config.fetch.interval))
        return Site(
            store=application.store,
            folder=application.folder,
            feeds=config.feeds,
            public_url=config.public_url,
            sources=config.sources,
            clock=bootstrap.now,
            host=self.listening.host,
            addresses=self.listening.addresses,
            allowed_hosts=config.allowed_hosts,
            search=config.search.enabled,
            metrics=self.metrics,
            pages=config.pages,
            owner=OwnerRequests(config),
            hub=public_hub(config.websub.hub),
            callbacks=subscriber,
            health_feed=config.health_feed,
        )


async def run(application: Application, listening: Listening, load_config: LoadConfig) -> None:
    """Gather on schedule and serve until SIGINT or SIGTERM; reload the configuration on SIGHUP.

    The server starts first; what an earlier run left is finished while it serves. Each
    configuration has its own pipeline, which starts when the tasks of the previous one have
    ended; until then the server serves the previous configuration. At the end, gathering stops
    first.
    """
    running = _Running(listening)
    server, serving = running.start(application)
    inbox = Inbox(_INBOX_MAX_DOCUMENTS * application.config.fetch.max_size)
    current: Application | None = application
    profile.run.start()
    with handover.taking_requests(application.config.data):
        while current is not None:
            async with current.pipeline() as pipeline, current.subscriber(inbox) as subscriber:
                server.set_site(running.site(current, subscriber))
                running.metrics.watch_queues(pipeline.queues())
                daemon = Daemon(current, pipeline, running.metrics, inbox, subscriber)
                starting = asyncio.create_task(_start(daemon))
                try:
                    current = await _wait_for_reload(current, running, server, load_config)
                finally:
                    # Documents pushed from now on wait for the next configuration.
                    inbox.wake = None
                    await _stop(starting)
                    if current is not None:
                        await daemon.finish(asyncio.create_task(server.wait_for_end()))
                    await daemon.drain()
    await serving


async def _start(daemon: Daemon) -> Callable[[], object]:
    """Finish what an earlier run left, then start to tick; return what stops the ticks."""
    try:
        await daemon.start()
    except Exception:  # noqa: BLE001  logged with traceback; the next run repairs the rest
        _log.exception("what an earlier run left could not be finished")
    return partial(schedule(daemon).shutdown, wait=False)


async def _stop(starting: "asyncio.Task[Callable[[], object]]") -> None:
    """Stop the ticks, or the start if it is still under way."""
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        (await starting)()


async def serve(
    application: Application,
    listening: Listening,
    load_config: LoadConfig,
    limits: Limits | None = None,
) -> None:
    """Serve the published feeds until SIGINT or SIGTERM; reload the configuration on SIGHUP.

    What workers on other machines publish is brought to this one's folder, from which it is served
    while the database is away.
    """
    running = _Running(listening, limits)
    with _following(application, running.metrics):
        server, serving = running.start(application)
        current: Application | None = application
        with contextlib.closing(StoreThread()) as thread:
            while current is not None:
                indexing = Indexing(current.store, thread, current.config.search)
                ticker = index_repeatedly(indexing)
                try:
                    current = await _wait_for_reload(current, running, server, load_config)
                finally:
                    ticker.shutdown()
                if current is not None:
                    server.set_site(running.site(current))
        await serving


@contextlib.contextmanager
def _following(application: Application, metrics: Metrics) -> Iterator[None]:
    """Bring the files that workers publish to the folder, if there may be any."""
    store = application.store
    if sqlite_path(application.config.store, application.config.data) or not isinstance(
        store, SqlStore
    ):
        yield
        return
    queue_metrics.watch(store, metrics)
    editions = EditionStore(store, application.folder)

    async def _restore() -> None:
        await asyncio.to_thread(editions.restore)

    ticker = Ticker(_restore, _FOLLOW_SECONDS)
    try:
        yield
    finally:
        ticker.shutdown()


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _age_of_newest(folder: Path) -> float:
    """Return the seconds since a published file was written; 0 without one."""
    files = [one for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []
    newest = max((_written_at(one) for one in files), default=0.0)
    return max(0.0, bootstrap.now().timestamp() - newest) if newest else 0.0


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was removed
        return 0.0


def _warn_unreachable(public_url: str, listening: Listening) -> None:
    """Log a warning if `public_url` does not lead to this server."""
    for doubt in (
        port_warning(public_url, listening.port),
        host_warning(public_url, listening.host),
    ):
        if doubt:
            _log.warning("public_url {doubt}", doubt=doubt)


async def _wait_for_reload(
    application: Application, running: _Running, server: Server, load_config: LoadConfig
) -> Application | None:
    """Wait for a new configuration; return None when the server ends.

    A faulty configuration is logged and shown by the health check; the current one stays in use.
    """
    said, monitor = "", running.metrics.monitor
    while True:
        events = [asyncio.create_task(one.wait()) for one in (server.reload, server.ending)]
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        for one in events:
            one.cancel()
        if server.ending.is_set():
            return None
        server.reload.clear()
        try:
            reloaded = bootstrap.reload(application, await asyncio.to_thread(load_config))
        except ConfigError as error:
            monitor.config_is_faulty = True
            problems = "; ".join(str(one).split("\n", maxsplit=1)[0] for one in faults(error))
            if problems != said:
                said = problems
                _log.error("configuration not reloaded, the current one stays in use", error=said)
        else:
            monitor.config_is_faulty = False
            _log.info("configuration reloaded", sources=len(reloaded.config.sources))
            _warn_unreachable(reloaded.config.public_url, running.listening)
            return reloaded
