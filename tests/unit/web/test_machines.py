"""What monitoring is told."""

from pathlib import Path

from aggregator.core.report import RunReport, SourceReport
from aggregator.web.metrics import Metrics
from tests.builders import NOW, at, make_state
from tests.unit.web.fakes import BROKEN, FakeReader, make_site, visit


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
    assert health.pop("feeds")["merged.atom"].endswith("+00:00")
    assert health == {
        "status": "ok",
        "time": NOW.isoformat(),
        "store": "ok",
        "sources": {"known": 3, "failing": 1, "gone": 1, "last_success": NOW.isoformat()},
        "jobs": 2,
    }


def test_health_is_bad_without_a_store(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path, store=BROKEN)).get("/health")
    assert answer.status_code == 503
    assert answer.json()["store"] == "the database is locked"
    assert answer.json()["sources"]["last_success"] is None


def test_health_is_bad_without_a_feed(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path, written=False)).get("/health")
    assert answer.status_code == 503
    assert answer.json()["feeds"] == {"merged.atom": None}


def test_metrics_count_runs_and_answers(tmp_path: Path) -> None:
    metrics = Metrics()
    source = SourceReport(id="a", outcome="ok", new=3, modified=1, seconds=0.2)
    report = RunReport(
        sources=(source,),
        stories_new=2,
        stories_changed=1,
        written=(tmp_path,),
        errors=("a", "b"),
    )
    metrics.record_run(report, now=NOW)
    pushed = RunReport(sources=(SourceReport(id="a", outcome="unchanged", seconds=9.0),))
    metrics.record_run(pushed, now=NOW, pushed=True)
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
        "aggregator_files_written_total 1.0",
        "aggregator_run_errors_total 2.0",
        'aggregator_answers_total{kind="feed",status="200"} 1.0',
    ):
        assert line in answer.text
    assert "aggregator_last_run_timestamp_seconds 1.77" in answer.text
