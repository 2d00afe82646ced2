"""The ticker goes on whatever its call does."""

import asyncio
import logging

import pytest

from aggregator.core.errors import StoreError
from aggregator.core.ticker import Ticker
from tests.waiting import soon


class Failing:
    """A call that fails each time but the last."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> None:
        """Raise the next error."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


def test_failures_are_logged_ever_more_rarely(caplog: pytest.LogCaptureFixture) -> None:
    failing = Failing(*[StoreError("the disk is full")] * 9)

    async def run() -> None:
        ticker = Ticker(failing, 0.001)
        await soon(lambda: failing.calls > 10)
        ticker.shutdown()

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert not failing.errors


def test_nothing_is_called_after_the_end() -> None:
    failing = Failing()

    async def run() -> int:
        ticker = Ticker(failing, 0.001)
        await soon(lambda: failing.calls > 2)
        ticker.shutdown(wait=False)
        await asyncio.sleep(0)
        calls = failing.calls
        await asyncio.sleep(0.05)
        return failing.calls - calls

    assert asyncio.run(run()) == 0
