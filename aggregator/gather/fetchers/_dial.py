"""Opens connections: resolves a name, checks every address, connects only to checked ones."""

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

from aggregator.core.errors import (
    BlockedAddress,
    FetchError,
    OutOfResources,
    Unreachable,
    causes,
    explain,
    shortage,
)
from aggregator.gather.fetchers._guard import (
    Address,
    Allowed,
    is_internal_name,
    literal,
    refusal,
    shown,
)
from aggregator.gather.fetchers._head import Head

MAX_HEAD_BYTES = 256_000  # before the body of a response, including 1xx responses
_READ_BYTES = 32_768  # per read, so that many tiny chunks do not block the event loop
_MAX_ADDRESSES = 4  # tried for one name
_CONNECT_SECONDS = 3.0  # timeout of an address while there is another one to try

Resolve = Callable[[str, int], Iterable[str]]


def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """Resolve a name to its addresses, in the order of the resolver; raises OSError.

    The name is resolved twice and all addresses are checked: DNS rebinding, which switches
    from a public to a private address, is detected that way.
    """
    found: dict[str, None] = {}
    for _ in range(2):
        for *_, endpoint in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            found[str(endpoint[0])] = None
    return tuple(found)


class Dialer(httpcore.AsyncNetworkBackend):
    """The only network backend: connects to addresses that the guard allows.

    `trusted` is the (host, port) of the configured proxy, which is not checked. `network` opens
    the connections to addresses.
    """

    def __init__(
        self,
        allowed: Allowed,
        *,
        trusted: tuple[str, int] | None = None,
        resolve: Resolve = resolve_host,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allowed = allowed
        self._trusted = trusted
        self._resolve = resolve
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a checked address of the host; raises BlockedAddress or Unreachable."""
        addresses = await self._addresses(host, port)
        if (host, port) != self._trusted:
            for address in addresses:
                if why := refusal(host, address, port, self._allowed):
                    raise BlockedAddress(f"refused: {why} (fetch.allow_private)")
        tries = addresses[:_MAX_ADDRESSES]
        last = len(tries) - 1
        problem: Exception | None = None
        for index, address in enumerate(tries):
            seconds = timeout if index == last else _CONNECT_SECONDS
            try:
                stream = await self._network.connect_tcp(
                    str(address), port, seconds, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return Stream(stream)
        if problem and (lack := shortage(problem)):
            raise OutOfResources(f"no connection to {shown(host)}: {lack}") from problem
        refused = any(isinstance(one, ConnectionRefusedError) for one in causes(problem))
        raise Unreachable(
            f"no connection to {shown(host)}: {_reason(problem)}",
            cause="refused" if refused else "connect",
        )

    async def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        if address := literal(host):
            return (address,)
        try:
            found = await _resolve_in_thread(self._resolve, host, port)
            addresses = tuple(ip_address(text) for text in found)
        except (OSError, ValueError, UnicodeError) as error:
            if is_internal_name(host) and not self._allowed.covers(host, None, port):
                raise BlockedAddress(
                    f"refused: {shown(host)} is a name of an internal network (fetch.allow_private)"
                ) from error
            if lack := _shortage_of_files():
                raise OutOfResources(f"DNS lookup failed for {shown(host)}: {lack}") from error
            if isinstance(error, OSError) and error.errno == socket.EAI_AGAIN:
                raise Unreachable(f"DNS lookup failed for {shown(host)}", cause="lookup") from error
            raise Unreachable(f"no such host: {shown(host)}", cause="name") from error
        if not addresses:
            raise Unreachable(f"no such host: {shown(host)}", cause="name")
        return addresses


class Stream(httpcore.AsyncNetworkStream):
    """A connection that counts the bytes received, to limit the head and the chunk framing."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._bytes_left = MAX_HEAD_BYTES
        self._head: Head | None = None

    def allow_body(self, max_bytes: int) -> None:
        """Allow this many bytes for the body, including the framing of its chunks."""
        self._bytes_left = max_bytes

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the bytes received; raises FetchError over the limit."""
        while True:
            received = await self._inner.read(min(max_bytes, _READ_BYTES), timeout)
            self._bytes_left -= len(received)
            if self._bytes_left < 0:
                raise FetchError("the response is larger than head and body may be")
            if self._head is None:
                return received
            if not received:
                return self._head.rest()
            if cleaned := self._clean(self._head, received):
                return cleaned

    def _clean(self, head: Head, received: bytes) -> bytes:
        """Return the complete lines of the head, cleaned, and any body bytes after them."""
        cleaned = head.feed(received)
        self._head = None if head.done else head
        return cleaned

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes; the next bytes received begin a new head."""
        self._bytes_left = MAX_HEAD_BYTES
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
        """Upgrade to TLS, still counting bytes."""
        try:
            inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:  # also on timeout: the library leaves the socket open
            await self._inner.aclose()
            raise
        return Stream(inner)

    def get_extra_info(self, info: str) -> Any:
        """Return a property of the connection."""
        return self._inner.get_extra_info(info)


async def _resolve_in_thread(resolve: Resolve, host: str, port: int) -> tuple[str, ...]:
    """Resolve a name in a thread of its own.

    The system resolver cannot be cancelled. In a thread pool, a few names whose servers hang
    would block all others, and the exit of the process.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def _set_result(found: tuple[str, ...], problem: Exception | None) -> None:
        if future.done():
            return
        if problem:
            future.set_exception(problem)
        else:
            future.set_result(found)

    def _run() -> None:
        found: tuple[str, ...] = ()
        problem: Exception | None = None
        try:
            found = tuple(resolve(host, port))
        except Exception as error:  # noqa: BLE001  passed to the loop
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(_set_result, found, problem)

    threading.Thread(target=_run, name=f"resolve {host[:40]}", daemon=True).start()
    return await future


def _reason(problem: Exception | None) -> str:
    """Return why connecting failed, as the operating system describes it."""
    if isinstance(problem, httpcore.ConnectTimeout):
        return "no response in time"
    for cause in causes(problem):
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
    return "refused"


def _shortage_of_files() -> str:
    """Say whether this process may open no more files: the resolver does not tell."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return explain(error)
    return ""
