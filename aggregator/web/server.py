"""The web server: uvicorn on sockets that are already open, with a site that can be replaced."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from aggregator.core.logger import get_logger
from aggregator.web import Site, make_app
from aggregator.web._connections import (
    BoundedProtocol,
    Connections,
    Limits,
    max_connections,
    raise_file_limit,
)
from aggregator.web.listen import BACKLOG, url_of

__all__ = ["Limits", "Server", "max_connections", "raise_file_limit"]

_CLIENTS_SECONDS = 3  # that responses under way get when the server ends
_END_SECONDS = 9.0  # after which the process ends, whatever it waits for
_LOG_SECONDS = 0.2  # for the last line of the log
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_USUAL = Limits()

_log = get_logger()


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM, which set `ending` at once; SIGHUP sets `reload`.

    A second signal ends the process immediately, and so does a clock when the end takes too long.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], site: Site, limits: Limits = _USUAL
    ) -> None:
        self.reload = asyncio.Event()
        self.ending = asyncio.Event()
        self.connections = Connections(limits, site.metrics.record_cut_off)
        site.metrics.watch(
            "aggregator_connections", "Open connections of clients", self.connections.__len__
        )
        self._sockets = list(sockets)
        self._url = url_of(sockets)
        self.set_site(site)
        protocol: Any = partial(BoundedProtocol, self.connections)
        settings = uvicorn.Config(
            self._handle,
            interface="asgi3",
            http=protocol,
            ws="none",
            backlog=BACKLOG,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=max(1, int(limits.idle_seconds)),
            timeout_graceful_shutdown=_CLIENTS_SECONDS,
        )
        super().__init__(settings)
        self._loop = asyncio.get_running_loop()
        for number in _ENDING_SIGNALS:
            self._loop.add_signal_handler(number, self._end, number)
        self._loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def set_site(self, site: Site) -> None:
        """Serve this site from now on."""
        self._app = make_app(site)

    async def wait_for_end(self) -> None:
        """Wait until the server begins to end."""
        await self.ending.wait()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal stops the server."""
        await super().serve(self._sockets if sockets is None else sockets)
        _log.info("stopped")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving, then log the URL."""
        await super().startup(sockets)
        if self.started:
            _log.info("serving", address=self._url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let responses under way end for a few seconds, then close all connections."""
        await super().shutdown(sockets)
        self.connections.cut_off_all()

    def _end(self, number: signal.Signals) -> None:
        """Begin to end; from now on the system itself acts on the signals."""
        for one in _ENDING_SIGNALS:
            self._loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)
        deadline = threading.Timer(_END_SECONDS, _end_process)
        deadline.daemon = True
        deadline.start()
        self.ending.set()
        self.handle_exit(number, None)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Disable uvicorn's own handlers; ours are installed in `__init__`."""
        yield


def _end_process() -> None:
    """End without waiting: everything stored is safe, and the next start repairs the rest."""
    _log.warning("the end took too long, the process ends now")
    time.sleep(_LOG_SECONDS)
    os._exit(1)
