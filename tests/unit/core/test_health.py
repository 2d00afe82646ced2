"""The record of what happened: bounded, in order, with ids that never change."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.health import MAX_EVENTS, HealthRecord
from tests.builders import NOW

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "end", "tell"]),
        st.sampled_from(["disk", "backup", "source:a"]),
        st.integers(-100, 100),
    ),
    max_size=40,
)


@given(STEPS)
def test_problems_are_told_once_and_end_once(steps: list[tuple[str, str, int]]) -> None:
    record, lasting, told = HealthRecord(since=NOW), set[str](), 0
    for kind, subject, minutes in steps:
        now, before = NOW + timedelta(minutes=minutes), record
        if kind == "tell":
            record, told = record.tell(now, subject, "Something"), told + 1
        elif kind == "begin":
            record = record.begin(now, subject, "Wrong")
            told += subject not in lasting
            lasting.add(subject)
        else:
            record = record.end(now, subject, "Well")
            told += subject in lasting
            lasting.discard(subject)
        assert record.events[len(record.events) - len(before.events) :] == before.events
    assert len(record.events) == told
    assert {subject for subject, _ in record.problems} == lasting
    assert len({event.id for event in record.events}) == told
    times = [event.when for event in record.events]
    assert times == sorted(times, reverse=True)


def test_the_oldest_events_are_dropped() -> None:
    record = HealthRecord(since=NOW)
    for number in range(MAX_EVENTS + 50):
        record = record.tell(NOW, "x", f"Event {number}")
    assert len(record.events) == MAX_EVENTS == len({event.id for event in record.events})
    assert record.events[0].title == f"Event {MAX_EVENTS + 49}"
