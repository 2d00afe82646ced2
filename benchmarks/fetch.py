"""What one bad feed costs fifty good ones: the delay of the last good one, and the peak memory.

    python benchmarks/fetch.py [--good 50] [--timeout 5]

The servers are processes of their own, on loopback; each line is a fresh fetcher in a fresh
process, so that its peak memory is its own.
"""

import argparse
import asyncio
import gzip
import json
import multiprocessing
import resource
import subprocess
import sys
import time
import zlib
from datetime import timedelta
from multiprocessing.connection import Connection

from aggregator.core.errors import SourceError
from aggregator.core.model import Source, Validators
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers import open_fetchers

ITEM = "<item><title>Story {0}</title><link>https://example.org/{0}</link><description>Text.</description></item>"
FEED = ("<rss><channel>" + "".join(ITEM.format(n) for n in range(25)) + "</channel></rss>").encode()
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
KINDS = ("none", "silent", "slow", "hints", "crumbs", "endless", "gzip", "deflate", "twice")


def bomb(bits: int) -> bytes:
    """Return 256 MB of nothing, compressed."""
    engine = zlib.compressobj(9, zlib.DEFLATED, bits)
    return b"".join(engine.compress(bytes(1 << 20)) for _ in range(256)) + engine.flush()


async def misbehave(kind: str, writer: asyncio.StreamWriter, bombs: dict[str, bytes]) -> None:
    """Answer as the kind of bad server does."""
    if kind == "silent":
        await asyncio.sleep(600)
    elif kind == "endless":
        writer.write(HEAD + b"\r\n")
        while True:
            writer.write(FEED * 20)
            await writer.drain()
    elif kind in bombs:
        coding = "gzip" if kind == "twice" else kind
        writer.write(HEAD + f"Content-Encoding: {coding}\r\n\r\n".encode() + bombs[kind])
    else:
        start, part, pause = {
            "slow": (HEAD + b"\r\n", b" ", 0.1),
            "hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50, 0.0),
            "crumbs": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 5000, 0.0),
        }[kind]
        writer.write(start)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)


def serve(pipe: Connection) -> None:
    """Serve good feeds at /good and bad ones at /KIND; send the port."""
    bombs = {"gzip": bomb(31), "deflate": bomb(15)}
    bombs["twice"] = gzip.compress(bombs["gzip"])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            kind = line.strip("/").partition("?")[0]
            if kind == "good":
                writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(FEED) + FEED)
            else:
                await misbehave(kind, writer, bombs)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def measure(kind: str, good: int, timeout: float, ports: list[int]) -> dict[str, object]:
    """Fetch the good feeds beside a bad one; return seconds and megabytes."""
    settings = FetchSettings(allow_private=("127.0.0.1",), timeout=timedelta(seconds=timeout))
    fetchers = open_fetchers(settings)
    ends: list[float] = []
    outcome = ""

    async def fetch(url: str) -> None:
        await fetchers["feed"].fetch(Source(id="x", url=url), Validators())
        ends.append(time.perf_counter() - start)

    async def bad() -> None:
        nonlocal outcome
        try:
            await fetch(f"http://127.0.0.1:{ports[1]}/{kind}")
        except SourceError as error:
            outcome = f"{type(error).__name__}: {error}"

    start = time.perf_counter()
    urls = [f"http://127.0.0.1:{ports[0]}/good?{n}" for n in range(good)]
    await asyncio.gather(*([] if kind == "none" else [bad()]), *[fetch(url) for url in urls])
    await fetchers.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"last good": round(max(ends), 3), "peak MB": round(peak), "bad": outcome}


def main() -> None:
    """Print one line a kind of bad feed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--good", type=int, default=50)
    parser.add_argument("--timeout", type=float, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--ports", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(asyncio.run(measure(given.one, given.good, given.timeout, given.ports))))
        return
    context = multiprocessing.get_context("spawn")
    ports: list[int] = []
    for _ in range(2):  # good and bad feeds do not share a server's time
        ours, theirs = context.Pipe()
        context.Process(target=serve, args=(theirs,), daemon=True).start()
        ports.append(ours.recv())
    for kind in KINDS:
        command = [sys.executable, __file__, "--one", kind, "--ports", *map(str, ports)]
        command += ["--good", str(given.good), "--timeout", str(given.timeout)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"{kind:8} {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
