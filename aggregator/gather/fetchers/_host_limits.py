"""Limits concurrent requests, overall and for each host, and spaces requests to one host."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from aggregator.core.errors import HeldBack, Timeout, Unreachable
from aggregator.core.settings import FetchSettings

_MAX_IDLE_HOSTS = 1000  # records; above it, idle ones are discarded
_PATIENCE_SECONDS = 2.0  # that a request without an answer counts among those that work
_WAITING_FACTOR = 2  # requests that wait longer, for each that may work
_UNRESPONSIVE_SECONDS = 4.0  # pause for a host that did not respond several times in a row: one run


@dataclass(slots=True)
class _Host:
    """The state of one server; times are those of the event loop's clock."""

    slots: asyncio.Semaphore
    users: int = 0  # requests that run or wait
    next_start: float = 0.0
    closed_until: float = 0.0  # from a Retry-After that came with `status`
    status: int = 429
    failures: int = 0  # consecutive requests without a response
    unresponsive_until: float = 0.0
    spacing: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Slot:
    """Permission for one request; the caller sets `answered` once the server responds."""

    answered: bool = False
    parked: bool = False  # it waits for an answer and counts no more among those that work


class HostLimits:
    """Limits requests; the limit of the host comes first, so waiting takes no global slot."""

    def __init__(self, settings: FetchSettings) -> None:
        self._per_host = settings.per_host
        self._spacing = settings.spacing.total_seconds()
        self._applies_to_host = settings.retry_after_scope == "host"
        self._all = asyncio.Semaphore(settings.concurrency)
        self._waiting = asyncio.Semaphore(_WAITING_FACTOR * settings.concurrency)
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def slot(self, host: str, *, own: bool = False) -> AsyncIterator[Slot]:
        """Wait for a slot; raises HeldBack if the host asked to wait in the meantime.

        Raises Unreachable at once if several consecutive requests got no response, so that the
        sources of a dead host do not time out one after the other. `own` marks a host of the
        user's own network, which needs no spacing.
        """
        record = self._record(host)
        record.users += 1
        try:
            async with record.slots:
                self._check(record)
                if not own:
                    await self._space(record)
                    self._check(record)
                with self._counting_failures(record) as slot:
                    async with self._working(slot):
                        yield slot
        finally:
            record.users -= 1

    @asynccontextmanager
    async def _working(self, slot: Slot) -> AsyncIterator[None]:
        """Hold one of the slots; a request that waits long for its answer leaves it to others.

        The number of those that wait is bounded too, so that hosts that hang hold a share at most.
        """
        await self._all.acquire()
        parking = asyncio.create_task(self._park(slot))
        try:
            yield
        finally:
            parking.cancel()
            if slot.parked:
                self._waiting.release()
            else:
                self._all.release()

    async def _park(self, slot: Slot) -> None:
        await asyncio.sleep(_PATIENCE_SECONDS)
        if not slot.answered:
            await self._waiting.acquire()
            slot.parked = True
            self._all.release()

    def hold_back(self, host: str, span: timedelta, status: int) -> None:
        """Send no requests to this host for a time, if Retry-After applies to hosts."""
        if self._applies_to_host:
            record = self._record(host)
            until = asyncio.get_running_loop().time() + span.total_seconds()
            record.closed_until = max(record.closed_until, until)
            record.status = status

    def _record(self, host: str) -> _Host:
        if host not in self._hosts:
            if len(self._hosts) >= _MAX_IDLE_HOSTS:
                self._discard_idle()
            self._hosts[host] = _Host(asyncio.Semaphore(self._per_host))
        return self._hosts[host]

    def _discard_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        self._hosts = {
            name: record
            for name, record in self._hosts.items()
            if record.users
            or max(record.next_start, record.closed_until, record.unresponsive_until) > now
        }

    @contextmanager
    def _counting_failures(self, record: _Host) -> Iterator[Slot]:
        """Count consecutive requests without a response."""
        slot = Slot()
        try:
            yield slot
        except (Timeout, Unreachable):
            if not slot.answered:
                record.failures += 1
            if record.failures >= 2 * self._per_host:
                now = asyncio.get_running_loop().time()
                record.unresponsive_until = now + _UNRESPONSIVE_SECONDS
            raise
        finally:
            if slot.answered:
                record.failures = 0

    async def _space(self, record: _Host) -> None:
        async with record.spacing:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, record.next_start - loop.time()))
            record.next_start = loop.time() + self._spacing

    def _check(self, record: _Host) -> None:
        now = asyncio.get_running_loop().time()
        if record.closed_until > now:
            raise HeldBack(
                "another source of this host was asked to wait",
                status=record.status,
                retry_after=timedelta(seconds=record.closed_until - now),
            )
        if record.unresponsive_until > now:
            raise Unreachable("this host gave no answer to other sources just now")
