"""The daemon's schedule: a look that the end cuts short is no failure."""

import asyncio
import logging

import pytest

from aggregator import daemon
from tests.waiting import HUNG


class Waiting:
    """A daemon whose tick never comes back, as one that waits for the store."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()

    async def tick(self) -> None:
        """Wait for ever."""
        self.entered.set()
        await asyncio.Event().wait()


async def end_while_looking() -> None:
    """Shut the scheduler down in the middle of a tick."""
    waiting = Waiting()
    scheduler = daemon._schedule(waiting)  # type: ignore[arg-type]
    await asyncio.wait_for(waiting.entered.wait(), HUNG)
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0.05)


def test_the_end_in_the_middle_of_a_look_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        asyncio.run(end_while_looking())
    assert not caplog.records
