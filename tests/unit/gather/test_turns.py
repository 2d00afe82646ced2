"""Sources of a host that answers little take turns, and one that always says 304 is doubted."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.errors import HeldBack, HTTPStatus
from aggregator.core.model import Fetched, NotModified, SourceState, Validators
from aggregator.core.settings import FetchSettings
from aggregator.gather import schedule
from tests.builders import NOW, at, make_source, make_state

SOURCE = make_source()


def minutes(count: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=count)


def limited(seconds: float | None) -> HTTPStatus:
    """Return the error of a server that wants to be left in peace."""
    wait = None if seconds is None else timedelta(seconds=seconds)
    return HTTPStatus("later", status=429, retry_after=wait)


def test_the_refused_come_first_and_of_these_the_one_served_longest_ago() -> None:
    names = "abcdef"
    sources = [make_source(id=name, url=f"https://example.org/{name}") for name in names]
    refused = {"wait_until": at(-1), "last_fetch": at(-2)}
    states = {
        "b": make_state(**refused, last_success=at(-9)),
        "d": make_state(**refused, last_success=None),
        "e": make_state(**refused, last_success=at(-20)),
    }
    found = schedule.fetch_order(sources, states)
    assert [source.id for source in found] == ["d", "e", "b", "a", "c", "f"]


@pytest.mark.parametrize("count", [3, 5, 9])
@pytest.mark.parametrize("seconds", [600.0, None])
@given(jitter=st.floats(0, 0.999))
@settings(max_examples=20)
def test_sources_of_a_host_that_serves_one_at_a_time_are_all_served(
    count: int, seconds: float | None, jitter: float
) -> None:
    """One request an hour is answered; the second is refused, and the others are held back."""
    sources = [make_source(id=str(n), url=f"https://example.org/{n}") for n in range(count)]
    states: dict[str, SourceState] = {source.id: SourceState() for source in sources}
    served: list[str] = []
    closed_until = NOW
    for step in range(2 * count * 12 * 2):  # five minutes each
        now = NOW + minutes(5) * step
        waits = schedule.waiting_hosts(sources, states, now)
        due = [one for one in sources if schedule.is_due(one, states[one.id], waits, now)]
        held = False
        for source in schedule.fetch_order(due, states):
            if now >= closed_until:
                closed_until = now + minutes(10 if seconds else 60)
                served.append(source.id)
                answer = Fetched(documents=(), validators=Validators())
                after = schedule.succeeded(
                    source, states[source.id], answer, FetchSettings(), now=now, jitter=jitter
                )
            else:
                error = (
                    HeldBack("x", status=429, retry_after=minutes(10)) if held else limited(seconds)
                )
                held = True
                after = schedule.failed(
                    source, states[source.id], error, FetchSettings(), now=now, jitter=jitter
                )
            states[source.id] = after
    assert set(served) == {source.id for source in sources}
    assert set(served[: 2 * count]) == set(served)


@pytest.mark.parametrize(
    ("kind", "days", "kept"),
    [("feed", 6.9, True), ("feed", 7, False), ("dump", 70, True)],
)
def test_after_a_week_of_304_the_whole_is_asked_for(kind: str, days: float, kept: bool) -> None:
    source = make_source(kind=kind)
    state = make_state(validators=Validators(etag="x"), last_document=NOW)
    found = schedule.conditions(source, state, FetchSettings(), at(days=days))
    assert (found == state.validators) is kept


def test_a_304_to_a_request_without_validators_is_believed_for_another_week() -> None:
    state = make_state(validators=Validators(etag="x"))
    asked = []
    for day in range(30):
        now, tag = at(days=day), Validators(etag="x")
        asked.append(schedule.conditions(SOURCE, state, FetchSettings(), now) == Validators())
        answer = NotModified(validators=tag)
        state = schedule.succeeded(SOURCE, state, answer, FetchSettings(), now=now, jitter=0)
    assert [day for day, whole in enumerate(asked) if whole] == [7, 14, 21, 28]
