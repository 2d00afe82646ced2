"""Feeds are fetched from servers that do right, and from servers that do not."""

import asyncio
import ssl
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from aggregator.core.errors import (
    BlockedAddress,
    BodyTooLarge,
    FetchError,
    HTTPStatus,
    Timeout,
    TooManyRedirects,
    Unreachable,
)
from aggregator.core.model import Fetched, NotModified, Source, Validators
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers.feed import FeedFetcher
from tests.builders import gzipped
from tests.integration.wire import Reply, Request, Send, Wire, response, wired
from tests.waiting import HUNG

T = TypeVar("T")
FEED = b"<rss><channel><title>Seven</title></channel></rss>"
NOTHING = Validators()
OK = response(FEED)
CERTIFICATE = Path(__file__).parent / "loopback.pem"  # made for these tests, with its key


class Bench:
    """A server and a fetcher that may speak to it alone."""

    def __init__(self, wire: Wire, **kw: Any) -> None:
        self.wire = wire
        given: dict[str, Any] = {"timeout": timedelta(seconds=HUNG)}
        given["allow_private"] = (f"127.0.0.1:{wire.port}",)
        self.fetcher = FeedFetcher(FetchSettings(**given | kw))

    async def fetch(
        self, target: str = "/", validators: Validators = NOTHING, **kw: Any
    ) -> Fetched | NotModified:
        """Fetch once."""
        url = target if "://" in target else self.wire.url(target)
        return await self.fetcher.fetch(Source(**{"id": "one", "url": url} | kw), validators)

    async def content(self, target: str = "/", **kw: Any) -> bytes:
        """Fetch once and return the document's bytes."""
        result = await self.fetch(target, **kw)
        assert isinstance(result, Fetched)
        return result.documents[0].content


def run(test: Callable[[Bench], Awaitable[T]], **kw: Any) -> T:
    """Run a test against a server, with these settings."""

    async def inside() -> T:
        async with wired() as wire:
            bench = Bench(wire, **kw)
            try:
                return await asyncio.wait_for(test(bench), HUNG)
            finally:
                await bench.fetcher.close()

    return asyncio.run(inside())


def serve(reply: Any, **kw: Any) -> Fetched | NotModified:
    """Fetch what one reply brings."""

    async def test(bench: Bench) -> Fetched | NotModified:
        bench.wire.replies["/"] = reply
        return await bench.fetch()

    return run(test, **kw)


# --- the ordinary case ---------------------------------------------------------------------


def test_a_document_with_all_that_is_known_of_it() -> None:
    """Bytes, address, type, validators and freshness."""
    lines = (
        'ETag: W/"7"',
        "Last-Modified: Mon",
        "Content-Type: text/xml",
        "Cache-Control: max-age=60",
    )
    result = serve(response(FEED, 200, *lines))
    assert isinstance(result, Fetched)
    (document,) = result.documents
    assert (document.name, document.content, document.content_type) == ("one", FEED, "text/xml")
    assert document.url.startswith("http://127.0.0.1:")
    assert result.validators == Validators(etag='W/"7"', last_modified="Mon")
    assert result.hints.max_age == timedelta(minutes=1)
    assert (result.permanent, result.skipped, result.links) == ("", (), ())


@pytest.mark.parametrize("status", [200, 304])
def test_hub_and_topic_are_read_from_the_head(status: int) -> None:
    """Of a document and of a 304; relative ones are meant from where it was found."""
    lines = ('Link: <https://hub.example/>; rel="hub"', "Link: </topic>; rel=self", 'ETag: "1"')

    async def test(bench: Bench) -> Fetched | NotModified:
        bench.wire.replies["/"] = response(FEED if status == 200 else b"", status, *lines)
        return await bench.fetch(validators=Validators(etag='"1"'))

    hub, (rel, topic) = run(test).links
    assert hub == ("hub", "https://hub.example/")
    assert (rel, topic.startswith("http://127.0.0.1:"), topic[-6:]) == ("self", True, "/topic")


