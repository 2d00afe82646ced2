"""Bounds each connection: size and time of a request, idle time, slow readers, share of a client."""

import asyncio
import ipaddress
import resource
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from aggregator.core.logger import get_logger
from aggregator.web.listen import BACKLOG

_MAX_CONNECTIONS, _MIN_CONNECTIONS = 512, 16
_OWN_FILES = 256  # kept back for fetching, publishing and the database
_WANTED_FILES = 8192
_WARN_EVERY_SECONDS = 60.0
_TEXTS = {408: b"The request took too long.", 431: b"The head of the request is too large."}
_REFUSALS = {408: "late", 431: "head"}

_RESET = struct.pack("ii", 1, 0)

_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a connection may cost; `connections` is the number of all, from all clients."""

    connections: int = _MAX_CONNECTIONS
    head_bytes: int = 64_000
    head_seconds: float = 10.0
    body_bytes: int = 15_000_000
    body_seconds: float = 60.0
    idle_seconds: float = 30.0
    linger_seconds: float = 2.0  # to read the rest of a request that is already answered
    stall_seconds: float = 30.0  # to read a response, with a second more for each `reading_rate`
    reading_rate: int = 4_000  # bytes a second
    pipelined: int = 32  # requests that wait behind the current one
    sweep_seconds: float = 1.0


def raise_file_limit() -> int:
    """Raise the soft limit of open files as far as is useful and allowed; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted


def max_connections(files: int, own: int = 0) -> int:
    """Return how many connections are allowed when the process may open this number of files.

    `own` is the number of files needed in addition to the usual ones.
    """
    return max(_MIN_CONNECTIONS, min(_MAX_CONNECTIONS, files - _OWN_FILES - BACKLOG - own))


