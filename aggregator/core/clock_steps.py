"""Notices when the clock is set, by comparing it with clocks that cannot be set."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from aggregator.core.ports import Clock

_SLACK = timedelta(seconds=2)  # slow corrections of the clock, and pauses between two readings


def boot_seconds() -> float:
    """Return the seconds since the machine started, including those in which it was suspended."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class ClockSteps:
    """How far the clock was set since it was read last.

    `steady` and `awake` are clocks that nobody sets; `awake` stands still while the machine is
    suspended. A `steady` that runs backwards is not trusted.
    """

    def __init__(
        self,
        clock: Clock,
        steady: Callable[[], float] = boot_seconds,
        awake: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._steady, self._awake = clock, steady, awake
        self._last = self._read()

    def take(self) -> tuple[timedelta, datetime]:
        """Return the step since the last call, zero if there was none, and the time without it."""
        before, self._last = self._last, self._read()
        passed = self._last[1] - before[1]
        if passed < 0:
            passed = self._last[2] - before[2]
        expected = before[0] + timedelta(seconds=max(passed, 0.0))
        step = self._last[0] - expected
        return (step if abs(step) > _SLACK else timedelta()), expected

    def _read(self) -> tuple[datetime, float, float]:
        return self._clock(), self._steady(), self._awake()
