"""How many jobs wait in each queue, and for how long."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

_HAS_QUEUES = text("SELECT to_regclass('procrastinate_jobs')")
_DEPTHS = text(
    "SELECT job.queue_name, count(*) FILTER (WHERE job.status = 'todo') AS waiting,"
    " count(*) FILTER (WHERE job.status = 'doing') AS running,"
    " coalesce(extract(epoch FROM clock_timestamp() - min(event.at)), 0) AS age"
    " FROM procrastinate_jobs AS job LEFT JOIN procrastinate_events AS event"
    " ON event.job_id = job.id AND event.type = 'deferred'"
    " WHERE job.status IN ('todo', 'doing') GROUP BY job.queue_name"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The jobs of a queue: how many wait, how many run, and the age of the oldest in seconds."""

    waiting: int = 0
    running: int = 0
    age: float = 0.0


def depths(connection: Connection) -> dict[str, Depth]:
    """Return the jobs of each queue that has any."""
    if connection.scalar(_HAS_QUEUES) is None:
        return {}
    return {
        row.queue_name: Depth(waiting=row.waiting, running=row.running, age=float(row.age))
        for row in connection.execute(_DEPTHS)
    }
