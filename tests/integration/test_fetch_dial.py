"""Connections are made to judged addresses alone, whatever a name's servers say."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable, Sequence

import httpcore
import pytest

from aggregator.core.errors import BlockedAddress, ConfigError, Unreachable
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._dial import Dialer, resolve_host
from aggregator.gather.fetchers._guard import Allowed
from aggregator.gather.fetchers.feed import make
from tests.waiting import HUNG, soon


class Names:
    """A name service that answers from a table and counts what it was asked."""

    def __init__(self, **answers: Sequence[str] | Exception) -> None:
        self.answers = answers
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Iterable[str]:
        self.asked.append((host, port))
        answer = self.answers[host.partition(".")[0]]
        if isinstance(answer, Exception):
            raise answer
        return answer


def dial(host: str, names: Callable[[str, int], Iterable[str]], *allowed: str) -> bool:
    """Connect to a host at the port of a server; say whether that server was reached."""

    async def test() -> bool:
        reached = asyncio.Event()

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            reached.set()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            stream = await Dialer(Allowed(allowed), resolve=names).connect_tcp(host, port, HUNG)
            await asyncio.wait_for(reached.wait(), HUNG)
            await stream.aclose()
        finally:
            server.close()
        return reached.is_set()

    return asyncio.run(test())


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["93.184.215.14", "127.0.0.1"],
        ["127.0.0.1", "93.184.215.14"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%1"],
        ["10.0.0.1"],
    ],
    ids=str,
)
def test_names_that_lead_inside(answer: list[str]) -> None:
    """One inner address among public ones is enough to refuse a name."""
    with pytest.raises(BlockedAddress, match=r"a\.example leads to"):
        dial("a.example", Names(a=answer))


def test_the_judged_address_is_the_one_that_is_used() -> None:
    """The name is not looked up again between the judgement and the connection."""
    names = Names(a=["127.0.0.1"])
    assert dial("a.example", names, "127.0.0.0/8")
    assert len(names.asked) == 1


def test_an_address_needs_no_look_up() -> None:
    """In no notation."""
    names = Names()
    assert dial("127.1", names, "127.0.0.1")
    assert names.asked == []


def test_other_addresses_are_tried() -> None:
    """A host with several addresses is reached if one of the first answers."""
    assert dial("a.example", Names(a=["127.0.0.9", "127.0.0.8", "127.0.0.1"]), "127.0.0.0/8")
    late = ["127.0.0.9"] * 9 + ["127.0.0.1"]
    with pytest.raises(Unreachable, match=r"no connection to a\.example: .*refused"):
        dial("a.example", Names(a=late), "127.0.0.0/8")


@pytest.mark.parametrize(
    "answer",
    [OSError(), UnicodeError(), [], ["no address"]],
    ids=repr,
)
def test_names_that_lead_nowhere(answer: Sequence[str] | Exception) -> None:
    """They are errors of the source; inner names are refused, whatever is allowed besides."""
    with pytest.raises(Unreachable, match="no such host"):
        dial("a.example", Names(a=answer), "127.0.0.1")
    if isinstance(answer, Exception):
        with pytest.raises(BlockedAddress, match="internal network"):
            dial("a.internal", Names(a=answer), "127.0.0.1")
        with pytest.raises(Unreachable):
            dial("a.internal", Names(a=answer), "a.internal")


def test_a_resolver_that_cannot_be_asked() -> None:
    """No network is told from no such name."""
    names = Names(a=socket.gaierror(socket.EAI_AGAIN, "try again"))
    with pytest.raises(Unreachable, match="DNS lookup failed for"):
        dial("a.example", names)


class Deaf(httpcore.AsyncNetworkBackend):
    """A network in which nobody answers; it counts how long each address was waited for."""

    def __init__(self) -> None:
        self.waits: list[tuple[str, float | None]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Wait in vain."""
        self.waits.append((host, timeout))
        raise httpcore.ConnectTimeout(f"{host}:{port} {local_address} {socket_options}")


def test_an_address_that_does_not_answer_is_left_for_the_next() -> None:
    """Only the last one may take all the time that there is."""
    deaf = Deaf()
    names = Names(a=["2600:1406::1", "93.184.215.14"])
    dialer = Dialer(Allowed(), resolve=names, network=deaf)
    with pytest.raises(Unreachable, match="no response in time"):
        asyncio.run(dialer.connect_tcp("a.example", 80))
    assert deaf.waits == [("2600:1406::1", 3.0), ("93.184.215.14", None)]


def test_internal_names_must_lead_to_what_is_allowed() -> None:
    """A public address behind an inner name is as suspect."""
    with pytest.raises(BlockedAddress, match="internal network"):
        dial("a.internal", Names(a=["93.184.215.14"]), "10.0.0.0/8")
    assert dial("a.internal", Names(a=["127.0.0.1"]), "127.0.0.0/8")


def test_a_look_up_that_hangs_holds_up_nothing() -> None:
    """Neither other look-ups nor the end of the process."""
    answered = threading.Event()
    asked: list[str] = []

    def slow(host: str, _: int) -> list[str]:
        asked.append(host)
        if host != "b.example":
            answered.wait(2 * HUNG)
        return ["127.0.0.9"]

    async def test() -> None:
        dialer = Dialer(Allowed(["127.0.0.9"]), resolve=slow)
        hanging = [asyncio.create_task(dialer.connect_tcp("a.example", 9)) for _ in range(50)]
        await soon(lambda: asked)
        with pytest.raises(Unreachable):
            await dialer.connect_tcp("b.example", 9)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    asyncio.run(asyncio.wait_for(test(), HUNG))
    assert not answered.is_set()
    answered.set()


def test_the_system_is_asked_twice() -> None:
    """So that a name that changes its answer shows itself."""
    assert set(resolve_host("localhost", 80)) <= {"127.0.0.1", "::1"}
    assert resolve_host("127.0.0.1", 80) == ("127.0.0.1",)


def test_there_is_no_way_but_tcp() -> None:
    """Sockets of the file system are not offered."""
    with pytest.raises(NotImplementedError):
        asyncio.run(Dialer(Allowed()).connect_unix_socket("/run/x"))
    assert issubclass(Dialer, httpcore.AsyncNetworkBackend)


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "http://[::1", "nonsense", "ftp://x", "http://"]
)
def test_proxies_that_cannot_be_used(proxy: str) -> None:
    """They are errors of the configuration, found before anything is asked."""
    with pytest.raises(ConfigError, match=r"fetch\.proxy"):
        make(FetchSettings(proxy=proxy))
