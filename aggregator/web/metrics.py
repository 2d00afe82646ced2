"""Counters for monitoring, in the Prometheus exposition format."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from aggregator.core.report import RunReport, SourceReport

MEDIA_TYPE = CONTENT_TYPE_LATEST
_FETCH_SECONDS_BUCKETS = (0.1, 0.3, 1, 3, 10, 30, 60)


class Metrics:
    """The counters of one process, in their own registry so that instances are independent."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self._fetches = Counter(
            "aggregator_fetches", "Sources fetched", ["outcome"], registry=registry
        )
        self._pushes = Counter(
            "aggregator_pushes", "Documents pushed by hubs", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "aggregator_fetch_seconds",
            "Time to fetch a source",
            registry=registry,
            buckets=_FETCH_SECONDS_BUCKETS,
        )
        self._entries = Counter(
            "aggregator_entries", "Entries stored", ["change"], registry=registry
        )
        self._stories = Counter(
            "aggregator_stories", "Stories grouped", ["change"], registry=registry
        )
        self._files = Counter("aggregator_files_written", "Feeds written", registry=registry)
        self._errors = Counter("aggregator_run_errors", "Failures of a run", registry=registry)
        self._last = Gauge("aggregator_last_run_timestamp_seconds", "Last run", registry=registry)
        self._answers = Counter(
            "aggregator_answers", "Requests answered", ["kind", "status"], registry=registry
        )
        self._by_status: dict[tuple[str, int], Counter] = {}

    def record_run(self, report: RunReport, *, now: datetime, pushed: bool = False) -> None:
        """Count the results of a run; with `pushed` its documents came from hubs."""
        for source in report.sources:
            self._record_source(source, pushed=pushed)
        self._stories.labels("new").inc(report.stories_new)
        self._stories.labels("changed").inc(report.stories_changed)
        self._files.inc(len(report.written))
        self._errors.inc(len(report.errors))
        self._last.set(now.timestamp())

    def record_failed_run(
        self, reports: Sequence[SourceReport], error: Exception, *, now: datetime
    ) -> None:
        """Count a run that failed, with the sources that it asked."""
        self.record_run(RunReport(sources=tuple(reports), errors=(str(error),)), now=now)

    def _record_source(self, source: SourceReport, *, pushed: bool) -> None:
        if pushed:
            self._pushes.labels(source.outcome).inc()
        else:
            self._fetches.labels(source.outcome).inc()
            self._seconds.observe(source.seconds)
        self._entries.labels("new").inc(source.new)
        self._entries.labels("modified").inc(source.modified)

    def record_answer(self, kind: str, status: int) -> None:
        """Count a response of the server; `kind` is one of a few words, never a URL."""
        child = self._by_status.get((kind, status))
        if child is None:  # `labels()` costs more than `inc()`
            child = self._by_status[kind, status] = self._answers.labels(kind, str(status))
        child.inc()

    def text(self) -> bytes:
        """Return the exposition that Prometheus scrapes."""
        return generate_latest(self._registry)
