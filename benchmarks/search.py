"""Times the search over many entries: indexing, and queries in Chinese and English.

The texts are those of labelled files (JSON lines, as `aggregator evaluate` reads them), each told
again with the sentences of others until there are enough. A query counts from the call of the store
to the stories with all their entries, in CPU seconds, for the machine may have other work.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from aggregator.core import ids
from aggregator.core.model import (
    Entry,
    Grouping,
    Member,
    Publisher,
    Reason,
    Source,
    SourceState,
    StoredEntry,
    Story,
)
from aggregator.core.search import SearchQuery
from aggregator.store import SqlStore, open_store
from aggregator.text import search_terms

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PER_SOURCE = 100
PUBLISHERS = 200
QUERIES = """
election | the | president | "climate change" | earthquake | openai | "united states" | said | of
government -china | techno* | covid-19 | olympics | a | supreme court | inflation rate | world cup
中国 | 美國 | 人工智能 | 新冠 疫情 | 的 | 地震 | 經濟增長 | 习近平 | 日本 首相 | 足球 | 高考 | 香港國安法 | 疫苗
"人工智能" 公司 | 台風 | 暴雨 洪水 -北京 | 苹果 iphone | 華為 | 5g | 2020 | 3.5 | 国 | nosuchwordatall
"""


def load(files: Sequence[Path]) -> list[tuple[str, list[str]]]:
    """Return the title and the sentences of each entry of the files."""
    found = []
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            text = one.get("text") or one.get("html") or ""
            sentences = text.replace("。", "。\n").replace(". ", ".\n").split("\n")
            found.append((one["title"], [part for part in sentences if part.strip()]))
    return found


def entries(told: Sequence[tuple[str, list[str]]], count: int) -> Iterator[Entry]:
    """Yield so many entries, over 30 days."""
    chance = random.Random(1)
    for n in range(count):
        title, sentences = told[n % len(told)]
        if n >= len(told):
            sentences = [*sentences[:2], *chance.choice(told)[1][1:6]]
            title = f"{title} {chance.choice(told)[0][:12]}"
        name = f"p{chance.randrange(PUBLISHERS)}.example"
        link = f"https://{name}/{n}"
        text = " ".join(sentences)[:3000]
        yield Entry(
            guid=link, link=link, canonical=link, fingerprint=f"{n:x}", digest=f"{n:x}",
            title=title, html=f"<p>{text}</p>", text=text, language="zh" if n % 2 else "en",
            publisher=Publisher(id=name, title=name),
            published=NOW - timedelta(seconds=26 * (count - n)),
        )  # fmt: skip


def stories(new: Sequence[StoredEntry]) -> tuple[Story, ...]:
    """Make stories of one to six entries."""
    chance = random.Random(len(new))
    found, rest = [], list(new)
    while rest:
        size = chance.choice((1, 1, 1, 2, 3, 6))
        held, rest = rest[:size], rest[size:]
        members = tuple(Member(key=one.key, reason=Reason(kind="same event")) for one in held)
        found.append(
            Story(
                id=ids.story_id(held[0].key), founder=held[0].key, representative=held[0].key,
                members=members, first_published=NOW, updated=NOW,
            )
        )  # fmt: skip
    return tuple(found)


def fill(store: SqlStore, some: Iterator[Entry]) -> float:
    """Gather and group the entries; return the CPU seconds of gathering."""
    batches: dict[str, list[Entry]] = {}
    for one in some:
        batches.setdefault(one.publisher.id, []).append(one)
    began = time.process_time()
    for name, own in batches.items():
        for start in range(0, len(own), PER_SOURCE):
            part = own[start : start + PER_SOURCE]
            store.save_gathered(Source(id=name), part, SourceState(), now=NOW, initial=None)
    seconds = time.process_time() - began
    while new := store.ungrouped(2_000):
        features = tuple((one.key, b"\1") for one in new)
        store.save_grouping(Grouping(stories=stories(new), features=features))
    return seconds


def main() -> None:
    """Print one line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--store", default="sqlite")
    parser.add_argument("--characters", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        store = open_store(given.store, data=Path(name), now=NOW)
        seconds = fill(store, entries(load(given.files), given.entries))
        print(f"gather: {seconds / given.entries * 1e6:.0f} us of CPU an entry")
        before, _ = store.size()
        began = time.process_time()
        while store.index(300, given.characters):
            pass
        seconds = time.process_time() - began
        grown = store.size()[0] - before
        print(
            f"index: {seconds / given.entries * 1e6:.0f} us of CPU and"
            f" {grown / given.entries:.0f} bytes an entry, of {before / given.entries:.0f} before"
        )
        report(store, given.rounds)
        store.close()


def report(store: SqlStore, rounds: int) -> None:
    """Time each query several times, the first page of 20 stories."""
    queries = [one.strip() for one in QUERIES.replace("\n", "|").split("|") if one.strip()]
    slow: list[tuple[float, str, int]] = []
    for query in queries:
        for _ in range(rounds):
            began = time.process_time()
            wanted = SearchQuery(terms=search_terms.parse(query))
            page = store.search(wanted, None, 20)
            slow.append((time.process_time() - began, query, len(page.hits)))
    times = sorted(one for one, _, _ in slow)
    print(
        f"{len(queries)} queries: median {statistics.median(times) * 1e3:.1f} ms,"
        f" p95 {times[int(len(times) * 0.95)] * 1e3:.1f} ms, most {times[-1] * 1e3:.1f} ms"
    )
    for seconds, query, hits in sorted(slow, reverse=True)[: 3 * rounds : rounds]:
        print(f"  {seconds * 1e3:.1f} ms  {query}  ({hits} stories)")


if __name__ == "__main__":
    main()
