"""Fixtures of all tests; every connection is fenced to loopback."""

import ipaddress
import os
import socket
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.contract.databases import CHOSEN, KINDS

# How long an example takes is the machine's affair, and the first one builds the tables. A run of
# the tests says the same each time; `make explore` looks for what is yet unseen.
_SLOW = [HealthCheck.too_slow]
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile("explore", deadline=None, max_examples=4000, suppress_health_check=_SLOW)
settings.load_profile("house")

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _check(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # a socket of the file system
    host = str(address[0])
    try:
        inside = ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that makes a skipped test a failure, and the choice of a database."""
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails")
    parser.addoption(
        "--store", choices=KINDS, default="", help="the database of the integration tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell tests and the processes that they start which database was chosen."""
    if chosen := config.getoption("--store"):
        os.environ[CHOSEN] = chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where none is allowed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {call.excinfo}"
    return report
