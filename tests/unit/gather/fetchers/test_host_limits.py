"""Requests are let through so many at once, so many a host, spaced; a silent host stops none."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from itertools import pairwise

import pytest

from aggregator.core.errors import FetchError, HTTPStatus, Timeout, Unreachable
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers import _host_limits
from aggregator.gather.fetchers._host_limits import HostLimits
from tests.waiting import HUNG, soon

SOON = timedelta(milliseconds=20)
NEVER = timedelta(hours=1)


def make_limits(**kw: object) -> HostLimits:
    """Make limits without spacing."""
    return HostLimits(FetchSettings(**{"spacing": timedelta(), **kw}))  # type: ignore[arg-type]


def run(test: Coroutine[None, None, None]) -> None:
    """Run a test, which may not take long."""
    asyncio.run(asyncio.wait_for(test, HUNG))


class Crowd:
    """Requests that count how many of them are inside at once."""

    def __init__(self, limits: HostLimits) -> None:
        self.limits = limits
        self.inside: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.starts: list[float] = []

    async def ask(self, host: str, error: Exception | None = None) -> None:
        """Enter and stay a moment."""
        async with self.limits.slot(host) as slot:
            self.starts.append(asyncio.get_running_loop().time())
            for name in (host, "all"):
                self.inside[name] = self.inside.get(name, 0) + 1
                self.most[name] = max(self.most.get(name, 0), self.inside[name])
            await asyncio.sleep(0.005)
            for name in (host, "all"):
                self.inside[name] -= 1
            if error:
                raise error
            slot.answered = True


def test_limits() -> None:
    """Never more at once than allowed, in all and a host."""

    async def test() -> None:
        crowd = Crowd(make_limits(concurrency=5, per_host=2))
        await asyncio.gather(*[crowd.ask(f"host{n % 10}") for n in range(60)])
        assert crowd.most.pop("all") == 5
        assert set(crowd.most.values()) <= {1, 2}

    run(test())


def test_who_waits_for_a_host_holds_nobody_up() -> None:
    """Requests that queue for a slow host take no slot of the others."""

    async def test() -> None:
        limits = make_limits(concurrency=3, per_host=2)
        leave = asyncio.Event()

        async def hang() -> None:
            async with limits.slot("slow"):
                await leave.wait()

        slow = [asyncio.create_task(hang()) for _ in range(10)]
        await asyncio.sleep(0)
        crowd = Crowd(limits)
        await asyncio.gather(*[crowd.ask(f"host{n}") for n in range(10)])
        leave.set()
        await asyncio.gather(*slow)

    run(test())


@pytest.mark.parametrize("own", [False, True])
def test_spacing(own: bool) -> None:
    """Requests to one public host start apart; the user's own servers need no courtesy."""

    async def test() -> None:
        limits = make_limits(spacing=NEVER if own else SOON)
        starts: list[float] = []

        async def ask(host: str) -> None:
            async with limits.slot(host, own=own):
                starts.append(asyncio.get_running_loop().time())

        await asyncio.gather(*[ask("one") for _ in range(4)])
        apart = [later - earlier for earlier, later in pairwise(starts)]
        assert own or min(apart) >= SOON.total_seconds() * 0.9
        limits = make_limits(spacing=NEVER)
        await asyncio.gather(*[ask(f"host{n}") for n in range(4)])

    run(test())


@pytest.mark.parametrize("scope", ["host", "source"])
def test_a_host_that_asks_for_peace_gets_it(scope: str) -> None:
    """Those who wait for it are turned away too, by status and time, if the setting says so."""

    async def test() -> None:
        limits = make_limits(retry_after_scope=scope)
        limits.hold_back("one", timedelta(hours=1), 503)
        limits.hold_back("one", timedelta(minutes=1), 429)
        async with limits.slot("two"):
            pass
        if scope == "source":
            async with limits.slot("one"):
                return
        with pytest.raises(HTTPStatus, match="another source") as caught:
            async with limits.slot("one"):
                pass
        assert caught.value.retry_after is not None
        assert timedelta(minutes=59) < caught.value.retry_after <= timedelta(hours=1)

    run(test())