def test_the_request_is_honest_and_asks_for_nothing_odd() -> None:
    """It says who asks, and takes only what can be inflated within a bound."""

    async def test(bench: Bench) -> Request:
        bench.wire.replies["/"] = OK
        await bench.fetch()
        return bench.wire.asked[0]

    headers = run(test).headers
    assert headers["user-agent"].startswith("storyfold/")
    assert "(+https://" in headers["user-agent"]
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "application/atom+xml" in headers["accept"]
    assert not {"cookie", "authorization", "if-none-match", "if-modified-since"} & set(headers)
    assert run(test, user_agent="mine/1").headers["user-agent"] == "mine/1"


@pytest.mark.parametrize(
    "tag", ['"plain"', 'W/"weak"', '"\xe9\xff"', '"a\tb; X: 1"', "bare"], ids=repr
)
def test_a_second_fetch_is_conditional_byte_for_byte(tag: str) -> None:
    """What the server gave comes back as it was; its 304 is no document."""

    async def test(bench: Bench) -> None:
        async def reply(request: Request, send: Send) -> None:
            known = request.headers.get("if-none-match") == tag
            await send(response(b"", 304) if known else response(FEED, 200, f"ETag: {tag}"))

        bench.wire.replies["/"] = reply
        first = await bench.fetch()
        second = await bench.fetch(validators=first.validators)
        assert second == NotModified(validators=Validators(etag=tag))

    run(test)


def test_a_304_that_was_not_asked_for_is_an_error() -> None:
    """Else a feed would be empty for ever."""
    with pytest.raises(FetchError, match="not conditional"):
        serve(response(b"", 304))


def test_unicode_in_headers_is_tolerated() -> None:
    """Bytes that are no ASCII hurt nobody."""
    raw = OK.replace(b"Connection", b"X-Name: \xe9t\xe9 \xe5\xb8\x83\r\nConnection")
    assert isinstance(serve(raw), Fetched)


def test_the_users_headers_and_user_info_stay_with_his_server() -> None:
    """A redirect elsewhere gets none of them; hop-by-hop headers are never taken over."""

    async def test(bench: Bench) -> None:
        async with wired() as other:
            away = Bench(other, allow_private=("127.0.0.0/8",))
            bench.wire.replies |= {
                "/": response(b"", 302, "Location: /near"),
                "/near": response(b"", 302, f"Location: {other.url('/far')}"),
            }
            other.replies["/far"] = OK
            url = bench.wire.url("/").replace("//", "//me:secret@")
            headers = (("X-Key", "k"), ("Host", "evil.example"), ("Accept-Encoding", "br"))
            result = await away.fetch(url, headers=headers)
            await away.fetcher.close()
            for request in bench.wire.asked:
                assert request.headers["authorization"] == "Basic bWU6c2VjcmV0"
                assert request.headers["x-key"] == "k"
                assert request.headers["host"] == f"127.0.0.1:{bench.wire.port}"
                assert request.headers["accept-encoding"] == "gzip, deflate"
            assert not {"authorization", "x-key"} & set(other.asked[0].headers)
            assert "secret" not in repr(result)

    run(test)


@pytest.mark.parametrize("headers", [(("X-A", "b\r\nX-C: d"),), (("X A", "b"),), (("X", "例"),)])
def test_headers_that_cannot_be_sent(headers: tuple[tuple[str, str], ...]) -> None:
    """No header can smuggle another one in."""

    async def test(bench: Bench) -> int:
        with pytest.raises(FetchError, match="cannot be sent"):
            await bench.fetch(headers=headers)
        return len(bench.wire.asked)

    assert run(test) == 0


