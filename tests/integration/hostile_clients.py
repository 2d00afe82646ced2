"""What hostile or broken clients do to a server, as a table: what each sends, and how it may end."""

import asyncio
import contextlib
import random
import select
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tests.waiting import HUNG

HOST = b"Host: 127.0.0.1\r\n"
FEED = b"/feeds/merged.atom"
MOST_SENT = 20_000_000  # bytes that a client manages to send before the server ends it
_MOST_KEPT = 100_000  # bytes of the answers that are looked at
_RANDOM = random.Random(7).randbytes(5_000)


def get(path: bytes = b"/healthz", *headers: bytes, version: bytes = b"1.1") -> bytes:
    """Return a complete request."""
    lines = b"".join(one + b"\r\n" for one in headers)
    return b"GET " + path + b" HTTP/" + version + b"\r\n" + HOST + lines + b"\r\n"


def post(path: bytes, headers: bytes, body: bytes = b"") -> bytes:
    """Return a request with a body, which need not fit its headers."""
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What one client sends: `first`, then `more` again and again after each pause.

    `statuses` are those it may be answered, 0 stands for none; the connection must be closed by
    the server unless the client `closes` it. `reads` bytes are read at once, -1 stands for all.
    """

    name: str
    first: bytes = b""
    more: bytes = b""
    pause: float = 0.0
    statuses: Iterable[int] = (0, 400)
    reads: int = -1
    closes: Literal["", "half", "reset", "whole"] = ""
    answers: int = 1  # at least, when there is a status


@dataclass(slots=True)
class Outcome:
    """How a client fared."""

    status: int = 0
    answers: int = 0
    received: int = 0
    sent: int = 0
    ended: bool = False


_ANY = (0, 200, 308, 400, 404, 405, 408, 421, 431)
_LATE = (0, 408)
_LARGE = (0, 431)
_CHUNKED = b"Transfer-Encoding: chunked"

CLIENTS = (
    # heads that never end
    Client(name="silent", statuses=(0,)),
    Client(name="one byte", first=b"G", statuses=_LATE),
    Client(name="half a request line", first=b"GET /hea", statuses=_LATE),
    Client(name="half a head", first=b"GET / HTTP/1.1\r\nHost:", statuses=_LATE),
    Client(name="head without its last line", first=get()[:-2], statuses=_LATE),
    Client(name="head, a byte at a time", first=b"G", more=b"E", pause=0.05),
    Client(
        name="head, a header at a time",
        first=get()[:-2],
        more=b"X-A: b\r\n",
        pause=0.05,
        statuses=_LATE,
    ),
    Client(name="blank lines, one at a time", more=b"\r\n", pause=0.05, statuses=_LATE),
    Client(
        name="second head never ends",
        first=get() + b"GET / HTTP/1.1\r\nX:",
        statuses=(200,),
    ),
    Client(
        name="second head, a byte at a time",
        first=get() + b"GET / HTTP/1.1\r\nX:",
        more=b"a",
        pause=0.05,
        statuses=(200,),
    ),
    # heads that are too large
    Client(name="blank lines without end", more=b"\r\n" * 20_000, statuses=(0, 400, 431)),
    Client(
        name="long header",
        first=get(b"/", b"X-A: " + b"a" * 100_000),
        statuses=_LARGE,
    ),
    Client(
        name="header without end",
        first=get()[:-2] + b"X-A: ",
        more=b"a" * 60_000,
        statuses=_LARGE,
    ),
    Client(
        name="header name without end",
        first=get()[:-2],
        more=b"a" * 60_000,
        statuses=_LARGE,
    ),
    Client(
        name="headers without end",
        first=get()[:-2],
        more=b"X-A: b\r\n" * 5_000,
        statuses=_LARGE,
    ),
    Client(name="long URL", first=get(b"/" + b"a" * 100_000), statuses=_LARGE),
    Client(name="URL without end", first=b"GET /", more=b"a" * 60_000, statuses=_LARGE),
    Client(name="method without end", more=b"G" * 60_000, statuses=(0, 400, 431)),
    Client(
        name="20,000 headers at once",
        first=get(b"/", *[b"X-A: b"] * 20_000),
        statuses=_LARGE,
    ),
    # what is no request
    Client(name="zero bytes", first=b"\0" * 1_000),
    Client(name="random bytes", first=_RANDOM),
    Client(name="random bytes without end", more=_RANDOM),
    Client(name="TLS", first=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + _RANDOM[:500]),
    Client(name="HTTP/2", first=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9),
    Client(name="HTTP/0.9", first=b"GET /healthz\r\n\r\n", statuses=_ANY),
    Client(name="HTTP/3.0", first=get(version=b"3.0"), statuses=_ANY),
    Client(name="HTTP/1.9999999999", first=get(version=b"1.9999999999")),
    Client(name="SSH", first=b"SSH-2.0-OpenSSH_9.6\r\n"),
    Client(name="SMTP", first=b"EHLO example.org\r\n"),
    Client(name="PROXY protocol", first=b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n" + get()),
    Client(name="unknown method", first=get().replace(b"GET", b"BREW")),
    Client(name="line ends of one byte", first=get().replace(b"\r\n", b"\n"), statuses=_ANY),
    Client(name="space before a colon", first=get(b"/healthz", b"X-A : b"), statuses=_ANY),
    Client(name="folded header", first=get(b"/healthz", b"X-A: b\r\n c"), statuses=_ANY),
    Client(name="control character in a header", first=get(b"/healthz", b"X-A: \x01\x02")),
    # odd requests
    Client(name="no host", first=b"GET /healthz HTTP/1.1\r\n\r\n", statuses=(200, 400)),
    Client(name="two hosts", first=get(b"/", b"Host: 127.0.0.1"), statuses=(421, 400)),
    Client(
        name="another host",
        first=get(b"/").replace(b"127.0.0.1", b"evil.example"),
        statuses=(421,),
    ),
    Client(name="absolute URL", first=get(b"http://evil.example/etc"), statuses=(404, 421)),
    Client(name="CONNECT", first=b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    Client(name="OPTIONS *", first=get(b"*").replace(b"GET", b"OPTIONS"), statuses=(400, 404, 405)),
    Client(name="TRACE", first=get(b"/").replace(b"GET", b"TRACE"), statuses=(405, 400)),
    Client(name="path upwards", first=get(b"/feeds/../../../etc/passwd"), statuses=(404,)),
    Client(
        name="encoded path upwards", first=get(b"/feeds/%2e%2e%2faggregator.yaml"), statuses=(404,)
    ),
    Client(name="zero byte in the path", first=get(b"/feeds/merged.atom%00"), statuses=(404,)),
    Client(name="overlong UTF-8", first=get(b"/feeds/%c0%ae%c0%ae%c0%af"), statuses=(404,)),
    Client(name="raw bytes in the path", first=get(b"/\xff\xfe"), statuses=(0, 400, 404)),
    Client(name="lone percent sign", first=get(b"/%"), statuses=(404, 400)),
    Client(name="long query", first=get(FEED + b"?q=" + b"a" * 50_000), statuses=(400,)),
    Client(name="many fields", first=get(FEED + b"?" + b"q=a&" * 5_000), statuses=(400,)),
    Client(
        name="many ranges",
        first=get(b"/style.css", b"Range: bytes=" + b"0-1," * 9_000 + b"0-1"),
        statuses=(200,),
    ),
    Client(
        name="many tags",
        first=get(b"/style.css", b"If-None-Match: " + b'"a",' * 9_000 + b'"b"'),
        statuses=(200,),
    ),
    Client(
        name="many codings",
        first=get(b"/style.css", b"Accept-Encoding: " + b"a;q=1," * 9_000 + b"b"),
        statuses=(200,),
    ),
    Client(
        name="date out of range",
        first=get(b"/style.css", b"If-Modified-Since: Sun, 99 Zzz 99999 99:99:99 GMT"),
        statuses=(200,),
    ),
    Client(
        name="web socket",
        first=get(
            b"/healthz", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: a"
        ),
        more=b"\x81\x05hello",
        pause=0.1,
        statuses=(200, 400),
    ),
    Client(
        name="HTTP/2 upgrade",
        first=get(b"/healthz", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"),
        statuses=(200, 400),
    ),
    # bodies
    Client(
        name="two lengths", first=post(b"/", b"Content-Length: 5\r\nContent-Length: 6", b"hello")
    ),
    Client(
        name="length and chunks",
        first=post(b"/", b"Content-Length: 5\r\n" + _CHUNKED, b"0\r\n\r\n"),
    ),
    Client(name="negative length", first=post(b"/", b"Content-Length: -5")),
    Client(name="length out of range", first=post(b"/", b"Content-Length: " + b"9" * 40)),
    Client(name="bad chunk length", first=post(b"/", _CHUNKED, b"zz\r\n"), statuses=(405, 400)),
    Client(
        name="chunk length out of range",
        first=post(b"/", _CHUNKED, b"f" * 40 + b"\r\n"),
        statuses=(405, 400),
    ),
    Client(
        name="body that never comes",
        first=post(b"/", b"Content-Length: 1000000"),
        statuses=(405,),
    ),
    Client(
        name="body of a GET that never comes",
        first=get(b"/healthz", b"Content-Length: 1000000"),
        statuses=(200,),
    ),
    Client(
        name="body, a byte at a time",
        first=post(b"/", b"Content-Length: 1000000"),
        more=b"a",
        pause=0.05,
        statuses=(405,),
    ),
    Client(
        name="chunks without end",
        first=post(b"/", _CHUNKED),
        more=b"2710\r\n" + b"a" * 10_000 + b"\r\n",
        statuses=(0, 405),
    ),
    Client(
        name="chunk extension without end",
        first=post(b"/", _CHUNKED, b"1;"),
        more=b"a" * 60_000,
        statuses=(0, 405, 400, 431),
    ),
    Client(
        name="trailers without end",
        first=post(b"/", _CHUNKED, b"0\r\n"),
        more=b"X-A: b\r\n" * 5_000,
        statuses=(0, 405, 400, 431),
    ),
    Client(
        name="trailer without end",
        first=post(b"/", _CHUNKED, b"0\r\nX-A: "),
        more=b"a" * 60_000,
        statuses=(0, 405, 400, 431),
    ),
    Client(
        name="promise of a body",
        first=post(b"/", b"Content-Length: 9\r\nExpect: 100-continue"),
        statuses=(405, 100),
    ),
    Client(
        name="unknown expectation",
        first=get(b"/healthz", b"Expect: the-unexpected"),
        statuses=(200, 417),
    ),
    Client(
        name="large push of nobody",
        first=post(b"/websub/" + b"a" * 43, b"Content-Length: 9000000"),
        more=b"a" * 60_000,
        statuses=(0, 404),
    ),
    Client(
        name="split of nothing",
        first=post(b"/stories/a/split/b?sig=c", b"Content-Length: 0"),
        statuses=(404, 403),
    ),
    # many requests on one connection
    Client(name="twenty at once", first=get() * 20, statuses=(200,), answers=20),
    Client(name="a thousand at once", first=get() * 1_000, statuses=(0, 200, 400)),
    Client(name="requests without end, unread", more=get() * 100, reads=0, statuses=(0, 200, 400)),
    Client(name="feeds without end, unread", first=get(FEED) * 30, reads=0, statuses=(0, 200)),
    Client(name="rubbish after a request", first=get() + b"\0\0\0\0", statuses=(0, 200, 400)),
    Client(name="idle after an answer", first=get(), statuses=(200,)),
    Client(name="HTTP/1.0 that stays", first=get(version=b"1.0"), statuses=(200,)),
    # readers
    Client(name="never reads", first=get(FEED), reads=0, statuses=(0, 200)),
    Client(
        name="reads a little at a time", first=get(FEED), reads=100, pause=0.05, statuses=(200,)
    ),
    Client(name="closes its half", first=get(FEED), closes="half", statuses=(0, 200)),
    Client(name="closes its half at once", closes="half", statuses=(0,)),
    Client(name="closes while it is answered", first=get(FEED), closes="whole", statuses=(0, 200)),
    Client(name="resets while it is answered", first=get(FEED), closes="reset", statuses=(0, 200)),
    Client(name="resets half a head", first=get()[:20], closes="reset", statuses=(0,)),
)


async def behave(client: Client, port: int) -> Outcome:
    """Be the client until the server ends the connection, or it has closed its end."""
    outcome = Outcome()
    async with asyncio.timeout(HUNG):
        with contextlib.suppress(ConnectionError), socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)  # before it connects
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            sending = asyncio.create_task(_send(client, sock, outcome))
            try:
                if client.reads:
                    await _read(client, sock, outcome)
                else:
                    await _wait_for_reset(sock)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
    outcome.ended = True
    return outcome


async def _send(client: Client, sock: socket.socket, outcome: Outcome) -> None:
    """Send until the server ends the connection or enough was sent."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, client.first)
    if client.closes:
        await asyncio.sleep(0.1)
        if client.closes == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_WR if client.closes == "half" else socket.SHUT_RDWR)
    while client.more and outcome.sent < MOST_SENT:
        await loop.sock_sendall(sock, client.more)
        outcome.sent += len(client.more)
        await asyncio.sleep(client.pause)


async def _read(client: Client, sock: socket.socket, outcome: Outcome) -> None:
    """Read until the end; count the answers at the beginning."""
    loop = asyncio.get_running_loop()
    size = client.reads if client.reads > 0 else 65_536
    content = b""
    while part := await loop.sock_recv(sock, size):
        outcome.received += len(part)
        if len(content) < _MOST_KEPT:
            content += part
            answers = content.split(b"HTTP/1.1 ")[1:]
            outcome.answers = len(answers)
            if answers and answers[0][:3].isdigit():
                outcome.status = int(answers[0][:3])
        await asyncio.sleep(client.pause)


async def _wait_for_reset(sock: socket.socket) -> None:
    """Wait until the connection is reset, without reading."""
    poll = select.poll()
    poll.register(sock, 0)  # errors are always told
    while not poll.poll(0):  # noqa: ASYNC110  the loop does not tell of errors alone
        await asyncio.sleep(0.05)