def test_peace_asked_for_while_others_wait() -> None:
    """Who was already in line is turned away."""

    async def test() -> None:
        limits = make_limits(spacing=SOON)
        turned_away = 0

        async def ask() -> None:
            nonlocal turned_away
            try:
                async with limits.slot("one"):
                    limits.hold_back("one", timedelta(hours=1), 429)
            except HTTPStatus:
                turned_away += 1

        await asyncio.gather(*[ask() for _ in range(6)])
        assert turned_away == 5

    run(test())


@pytest.mark.parametrize("error", [Timeout("late"), Unreachable("nobody")], ids=repr)
def test_a_silent_host_is_given_up(error: FetchError) -> None:
    """After several requests without an answer the rest fails at once, others not at all."""

    async def test() -> None:
        crowd = Crowd(make_limits(per_host=2))
        results = await asyncio.gather(
            *[crowd.ask("dead", error) for _ in range(50)],
            *[crowd.ask("alive") for _ in range(5)],
            return_exceptions=True,
        )
        assert 4 <= len(crowd.starts) - 5 <= 6
        assert results[50:] == [None] * 5
        assert "other sources" in str(results[49])

    run(test())


def test_an_answer_shows_that_a_host_lives() -> None:
    """Errors of the server, and answers that come too slowly, are no silence."""

    async def test() -> None:
        limits = make_limits(per_host=1)

        async def fail(error: FetchError, *, answered: bool) -> None:
            async with limits.slot("one") as slot:
                slot.answered = answered
                raise error

        for _ in range(10):
            with pytest.raises(Timeout, match="slow body"):
                await fail(Timeout("slow body"), answered=True)
            with pytest.raises(FetchError, match="odd"):
                await fail(FetchError("odd"), answered=False)

    run(test())


def test_idle_hosts_are_forgotten() -> None:
    """Redirects to ever new hosts do not fill the memory; what matters is kept."""

    async def test() -> None:
        limits = make_limits()
        limits.hold_back("kept", timedelta(hours=1), 429)
        for n in range(3 * _host_limits._MAX_IDLE_HOSTS):
            async with limits.slot(f"host{n}"):
                pass
        assert len(limits._hosts) <= _host_limits._MAX_IDLE_HOSTS
        assert "kept" in limits._hosts

    run(test())


def test_hosts_that_hang_keep_a_share_of_the_slots() -> None:
    """Many hosts without an answer hold up the others for a moment; their number is bounded."""

    async def test() -> None:
        limits, leave = make_limits(concurrency=2), asyncio.Event()
        inside = 0

        async def hang(number: int) -> None:
            nonlocal inside
            async with limits.slot(f"hangs{number}"):
                inside += 1
                await leave.wait()

        hanging = [asyncio.create_task(hang(number)) for number in range(20)]
        await soon(lambda: inside == 6)  # two that work, and four that wait
        await asyncio.sleep(0.1)
        assert inside == 6
        for task in hanging[4:]:
            task.cancel()
        await Crowd(limits).ask("answers")
        leave.set()
        await asyncio.gather(*hanging, return_exceptions=True)
        crowd = Crowd(limits)
        await asyncio.gather(*[crowd.ask(f"host{n}") for n in range(30)])
        assert crowd.most["all"] == 2  # all slots were given back

    run(test())


def test_a_few_that_hang_hold_nobody_up() -> None:
    """With fewer hosts that hang than may wait, others are answered."""

    async def test() -> None:
        limits, leave = make_limits(concurrency=2), asyncio.Event()

        async def hang(number: int) -> None:
            async with limits.slot(f"hangs{number}"):
                await leave.wait()

        hanging = [asyncio.create_task(hang(number)) for number in range(4)]
        await asyncio.sleep(0)
        await asyncio.gather(*[Crowd(limits).ask(f"host{n}") for n in range(30)])
        assert not any(one.done() for one in hanging)
        leave.set()
        await asyncio.gather(*hanging)

    run(test())