# --- redirects -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "lasting"),
    [
        ((301,), 1),
        ((308,), 1),
        ((302,), 0),
        ((303,), 0),
        ((307,), 0),
        ((301, 308, 301), 3),
        ((301, 302, 301), 1),
        ((302, 301), 0),
    ],
)
def test_redirects_are_followed(statuses: tuple[int, ...], lasting: int) -> None:
    """The document knows where it came from; only permanent ones in a row are reported."""

    async def test(bench: Bench) -> None:
        for place, status in enumerate(statuses):
            bench.wire.replies[f"/{place}"] = response(b"", status, f"Location: /{place + 1}")
        last = len(statuses)
        bench.wire.replies[f"/{last}"] = OK
        result = await bench.fetch("/0")
        assert isinstance(result, Fetched)
        assert result.documents[0].url == bench.wire.url(f"/{last}")
        assert result.permanent == (bench.wire.url(f"/{lasting}") if lasting else "")

    run(test)


def test_redirects_end() -> None:
    """A loop, and a chain that goes on and on, are given up."""

    async def test(bench: Bench) -> int:
        async def on(request: Request, send: Send) -> None:
            hop = int(request.target.partition("=")[2] or 0)
            await send(response(b"", 302, f"Location: /?hop={hop + 1}"))

        bench.wire.replies["/"] = on
        with pytest.raises(TooManyRedirects):
            await bench.fetch()
        return len(bench.wire.asked)

    assert run(test) == 11


@pytest.mark.parametrize("lines", [(), ("Location:",)])
def test_redirects_to_nowhere(lines: tuple[str, ...]) -> None:
    """They must say where to."""
    with pytest.raises(FetchError, match="without a Location"):
        serve(response(b"", 302, *lines))


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{other}/",
        "http://[::ffff:127.0.0.1]:{other}/",
        "http://2130706433:{other}/",
        "http://localhost:{other}/",
        "http://a@127.0.0.1:{port}/ok",
        "ftp://127.0.0.1:{port}/ok",
        "data:text/xml,<rss/>",
    ],
)
def test_redirects_lead_nowhere_inside(location: str) -> None:
    """Every hop is judged; nothing else is asked."""

    async def test(bench: Bench) -> None:
        async with wired() as inside:
            inside.replies["/"] = OK
            target = location.format(port=bench.wire.port, other=inside.port)
            bench.wire.replies["/"] = response(b"", 302, f"Location: {target}")
            with pytest.raises(BlockedAddress) as caught:
                await bench.fetch()
            assert caught.value.source_id == "one"
            assert (len(bench.wire.asked), len(inside.asked)) == (1, 0)

    run(test)


def test_cookies_are_kept_within_a_fetch_alone() -> None:
    """A gate gets back what it has just set; the next fetch knows nothing of it."""

    async def test(bench: Bench) -> None:
        bench.wire.replies["/"] = response(b"", 302, "Set-Cookie: a=b; Path=/", "Location: /to")
        bench.wire.replies["/to"] = OK
        await bench.fetch()
        await bench.fetch()
        assert [one.headers.get("cookie") for one in bench.wire.asked] == [None, "a=b"] * 2

    run(test)


# --- statuses ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [201, 202, 204, 300, 400, 403, 404, 410, 500, 503, 599])
def test_other_statuses_bring_no_document(status: int) -> None:
    """Whatever the body is."""
    with pytest.raises(HTTPStatus) as caught:
        serve(response(b"" if status == 204 else FEED, status))
    assert caught.value.status == status
    assert str(caught.value).startswith(str(status))


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (206, (f"Content-Range: bytes 0-{len(FEED) - 1}/{len(FEED)}",)),
        (206, ()),
        (226, ("IM: feed",)),
        (226, ()),
    ],
)
def test_a_whole_document_may_come_as_a_part(status: int, lines: tuple[str, ...]) -> None:
    """Some servers say so of every answer."""
    result = serve(response(FEED, status, *lines))
    assert isinstance(result, Fetched)
    assert result.documents[0].content == FEED


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (206, "Content-Range: bytes 5-20/21"),
        (206, "Content-Range: bytes 0-20/9999"),
        (206, "Content-Range: bytes 0-20/noise"),
        (206, "Content-Type: multipart/byteranges; boundary=x"),
        (226, "IM: vcdiff"),
    ],
)
def test_a_part_is_no_document(status: int, line: str) -> None:
    """Its end would be taken for the feed's."""
    with pytest.raises(HTTPStatus):
        serve(response(FEED, status, line))


