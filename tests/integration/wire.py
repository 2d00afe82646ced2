"""A server on loopback that sends bytes as they are told, right or wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Send = Callable[[bytes], Awaitable[None]]
Reply = bytes | Callable[["Request", Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """What came in: the target and the headers, names in lower case."""

    target: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Wire:
    """What is sent for each target, and what was asked."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    open: int = 0
    most: int = 0

    def url(self, target: str) -> str:
        """Return the address of a target."""
        return f"http://127.0.0.1:{self.port}{target}"


def response(
    body: bytes = b"", status: int = 200, /, *lines: str, length: int | None = None
) -> bytes:
    """Make a response that closes the connection."""
    size = len(body) if length is None else length
    head = [f"HTTP/1.1 {status} X", "Connection: close", f"Content-Length: {size}", *lines]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


@asynccontextmanager
async def wired() -> AsyncIterator[Wire]:
    """Serve until the block ends."""
    wire = Wire()
    tasks: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        tasks.add(asyncio.current_task())
        wire.open += 1
        wire.most = max(wire.most, wire.open)

        async def send(content: bytes) -> None:
            """Send the bytes as they are."""
            writer.write(content)
            await writer.drain()

        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in head[1:] if line)
            request = Request(
                head[0].split(" ")[1], {name.lower(): text for name, _, text in pairs}
            )
            wire.asked.append(request)
            path = request.target.partition("?")[0]
            reply = wire.replies.get(path, response(b"no", 404))
            if callable(reply):
                await reply(request, send)
            else:
                await send(reply)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            wire.open -= 1
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
