"""What monitoring is told."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.core import profile
from aggregator.core.errors import StoreError
from aggregator.core.model import ShownStory, SourceState
from aggregator.core.report import RunReport, SourceReport
from aggregator.web._health import HealthCheck
from aggregator.web.metrics import Metrics
from tests.builders import NOW, at, make_spec, make_state
from tests.fakes import FakeClock
from tests.unit.web.fakes import BROKEN, FakeReader, make_site, visit
from tests.waiting import soon


class CountingReader(FakeReader):
    """Counts how often the states of all sources are read."""

    states_read = 0

    def source_states(self) -> Mapping[str, SourceState]:
        """Return the states given."""
        self.states_read += 1
        return super().source_states()


def test_health_is_good_when_stories_and_feeds_can_be_read(tmp_path: Path) -> None:
    states = {
        "a": make_state(),
        "b": make_state(failures=3, last_success=at(-9)),
        "c": make_state(gone=True, last_success=None),
    }
    site = make_site(tmp_path, store=FakeReader(states=states), status=lambda: {"jobs": 2})
    answer = visit(site).get("/health")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    health = answer.json()
    edition = health.pop("last_edition")
    assert health.pop("feeds")["merged.atom"] == edition
    assert edition.endswith("+00:00")
    assert health == {
        "status": "ok",
        "time": NOW.isoformat(),
        "store": "ok",
        "configuration": "ok",
        "problems": [],
        "network": "ok",
        "sources": {
            "known": 3,
            "failing": 1,
            "gone": 1,
            "last_success": NOW.isoformat(),
            "due_since": None,
            "failing_ids": ["b"],
            "oldest_due": None,
        },
        "last_run": None,
        "last_good_run": None,
        "jobs": 2,
    }


def test_health_is_bad_without_a_store(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, store=BROKEN))
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["store"] == "the database is locked"
    assert answer.json()["sources"]["last_success"] is None
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_health_is_bad_without_a_feed(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, written=False))
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["feeds"] == {"merged.atom": None}
    assert client.get("/readyz").status_code == 503


def test_health_reads_the_store_once_for_many(tmp_path: Path) -> None:
    store = CountingReader(states={str(n): make_state() for n in range(10_000)})
    client = visit(make_site(tmp_path, store=store))
    assert client.get("/health").json()["sources"]["known"] == 10_000
    assert {one.status_code for one in client.crowd(["/health"] * 100)} == {200}
    assert store.states_read == 1


GOOD = RunReport(sources=(SourceReport(id="a", outcome="ok"),))
UNPUBLISHED = RunReport(sources=(), errors=("merged: no space left",))
Event = Callable[[Metrics, datetime], None]


def run_good(metrics: Metrics, now: datetime) -> None:
    """Report a good run."""
    for source in GOOD.sources:
        metrics.record_source(source, now=now)
    metrics.record_run(GOOD, now=now)


def run_unpublished(metrics: Metrics, now: datetime) -> None:
    """Report a run whose feeds could not be written."""
    metrics.record_run(UNPUBLISHED, now=now)


def run_failed(metrics: Metrics, now: datetime) -> None:
    """Report a run that failed as a whole."""
    metrics.record_failed_run(StoreError("locked"), now=now)


def become_due(metrics: Metrics, now: datetime) -> None:
    """Report a source as due."""
    metrics.record_due(["a"], now=now)


@pytest.mark.parametrize(
    ("events", "minutes", "problem"),
    [
        ([], 600, ""),
        ([run_good], 600, ""),
        ([run_failed], 59, ""),
        ([run_failed], 61, "no run was good"),
        ([run_good, run_failed], 61, "no run was good"),
        ([run_failed, run_good], 61, ""),
        ([run_unpublished], 0, "publishing fails"),
        ([run_unpublished, run_good], 0, ""),
        ([become_due], 59, ""),
        ([become_due], 61, "not fetched"),
        ([become_due, run_good], 61, ""),
    ],
)
def test_health_follows_the_runs(
    tmp_path: Path, events: list[Event], minutes: int, problem: str
) -> None:
    clock, metrics = FakeClock(), Metrics()
    for event in events:
        event(metrics, clock())
    client = visit(make_site(tmp_path, metrics=metrics, clock=clock))
    clock.pass_(timedelta(minutes=minutes))
    answer = client.get("/health")
    assert answer.status_code == (503 if problem else 200)
    assert problem in " ".join(answer.json()["problems"])


def test_failing_sources_are_named(tmp_path: Path) -> None:
    metrics = Metrics()
    client = visit(make_site(tmp_path, metrics=metrics))
    client.get("/health")
    for outcome in ("error", "refused", "gone", "ok", "unchanged", "later"):
        metrics.record_source(SourceReport(id=outcome, outcome=outcome), now=NOW)
    health = client.get("/health").json()["sources"]
    assert health["failing_ids"] == ["error", "gone", "refused"]
    assert health["gone"] == 1
    metrics.record_source(SourceReport(id="gone", outcome="ok"), now=NOW)
    assert client.get("/health").json()["sources"]["gone"] == 0


def test_private_sources_are_named_with_the_token_only(tmp_path: Path) -> None:
    token = "t" * 20
    site = make_site(
        tmp_path,
        feeds=(make_spec(token=token),),
        store=FakeReader(states={"b": make_state(failures=3)}),
    )
    client = visit(site)
    assert "failing_ids" not in client.get("/health").json()["sources"]
    assert client.get(f"/health?token={token}").json()["sources"]["failing_ids"] == ["b"]


def test_metrics_count_runs_and_answers(tmp_path: Path) -> None:
    metrics = Metrics()
    source = SourceReport(id="a", outcome="ok", new=3, modified=1, seconds=0.2)
    report = RunReport(
        sources=(source,),
        stories_new=2,
        stories_changed=1,
        stories_merged=4,
        grouped=2,
        pairs=90,
        written=(tmp_path,),
        errors=("a", "b"),
    )
    metrics.record_source(source, now=NOW)
    metrics.record_run(report, now=NOW)
    pushed = SourceReport(id="a", outcome="unchanged", seconds=9.0)
    metrics.record_source(pushed, now=NOW, pushed=True)
    client = visit(make_site(tmp_path, metrics=metrics))
    client.get("/feeds/merged.atom")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        'aggregator_fetches_total{outcome="ok"} 1.0',
        'aggregator_pushes_total{outcome="unchanged"} 1.0',
        "aggregator_fetch_seconds_sum 0.2",
        'aggregator_entries_total{change="new"} 3.0',
        'aggregator_entries_total{change="modified"} 1.0',
        'aggregator_stories_total{change="new"} 2.0',
        'aggregator_stories_total{change="changed"} 1.0',
        'aggregator_stories_total{change="merged"} 4.0',
        "aggregator_entries_grouped_total 2.0",
        "aggregator_pairs_compared_total 90.0",
        "aggregator_files_written_total 1.0",
        "aggregator_run_errors_total 2.0",
        'aggregator_answers_total{kind="feed",status="200"} 1.0',
    ):
        assert line in answer.text
    assert "aggregator_last_run_timestamp_seconds 1.77" in answer.text


def test_a_faulty_configuration_is_shown_and_is_no_failure(tmp_path: Path) -> None:
    site = make_site(tmp_path, store=FakeReader(states={}))
    site.metrics.monitor.config_is_faulty = True
    answer = visit(site).get("/health")
    assert answer.status_code == 200
    assert "aggregator check" in answer.json()["configuration"]


def test_health_says_that_the_network_is_down_which_is_no_failure(tmp_path: Path) -> None:
    """Feeds are served, and a restart of the container would not help."""
    metrics = Metrics()
    client = visit(make_site(tmp_path, metrics=metrics))
    metrics.monitor.network_is_down = True
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["network"] == "unreachable: no source answers"
    metrics.monitor.network_is_down = False
    assert client.get("/health").json()["network"] == "ok"


@pytest.mark.parametrize(
    ("wanted", "written", "status"), [(False, True, 404), (True, False, 503), (True, True, 200)]
)
def test_the_health_feed_is_served(
    tmp_path: Path, wanted: bool, written: bool, status: int
) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    site = make_site(folder, health_feed=wanted)
    if written:
        (site.data / "health.atom").write_bytes(b"<feed/>")
    client = visit(site)
    answer = client.get("/health.atom")
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["content-type"].startswith("application/atom+xml")
        again = client.get("/health.atom", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_the_health_feed_is_as_private_as_the_pages(tmp_path: Path) -> None:
    token = "t" * 20
    folder = tmp_path / "feeds"
    folder.mkdir()
    site = make_site(folder, feeds=(make_spec(token=token),), health_feed=True)
    (site.data / "health.atom").write_bytes(b"<feed/>")
    client = visit(site)
    assert client.get("/health.atom").status_code == 403
    assert client.get(f"/health.atom?token={token}").status_code == 200


def test_metrics_tell_stages_queues_and_failing_sources(tmp_path: Path) -> None:
    metrics = Metrics()
    client = visit(make_site(tmp_path, metrics=metrics))
    client.get("/health")  # which reads the states of all sources, once
    metrics.record_source(SourceReport(id="dead", outcome="error"), now=NOW)
    metrics.record_source(SourceReport(id="good", outcome="ok"), now=NOW)
    metrics.watch_queues({"store": lambda: 7})
    profile.run.start()
    profile.run.add("group", seconds=2.5, cpu_seconds=1.5, count=3)
    text = client.get("/metrics").text
    profile.run.is_on = False
    for line in (
        'aggregator_stage_seconds_total{stage="group"} 2.5',
        'aggregator_stage_cpu_seconds_total{stage="group"} 1.5',
        'aggregator_stage_calls_total{stage="group"} 3.0',
        'aggregator_queue{queue="store"} 7.0',
        'aggregator_source_failing{source="dead"} 1.0',
    ):
        assert line in text
    assert 'aggregator_source_failing{source="good"}' not in text


def test_who_asks_often_does_not_wait_for_the_store(tmp_path: Path) -> None:
    """The last test of it is shown for some seconds, while the next one is under way."""
    clock, store = FakeClock(), BreakingReader()
    check = HealthCheck(make_site(tmp_path, store=store, clock=clock), {})

    async def run() -> list[object]:
        told = []
        for seconds in (0, 6, 1, 0):
            clock.pass_(timedelta(seconds=seconds))
            _, health = await check.check()
            told.append(health["store"])
            store.is_broken = True
            await soon(lambda: check._checking is None or check._checking.done())
        return told

    assert asyncio.run(run()) == ["ok", "ok", "the database is locked", "the database is locked"]


def test_who_asks_rarely_waits_for_the_store(tmp_path: Path) -> None:
    clock, store = FakeClock(), BreakingReader()
    client = visit(make_site(tmp_path, store=store, clock=clock))
    assert client.get("/health").status_code == 200
    store.is_broken = True
    clock.pass_(timedelta(seconds=16))
    assert client.get("/health").status_code == 503


class BreakingReader(FakeReader):
    """A store that can be broken."""

    is_broken = False

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories, or raise."""
        if self.is_broken:
            raise StoreError("the database is locked")
        return super().stories(ids)
