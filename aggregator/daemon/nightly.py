"""Work at a time of day: the nightly backup and the upkeep of the store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from aggregator.config import Config
from aggregator.core.errors import AggregatorError
from aggregator.core.logger import get_logger
from aggregator.core.ports import Clock
from aggregator.core.threads import StoreThread
from aggregator.store.upkeep import Upkeep

_HOUR, _MINUTE = 3, 17
_OVERDUE = timedelta(hours=26)  # after which the last backup is too old
_SOON = timedelta(minutes=5)  # after the start, if a backup is overdue
_GRACE_SECONDS = 3600 * 6  # that a job may come late, for example after a suspension

_log = get_logger()


class Nightly:
    """Runs the jobs of the night; `follow_clock` must be called when the clock was set."""

    def __init__(
        self,
        config: Config,
        upkeep: Upkeep,
        thread: StoreThread,
        clock: Clock,
        on_backup: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._config = config
        self._upkeep = upkeep
        self._thread = thread
        self._clock = clock
        self._on_backup = on_backup  # is told the error of each backup, empty if it was made
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    def start(self) -> None:
        """Schedule the jobs, at once if a backup is overdue."""
        self._scheduler.add_job(
            self.run,
            _trigger(),
            id="nightly",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=_GRACE_SECONDS,
        )
        if self._is_overdue():
            self._scheduler.modify_job("nightly", next_run_time=self._clock() + _SOON)
        self._scheduler.start()

    def follow_clock(self) -> None:
        """Compute anew when the jobs run: the scheduler waits for a time of the former clock."""
        if self._scheduler.running:
            self._scheduler.reschedule_job("nightly", trigger=_trigger())

    def shutdown(self) -> None:
        """Start no further job."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def run(self) -> None:
        """Tidy the store and make a backup; failures are logged, and the next night tries again."""
        await self._try("upkeep failed", lambda: self._thread.call(self._upkeep.tidy))
        if self._config.backup.dir:
            error = await self._try("backup failed", lambda: asyncio.to_thread(self._back_up))
            self._on_backup(error)

    async def _try(self, failure: str, work: Callable[[], Awaitable[None]]) -> str:
        """Do some work; return why it failed."""
        try:
            await work()
        except (AggregatorError, OSError) as error:
            _log.error(failure, error=str(error))
            return str(error) or type(error).__name__
        return ""

    def _back_up(self) -> None:
        from aggregator.store import backup_file  # noqa: PLC0415  only this job needs it

        config = self._config
        path = backup_file.make_nightly(
            Path(config.backup.dir),
            config.backup.keep,
            data=config.data,
            store=config.store,
            config=config.path,
            now=self._clock(),
        )
        _log.info("backup made", path=str(path), bytes=path.stat().st_size)

    def _is_overdue(self) -> bool:
        """Say whether the last backup was made long ago, or a wrong clock ahead of this one."""
        if not self._config.backup.dir:
            return False
        from aggregator.store import backup_file  # noqa: PLC0415  as above

        made = [_made(path) for path in backup_file.nightly(Path(self._config.backup.dir))]
        now = self._clock().timestamp()
        return not any(now - _OVERDUE.total_seconds() < one <= now + 60 for one in made)


def _trigger() -> CronTrigger:
    return CronTrigger(hour=_HOUR, minute=_MINUTE, timezone="UTC")


def _made(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
