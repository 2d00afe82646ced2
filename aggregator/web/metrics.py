"""Counters for monitoring, in the Prometheus exposition format."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.core import profile
from aggregator.core.errors import StoreError
from aggregator.core.report import RunReport, SourceReport
from aggregator.web.monitor import Monitor

MEDIA_TYPE = CONTENT_TYPE_LATEST
_MAX_NAMED_SOURCES = 1_000  # with counters of their own; more would make each scrape slow
_FETCH_SECONDS_BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 60)


def _job_counter(registry: CollectorRegistry) -> Counter:
    return Counter("aggregator_jobs", "Jobs of a worker", ["queue", "result"], registry=registry)


Queues = Callable[[], Mapping[str, tuple[int, int, float]]]
"""Returns of each queue how many jobs wait, how many run, and the age of the oldest in seconds."""


class _QueueCollector:
    """Asks for the queues when it is scraped; without a database there are no values."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return what there is, without asking."""
        return self._families({})

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the values."""
        try:
            return self._families(self._queues())
        except StoreError:
            return self._families({})

    @staticmethod
    def _families(
        found: Mapping[str, tuple[int, int, float]],
    ) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        jobs = GaugeMetricFamily(
            "aggregator_queue_jobs", "Jobs that wait or run", labels=["queue", "state"]
        )
        age = GaugeMetricFamily(
            "aggregator_queue_age_seconds", "Age of the oldest job", labels=["queue"]
        )
        for queue, (waiting, running, oldest) in sorted(found.items()):
            jobs.add_metric([queue, "waiting"], waiting)
            jobs.add_metric([queue, "running"], running)
            age.add_metric([queue], oldest)
        return jobs, age


class Metrics:
    """The counters of one process, in their own registry so that instances are independent.

    `monitor` is kept up to date too: it is what /health tells.
    """

    def __init__(self) -> None:
        self.monitor = Monitor()
        self._named: set[str] = set()
        self._registry = registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        self._fetches = counter("aggregator_fetches", "Sources fetched", ["outcome"])
        self._pushes = counter("aggregator_pushes", "Documents pushed by hubs", ["outcome"])
        self._seconds = Histogram(
            "aggregator_fetch_seconds",
            "Time to fetch a source",
            registry=registry,
            buckets=_FETCH_SECONDS_BUCKETS,
        )
        self._entries = counter("aggregator_entries", "Entries stored", ["change"])
        self._stories = counter("aggregator_stories", "Stories grouped", ["change"])
        self._grouped = counter("aggregator_entries_grouped", "Entries grouped")
        self._pairs = counter("aggregator_pairs_compared", "Pairs of entries compared")
        self._files = counter("aggregator_files_written", "Feeds written")
        self._errors = counter("aggregator_run_errors", "Failures of a run")
        self._last = Gauge("aggregator_last_run_timestamp_seconds", "Last run", registry=registry)
        self._answers = counter("aggregator_answers", "Requests answered", ["kind", "status"])
        self._cut_off = counter(
            "aggregator_connections_cut_off",
            "Connections and requests that exceeded a limit",
            ["reason"],
        )
        self._runs = counter("aggregator_runs", "Runs ended", ["result"])
        self._source_fetches = counter(
            "aggregator_source_fetches", "Fetches of each source", ["source", "outcome"]
        )
        self._source_seconds = counter(
            "aggregator_source_seconds", "Time spent on each source", ["source"]
        )
        self._edition = Gauge(
            "aggregator_last_edition_timestamp_seconds",
            "When a feed was last written",
            registry=registry,
        )
        self._jobs = _job_counter(registry)
        for key in ("known", "failing", "gone"):
            self.watch(
                f"aggregator_sources_{key}", f"Sources {key}", partial(self._count_sources, key)
            )
        self.watch(
            "aggregator_sources_due", "Sources due but not fetched yet", self.monitor.count_due
        )
        ProcessCollector(registry=registry)
        self._stages = _Stages(self.monitor)
        registry.register(self._stages)
        self._by_status: dict[tuple[str, int], Counter] = {}

    def record_source(self, report: SourceReport, *, now: datetime, pushed: bool = False) -> None:
        """Count the result of one source; with `pushed` its document came from a hub."""
        if pushed:
            self._pushes.labels(report.outcome).inc()
        else:
            self._fetches.labels(report.outcome).inc()
            self._seconds.observe(report.seconds)
            self._record_named(report)
        self._entries.labels("new").inc(report.new)
        self._entries.labels("modified").inc(report.modified)
        self.monitor.record_source(report, now)

    def record_run(self, report: RunReport, *, now: datetime) -> None:
        """Count the results of a run, whose sources were recorded as they came."""
        self._stories.labels("new").inc(report.stories_new)
        self._stories.labels("changed").inc(report.stories_changed)
        self._stories.labels("merged").inc(report.stories_merged)
        self._grouped.inc(report.grouped)
        self._pairs.inc(report.pairs)
        self._files.inc(len(report.written))
        self._errors.inc(len(report.errors))
        self._last.set(now.timestamp())
        if report.written:
            self._edition.set(now.timestamp())
        self._runs.labels("failed" if report.errors else "good").inc()
        self.monitor.record_run(report, now)

    def record_failed_run(self, error: Exception, *, now: datetime) -> None:
        """Count a run that failed as a whole."""
        self._errors.inc()
        self._runs.labels("failed").inc()
        self.monitor.record_failure(repr(error), now)

    def record_stories(self, new: int, changed: int) -> None:
        """Count stories that were grouped outside of a run."""
        self._stories.labels("new").inc(new)
        self._stories.labels("changed").inc(changed)

    def record_edition(self, files: int, *, now: datetime) -> None:
        """Count files that were published outside of a run."""
        self._files.inc(files)
        if files:
            self._edition.set(now.timestamp())

    def record_job(self, queue: str, result: str) -> None:
        """Count a job of a worker: `done`, `failed`, or `lost` with the worker that had it."""
        self._jobs.labels(queue, result).inc()

    def record_due(self, ids: Iterable[str], *, now: datetime) -> None:
        """Note which sources are due."""
        self.monitor.record_due(ids, now)

    def record_cut_off(self, reason: str) -> None:
        """Count a connection or request that exceeded a limit."""
        self._cut_off.labels(reason).inc()

    def watch(self, name: str, meaning: str, function: Callable[[], float]) -> None:
        """Add a gauge whose value is computed when it is asked for."""
        Gauge(name, meaning, registry=self._registry).set_function(function)

    def watch_queues(self, queues: Mapping[str, Callable[[], int]]) -> None:
        """Set the functions that count what waits in each queue, by its name."""
        self._stages.queues = dict(queues)

    def watch_jobs(self, queues: Queues) -> None:
        """Add gauges of each queue, which are computed together for each scrape."""
        self._registry.register(_QueueCollector(queues))

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes on a port of their own, in a thread, for a process without a web server."""
        start_http_server(port, host, self._registry)

    def record_answer(self, kind: str, status: int) -> None:
        """Count a response of the server; `kind` is one of a few words, never a URL."""
        child = self._by_status.get((kind, status))
        if child is None:  # `labels()` costs more than `inc()`
            child = self._by_status[kind, status] = self._answers.labels(kind, str(status))
        child.inc()

    def _record_named(self, source: SourceReport) -> None:
        """Count by source, up to a number of sources."""
        if source.id in self._named or len(self._named) < _MAX_NAMED_SOURCES:
            self._named.add(source.id)
            self._source_fetches.labels(source.id, source.outcome).inc()
            self._source_seconds.labels(source.id).inc(source.seconds)

    def _count_sources(self, key: str) -> float:
        return self.monitor.counts()[key]

    def text(self) -> bytes:
        """Return the exposition that Prometheus scrapes."""
        return generate_latest(self._registry)


class _Stages(Collector):
    """What is read when it is asked for: stages of the work, queues, failing sources."""

    def __init__(self, monitor: Monitor) -> None:
        self.queues: dict[str, Callable[[], int]] = {}
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        seconds, cpu, calls = (
            CounterMetricFamily(f"aggregator_stage_{name}", meaning, labels=["stage"])
            for name, meaning in (
                ("seconds", "Time of each stage"),
                ("cpu_seconds", "CPU time of each stage"),
                ("calls", "Calls of each stage"),
            )
        )
        for name, stage in sorted(profile.run.stages().items()):
            seconds.add_metric([name], stage.seconds)
            cpu.add_metric([name], stage.cpu_seconds)
            calls.add_metric([name], stage.count)
        queue = GaugeMetricFamily("aggregator_queue", "What waits", labels=["queue"])
        for name, count in sorted(self.queues.items()):
            queue.add_metric([name], count())
        failing = GaugeMetricFamily(
            "aggregator_source_failing", "Sources that fail, by name", labels=["source"]
        )
        for name in self._monitor.failing():
            failing.add_metric([name], 1)
        yield from (seconds, cpu, calls, queue, failing)
