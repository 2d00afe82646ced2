"""A crowd of sources on loopback: thousands of small feeds on thousands of hosts, some of which hang.

    python -m benchmarks.crowd PORT [--sources 10000] [--hosts 2000] [--hanging 20] [--latency 0.05]

The addresses 127.2.0.1 and following stand for the hosts. Every hundredth source has a new entry each
time it is asked; the others answer 304 to a conditional request. /asked tells when each source was
asked, as JSON.
"""

import argparse
import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

from aggregator import bootstrap
from aggregator.web.server import raise_file_limit

ENTRIES = 2  # of a feed
BUSY_EVERY = 100  # one source of so many has news each time
_WORDS = 20_000
_HANGING_SECONDS = 3600
_HEAD = "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: {etag}\r\nContent-Type: text/xml\r\n\r\n"
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def host(number: int) -> str:
    """Return the address of a host."""
    return f"127.2.{number // 250}.{number % 250 + 1}"


def urls(sources: int, hosts: int, port: int) -> Iterator[str]:
    """Yield the addresses of the sources."""
    for number in range(sources):
        yield f"http://{host(number % hosts)}:{port}/{number}"


class Crowd:
    """Answers requests; hosts with the lowest numbers never do."""

    def __init__(self, sources: int, hosts: int, hanging: int, latency: float) -> None:
        self.sources, self.hosts, self.hanging, self.latency = sources, hosts, hanging, latency
        self.asked = defaultdict[int, list[float]](list)
        self._began = bootstrap.now() - timedelta(hours=1)
        chance = random.Random(7)
        self._words = ["".join(chance.choices(_SYLLABLES, k=3)) for _ in range(_WORDS)]

    async def answer(self, path: str, head: str) -> bytes:
        """Return the response to a request."""
        if path == "asked":
            return _response("200 OK", "none", json.dumps(self.asked).encode())
        number = int(path)
        self.asked[number].append(time.monotonic())
        if number % self.hosts < self.hanging:
            await asyncio.sleep(_HANGING_SECONDS)
        await asyncio.sleep(self.latency)
        version = len(self.asked[number]) if number % BUSY_EVERY == 0 else 0
        if f'If-None-Match: "{version}"'.lower() in head.lower():
            return _response("304 Not Modified", str(version), b"")
        return _response("200 OK", str(version), self._document(number, version))

    def _document(self, number: int, version: int) -> bytes:
        items = "".join(self._item(number, version + entry) for entry in range(ENTRIES))
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Feed {number}'
            f"</title><link>https://site{number}.example/</link>{items}</channel></rss>\n"
        ).encode()

    def _item(self, number: int, entry: int) -> str:
        chance = random.Random(f"{number}/{entry}")
        # as common words are common in news, so they are here
        places = [int(_WORDS * chance.random() ** 3) for _ in range(120)]
        words = [self._words[place] for place in places]
        when = self._began + timedelta(seconds=chance.randrange(3000))
        return (
            f"<item><title>{' '.join(words[:9]).capitalize()}</title>"
            f"<link>https://site{number}.example/{entry}</link>"
            f"<guid>{number}-{entry}</guid><pubDate>{format_datetime(when)}</pubDate>"
            f"<description>{' '.join(words[9:])}.</description></item>"
        )

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                writer.write(await self.answer(head.split(" ")[1].lstrip("/"), head))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()


def _response(status: str, etag: str, body: bytes) -> bytes:
    return _HEAD.format(status=status, length=len(body), etag=f'"{etag}"').encode() + body


async def serve(crowd: Crowd, port: int) -> None:
    """Serve until the process is ended."""
    raise_file_limit()
    for number in range(crowd.hosts):
        await asyncio.start_server(crowd.talk, host(number), port, backlog=64)
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve the crowd."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("port", type=int)
    options.add_argument("--sources", type=int, default=10_000)
    options.add_argument("--hosts", type=int, default=2000)
    options.add_argument("--hanging", type=int, default=20)
    options.add_argument("--latency", type=float, default=0.05)
    given = options.parse_args()
    crowd = Crowd(given.sources, given.hosts, given.hanging, given.latency)
    asyncio.run(serve(crowd, given.port))


if __name__ == "__main__":
    main()
