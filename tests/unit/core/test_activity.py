"""How much a source publishes, in figures and as bars."""

import pytest

from aggregator.core.activity import SourceActivity


@pytest.mark.parametrize(
    ("days", "bars", "a_day"),
    [
        ((), "", 0.0),
        ((0, 0), "··", 0.0),
        ((1, 0, 1), "█·█", 2 / 3),
        ((1, 2, 3, 4, 5, 6, 7, 8), "▁▂▃▄▅▆▇█", 4.5),
        ((1, 1000), "▁█", 500.5),
    ],
)
def test_bars(days: tuple[int, ...], bars: str, a_day: float) -> None:
    activity = SourceActivity(days=days)
    assert activity.sparkline == bars
    assert activity.a_day == a_day


def test_the_share_of_duplicates() -> None:
    assert SourceActivity(days=(1, 3), duplicates=1).duplicate_share == 0.25
    assert SourceActivity().duplicate_share == 0.0