def test_a_host_that_asks_for_peace_is_not_asked_by_others() -> None:
    """Within a run its other sources wait as long."""

    async def test(bench: Bench) -> None:
        bench.wire.replies["/"] = response(b"", 429, "Retry-After: 3600")
        bench.wire.replies["/other"] = OK
        for target in ("/", "/other"):
            with pytest.raises(HTTPStatus) as caught:
                await bench.fetch(target)
            assert caught.value.retry_after is not None
            assert caught.value.retry_after > timedelta(minutes=59)
        assert len(bench.wire.asked) == 1

    run(test)


# --- bodies --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzipped(FEED)), ("deflate", zlib.compress(FEED)), ("identity", FEED)],
    ids=["gzip", "deflate", "identity"],
)
def test_bodies_are_inflated(coding: str, body: bytes) -> None:
    """What was asked for is understood."""
    result = serve(response(body, 200, f"Content-Encoding: {coding}"))
    assert isinstance(result, Fetched)
    assert result.documents[0].content == FEED


@pytest.mark.parametrize("body", [b"", b" \r\n\t ", b"\xef\xbb\xbf\n"])
def test_an_empty_document_is_an_error(body: bytes) -> None:
    """A feed is never emptied by nothing."""
    with pytest.raises(FetchError, match="empty"):
        serve(response(body))


@pytest.mark.parametrize(
    "raw",
    [
        response(FEED[:20], length=len(FEED)),
        response(FEED, length=-5),
        response(FEED, length=9 * 10**18),
        response(gzipped(FEED)[:-7], 200, "Content-Encoding: gzip"),
        response(b"\x1b\x03\x40\xf8" * 40, 200, "Content-Encoding: br"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<rss>\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"\x00\x01\x02 noise \xff" * 100,
        FEED,
        b"",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000,
    ],
    ids=[
        "short", "negative", "huge", "gzip cut", "brotli", "chunked cut", "chunk size", "head cut",
        "noise", "no head", "nothing", "head too long",
    ],
)  # fmt: skip
def test_broken_answers_are_errors(raw: bytes) -> None:
    """No crash, and no half document."""
    with pytest.raises(FetchError) as caught:
        serve(raw)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "line",
    [
        '"X-XSS-Protection: 0"',
        "X-Frame/Options: deny",
        "X Frame Options: deny",
        "X-Frame-Options : deny",
        "no colon at all",
        "no colon\r\n and it goes on: here",
        ": no name",
        "Größe: 1",
        "X-(c): 1",
        "Transfer-Encoding: identity",
        "",
    ],
)
def test_a_line_that_is_no_header_is_left_out(line: str) -> None:
    """As browsers and curl do."""
    result = serve(response(FEED, 200, *filter(None, [line]), "ETag: v1"))
    assert isinstance(result, Fetched)
    assert (result.documents[0].content, result.validators.etag) == (FEED, "v1")


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n%s\r\n\r\n"
    + b"%x\r\n" % len(FEED)
    + FEED
    + b"\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    "lines",
    [
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: Chunked",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: identity, chunked",
        b'"quoted: 1"\r\nTransfer-Encoding: chunked',
    ],
)
def test_chunked_may_be_said_twice(lines: bytes) -> None:
    """It means the same."""
    result = serve(CHUNKED.replace(b"%s", lines))
    assert isinstance(result, Fetched)
    assert result.documents[0].content == FEED


