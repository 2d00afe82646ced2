"""Lets requests through one after the other: so many at once, so many a host, spaced."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from aggregator.core.errors import HeldBack, Timeout, Unreachable
from aggregator.core.settings import FetchSettings

_MOST = 1000  # idle hosts that are remembered
_SILENT = 60.0  # seconds for which a host that gave no answer several times is not asked


@dataclass(slots=True)
class _Host:
    """What is known of one server; times by the loop's clock."""

    slots: asyncio.Semaphore
    users: int = 0  # requests that run or wait
    next_start: float = 0.0
    closed_until: float = 0.0  # it asked to be left in peace, with this status
    status: int = 429
    misses: int = 0  # requests in a row that got no answer
    silent_until: float = 0.0
    line: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Turn:
    """One request's leave to go; it tells whether the server spoke."""

    answered: bool = False


class Gate:
    """Counts requests; a request waits for its host first, so no slot is held by the waiting."""

    def __init__(self, settings: FetchSettings) -> None:
        self._per_host = settings.per_host
        self._spacing = settings.spacing.total_seconds()
        self._whole_host = settings.retry_after_scope == "host"
        self._all = asyncio.Semaphore(settings.concurrency)
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def enter(self, host: str, *, own: bool = False) -> AsyncIterator[Turn]:
        """Wait for a turn; raises HeldBack if the host asked to be left in peace meanwhile.

        Raises Unreachable at once where several requests in a row got no answer, so that many
        sources of a dead host do not wait for it one after the other. `own` is a host of the
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
                async with self._all:
                    with self._watched(record) as turn:
                        yield turn
        finally:
            record.users -= 1

    def leave_in_peace(self, host: str, span: timedelta, status: int) -> None:
        """Let nobody through to this host for a time, if a Retry-After holds for hosts."""
        if self._whole_host:
            record = self._record(host)
            until = asyncio.get_running_loop().time() + span.total_seconds()
            record.closed_until = max(record.closed_until, until)
            record.status = status

    def _record(self, host: str) -> _Host:
        if host not in self._hosts:
            if len(self._hosts) >= _MOST:
                self._forget_idle()
            self._hosts[host] = _Host(asyncio.Semaphore(self._per_host))
        return self._hosts[host]

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        self._hosts = {
            name: record
            for name, record in self._hosts.items()
            if record.users
            or max(record.next_start, record.closed_until, record.silent_until) > now
        }

    @contextmanager
    def _watched(self, record: _Host) -> Iterator[Turn]:
        """Count requests in a row that got no answer."""
        turn = Turn()
        try:
            yield turn
        except (Timeout, Unreachable):
            if not turn.answered:
                record.misses += 1
            if record.misses >= 2 * self._per_host:
                record.silent_until = asyncio.get_running_loop().time() + _SILENT
            raise
        finally:
            if turn.answered:
                record.misses = 0

    async def _space(self, record: _Host) -> None:
        async with record.line:
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
        if record.silent_until > now:
            raise Unreachable("this host gave no answer to other sources just now")
