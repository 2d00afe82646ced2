"""Fixtures of all tests; every connection is fenced to loopback."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _check(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # a socket of the file system
    host = str(address[0])
    try:
        inside = ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        inside = host == "localhost"
    if not inside:
        raise AssertionError(f"a test tried to reach {host}: only loopback is allowed")


class _Fenced(socket.socket):
    def connect(self, address: Any, /) -> None:
        _check(address)
        _connect(self, address)

    def connect_ex(self, address: Any, /) -> int:
        _check(address)
        return _connect_ex(self, address)


@pytest.fixture(autouse=True, scope="session")
def fence() -> Iterator[None]:
    """Refuse every address but loopback, for the whole session."""
    plain = socket.socket
    socket.socket = _Fenced  # type: ignore[misc]
    yield
    socket.socket = plain  # type: ignore[misc]
