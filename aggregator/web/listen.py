"""Opens the sockets that the server listens on, before anything else starts."""

import errno
import ipaddress
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from aggregator.core.errors import ListenError

BACKLOG = 256  # connections that may wait to be accepted; all may become open files at once
LOCAL, ALL = "localhost", "*"
_NAMED = {LOCAL: ("127.0.0.1", "::1"), ALL: ("0.0.0.0", "::")}  # noqa: S104  on request only
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, ...]]:
    """Listen on every address of a host until the block ends, or raise ListenError.

    `localhost` and `*` stand for IPv4 and IPv6, as far as the machine has both.
    With port 0 the system chooses one, the same for all addresses.
    """
    with ExitStack() as opened:
        yield tuple(_open_all(host, port, opened))


def url_of(sockets: Sequence[socket.socket]) -> str:
    """Return a URL at which this machine can reach the server."""
    name, port = sockets[0].getsockname()[:2]
    address = ipaddress.ip_address(name.partition("%")[0])
    if address.is_unspecified:
        return f"http://127.0.0.1:{port}/" if address.version == 4 else f"http://[::1]:{port}/"
    return f"http://[{address}]:{port}/" if address.version == 6 else f"http://{address}:{port}/"


def addresses_of(sockets: Sequence[socket.socket]) -> tuple[str, ...]:
    """Return the IP addresses that the sockets are bound to."""
    return tuple(str(one.getsockname()[0]).partition("%")[0] for one in sockets)


def port_of(sockets: Sequence[socket.socket]) -> int:
    """Return the open port."""
    return int(sockets[0].getsockname()[1])


def _open_all(host: str, port: int, opened: ExitStack) -> Iterator[socket.socket]:
    last_error: ListenError | None = None
    opened_one = False
    for family, address in _resolve(host, port):
        try:
            one = opened.enter_context(_open(family, (address[0], port, *address[2:])))
        except OSError as error:
            last_error = ListenError(explain(error, host, port))
            if error.errno not in _NO_SUCH_ADDRESS:
                raise last_error from error
            continue  # such as an IPv6 address on a machine without IPv6
        opened_one, port = True, one.getsockname()[1]
        yield one
    if not opened_one and last_error:
        raise last_error


def _resolve(host: str, port: int) -> dict[tuple[int, tuple[object, ...]], None]:
    """Resolve a host; IPv4 addresses come first."""
    found: list[Any] = []
    for name in _NAMED.get(host, (host.strip("[]") or None,)):
        try:
            found += socket.getaddrinfo(
                name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        except (OSError, UnicodeError) as error:
            if host in _NAMED and found:
                continue  # a system without IPv6
            raise ListenError(f"host {host!r} not found: choose another with --host") from error
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    return dict.fromkeys(sorted(addresses, key=lambda one: one[0] != socket.AF_INET))


def _open(family: int, address: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(BACKLOG)  # without this, a second server could bind the port too
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one


def explain(error: OSError, host: str, port: int) -> str:
    """Return why a host and port cannot be opened, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: choose another with --port"
    if error.errno in _NO_SUCH_ADDRESS:
        return f"{host} is not an address of this machine: choose another with --host"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"no permission to open port {port}: choose one above 1023 with --port"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"cannot listen on {host}, port {port}: {reason}"
