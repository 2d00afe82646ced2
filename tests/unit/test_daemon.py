"""The daemon's schedule: a tick cancelled at shutdown is not a failure."""

import asyncio
import logging

import pytest

from aggregator.daemon import daemon
from tests.waiting import HUNG


class Waiting:
    """A daemon whose tick never comes back, as one that waits for the store."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()

    async def tick(self) -> None:
        """Wait for ever."""
        self.entered.set()
        await asyncio.Event().wait()


async def shut_down_during_a_tick() -> None:
    """Shut the scheduler down in the middle of a tick."""
    waiting = Waiting()
    scheduler = daemon.schedule(waiting)  # type: ignore[arg-type]
    await asyncio.wait_for(waiting.entered.wait(), HUNG)
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0.05)


def test_shutdown_during_a_tick_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        asyncio.run(shut_down_during_a_tick())
    assert not caplog.records
