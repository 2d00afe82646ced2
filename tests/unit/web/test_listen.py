"""Where the server listens, and what is said if it cannot."""

import errno
import os
import socket

import pytest

from aggregator.core.errors import ListenError
from aggregator.web.listen import addresses_of, explain, listening, port_of, url_of


def test_the_address_is_the_one_that_was_opened() -> None:
    with listening("127.0.0.1", 0) as sockets:
        port = port_of(sockets)
        assert port > 0
        assert url_of(sockets) == f"http://127.0.0.1:{port}/"
        socket.create_connection(("127.0.0.1", port)).close()


@pytest.mark.parametrize("host", ["0.0.0.0", ""])  # noqa: S104  on purpose
def test_every_address_is_told_as_one_that_can_be_opened(host: str) -> None:
    with listening(host, 0) as sockets:
        assert url_of(sockets) == f"http://127.0.0.1:{port_of(sockets)}/"
        assert len({one.getsockname()[1] for one in sockets}) == 1


def test_a_name_stands_for_all_its_addresses_on_one_port() -> None:
    with listening("localhost", 0) as sockets:
        assert url_of(sockets).startswith(("http://127.0.0.1:", "http://[::1]:"))
        assert {one.getsockname()[1] for one in sockets} == {port_of(sockets)}


def test_the_port_is_free_afterwards() -> None:
    with listening("127.0.0.1", 0) as sockets:
        port = port_of(sockets)
    with listening("127.0.0.1", port) as sockets:
        assert port_of(sockets) == port


def why_not(host: str, port: int) -> str:
    """Return what is said of a host and port that cannot be had."""
    with pytest.raises(ListenError) as caught, listening(host, port):
        raise AssertionError
    return str(caught.value)


def test_a_port_in_use_is_told_in_a_sentence() -> None:
    with listening("127.0.0.1", 0) as sockets:
        port = port_of(sockets)
        assert why_not("127.0.0.1", port) == f"port {port} is in use: choose another with --port"


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (
            "203.0.113.5",
            "203.0.113.5 is not an address of this machine: choose another with --host",
        ),
        ("a..b", "host 'a..b' not found: choose another with --host"),
        ("x" * 300, f"host {'x' * 300!r} not found: choose another with --host"),
    ],
)
def test_an_address_that_is_not_ours_is_told_in_a_sentence(host: str, told: str) -> None:
    assert why_not(host, 0) == told


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_reason_is_a_sentence_without_a_number(number: int) -> None:
    told = explain(OSError(number, os.strerror(number)), "127.0.0.1", 80)
    assert "Errno" not in told
    assert "choose" in told or told.endswith(os.strerror(number))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_port_that_is_forbidden_is_told_with_a_mend(number: int) -> None:
    told = explain(OSError(number, ""), "0.0.0.0", 80)  # noqa: S104  on purpose
    assert told == "no permission to open port 80: choose one above 1023 with --port"


def has_ipv6() -> bool:
    """Say whether this machine has an IPv6 loopback address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("host", "ipv4", "ipv6"),
    [("localhost", "127.0.0.1", "::1"), ("*", "0.0.0.0", "::")],  # noqa: S104  on purpose
)
def test_both_families_are_listened_on_where_there_are_both(
    host: str, ipv4: str, ipv6: str
) -> None:
    with listening(host, 0) as sockets:
        assert addresses_of(sockets) == ((ipv4, ipv6) if has_ipv6() else (ipv4,))
        assert len({one.getsockname()[1] for one in sockets}) == 1
        assert url_of(sockets) == f"http://127.0.0.1:{port_of(sockets)}/"
        for family, place in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if family == socket.AF_INET or has_ipv6():
                with socket.socket(family) as client:
                    client.connect((place, port_of(sockets)))
