"""The health check: whether the store can be read, feeds are published and runs succeed."""

import asyncio
from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from aggregator.core.errors import StoreError
from aggregator.web._site import Site, is_fresh

Health = dict[str, object]

_FAULTY = "the changed file is faulty, the previous one stays in use: run aggregator check"
_NO_STORY = "urn:uuid:00000000-0000-0000-0000-000000000000"
_STORE_MAX_AGE = timedelta(seconds=5)  # of the test that the store can be read
_STORE_WAIT_AGE = timedelta(seconds=15)  # of a test that is shown while the next one is under way
_COUNTS_MAX_AGE = timedelta(seconds=30)  # when no run keeps the counts up to date
_COUNTS_MAX_AGE_RUNNING = timedelta(minutes=10)


class HealthCheck:
    """Tells the health of a site from counters; the store is read rarely, and never by two at once."""

    def __init__(self, site: Site, files: Mapping[str, Path]) -> None:
        self._site = site
        self._files = dict(files)
        self._problem = ""
        self._checked: datetime | None = None
        self._loading: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None

    async def check(self, named: Container[str] | None = None) -> tuple[bool, Health]:
        """Return whether the service is healthy, and the details.

        All files are checked; only those in `named` are listed. Sources are named with all files.
        A failing source is counted, but it does not make the service unhealthy.
        """
        site, now = self._site, self._site.clock()
        await self._check_store(now)
        await self._load_counts(now)
        feeds = {name: _published_at(path) for name, path in self._files.items()}
        missing = [name for name, when in feeds.items() if not when]
        problems = site.metrics.monitor.problems(now)
        healthy = not (self._problem or missing or problems)
        health: Health = {
            "status": "ok" if healthy else "failing",
            "time": now.isoformat(),
            "store": self._problem or "ok",
            "problems": problems,
            "network": site.metrics.monitor.network,
            "configuration": _FAULTY if site.metrics.monitor.config_is_faulty else "ok",
            "feeds": {n: when for n, when in feeds.items() if named is None or n in named},
            "sources": self._sources(all_named=named is None or all(n in named for n in feeds)),
            "last_run": _iso(site.metrics.monitor.last_run),
            "last_good_run": _iso(site.metrics.monitor.last_good_run),
            "last_edition": max((when for when in feeds.values() if when), default=None),
            **site.status(),
        }
        return healthy, health

    def _sources(self, *, all_named: bool) -> dict[str, object]:
        monitor = self._site.metrics.monitor
        counts: dict[str, object] = {**monitor.counts(), "last_success": _iso(monitor.last_success)}
        delay = monitor.oldest_due()
        counts["due_since"] = _iso(delay.since if delay else None)
        if all_named:
            counts["failing_ids"] = monitor.failing()
            counts["oldest_due"] = delay.source if delay else None
        return counts

    async def _check_store(self, now: datetime) -> None:
        """Test that the store can be read; who asks often need not wait for the next test."""
        if is_fresh(self._checked, now, _STORE_MAX_AGE):
            return
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._read_store(now))
        if not is_fresh(self._checked, now, _STORE_WAIT_AGE):
            await asyncio.shield(self._checking)

    async def _read_store(self, now: datetime) -> None:
        """Make a small query."""
        try:
            await run_in_threadpool(self._site.store.stories, [_NO_STORY])
            self._problem = ""
        except StoreError as error:
            self._problem = str(error)
        self._checked = now

    async def _load_counts(self, now: datetime) -> None:
        """Load the counts if they are old; only the first request waits for it."""
        monitor = self._site.metrics.monitor
        most = _COUNTS_MAX_AGE_RUNNING if monitor.last_run else _COUNTS_MAX_AGE
        if is_fresh(monitor.loaded_at, now, most):
            return
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(now))
        if monitor.loaded_at is None:
            await asyncio.shield(self._loading)

    async def _load(self, now: datetime) -> None:
        try:
            states = await run_in_threadpool(self._site.store.source_states)
        except StoreError as error:
            self._problem = str(error)
        else:
            self._site.metrics.monitor.load(states, self._site.sources, now)


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _published_at(path: Path) -> str | None:
    """Return when the file was written; None if it does not exist."""
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC).isoformat()
    except OSError:
        return None
