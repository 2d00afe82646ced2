"""What happens to a source is told once: it dies, recovers, moves, is renamed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.core.health import HealthRecord
from aggregator.core.model import SourceState
from aggregator.gather.source_health import compare
from tests.builders import NOW, at, make_info, make_source, make_state

SOURCE = make_source()
GOOD = make_state(url=SOURCE.url, info=make_info(title="The Daily"))
FAILED = replace(GOOD, failures=9, error="404: not found")
GONE = replace(GOOD, gone=True, error="410: gone")
MOVED = replace(
    GOOD,
    permanent="https://new.example/feed",
    permanent_since=at(days=-9),
    permanent_seen=5,
    last_success=NOW,
)


def titles(*states: SourceState, days: float = 0) -> list[str]:
    """Return what is told of a source that has these states, so many days apart."""
    record = HealthRecord(since=NOW)
    for number, state in enumerate(states):
        now = NOW + timedelta(days=days * number)
        record = compare(record, [SOURCE], {SOURCE.identity: state}, now)
    return [event.title for event in reversed(record.events)]


DEAD = "Source example has failed for 3 days"
AGAIN = "Source example works again"


@pytest.mark.parametrize(
    ("states", "days", "told"),
    [
        ([GOOD, GOOD], 1, []),
        ([GOOD, FAILED, FAILED], 2, []),
        ([GOOD, FAILED, FAILED, FAILED], 2, [DEAD]),
        ([FAILED] * 9, 2, [DEAD]),
        ([replace(GOOD, failures=2)] * 9, 2, []),
        ([FAILED, FAILED, FAILED, GOOD, GOOD], 2, [DEAD, AGAIN]),
        ([FAILED, GOOD, FAILED, GOOD], 2, []),
        ([GOOD, GONE, GONE], 1, ["Source example was taken down for good"]),
        ([GONE, GOOD], 1, ["Source example was taken down for good", AGAIN]),
        ([GOOD, MOVED, MOVED], 1, ["Source example has moved"]),
        ([GOOD, replace(MOVED, permanent_seen=1)], 1, []),
        (
            [GOOD, replace(GOOD, info=make_info(title="The Weekly"))],
            1,
            ["Source example has another title"],
        ),
        ([GOOD, replace(GOOD, info=make_info(title="the daily 12"))], 1, []),
        ([replace(GOOD, info=make_info(title="")), GOOD], 1, []),
        ([GOOD, replace(GOOD, info=make_info(title="")), GOOD], 1, []),
    ],
)
def test_what_is_told(states: list[SourceState], days: float, told: list[str]) -> None:
    assert titles(*states, days=days) == told


def test_a_removed_source_is_forgotten_silently() -> None:
    record = HealthRecord(since=NOW)
    record = compare(record, [SOURCE], {SOURCE.identity: GONE}, NOW)
    record = compare(record, [], {SOURCE.identity: GONE}, NOW)
    assert (len(record.events), record.problems, record.sources) == (1, (), ())


def test_a_paused_source_keeps_its_problem() -> None:
    record = compare(HealthRecord(since=NOW), [SOURCE], {SOURCE.identity: GONE}, NOW)
    paused = make_source(paused=True)
    assert compare(record, [paused], {SOURCE.identity: GOOD}, NOW) == record


def test_no_secret_of_an_address_is_told() -> None:
    state = replace(MOVED, permanent="https://new.example/feed?token=hush-1234567")
    record = compare(HealthRecord(since=NOW), [SOURCE], {SOURCE.identity: state}, NOW)
    assert "hush" not in record.events[0].text
