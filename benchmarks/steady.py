"""Work whose clock stands still, so that what several ways of working gave can be compared byte by byte.

    python -m benchmarks.steady alone|apart|worker|endless|regroup CONFIG [QUEUES]

`alone` is one run of one process, `apart` too, but groups only what it has gathered completely. `worker` works
until nothing is left to do, `endless` until it is killed. `regroup` groups everything again. The configuration
names the database.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from aggregator.bootstrap import Application, open_application
from aggregator.config import load
from aggregator.core import logger
from aggregator.core.run_logs import log_report
from aggregator.gather.gatherer import Outlook
from aggregator.workers import process
from aggregator.workers.engine import QUEUES
from aggregator.workers.timing import Timing

NOW = datetime(2026, 6, 1, tzinfo=UTC)
# Deaths are noticed soon, but not where a busy machine only makes a worker wait.
QUICK = Timing(tick=0.2, heartbeat=1.0, stalled=8.0, role=8.0, claim=240.0, settle=60.0, drain=5.0)


def clock() -> datetime:
    """Return the same time always."""
    return NOW


async def alone(application: Application) -> None:
    """Run once, as `aggregator fetch` does."""
    async with application.pipeline(clock) as pipeline:
        await pipeline.run(application.pick(()))


async def apart(application: Application) -> None:
    """Gather everything, then group and publish it."""
    async with application.pipeline(clock) as pipeline:
        order = application.pick(())
        outlook = Outlook(states={}, waits={}, order=order)
        await pipeline.gather(order, outlook, progress=log_report)
        await pipeline.settle()


async def regroup(application: Application) -> None:
    """Group everything again."""
    await application.regroup(clock=clock)


def main() -> None:
    """Do what is asked for."""
    how, config, *more = sys.argv[1:]
    logger.configure(sys.stderr)
    application = open_application(load(Path(config), {}))
    try:
        if how in {"worker", "endless"}:
            queues = more[0].split(",") if more else QUEUES
            asyncio.run(
                process.run(
                    application, queues, until_idle=how == "worker", clock=clock, timing=QUICK
                )
            )
            return
        work = {"alone": alone, "apart": apart, "regroup": regroup}[how]
        with application.lock():
            asyncio.run(work(application))
    finally:
        application.close()


if __name__ == "__main__":
    main()
