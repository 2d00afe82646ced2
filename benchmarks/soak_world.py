"""The world of the soak: sources with news, edits, failures and moves, at a time that is told to it."""

import argparse
import asyncio
import mmap
import random
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

DAY = 86_400.0
START = datetime(2026, 3, 1, tzinfo=UTC)
HOSTS = 60
SHOWN = 25  # entries of a document
RATE = 0.7  # entries a day of a source; some have many more
_WORDS = 12_000
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
_FAILURES = ("500", "503", "hang", "reset", "broken", "truncated")
_EDITED, _MOVED, _GONE = 0.05, 0.1, 0.01  # shares of entries and of sources
_TOLD_AGAIN = 0.4  # share of entries that report an event of another source
_HANGING_SECONDS = 3600.0
_LOOK_SECONDS = 0.02  # between two looks at the time

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry: when it appears, when its title is edited, and what it tells."""

    number: int
    at: float  # seconds since the start
    edited: float
    title: str
    body: str


@dataclass(slots=True, kw_only=True)
class Site:
    """A source with its entries, and when something happens to it."""

    number: int
    items: list[Item] = field(default_factory=list)
    failures: list[tuple[float, float, str]] = field(default_factory=list)
    moved: float = float("inf")
    gone: float = float("inf")

    def failure(self, now: float) -> str:
        """Return how it fails now; empty if it works."""
        return next((kind for begin, end, kind in self.failures if begin <= now < end), "")

    def document(self, now: float) -> tuple[str, bytes]:
        """Return the ETag and the document."""
        count = bisect_right(self.items, now, key=lambda one: one.at)
        shown = self.items[max(0, count - SHOWN) : count]
        edits = sum(one.edited <= now for one in shown)
        parts = "".join(_item(self.number, one, now) for one in reversed(shown))
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Site'
            f" {self.number}</title><link>https://site{self.number}.example/</link>{parts}</channel></rss>"
        )
        return f'"{count}-{edits}"', text.encode()


def link(site: int, item: int) -> str:
    """Return the address of an entry."""
    return f"https://site{site}.example/{item}"


def _item(site: int, one: Item, now: float) -> str:
    title = f"{one.title} (corrected)" if one.edited <= now else one.title
    when = START + timedelta(seconds=one.at)
    return (
        f"<item><title>{title}</title><link>{link(site, one.number)}</link><guid>{site}-{one.number}"
        f"</guid><pubDate>{format_datetime(when)}</pubDate><description>{escape(one.body)}"
        "</description></item>"
    )


def make(sites: int, days: float, texts: Path | None = None) -> tuple[list[Site], list[Span]]:
    """Return the sources, and the spans in which our own network is down.

    With `texts`, a folder of text files, the paragraphs of the entries are taken from there.
    """
    chance = random.Random(11)
    words = ["".join(chance.choices(_SYLLABLES, k=3)) for _ in range(_WORDS)]
    paragraphs = _paragraphs(texts) if texts else []
    world = [Site(number=n) for n in range(sites)]
    events: list[tuple[float, str]] = []  # told lately
    for at, place in sorted(_times(world, days, chance)):
        if events and chance.random() < _TOLD_AGAIN:
            _, story = events[chance.randrange(max(0, len(events) - 40), len(events))]
        else:
            story = " ".join(chance.choices(words, k=14))
            events.append((at, story))
        common = " ".join(words[int(_WORDS * chance.random() ** 3)] for _ in range(40))
        body = chance.choice(paragraphs) if paragraphs else common
        edited = at + chance.uniform(1, 6) * 3600 if chance.random() < _EDITED else float("inf")
        title = " ".join(chance.sample(story.split(), 7)).capitalize()
        site = world[place]
        number = len(site.items)
        text = f"{story}. {body}."
        site.items.append(Item(number=number, at=at, edited=edited, title=title, body=text))
    for site in world:
        _trouble(site, days, chance)
    begins = sorted(chance.uniform(1, days - 1) * DAY for _ in range(int(days / 7)))
    return world, [(begin, begin + chance.uniform(1, 6) * 3600) for begin in begins]


def _times(world: list[Site], days: float, chance: random.Random) -> Iterator[tuple[float, int]]:
    for site in world:
        rate, at = RATE * chance.lognormvariate(-0.3, 0.8), -3 * DAY
        while (at := at + chance.expovariate(rate) * DAY) < days * DAY:
            yield at, site.number


def _trouble(site: Site, days: float, chance: random.Random) -> None:
    for _ in range(int(days / 10)):
        begin = chance.uniform(1, days) * DAY
        site.failures.append(
            (begin, begin + chance.uniform(0.5, 12) * 3600, chance.choice(_FAILURES))
        )
    if chance.random() < _MOVED:
        site.moved = chance.uniform(0.2, 0.7) * days * DAY
    if chance.random() < _GONE:
        site.gone = chance.uniform(0.5, 0.9) * days * DAY


def _paragraphs(folder: Path) -> list[str]:
    texts = (
        path.read_text("utf-8", "ignore") for path in sorted(folder.rglob("*")) if path.is_file()
    )
    return [one.strip()[:1500] for text in texts for one in text.split("\n\n") if len(one) > 200]


def address(number: int, port: int) -> str:
    """Return the address of a source."""
    return f"http://127.3.0.{number % HOSTS + 1}:{port}/{number}"


class Server:
    """Serves the world at the time that stands in a file; no host answers while the network is down."""

    def __init__(self, world: list[Site], outages: list[Span], now: mmap.mmap, port: int) -> None:
        self._world, self._outages, self._now, self._port = world, outages, now, port
        self._listening: list[asyncio.Server] = []

    def now(self) -> float:
        """Return the seconds since the start."""
        seconds: float = struct.unpack("d", self._now[:8])[0]
        return seconds

    async def serve(self) -> None:
        """Serve until the process is ended."""
        while True:
            now = self.now()
            is_down = any(begin <= now < end for begin, end in self._outages)
            if is_down and self._listening:
                for one in self._listening:
                    one.close()
                self._listening.clear()
            if not is_down and not self._listening:
                for number in range(HOSTS):
                    host = f"127.3.0.{number + 1}"
                    self._listening.append(await asyncio.start_server(self._talk, host, self._port))
                print("ready", flush=True)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            writer.write(await self._answer(head))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()

    async def _answer(self, head: str) -> bytes:
        path, now = head.split(" ")[1].strip("/"), self.now()
        site = self._world[int(path.removesuffix("/new"))]
        failure = site.failure(now)
        if failure == "hang":
            await asyncio.sleep(_HANGING_SECONDS)
        if failure == "reset":
            return b""
        if now >= site.gone:
            return _response("410 Gone", "")
        if failure in {"500", "503"}:
            return _response(
                f"{failure} Error", "Retry-After: 1800\r\n" if failure == "503" else ""
            )
        if now >= site.moved and not path.endswith("/new"):
            return _response("301 Moved", f"Location: /{path}/new\r\n")
        tag, document = site.document(now)
        if failure == "broken":
            document = b"<html><p>Back soon</p></html>"
        elif failure == "truncated":
            document = document[: len(document) // 3]
        elif f"if-none-match: {tag}" in head.lower():
            return _response("304 Not Modified", f"ETag: {tag}\r\n")
        return _response("200 OK", f"ETag: {tag}\r\nContent-Type: text/xml\r\n", document)


def _response(status: str, more: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def main() -> None:
    """Serve the world."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("port", type=int)
    options.add_argument("clock", type=Path)
    options.add_argument("sites", type=int)
    options.add_argument("days", type=float)
    options.add_argument("--texts", type=Path)
    given = options.parse_args()
    world, outages = make(given.sites, given.days, given.texts)
    with given.clock.open("r+b") as file, mmap.mmap(file.fileno(), 8) as now:
        asyncio.run(Server(world, outages, now, given.port).serve())


if __name__ == "__main__":
    main()
