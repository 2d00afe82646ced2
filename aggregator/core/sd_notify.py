"""Tells systemd how the service is, if it was started by a unit of `Type=notify`."""

import os
import socket
from contextlib import suppress

SECONDS = 20.0
"""Between two signs of life; the unit gives up after two minutes."""


def is_wanted() -> bool:
    """Return whether a service manager listens."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def notify(state: str) -> None:
    """Send a state such as `READY=1`; nobody hears it without a service manager."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), socket.MSG_DONTWAIT, address)


async def keep_alive() -> None:
    """Tell that the event loop runs."""
    notify("WATCHDOG=1")
