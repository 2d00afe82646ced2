"""The web server: uvicorn on sockets that are already open, with a site that can be replaced."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import Receive, Scope, Send

from aggregator.core.logger import get_logger
from aggregator.web import Site, make_app
from aggregator.web.listen import url_of

_log = get_logger()


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM; SIGHUP sets `reload`."""

    def __init__(self, sockets: Sequence[socket.socket], site: Site) -> None:
        self.reload = asyncio.Event()
        self._sockets = list(sockets)
        self._url = url_of(sockets)
        self.set_site(site)
        settings = uvicorn.Config(
            self._handle,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        super().__init__(settings)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def set_site(self, site: Site) -> None:
        """Serve this site from now on."""
        self._app = make_app(site)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal stops the server."""
        await super().serve(self._sockets if sockets is None else sockets)
        _log.info("stopped")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving, then log the URL."""
        await super().startup(sockets)
        if self.started:
            _log.info("serving", address=self._url)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Disable uvicorn's own handlers; ours are installed in `__init__`."""
        yield
