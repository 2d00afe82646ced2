"""Durations and sizes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.quantities import duration, in_words, show_duration, show_size, size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("200ms", 0.2),
        ("1.5h", 5400),
        ("1H 30M", 5400),
        ("0s", 0),
    ],
)
def test_reads_a_duration(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("30", "write 30s, 30m, 30h or 30d"),
        ("1.5", "needs a unit"),
        ("", "is not a duration"),
        ("soon", "is not a duration"),
        ("-5m", "is not a duration"),
        ("5 minutes", "is not a duration"),
        ("1h1h", "names a unit twice"),
        ("9999999w", "longer than a century"),
        ("1h" + "1m" * 30, "is not a duration"),
    ],
)
def test_says_how_to_mend_a_duration(text: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("15MB", 15_000_000),
        ("200 kB", 200_000),
        ("4KiB", 4096),
        ("1.5 MiB", 1_572_864),
        ("10mb", 10_000_000),
        ("7 B", 7),
        ("2G", 2_000_000_000),
    ],
)
def test_reads_a_size(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("15", "write 15MB"),
        ("", "is not a size"),
        ("15 XB", "is not a size"),
        ("-1MB", "is not a size"),
    ],
)
def test_says_how_to_mend_a_size(text: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend):
        size(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=3), "3d"),
        (timedelta(weeks=2), "2w"),
        (timedelta(milliseconds=200), "200ms"),
        (timedelta(0), "0s"),
    ],
)
def test_writes_a_duration(length: timedelta, text: str) -> None:
    assert show_duration(length) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(15_000_000, "15MB"), (2048, "2KiB"), (1, "1B"), (0, "0B"), (1_000_000_000, "1GB")],
)
def test_writes_a_size(count: int, text: str) -> None:
    assert show_size(count) == text


@given(st.integers(1, 10**9))
def test_what_is_written_reads_back(count: int) -> None:
    length = timedelta(milliseconds=count)
    assert duration(show_duration(length)) == length
    assert size(show_size(count)) == count


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=40.4), "40 s"),
        (timedelta(minutes=12, seconds=20), "12 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=5), "5 days"),
    ],
)
def test_a_duration_in_words(length: timedelta, text: str) -> None:
    assert in_words(length) == text
