"""Sources that workers take turns with, on every kind of database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, update

from aggregator.core.errors import StoreError
from aggregator.store import SqlStore, due_sources, open_store, schema
from aggregator.store.due_sources import Claim, Fetched
from tests.builders import NOW, at, make_state

SPAN = timedelta(minutes=10)
LATER = at(1)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[SqlStore]:
    """Open an empty store."""
    one = open_store(url, data=tmp_path, now=NOW)
    yield one
    one.close()


def register(store: SqlStore, **hosts: str) -> None:
    """Register sources of these hosts, which are due."""
    store.register_sources(hosts, dict.fromkeys(hosts, NOW))


def claim(
    store: SqlStore, *, most: int = 100, most_of_host: int = 10, now: datetime = NOW
) -> tuple[Claim, ...]:
    """Claim what is due and queue it nowhere."""
    return store.claim_sources(now, SPAN, lambda _, __: None, most=most, most_of_host=most_of_host)


def names(claims: tuple[Claim, ...]) -> dict[str, tuple[str, ...]]:
    """Return the sources of claims by host."""
    return {one.host: one.sources for one in claims}


def run_out(store: SqlStore) -> None:
    """Let all claims run out, as time does."""
    with store._write() as connection:
        connection.execute(update(schema.due_source).values(claimed=1))


def test_what_is_due_is_claimed_once_by_host(store: SqlStore) -> None:
    register(store, a="x", b="y", c="x")
    assert names(claim(store)) == {"x": ("a", "c"), "y": ("b",)}
    assert claim(store) == ()


def test_a_host_gets_its_share_and_waits_while_it_is_asked(store: SqlStore) -> None:
    register(store, **{f"x{n}": "x" for n in range(5)}, y="y")
    (one, other) = claim(store, most_of_host=2)
    assert {len(one.sources), len(other.sources)} == {2, 1}
    assert claim(store, most_of_host=2) == (), "the others of the host wait for those"


def test_what_is_not_due_or_paused_is_left_in_peace(store: SqlStore) -> None:
    store.register_sources(
        {"now": "x", "later": "y", "never": "z"}, {"now": NOW, "later": LATER, "never": None}
    )
    assert names(claim(store)) == {"x": ("now",)}
    assert names(claim(store, now=LATER)) == {"y": ("later",)}


def test_what_was_fetched_is_given_back_with_its_next_time(store: SqlStore) -> None:
    register(store, a="x")
    (one,) = claim(store)
    ours, wait = store.begin_sources(one, SPAN, NOW)
    assert (ours.sources, wait) == (("a",), None)
    store.finish_sources(ours.token, [Fetched(identity="a", due=LATER, held=LATER)])
    assert claim(store) == ()
    (again,) = claim(store, now=LATER)
    assert store.begin_sources(again, SPAN, NOW)[1] == LATER, "its server asked to wait"


def test_a_failed_queue_leaves_nothing_claimed(store: SqlStore) -> None:
    def fail(_: Connection, __: object) -> None:
        raise StoreError("no queue")

    register(store, a="x")
    with pytest.raises(StoreError):
        store.claim_sources(NOW, SPAN, fail, most=1, most_of_host=1)
    assert names(claim(store)) == {"x": ("a",)}


def test_a_claim_that_ran_out_is_nobodys(store: SqlStore) -> None:
    """A worker that was held up neither begins nor finishes what another one has meanwhile."""
    register(store, a="x")
    (late,) = claim(store)
    run_out(store)
    (new,) = claim(store)
    assert store.begin_sources(late, SPAN, NOW)[0].sources == ()
    store.finish_sources(late.token, [Fetched(identity="a", due=LATER)])
    assert store.begin_sources(new, SPAN, NOW)[0].sources == ("a",)


def test_registered_are_the_configured_ones(store: SqlStore) -> None:
    register(store, a="x", b="y")
    claim(store)
    store.register_sources({"b": "z", "c": "x"}, {"b": None, "c": NOW})
    assert names(claim(store)) == {"x": ("c",)}
    store.register_sources({"b": "z"}, {"b": NOW})
    run_out(store)
    assert names(claim(store)) == {"z": ("b",)}


def lose(store: SqlStore) -> tuple[str, ...]:
    """Claim and begin all that is due, then take it back as if its worker had died."""
    aside: list[str] = []
    for one in claim(store):
        store.begin_sources(one, SPAN, NOW)
        aside += store.take_back_sources(one, NOW)
    return tuple(aside)


def test_a_source_that_workers_die_of_is_set_aside_after_three_tries_alone(
    store: SqlStore,
) -> None:
    register(store, bad="x", good="x")
    assert lose(store) == ()
    found = claim(store)
    assert sorted(one.sources for one in found) == [("bad",), ("good",)], "each alone now"
    assert all(one.alone for one in found)
    for one in found:
        ours, _ = store.begin_sources(one, SPAN, NOW)
        if one.sources == ("good",):
            store.finish_sources(ours.token, [Fetched(identity="good", due=LATER)])
        else:
            store.take_back_sources(one, NOW)
    assert lose(store) == ()
    assert lose(store) == ("bad",)
    assert store.sources_set_aside() == {"bad": NOW}
    assert claim(store) == ()
    tomorrow = claim(store, now=NOW + timedelta(days=1))
    assert ("bad",) in {one.sources for one in tomorrow if one.alone}, "once a day"


def test_what_a_dead_worker_had_not_begun_is_as_it_was(store: SqlStore) -> None:
    register(store, a="x", b="x")
    (one,) = claim(store)
    assert store.take_back_sources(one, NOW) == ()
    assert names(claim(store)) == {"x": ("a", "b")}


def test_one_success_ends_the_suspicion(store: SqlStore) -> None:
    register(store, a="x")
    for _ in range(3):
        assert lose(store) == ()
    (one,) = claim(store)
    ours, _ = store.begin_sources(one, SPAN, NOW)
    store.finish_sources(ours.token, [Fetched(identity="a", due=NOW)])
    for _ in range(3):
        assert lose(store) == ()


def test_states_come_for_the_sources_asked_for(store: SqlStore) -> None:
    store.save_states({"a": make_state(), "b": make_state()})
    assert store.states_of(("a", "c")) == {"a": make_state()}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2)), max_size=12),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_each_due_source_is_claimed_exactly_once(
    wanted: list[tuple[int, int]], most: int, most_of_host: int
) -> None:
    """Whatever is claimed and given back in turns: all that is due, and nothing twice."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    hosts = {f"s{n}": f"h{host}" for n, (host, _) in enumerate(wanted)}
    due = {f"s{n}": at(hours) for n, (_, hours) in enumerate(wanted)}
    seen: list[str] = []
    with engine.begin() as connection:
        due_sources.register(connection, hosts, due)
        while found := due_sources.claim(
            connection, NOW, SPAN, most=most, most_of_host=most_of_host
        ):
            assert len({one.host for one in found}) == len(found)
            for one in found:
                assert len(one.sources) <= most_of_host
                assert {hosts[name] for name in one.sources} == {one.host}
                seen += one.sources
                given_back = [Fetched(identity=name, due=LATER) for name in one.sources]
                due_sources.finish(connection, one.token, given_back)
    assert sorted(seen) == sorted(name for name in due if due[name] <= NOW)
    engine.dispose()