@pytest.mark.parametrize(
    "lines",
    [
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding\t: chunked",
        b'"Transfer-Encoding: chunked"',
        b"Transfer Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length : 5",
        b"Content-Length: 5, 6",
        b"Content-Length: +5",
        b"X: a\rTransfer-Encoding: chunked",
        b"noise\rContent-Length: 5",
        b"X-Nul: a\x00b",
        b"no colon \x00",
    ],
)
def test_what_two_readers_may_frame_differently_is_refused(lines: bytes) -> None:
    """An answer is never split where another reader would not split it."""
    with pytest.raises(FetchError, match="invalid HTTP"):
        serve(CHUNKED.replace(b"%s", lines))


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_body_over_the_limit_is_not_read_to_its_end(coding: str) -> None:
    """Whether it is large or becomes so."""
    sent = 0
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = engine.compress(bytes(4_000_000)) + engine.flush() if coding else bytes(100_000)

    async def pour(_: Request, send: Send) -> None:
        nonlocal sent
        await send(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n" % coding.encode())
        while True:
            await send(piece)
            sent += len(piece)

    with pytest.raises(BodyTooLarge, match="larger than 1 MB"):
        serve(pour, max_size=1_000_000)
    assert sent < 20_000_000


def test_chunks_may_not_hold_more_wrapping_than_body() -> None:
    """Extensions of chunks count too."""

    async def pour(_: Request, send: Send) -> None:
        await send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await send(b"1;%s\r\na\r\n" % (b"x" * 5000))

    with pytest.raises(FetchError, match="larger than head and body may be"):
        serve(pour, max_size=100_000)


# --- time ----------------------------------------------------------------------------------


async def _silence(_: Request, __: Send) -> None:
    await asyncio.sleep(2 * HUNG)


async def _slow_head(_: Request, send: Send) -> None:
    while True:
        await send(b"H")
        await asyncio.sleep(0.02)


async def _slow_body(_: Request, send: Send) -> None:
    await send(response(b"<", length=1000))
    while True:
        await send(b" ")
        await asyncio.sleep(0.02)


async def _hints(_: Request, send: Send) -> None:
    while True:
        await send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await asyncio.sleep(0.001)


async def _around(_: Request, send: Send) -> None:
    await asyncio.sleep(0.3)
    await send(response(b"", 302, "Location: /around"))


def test_one_deadline_holds_for_the_whole_fetch() -> None:
    """However the time is spent; and other feeds do not wait for it."""
    bad: dict[str, Reply] = {
        "/silence": _silence,
        "/head": _slow_head,
        "/body": _slow_body,
        "/hints": _hints,
    }

    async def test(bench: Bench) -> None:
        bench.wire.replies |= bad
        bench.wire.replies |= {"/good": OK, "/around": _around}
        loop = asyncio.get_running_loop()
        hanging = asyncio.create_task(bench.fetch("/silence", timeout=timedelta(seconds=2 * HUNG)))
        await asyncio.gather(*[bench.content(f"/good?{n}") for n in range(20)])
        assert not hanging.done()
        hanging.cancel()
        start = loop.time()
        tasks = [asyncio.create_task(bench.fetch(target)) for target in (*bad, "/around")]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in results] == [Timeout] * 5
        assert {str(one) for one in results} == {"no complete response within 2 s"}
        assert loop.time() - start > 1.9

    run(test, timeout=timedelta(seconds=2), per_host=20)


def test_a_flood_of_early_hints_ends_with_the_head() -> None:
    """A head has a size, whatever it is made of."""

    async def flood(_: Request, send: Send) -> None:
        while True:
            await send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)

    with pytest.raises(FetchError, match="larger than head"):
        serve(flood)


def test_a_source_has_a_deadline_of_its_own() -> None:
    """It goes before the one for all."""

    async def test(bench: Bench) -> None:
        bench.wire.replies["/"] = _silence
        with pytest.raises(Timeout, match=r"within 0\.3 s"):
            await bench.fetch(timeout=timedelta(milliseconds=300))

    run(test)


