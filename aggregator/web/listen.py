"""The sockets that the server listens on, opened before anything else starts."""

import errno
import ipaddress
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from aggregator.core.errors import ListenError

_BACKLOG = 2048  # connections that wait until they are answered
_MISSING = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, ...]]:
    """Listen on every address of a host until the block ends, or raise ListenError.

    With port 0 the system chooses one, the same for all addresses.
    """
    with ExitStack() as opened:
        yield tuple(_open_all(host, port, opened))


def address_of(sockets: Sequence[socket.socket]) -> str:
    """Return an address at which this machine reaches the server, with the port that is open."""
    name, port = sockets[0].getsockname()[:2]
    address = ipaddress.ip_address(name.partition("%")[0])
    if address.is_unspecified:
        return f"http://127.0.0.1:{port}/" if address.version == 4 else f"http://[::1]:{port}/"
    return f"http://[{address}]:{port}/" if address.version == 6 else f"http://{address}:{port}/"


def port_of(sockets: Sequence[socket.socket]) -> int:
    """Return the port that is open."""
    return int(sockets[0].getsockname()[1])


def _open_all(host: str, port: int, opened: ExitStack) -> Iterator[socket.socket]:
    missing: ListenError | None = None
    found = False
    for family, place in _places(host, port):
        try:
            one = opened.enter_context(_open(family, (place[0], port, *place[2:])))
        except OSError as error:
            missing = ListenError(explain(error, host, port))
            if error.errno not in _MISSING:
                raise missing from error
            continue  # such as an IPv6 address where there is no IPv6
        found, port = True, one.getsockname()[1]
        yield one
    if not found and missing:
        raise missing


def _places(host: str, port: int) -> dict[tuple[int, tuple[object, ...]], None]:
    """Look the host up; IPv4 first, for a name that stands for both."""
    try:
        found = socket.getaddrinfo(
            host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise ListenError(f"there is no host {host!r}: choose another with --host") from error
    places = dict.fromkeys((family, place) for family, _, _, _, place in found)
    return dict.fromkeys(sorted(places, key=lambda one: one[0] != socket.AF_INET))


def _open(family: int, place: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(place)
        one.listen(_BACKLOG)  # binding alone would let a second server have the port too
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


def explain(error: OSError, host: str, port: int) -> str:
    """Say why a host and port cannot be had, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: choose another with --port"
    if error.errno in _MISSING:
        return f"{host} is no address of this machine: choose another with --host"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"this user may not open port {port}: choose one above 1023 with --port"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"cannot listen on {host}, port {port}: {reason}"
