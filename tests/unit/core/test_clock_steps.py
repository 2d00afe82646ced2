"""A clock that is set is noticed; one that merely runs is not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.clock_steps import ClockSteps
from tests.fakes import FakeClock

NONE = timedelta()
SPANS = st.integers(-60 * 366 * 86_400, 60 * 366 * 86_400).map(lambda n: timedelta(seconds=n))


class Steady:
    """A clock that nobody sets; it runs only when told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.seconds


class Machine:
    """A time of day with two steady clocks."""

    def __init__(self) -> None:
        self.wall, self.boot, self.awake = FakeClock(), Steady(), Steady()
        self.steps = ClockSteps(self.wall, self.boot, self.awake)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.wall.pass_(timedelta(seconds=seconds))
        self.boot.seconds += seconds
        self.awake.seconds += seconds


@pytest.mark.parametrize("days", [1 / 1440, -1 / 1440, 1, -1, 366, -366, -56 * 365])
def test_a_step_is_told_once(days: float) -> None:
    machine, step = Machine(), timedelta(days=days)
    machine.run(5)
    before = machine.wall.now
    machine.wall.pass_(step)
    assert machine.steps.take() == (step, before)
    machine.run(5)
    assert machine.steps.take()[0] == NONE


def test_the_time_of_a_suspended_machine_is_no_step() -> None:
    machine = Machine()
    machine.wall.pass_(timedelta(hours=8))
    machine.boot.seconds += 8 * 3600
    assert machine.steps.take()[0] == NONE


def test_a_steady_clock_that_runs_backwards_is_not_believed() -> None:
    """As when both clocks are set together, which no real machine does."""
    machine, step = Machine(), timedelta(days=-1)
    machine.wall.pass_(step)
    machine.boot.seconds -= 86_400
    assert machine.steps.take()[0] == step


@given(st.lists(st.tuples(st.floats(0, 1e6), SPANS), max_size=8))
def test_the_steps_add_up_to_what_was_set(story: list[tuple[float, timedelta]]) -> None:
    machine, told, wanted = Machine(), NONE, NONE
    for passed, step in story:
        machine.run(passed)
        if abs(step) > timedelta(seconds=10):
            try:
                machine.wall.pass_(step)
            except OverflowError:
                continue
            wanted += step
        told += machine.steps.take()[0]
    assert abs(told - wanted) < timedelta(seconds=1)
