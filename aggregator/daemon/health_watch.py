"""Watches the service and its sources, and publishes what happens to them as the health feed."""

import asyncio
import math
import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from aggregator.config import Config
from aggregator.core.errors import PublishError, StoreError
from aggregator.core.health import HealthRecord
from aggregator.core.logger import get_logger
from aggregator.core.ports import Clock, SourceStates
from aggregator.core.threads import StoreThread
from aggregator.gather import source_health
from aggregator.publish import files, health_feed
from aggregator.store.codec import DamagedValue, from_json, to_json
from aggregator.web.monitor import Monitor

FILE = "health.json"
_SOURCES_SECONDS = 300.0  # between two looks at the states of all sources
_LITTLE_BYTES, _ENOUGH_BYTES = 200_000_000, 300_000_000  # free on the disk
_SERVICE = "service:"

_log = get_logger()


class HealthWatch:
    """Keeps the record of what happened, and publishes it; does nothing if nobody wants it."""

    def __init__(
        self,
        config: Config,
        store: SourceStates,
        *,
        monitor: Monitor,
        thread: StoreThread,
        clock: Clock,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._config = config
        self._store = store
        self._monitor = monitor
        self._thread = thread
        self._clock = clock
        self._free_bytes = free_bytes
        self._record: HealthRecord | None = None
        self._saved: HealthRecord | None = None
        self._sources_at = -math.inf  # time of the event loop
        self._failed = False

    async def look(self) -> None:
        """Note what has changed since the last look, and publish it."""
        if not self._config.health_feed:
            return
        now, loop_time = self._clock(), asyncio.get_running_loop().time()
        is_time = loop_time >= self._sources_at + _SOURCES_SECONDS
        problems = self._monitor.problems(now)
        if self._monitor.network_is_down:
            problems.insert(0, f"network {self._monitor.network}")
        try:
            await self._thread.call(partial(self._look, now, problems, sources=is_time))
        except (StoreError, PublishError, OSError) as error:  # tried again at the next look
            if not self._failed:
                _log.warning("health feed not published", error=str(error))
            self._failed = True
        else:
            self._failed = False
            self._sources_at = loop_time if is_time else self._sources_at

    def _look(self, now: datetime, problems: list[str], *, sources: bool) -> None:
        record = self._record or self._load(now)
        record = self._look_at_service(record, now, problems)
        if sources:
            states = self._store.source_states()
            record = source_health.compare(record, self._config.sources, states, now)
        self._record = record
        if record != self._saved:
            self._save(record)

    def _look_at_service(
        self, record: HealthRecord, now: datetime, problems: list[str]
    ) -> HealthRecord:
        """Compare disk, backup, configuration and runs with the problems that are known."""
        free = self._free_bytes(self._config.data)
        if free < _LITTLE_BYTES:
            text = f"{free // 10**6} MB are free in {self._config.data}."
            record = record.begin(now, "disk", "The disk is nearly full", text)
        elif free > _ENOUGH_BYTES:
            record = record.end(now, "disk", "The disk has room again")
        if error := self._monitor.backup_error:
            record = record.begin(now, "backup", "A backup has failed", f"{error}.")
        elif self._monitor.backup_error is not None:
            record = record.end(now, "backup", "A backup was made again")
        if self._monitor.config_is_faulty:
            text = "The previous configuration stays in use. Run aggregator check."
            record = record.begin(now, "configuration", "The configuration file is faulty", text)
        else:
            record = record.end(now, "configuration", "The configuration file is in order again")
        for problem in problems:
            record = record.begin(now, f"{_SERVICE}{problem}", _sentence(problem))
        known = [name for name, _ in record.problems if name.startswith(_SERVICE)]
        for subject in known:
            if (problem := subject.removeprefix(_SERVICE)) not in problems:
                record = record.end(now, subject, f"Over: {problem}")
        return record

    def _load(self, now: datetime) -> HealthRecord:
        try:
            text = self._path(FILE).read_text(encoding="utf-8")
            record: HealthRecord = from_json(HealthRecord, text)
        except (FileNotFoundError, UnicodeDecodeError, DamagedValue):
            return HealthRecord(since=now)
        self._saved = record
        return record

    def _save(self, record: HealthRecord) -> None:
        document = health_feed.render(record, self._config.public_url)
        files.write(self._path(FILE), to_json(record).encode())
        files.write(self._path(health_feed.FILE), document)
        self._saved = record

    def _path(self, name: str) -> Path:
        return self._config.data / name


def _sentence(problem: str) -> str:
    return problem[:1].upper() + problem[1:]
