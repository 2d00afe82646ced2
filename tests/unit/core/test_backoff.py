"""Delays grow with each failure, and have an end."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.backoff import doubled

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("times", "delay"), [(-3, 5.0), (0, 5.0), (1, 10.0), (3, 40.0), (6, 300.0), (10**9, 300.0)]
)
def test_a_delay_doubles_up_to_the_longest(times: int, delay: float) -> None:
    assert doubled(5.0, times, 300.0) == delay


@given(st.integers(max_value=10**12), st.timedeltas(timedelta(seconds=1), HOUR))
def test_a_later_delay_is_never_shorter(times: int, first: timedelta) -> None:
    assert first <= doubled(first, times, HOUR) <= doubled(first, times + 1, HOUR) <= HOUR
