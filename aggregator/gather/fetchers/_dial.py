"""Makes connections: looks a name up, judges every address, connects to the judged ones alone."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any

import httpcore

from aggregator.core.errors import BlockedAddress, FetchError, Unreachable
from aggregator.gather.fetchers._guard import (
    Address,
    Allowed,
    is_inner_name,
    literal,
    refusal,
    shown,
)
from aggregator.gather.fetchers._head import Head

HEAD_LIMIT = 256_000  # bytes of one response before its body, 1xx answers included
_READ = 32_768  # bytes a read, so that a flood of tiny parts lets other feeds have their turn
_TRIES = 4  # addresses of one name
_PATIENCE = 3.0  # seconds for an address as long as there is another one

Lookup = Callable[[str, int], Iterable[str]]


def look_up(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of a name, as texts, in the system's order; raises OSError.

    The name is asked for twice: one that changes its answer from a public to a private
    address between two look-ups shows itself, and both answers are judged.
    """
    found: dict[str, None] = {}
    for _ in range(2):
        for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            found[str(place[0])] = None
    return tuple(found)


class Dialer(httpcore.AsyncNetworkBackend):
    """The only way to the network: connects where the guard allows it.

    `trusted` is the configured proxy, (host, port), which may stand anywhere. `network` is
    what then connects to an address.
    """

    def __init__(
        self,
        allowed: Allowed,
        *,
        trusted: tuple[str, int] | None = None,
        lookup: Lookup = look_up,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allowed = allowed
        self._trusted = trusted
        self._lookup = lookup
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a judged address of the host, or raise BlockedAddress or Unreachable."""
        addresses = await self._addresses(host, port)
        if (host, port) != self._trusted:
            for address in addresses:
                if why := refusal(host, address, port, self._allowed):
                    raise BlockedAddress(f"refused: {why} (fetch.allow_private)")
        tries = addresses[:_TRIES]
        last = len(tries) - 1
        problem: Exception | None = None
        for place, address in enumerate(tries):
            patience = timeout if place == last else _PATIENCE
            try:
                stream = await self._network.connect_tcp(
                    str(address), port, patience, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return Stream(stream)
        raise Unreachable(f"no connection to {shown(host)}: {_reason(problem)}")

    async def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        if address := literal(host):
            return (address,)
        try:
            found = await _in_thread(self._lookup, host, port)
            addresses = tuple(ip_address(text) for text in found)
        except (OSError, ValueError, UnicodeError) as error:
            if is_inner_name(host) and not self._allowed.covers(host, None, port):
                raise BlockedAddress(
                    f"refused: {shown(host)} is a name of an inner network (fetch.allow_private)"
                ) from error
            if isinstance(error, OSError) and error.errno == socket.EAI_AGAIN:
                raise Unreachable(f"nobody could be asked where {shown(host)} is") from error
            raise Unreachable(f"no such host: {shown(host)}") from error
        if not addresses:
            raise Unreachable(f"no such host: {shown(host)}")
        return addresses


class Stream(httpcore.AsyncNetworkStream):
    """A connection that counts what comes in, so that its head and its chunks have an end."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._left = HEAD_LIMIT
        self._head: Head | None = None

    def allow_body(self, most: int) -> None:
        """Let the body come, with all that is wrapped around its chunks."""
        self._left = most

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, or raise FetchError if it does not end."""
        while True:
            got = await self._inner.read(min(max_bytes, _READ), timeout)
            self._left -= len(got)
            if self._left < 0:
                raise FetchError("the answer is larger than its head and body may be")
            if self._head is None:
                return got
            if not got:
                return self._head.rest()
            if mended := self._mended(self._head, got):
                return mended

    def _mended(self, head: Head, got: bytes) -> bytes:
        """Return what of a head is whole, mended, and the body that came with it."""
        mended = head.feed(got)
        self._head = None if head.done else head
        return mended

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, and expect a new head."""
        self._left = HEAD_LIMIT
        self._head = self._head or Head()
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Go on in TLS, still counting."""
        try:
            inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:  # the deadline too, after which the library leaves the socket open
            await self._inner.aclose()
            raise
        return Stream(inner)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)


async def _in_thread(lookup: Lookup, host: str, port: int) -> tuple[str, ...]:
    """Look a name up in a thread of its own.

    A pool of threads would let a few names whose servers hang hold up all others, and the
    end of the process: the system's look-up cannot be cut short.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def _answer(found: tuple[str, ...], problem: Exception | None) -> None:
        if future.done():
            return
        if problem:
            future.set_exception(problem)
        else:
            future.set_result(found)

    def _ask() -> None:
        found: tuple[str, ...] = ()
        problem: Exception | None = None
        try:
            found = tuple(lookup(host, port))
        except Exception as error:  # noqa: BLE001  handed over to the loop
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(_answer, found, problem)

    threading.Thread(target=_ask, name=f"look-up {host[:40]}", daemon=True).start()
    return await future


def _reason(problem: Exception | None) -> str:
    """Say why no connection came about, in the system's words."""
    if isinstance(problem, httpcore.ConnectTimeout):
        return "no answer in time"
    cause: BaseException | None = problem
    while cause is not None and not (isinstance(cause, OSError) and cause.errno):
        cause = cause.__cause__ or cause.__context__
    return os.strerror(cause.errno or 0).lower() if isinstance(cause, OSError) else "refused"
