"""A request that waits behind another one is given the time that any request has."""

import asyncio

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from aggregator.web._connections import BoundedProtocol, Connections, Limits

LIMITS = Limits(idle_seconds=0.3, linger_seconds=0.3, sweep_seconds=0.05)
SLOW_SECONDS = 1.0  # longer than an idle connection is kept
FIRST = b"GET /fast HTTP/1.1\r\nHost: a\r\n\r\n"
SECOND = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


async def respond(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond at once or slowly, after reading the body."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(SLOW_SECONDS if scope["path"] == "/slow" else 0)
    await PlainTextResponse("done")(scope, receive, send)


async def ask(*parts: bytes) -> bytes:
    """Send parts, with a pause after each; return the responses until the server closes."""
    config = uvicorn.Config(respond, log_config=None, lifespan="off")
    config.load()
    connections, state = Connections(LIMITS), ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedProtocol(connections, config=config, server_state=state, app_state={}),
        "127.0.0.1",
        0,
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        reading = asyncio.create_task(reader.read())
        for part in parts:
            writer.write(part)
            await asyncio.sleep(SLOW_SECONDS)
        content = await reading
        writer.close()
    return content


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((FIRST + SECOND + b"hello",), id="a slow response"),
        pytest.param((FIRST + SECOND, b"hello"), id="a slow body"),
        pytest.param((SECOND + b"hello" + SECOND, b"hello"), id="a slow response before it"),
    ],
)
def test_the_second_of_two_requests_at_once_is_answered(parts: tuple[bytes, ...]) -> None:
    content = asyncio.run(ask(*parts))
    assert content.count(b"HTTP/1.1 200 OK") == content.count(b"done") == 2
