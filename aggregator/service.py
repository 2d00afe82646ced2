"""The running service: web server and daemon, configuration reload and shutdown."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.config import Config
from aggregator.config.serving import host_warning, port_warning
from aggregator.core.errors import ConfigError
from aggregator.core.logger import get_logger
from aggregator.daemon import Daemon, schedule
from aggregator.store import handover
from aggregator.web import Site
from aggregator.web.metrics import Metrics
from aggregator.web.server import Server
from aggregator.websub import Inbox, Subscriber

_INBOX_MAX_DOCUMENTS = 4  # of the maximum size, in memory

LoadConfig = Callable[[], Config]
"""Loads the configuration file, or raises ConfigError."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Listening:
    """The host and port of the server, with its open sockets."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...]


async def run(application: Application, listening: Listening, load_config: LoadConfig) -> None:
    """Gather on schedule and serve until SIGINT or SIGTERM; reload the configuration on SIGHUP.

    Each configuration has its own pipeline, which starts when the tasks of the previous one have
    ended. The server keeps running and serves the previous configuration until then.
    """
    metrics = Metrics()
    server = Server(listening.sockets, _site(application, listening, metrics))
    serving: asyncio.Task[None] | None = None
    inbox = Inbox(_INBOX_MAX_DOCUMENTS * application.config.fetch.max_size)
    current: Application | None = application
    with handover.taking_requests(application.config.data):
        while current is not None:
            _warn_unreachable(current, listening)
            async with current.pipeline() as pipeline, current.subscriber(inbox) as subscriber:
                daemon = Daemon(current, pipeline, metrics, inbox, subscriber)
                await daemon.start()
                server.set_site(_site(current, listening, metrics, subscriber))
                serving = serving or asyncio.create_task(server.serve())
                scheduler = schedule(daemon)
                try:
                    current = await _wait_for_reload(current, server, serving, load_config)
                finally:
                    scheduler.shutdown(wait=False)
                    inbox.wake = (
                        None  # documents pushed from now on wait for the next configuration
                    )
                    if current is not None:
                        await daemon.finish(serving)
                    await daemon.drain()


async def serve(application: Application, listening: Listening, load_config: LoadConfig) -> None:
    """Serve the published feeds until SIGINT or SIGTERM; reload the configuration on SIGHUP."""
    metrics = Metrics()
    server = Server(listening.sockets, _site(application, listening, metrics))
    _warn_unreachable(application, listening)
    serving = asyncio.create_task(server.serve())
    while reloaded := await _wait_for_reload(application, server, serving, load_config):
        application = reloaded
        server.set_site(_site(application, listening, metrics))
        _warn_unreachable(application, listening)


def _warn_unreachable(application: Application, listening: Listening) -> None:
    """Log a warning if `public_url` does not lead to this server."""
    url = application.config.public_url
    for doubt in (
        port_warning(url, listening.port),
        host_warning(url, listening.host),
    ):
        if doubt:
            _log.warning("public_url {doubt}", doubt=doubt)


async def _wait_for_reload(
    application: Application, server: Server, serving: asyncio.Task[None], load_config: LoadConfig
) -> Application | None:
    """Wait for a new configuration; return None when the server has stopped.

    A faulty configuration is logged, and the current one stays in use.
    """
    while True:
        reload = asyncio.create_task(server.reload.wait())
        await asyncio.wait({reload, serving}, return_when=asyncio.FIRST_COMPLETED)
        reload.cancel()
        if serving.done():
            await serving
            return None
        server.reload.clear()
        try:
            reloaded = bootstrap.reload(application, await asyncio.to_thread(load_config))
        except ConfigError as error:
            _log.error("configuration not reloaded, the current one stays in use", error=str(error))
        else:
            _log.info("configuration reloaded", sources=len(reloaded.config.sources))
            return reloaded


def _site(
    application: Application,
    listening: Listening,
    metrics: Metrics,
    subscriber: Subscriber | None = None,
) -> Site:
    """Return the site of an application; hub callbacks go to the subscriber."""
    return Site(
        store=application.store,
        folder=application.folder,
        feeds=application.config.feeds,
        public_url=application.config.public_url,
        sources=application.config.sources,
        clock=bootstrap.now,
        host=listening.host,
        metrics=metrics,
        hub=application.config.websub.hub,
        callbacks=subscriber,
    )