class Connections:
    """All open connections; closes those past a deadline, and the oldest of the largest client."""

    def __init__(self, limits: Limits, count: Callable[[str], None] = lambda _: None) -> None:
        """`count` is called with the reason for each connection that is cut off."""
        self.limits = limits
        self._count = count
        self._by_client: dict[str, dict[BoundedProtocol, None]] = {}
        self._number = 0
        self._sweeping: asyncio.TimerHandle | None = None
        self._warned_at = -inf

    def __len__(self) -> int:
        return self._number

    def add(self, one: "BoundedProtocol") -> None:
        """Add a connection; if there are too many, cut off one of the client that holds most."""
        self._by_client.setdefault(one.client_key, {})[one] = None
        self._number += 1
        if self._number > self.limits.connections:
            self._make_room(one)
        if self._sweeping is None:
            self._sweep_later(one.loop)

    def remove(self, one: "BoundedProtocol") -> None:
        """Remove a connection that is closed."""
        held = self._by_client.get(one.client_key, {})
        if one in held:
            del held[one]
            self._number -= 1
        if not held:
            self._by_client.pop(one.client_key, None)

    def cut_off(self, one: "BoundedProtocol", reason: str) -> None:
        """Close a connection without waiting for its client."""
        self._count(reason)
        self.remove(one)
        one.abort()

    def count_refusal(self, status: int) -> None:
        """Count a request that was answered with an error before it was complete."""
        self._count(_REFUSALS.get(status, "malformed"))

    def cut_off_all(self) -> None:
        """Close all connections without waiting for the clients."""
        for one in tuple(self._all()):
            self.cut_off(one, "shutdown")
        if self._sweeping:
            self._sweeping.cancel()

    def _all(self) -> Iterable["BoundedProtocol"]:
        return (one for held in self._by_client.values() for one in held)

    def _make_room(self, newest: "BoundedProtocol") -> None:
        largest = max(self._by_client.values(), key=len)
        others = [one for one in largest if one is not newest]
        victim = next((one for one in others if one.is_waiting), (others or [newest])[0])
        now = newest.loop.time()
        if now - self._warned_at >= _WARN_EVERY_SECONDS:
            self._warned_at = now
            _log.warning(
                "too many connections, the oldest of the busiest client is closed",
                connections=self._number,
                client=victim.client_key,
            )
        self.cut_off(victim, "crowded")

    def _sweep_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweeping = loop.call_later(self.limits.sweep_seconds, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cut off what is past its deadline; the timer runs only while there are connections."""
        now = loop.time()
        for one in tuple(self._all()):
            one.check(now)
        self._sweeping = None
        if self._number:
            self._sweep_later(loop)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits."""

    def __init__(self, connections: Connections, **settings: Any) -> None:
        super().__init__(**settings)
        self._all = connections
        self._limits = connections.limits
        self._deadline = inf
        self._drained_by = inf
        self._message_bytes = 0
        self._field_bytes = 0
        self._in_head = self._in_body = False
        self._refusal = 400
        self.client_key = ""

    @property
    def is_waiting(self) -> bool:
        """Whether no complete request is being answered."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or bool(cycle.response_complete)

    # --- events of the connection ----------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the idle time, and make room if there are too many connections."""
        super().connection_made(transport)
        self.client_key = _client_key(self.client[0] if self.client else "")
        self._deadline = self.loop.time() + self._limits.idle_seconds
        self._all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._all.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse within the limits; a request that exceeds one is answered and closed."""
        if not (self._in_head or self._in_body):
            self._begin_message()
        self._message_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._message_bytes > self._limits.head_bytes:
            self._refuse(431)
        elif self._in_body and self._message_bytes > (
            self._limits.head_bytes + self._limits.body_bytes
        ):
            self._all.cut_off(self, "body")

    def resume_writing(self) -> None:
        """Give the client the full time again, because it reads."""
        super().resume_writing()
        self._drained_by = inf

    def abort(self) -> None:
        """Close at once; what the client has not read is dropped, by the system too."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None and self.transport.get_write_buffer_size():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def check(self, now: float) -> None:
        """Cut the connection off if it is past its deadline or its client reads too slowly."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            self._drained_by = inf
        elif self._drained_by == inf:
            self._drained_by = (
                now + self._limits.stall_seconds + waiting / self._limits.reading_rate
            )
        if now > self._drained_by:
            self._all.cut_off(self, "slow reader")
        elif now > self._deadline and not waiting:
            self._end_late()

    # --- events of the parser --------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Limit the requests that wait behind the current one."""
        if len(self.pipeline) >= self._limits.pipelined:
            raise ValueError("too many pipelined requests")
        if not self._in_head:  # further requests in the same packet
            self._begin_message()
        self._field_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the bytes of the URL."""
        self._count_field(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the bytes of a header or trailer."""
        self._count_field(len(name) + len(value) + 4)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the time for the body."""
        self._in_head, self._in_body = False, True
        self._deadline = self.loop.time() + self._limits.body_seconds
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the time for the body; from now on only the client's reading is timed."""
        self._in_body = False
        self._deadline = inf
        super().on_message_complete()
        if self.is_waiting:
            self._deadline = self.loop.time() + self._limits.idle_seconds

    def on_response_complete(self) -> None:
        """Start the idle time, or a short time to read the rest of a request."""
        super().on_response_complete()
        if not self.is_waiting:  # the next request is being answered
            return
        if self._in_head:  # of the next request
            self._start_head_time()
        else:
            seconds = self._limits.linger_seconds if self._in_body else self._limits.idle_seconds
            self._deadline = self.loop.time() + seconds

    # --- refusals --------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read, with the status that fits."""
        self._all.count_refusal(self._refusal)
        content = _TEXTS.get(self._refusal, msg.encode("ascii"))
        head = (
            STATUS_LINE[self._refusal],
            b"content-type: text/plain; charset=utf-8\r\n",
            b"x-content-type-options: nosniff\r\n",
            b"content-length: %d\r\n" % len(content),
            b"connection: close\r\n\r\n",
        )
        self.transport.write(b"".join(head) + content)
        self.transport.close()

    def _begin_message(self) -> None:
        self._in_head = True
        self._message_bytes = 0
        if self.is_waiting:
            self._start_head_time()

    def _start_head_time(self) -> None:
        self._deadline = self.loop.time() + self._limits.head_seconds

    def _count_field(self, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > self._limits.head_bytes:
            self._refusal = 431
            raise ValueError("the head is too large")

    def _refuse(self, status: int) -> None:
        self._refusal = status
        self.send_400_response("")

    def _end_late(self) -> None:
        """Answer a late request with 408 and close; an idle connection is only closed."""
        if self._in_head and self.is_waiting:
            self._deadline = inf
            self._refuse(408)
        else:
            self._all.cut_off(self, "idle" if self.is_waiting else "late")


@lru_cache(maxsize=1024)
def _client_key(address: str) -> str:
    """Return the address of a client; of IPv6 the network of one customer (/64)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6 and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
