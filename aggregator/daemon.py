"""The daemon: schedule, publish, serve, until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.metrics import Metrics
from aggregator.model import Source
from aggregator.pipeline import Pipeline
from aggregator.report import SourceReport
from aggregator.server import Site, make_app

_TICK = 5  # seconds between two looks at what is due
_BAD = ("error", "refused", "gone")
_log = structlog.get_logger()


class Daemon:
    """Gathers the sources that are due, side by side with serving."""

    def __init__(self, pipeline: Pipeline, metrics: Metrics) -> None:
        self._pipeline = pipeline
        self._metrics = metrics
        self._busy: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    async def tick(self) -> None:
        """Start a run of the sources that are due and not under way."""
        due = [one for one in await self._pipeline.due() if one.id not in self._busy]
        if due:
            self._busy |= {source.id for source in due}
            task = asyncio.create_task(self._run(due))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def drain(self) -> None:
        """Cancel the runs under way and wait until they are gone."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, due: list[Source]) -> None:
        try:
            report = await self._pipeline.run(due, progress=_say)
            self._metrics.record_run(report, now=bootstrap.now())
            for error in report.errors:
                _log.error("publish failed", error=error)
        except Exception:  # noqa: BLE001  logged whole, below
            # Whatever it was, the next tick tries again: the daemon outlives a bad day.
            _log.exception("run failed")
        finally:
            self._busy -= {source.id for source in due}


async def run(application: Application, host: str, port: int) -> None:
    """Gather on schedule and serve until SIGINT or SIGTERM."""
    metrics = Metrics()
    async with application.pipeline() as pipeline:
        daemon = Daemon(pipeline, metrics)
        await pipeline.settle()  # what an earlier run left ungrouped or unpublished
        scheduler = _schedule(daemon)
        try:
            await serve(application, host, port, metrics)
        finally:
            scheduler.shutdown(wait=False)
            await daemon.drain()


async def serve(
    application: Application, host: str, port: int, metrics: Metrics | None = None
) -> None:
    """Serve the published feeds until SIGINT or SIGTERM."""
    site = Site(
        store=application.store,
        folder=application.folder,
        feeds=application.config.feeds,
        public_url=application.config.public_url,
        sources=application.config.sources,
        clock=bootstrap.now,
        host=host,
        metrics=metrics or Metrics(),
    )
    settings = uvicorn.Config(
        make_app(site),
        host=host,
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    server = _Server(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    _log.info("serving", address=f"http://{host}:{port}/")
    await server.serve()


class _Server(uvicorn.Server):
    """A server that leaves the signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def _schedule(daemon: Daemon) -> AsyncIOScheduler:
    """Start to look at what is due, at once and then every few seconds."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        daemon.tick,
        "interval",
        seconds=_TICK,
        next_run_time=bootstrap.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return scheduler


def _say(report: SourceReport) -> None:
    log = _log.warning if report.outcome in _BAD else _log.info
    log(
        "gathered",
        source=report.id,
        outcome=report.outcome,
        new=report.new,
        modified=report.modified,
        seconds=report.seconds,
        error=report.error or None,
    )
