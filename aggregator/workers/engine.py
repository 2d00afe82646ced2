"""The queues of jobs, in PostgreSQL by procrastinate, which is imported here only."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection
from sqlalchemy import Connection, make_url, text

from aggregator.core.errors import StoreError
from aggregator.core.logger import get_logger
from aggregator.store.due_sources import Claim
from aggregator.workers.timing import Timing

FETCH, GROUP, PUBLISH = QUEUES = ("fetch", "group", "publish")

_CONNECTIONS = 4  # of the engine in one worker; one more listens for jobs
_COLLECTING = {GROUP: 1, PUBLISH: 2}  # seconds in which more may come
_RESTART_SECONDS = 1.0  # after which a queue is served again when the database was lost
Handler = Callable[..., Awaitable[None]]

_log = get_logger()


class Engine:
    """Queues jobs and runs them; a job has the identities of sources as arguments and no secrets."""

    def __init__(self, url: str, timing: Timing) -> None:
        for name in ("procrastinate", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.ERROR)
        conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._timing = timing
        self._app = App(
            connector=PsycopgConnector(
                conninfo=conninfo, min_size=1, max_size=_CONNECTIONS, configure=_do_not_wait
            )
        )
        self._jobs = JobManager(SyncPsycopgConnector())  # only with connections of the store

    @asynccontextmanager
    async def open(self, handlers: Mapping[str, Handler]) -> AsyncIterator[None]:
        """Open the connections; each queue has one kind of job, which its handler does."""
        for queue, handler in handlers.items():
            self._app.task(name=queue, queue=queue)(handler)
        with translated():
            await self._app.open_async()
        try:
            yield
        finally:
            with contextlib.suppress(ConnectorException):
                await self._app.close_async()

    # queueing

    def defer(self, connection: Connection, claims: Sequence[Claim]) -> None:
        """Queue claims, in the transaction that makes them; of one host one job runs at a time."""
        jobs = [
            Job(
                queue=FETCH,
                task_name=FETCH,
                lock=f"host {one.host}",
                queueing_lock=None,
                task_kwargs={
                    "host": one.host,
                    "sources": list(one.sources),
                    "token": one.token,
                    "alone": one.alone,
                },
            )
            for one in claims
        ]
        with translated():
            self._jobs.batch_defer_jobs(jobs, connection=connection.connection.driver_connection)

    async def ask(self, queue: str) -> None:
        """Queue the job of a role in a moment, for all that comes until then."""
        task = self._app.configure_task(
            queue, lock=queue, queueing_lock=queue, schedule_in={"seconds": _COLLECTING[queue]}
        )
        with translated(), contextlib.suppress(AlreadyEnqueued):
            await task.defer_async()

    # jobs of workers that died

    async def lost(self) -> list[Job]:
        """Return the jobs of workers without a heartbeat."""
        manager = self._app.job_manager
        with translated():
            await manager.prune_stalled_workers(self._timing.stalled)
            return list(
                await manager.get_stalled_jobs(seconds_since_heartbeat=self._timing.stalled)
            )

    async def drop(self, job: Job) -> bool:
        """Delete a lost job; False if another worker was faster."""
        try:
            await self._app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        except ConnectorException:
            return False
        return True

    # running

    async def serve(self, queues: Sequence[str], concurrency: int) -> None:
        """Run the jobs of queues until cancelled, and again after the database was away."""
        while True:
            try:
                await self._app.run_worker_async(
                    queues=list(queues),
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    update_heartbeat_interval=self._timing.heartbeat,
                    stalled_worker_timeout=self._timing.stalled,
                    shutdown_graceful_timeout=self._timing.drain,
                    fetch_job_polling_interval=max(1.0, self._timing.tick),
                )
            except ConnectorException as error:
                _log.warning("queue lost, trying again", queues=",".join(queues), error=_why(error))
            await asyncio.sleep(_RESTART_SECONDS)


def claim_of(job: Job) -> Claim | None:
    """Return the claim that a fetch job is for."""
    if job.task_name != FETCH:
        return None
    given: Any = job.task_kwargs
    return Claim(
        host=given["host"],
        sources=tuple(given["sources"]),
        token=given["token"],
        alone=given["alone"],
    )


def prepare(connection: Connection, applied: str) -> str:
    """Make or migrate the tables of the queues; return the name of the last migration.

    `applied` is what this function returned the time before.
    """
    steps = sorted(
        (one for one in resources.files("procrastinate.sql.migrations").iterdir()),
        key=lambda one: one.name,
    )
    names = [one.name for one in steps if one.name.endswith(".sql")]
    driver: Any = connection.connection.driver_connection
    if connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is None:
        driver.execute(SchemaManager.get_schema())
    elif applied:
        for one in steps:
            if one.name in names and one.name > applied:
                driver.execute(one.read_text(encoding="utf-8"))
    return names[-1]


async def _do_not_wait(connection: AsyncConnection) -> None:
    """Let commits return before they are on the disk: a lost job is claimed again."""
    await connection.execute("SET synchronous_commit TO off")
    await connection.commit()


@contextlib.contextmanager
def translated() -> Any:
    """Raise StoreError for what the queues raise."""
    try:
        yield
    except AlreadyEnqueued:
        raise
    except ConnectorException as error:
        raise StoreError(f"the queues cannot be used: {_why(error)}") from error


def _why(error: Exception) -> str:
    return str(error.__cause__ or error).strip().partition("\n")[0]
