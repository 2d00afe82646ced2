"""How often a feed asks to be read."""

from datetime import timedelta

import pytest

from aggregator.core.model import Hints
from aggregator.gather.parsers import _hints

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("ttl", "period", "frequency", "interval"),
    [
        ("60", "", "", HOUR),
        (" 60 ", "daily", "", HOUR),
        ("0", "", "", None),
        ("-5", "", "", None),
        ("1.5", "", "", None),
        ("９", "", "", None),
        ("9999999999", "", "", None),
        ("999999", "", "", timedelta(days=365)),
        ("", "Hourly", "2", HOUR / 2),
        ("", "daily", "", DAY),
        ("", "weekly", "0", 7 * DAY),
        ("", "fortnightly", "1", None),
        ("", "", "", None),
    ],
)
def test_interval(ttl: str, period: str, frequency: str, interval: timedelta | None) -> None:
    assert _hints.interval(ttl, period, frequency) == interval


def test_hours_and_days() -> None:
    assert _hints.make(
        None, ["1", "24", " 7 ", "25", "x", "-1"], ["monday", "MONDAY ", "x"]
    ) == Hints(skip_hours=(0, 1, 7), skip_days=("Monday",))
    assert _hints.make(None, [], []) == Hints()


def test_scan_finds_them_without_a_tree() -> None:
    content = b"<skipHours><hour> 3 </hour><hour>x</hour></skipHours><skipDays><day>Friday</day>"
    assert _hints.scan(content) == (["3"], ["Friday"])
