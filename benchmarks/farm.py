"""A farm of feeds on loopback: a server with ETag, gzip and latency, whose feeds can be switched.

    python -m benchmarks.farm FOLDER PORT [--latency 0.05]

FOLDER holds `v0` and `v1`, each with the same XML files; `v1` has one new entry in each. The addresses
127.1.0.1 to 127.1.0.50 stand for fifty hosts. Requests of /use/0 and /use/1 switch the version; /log answers
with the number of requests of each feed, and the most that one host answered at the same time.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
from collections import Counter
from email.utils import format_datetime
from html import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.invented import Invented

HOSTS = 50
ENTRIES = 25  # of an invented feed
_HEAD = "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: {etag}\r\n{more}\r\n"


def urls(folder: Path, port: int) -> list[str]:
    """Return the addresses of the feeds."""
    names = sorted(path.name for path in (folder / "v0").glob("*.xml"))
    return [f"http://127.1.0.{n % HOSTS + 1}:{port}/{name}" for n, name in enumerate(names)]


def make(folder: Path, feeds: int, count: int = ENTRIES) -> None:
    """Write feeds of invented news, with this many entries each."""
    from benchmarks.invented import invent  # noqa: PLC0415  large, and a server needs none of it

    entries = invent(feeds * (count + 1))
    for version in ("v0", "v1"):
        (folder / version).mkdir(parents=True, exist_ok=True)
    for number in range(feeds):
        own = list(islice(entries, count + 1))
        for version, some in (("v0", own[:-1]), ("v1", own[1:])):
            path = folder / version / f"{number:05}.xml"
            path.write_text(_document(number, some), encoding="utf-8")


def _document(number: int, entries: "list[Invented]") -> str:
    items = "".join(_item(one) for one in reversed(entries))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Feed {number}'
        f"</title><link>https://feed{number}.example/</link>{items}</channel></rss>\n"
    )


def _item(one: "Invented") -> str:
    entry = one.stored.entry
    body = escape("".join(f"<p>{line}。</p>" for line in entry.text.split("。") if line))
    return (
        f"<item><title>{escape(entry.title)}</title><link>{entry.canonical}</link>"
        f"<pubDate>{format_datetime(one.stored.published)}</pubDate>"
        f"<description>{body}</description></item>\n"
    )


class Farm:
    """Answers requests from memory."""

    def __init__(self, folder: Path, latency: float) -> None:
        self.latency = latency
        self.version = "v0"
        self.answers: dict[tuple[str, str], tuple[str, bytes, bytes]] = {}
        self.asked = Counter[str]()
        self.busy = Counter[str]()  # requests that are being answered, by host
        self.most_of_host = 0
        for version in ("v0", "v1"):
            for path in (folder / version).glob("*.xml"):
                content = path.read_bytes()
                etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
                self.answers[version, path.name] = (etag, content, gzip.compress(content))

    def answer(self, path: str, headers: dict[str, str]) -> bytes:
        """Return the response to a request."""
        if path == "log":
            log = {"asked": self.asked, "most_of_host": self.most_of_host}
            return _response("200 OK", '""', json.dumps(log).encode())
        if path.startswith("use/"):
            self.version = f"v{path[-1]}"
            return _response("200 OK", '""', b"")
        found = self.answers.get((self.version, path))
        if found is None:
            return _response("404 Not Found", '""', b"")
        etag, plain, packed = found
        if etag in headers.get("if-none-match", ""):
            return _HEAD.format(status="304 Not Modified", length=0, etag=etag, more="").encode()
        kind = "Content-Type: application/xml\r\nVary: Accept-Encoding\r\n"
        if "gzip" in headers.get("accept-encoding", ""):
            return _response("200 OK", etag, packed, f"{kind}Content-Encoding: gzip\r\n")
        return _response("200 OK", etag, plain, kind)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                fields = (line.partition(":") for line in head[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in fields}
                path, host = head[0].split(" ")[1].lstrip("/"), headers.get("host", "")
                self.asked[path] += 1
                self.busy[host] += 1
                self.most_of_host = max(self.most_of_host, self.busy[host])
                try:
                    await asyncio.sleep(self.latency)
                    writer.write(self.answer(path, headers))
                    await writer.drain()
                finally:
                    self.busy[host] -= 1
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()


def _response(status: str, etag: str, body: bytes, more: str = "") -> bytes:
    head = _HEAD.format(status=status, length=len(body), etag=etag, more=more)
    return head.encode() + body


async def serve(folder: Path, port: int, latency: float) -> None:
    """Serve until the process is ended."""
    farm = Farm(folder, latency)
    for number in range(1, HOSTS + 1):
        await asyncio.start_server(farm.talk, f"127.1.0.{number}", port, backlog=1024)
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve a folder of feeds."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("port", type=int)
    options.add_argument("--latency", type=float, default=0.05)
    given = options.parse_args()
    asyncio.run(serve(given.folder, given.port, given.latency))


if __name__ == "__main__":
    main()
