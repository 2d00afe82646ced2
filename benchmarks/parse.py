"""How fast feeds are read: ours, feedparser twice, fastfeedparser if installed, bare lxml; one run.

    python benchmarks/parse.py [--megabytes 12] [--rounds 3] [--folder DIR]

Without a folder of real feeds it makes three kinds itself: long articles in Chinese (RSS), middling
ones in English (Atom), and headlines (RSS).
"""

import argparse
import html
import importlib
import io
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
from lxml import etree

from aggregator.core.model import Document
from aggregator.gather.parsers import feed, parse
from aggregator.text.charset import to_utf8

HAN = "港口渡轮码头新的今年开放我们说他们在这里一个消息城市市长会议决定经济发展计划工人船只货物海关国际贸易记者报道"
ENGLISH = "the harbour opens a new pier for ferries and freight next year says city council after long debate"
START = datetime(2026, 1, 1, tzinfo=UTC)


def sentence(chance: random.Random, *, chinese: bool) -> str:
    """Return a sentence of made-up words."""
    if chinese:
        return "".join(chance.choices(HAN, k=chance.randint(12, 40))) + "。"
    return " ".join(chance.choices(ENGLISH.split(), k=chance.randint(8, 20))).capitalize() + "."


def article(chance: random.Random, *, paragraphs: int, chinese: bool) -> str:
    """Return an article in HTML, with a link and a picture."""
    parts = [
        "<p>" + "".join(sentence(chance, chinese=chinese) for _ in range(4)) + "</p>"
        for _ in range(paragraphs)
    ]
    parts.insert(1, '<p><img src="https://img.example.org/a.jpg?w=900&amp;h=600" alt="a"></p>')
    parts.append('<p>More on <a href="https://example.org/topic">this topic</a>.</p>')
    return "".join(parts)


def long_chinese(chance: random.Random) -> str:
    """Return an RSS feed of 50 long articles."""
    entries = "".join(
        f"<item><title>{sentence(chance, chinese=True)}</title><link>https://example.org/{n}</link>"
        f'<guid isPermaLink="false">{n}</guid><dc:creator>记者</dc:creator><category>新闻</category>'
        f"<category>港口</category><pubDate>{START + timedelta(hours=n):%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        f"<description><![CDATA[{sentence(chance, chinese=True)}]]></description><content:encoded><![CDATA["
        f"{article(chance, paragraphs=8, chinese=True)}]]></content:encoded></item>"
        for n in range(50)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content='
        '"http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>新闻</title><link>https://example.org/</link>{entries}</channel></rss>"
    )


def middling_english(chance: random.Random) -> str:
    """Return an Atom feed of 50 articles."""
    entries = "".join(
        f"<entry><id>tag:example.org,2026:{n}</id><title>{sentence(chance, chinese=False)}</title>"
        f'<link rel="alternate" type="text/html" href="https://example.org/{n}"/><author><name>A. Quay'
        f'</name></author><category term="harbour"/><published>{START + timedelta(hours=n):%FT%TZ}</published>'
        f'<updated>{START + timedelta(hours=n):%FT%TZ}</updated><content type="html">'
        f"{html.escape(article(chance, paragraphs=5, chinese=False))}</content></entry>"
        for n in range(50)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><id>tag:example.org,'
        f"2026:feed</id><title>News</title><updated>{START:%FT%TZ}</updated>{entries}</feed>"
    )


def headlines(chance: random.Random) -> str:
    """Return an RSS feed of 200 entries with a title and a sentence."""
    entries = "".join(
        f"<item><title>{sentence(chance, chinese=n % 2 == 0)}</title><link>https://example.org/{n}</link>"
        f"<guid>https://example.org/{n}</guid><pubDate>{START + timedelta(hours=n):%a, %d %b %Y %T} +0000</pubDate>"
        f"<description>{sentence(chance, chinese=n % 2 == 0)}</description></item>"
        for n in range(200)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>H</title>{entries}</channel></rss>'


def made(megabytes: float) -> Iterator[tuple[str, list[bytes]]]:
    """Yield kinds of feeds by name, a third of the size each."""
    chance = random.Random(1)
    for make in (long_chinese, middling_english, headlines):
        feeds: list[bytes] = []
        while sum(map(len, feeds)) < megabytes * 1e6 / 3:
            feeds.append(make(chance).encode())
        yield make.__name__.replace("_", " "), feeds


def found(folder: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the well-formed feeds of a folder."""
    contents = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    feeds = [content for content in contents if well_formed(content)]
    yield f"{len(feeds)} of {folder}", feeds


def well_formed(content: bytes) -> bool:
    """Say whether both lxml and we can read a document as it is."""
    try:
        etree.fromstring(content)
        content.decode()
        parse(Document(name="", content=content))
    except Exception:  # noqa: BLE001  whatever it is, it is not compared
        return False
    return True


def readers() -> dict[str, Callable[[bytes], object]]:
    """Return the ways to read a feed, by name."""
    ways: dict[str, Callable[[bytes], object]] = {
        "lxml, no fields": etree.fromstring,
        "ours": lambda content: parse(Document(name="", content=content)),
        "feedparser as we call it": lambda content: feed.loose(to_utf8(content), ""),
        "feedparser, defaults": lambda content: feedparser.parse(io.BytesIO(content)),
    }
    try:
        fast = importlib.import_module("fastfeedparser")
    except ImportError:
        return ways
    return {**ways, "fastfeedparser": lambda content: forgiving(fast.parse, content.decode())}


def forgiving(read: Callable[[str], object], content: str) -> object:
    """Read a feed; a peer that refuses it has spent its time all the same."""
    try:
        return read(content)
    except Exception:  # noqa: BLE001  peers raise what they like
        return None


def seconds(read: Callable[[bytes], object], feeds: Sequence[bytes], rounds: int) -> float:
    """Return the best time of some rounds, on the processor: other work does not count."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for content in feeds:
            read(content)
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Print a table for each kind of feed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--megabytes", type=float, default=12)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--folder", type=Path)
    chosen = arguments.parse_args()
    warnings.simplefilter("ignore")
    for name, feeds in found(chosen.folder) if chosen.folder else made(chosen.megabytes):
        size = sum(map(len, feeds)) / 1e6
        times = {way: seconds(read, feeds, chosen.rounds) for way, read in readers().items()}
        print(f"\n{name}: {len(feeds)} feeds, {size:.1f} MB")
        for way, spent in sorted(times.items(), key=lambda pair: pair[1]):
            print(f"  {way:26}{size / spent:9.1f} MB/s{spent / times['ours']:8.1f} × ours")


if __name__ == "__main__":
    main()
