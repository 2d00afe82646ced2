"""What a service manager hears."""

import socket
from pathlib import Path

import pytest

from aggregator.core import sd_notify


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """Listen as systemd does."""
    path = tmp_path / "notify"
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.bind(str(path))
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    return one


def test_states_are_heard(manager: socket.socket) -> None:
    assert sd_notify.is_wanted()
    sd_notify.notify("READY=1")
    sd_notify.notify("WATCHDOG=1")
    assert [manager.recv(100) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]
    manager.close()


def test_a_manager_that_has_gone_or_does_not_listen_stops_nothing(manager: socket.socket) -> None:
    for _ in range(2000):  # more than its queue takes
        sd_notify.notify("WATCHDOG=1")
    manager.close()
    sd_notify.notify("STOPPING=1")


def test_nothing_is_sent_without_a_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not sd_notify.is_wanted()
    sd_notify.notify("READY=1")
