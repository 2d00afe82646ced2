"""The queues as gauges for monitoring."""

from collections.abc import Mapping

from aggregator.store import SqlStore
from aggregator.web.metrics import Metrics
from aggregator.workers.depths import depths


def watch(store: SqlStore, metrics: Metrics) -> None:
    """Show the queues of a store in the metrics of this process."""

    def _ask() -> Mapping[str, tuple[int, int, float]]:
        found = store.ask_queues(depths)
        return {queue: (one.waiting, one.running, one.age) for queue, one in found.items()}

    metrics.watch_jobs(_ask)
