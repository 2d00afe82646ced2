"""What a tick costs with ten thousand sources."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest

from aggregator.core.model import Source, SourceState
from aggregator.core.ports import Store
from aggregator.gather import schedule
from aggregator.store import open_store
from tests.builders import NOW, make_state
from tests.waiting import cpu_time

COUNT = 10_000
SOURCES = [Source(id=f"s{n}", url=f"https://h{n % 5000}.example/{n}.xml") for n in range(COUNT)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    one = open_store("sqlite", data=tmp_path_factory.mktemp("data"), now=NOW)
    state = make_state(due=NOW + timedelta(hours=1), last_fetch=NOW)
    one.save_states({x.identity: dataclasses.replace(state, url=x.url) for x in SOURCES})
    yield one
    one.close()


def test_states_are_decoded_once(store: Store) -> None:
    before = store.source_states()
    store.save_states({"s7": dataclasses.replace(before["s7"], failures=3)})
    with cpu_time(0.3):
        after = store.source_states()
    assert after["s7"].failures == 3
    changed = [name for name, state in after.items() if state is not before[name]]
    assert changed == ["s7"]


def test_an_idle_tick_costs_little(store: Store) -> None:
    store.source_states()
    with cpu_time(1.0):
        states = store.source_states()
        waits = schedule.waiting_hosts(SOURCES, states, NOW)
        due = [
            source
            for source in SOURCES
            if schedule.is_due(source, states.get(source.identity, SourceState()), waits, NOW)
        ]
    assert not due