def test_waiting_for_a_turn_is_not_counted() -> None:
    """A host with many sources answers them two at a time; none runs out of time in the queue."""

    async def test(bench: Bench) -> None:
        async def slow(_: Request, send: Send) -> None:
            await asyncio.sleep(0.5)
            await send(OK)

        bench.wire.replies["/"] = slow
        await asyncio.gather(*[bench.content() for _ in range(14)])
        assert bench.wire.most == 2

    run(test, timeout=timedelta(seconds=3), per_host=2)


def test_connections_are_used_again() -> None:
    """Several feeds of a server need one connection."""

    async def test() -> int:
        connections = 0

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            while await reader.read(10_000):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<rss>")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        bench = Bench(Wire(port=server.sockets[0].getsockname()[1]))
        for n in range(3):
            assert await bench.content(f"/{n}") == b"<rss>"
        await bench.fetcher.close()
        server.close()
        await asyncio.sleep(0.05)
        return connections

    assert asyncio.run(test()) == 1


# --- connections ---------------------------------------------------------------------------


def test_nothing_inside_is_asked_by_default() -> None:
    """The user's own network is out of bounds unless he allows it."""

    async def test(bench: Bench) -> None:
        bench.wire.replies["/"] = OK
        with pytest.raises(BlockedAddress, match="loopback"):
            await bench.fetch()
        with pytest.raises(BlockedAddress, match="internal network"):
            await bench.fetch(f"http://localhost:{bench.wire.port}/")
        assert not bench.wire.asked

    run(test, allow_private=())


def test_a_name_may_be_allowed() -> None:
    """Whatever it leads to."""

    async def test(bench: Bench) -> None:
        bench.wire.replies["/"] = OK
        url = f"http://localhost:{bench.wire.port}/"
        assert await bench.content(url) == FEED

    run(test, allow_private=("localhost",))


def test_nobody_listens() -> None:
    """A server that is down is told from one that errs."""

    async def test(bench: Bench) -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(Unreachable, match=r"no connection to 127\.0\.0\.1: .*refused"):
            await bench.fetch(f"http://127.0.0.1:{port}/")

    run(test, allow_private=("127.0.0.1",))


def test_a_server_without_tls() -> None:
    """A broken handshake is no crash."""

    async def test(bench: Bench) -> None:
        with pytest.raises(FetchError):
            await bench.fetch(bench.wire.url("/").replace("http:", "https:"))

    run(test, timeout=timedelta(seconds=2))


@pytest.mark.parametrize("known", [True, False])
def test_certificates_are_checked(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server must show one that an authority of the system, or of the user's, vouches for."""
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    async def test() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        bench = Bench(Wire(port=server.sockets[0].getsockname()[1]))
        url = bench.wire.url("/").replace("http:", "https:")
        try:
            if known:
                assert await bench.content(url) == FEED
            else:
                with pytest.raises(Unreachable, match="certificate verify failed"):
                    await bench.content(url)
        finally:
            await bench.fetcher.close()
            server.close()
            await asyncio.sleep(0.05)

    asyncio.run(test())


def test_the_proxy_is_the_trusted_hop() -> None:
    """It stands in our own network, gets our credentials for it, and all requests."""

    async def test(bench: Bench) -> None:
        bench.wire.replies["http://feeds.example/"] = OK
        settings = FetchSettings(proxy=f"http://me:secret@127.0.0.1:{bench.wire.port}")
        fetcher = FeedFetcher(settings)
        feed = Source(id="one", url="http://feeds.example/")
        result = await fetcher.fetch(feed, NOTHING)
        assert isinstance(result, Fetched)
        (request,) = bench.wire.asked
        assert request.target == "http://feeds.example/"
        assert request.headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"
        for url in (bench.wire.url("/"), "http://localhost/", "http://10.0.0.1/"):
            with pytest.raises(BlockedAddress):
                await fetcher.fetch(Source(id="two", url=url), NOTHING)
        with pytest.raises(FetchError):
            await fetcher.fetch(Source(id="tls", url="https://feeds.example/"), NOTHING)
        assert bench.wire.asked[-1].target == "feeds.example:443"
        await fetcher.close()

    run(test)
