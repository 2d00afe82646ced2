"""How fast entries are cleaned: whole entries and their HTML alone, beside two yardsticks; one run.

    python benchmarks/clean.py [--folder aggregator/samples] [--rounds 3] [--most 1000]

The floor is selectolax (parse and serialise) followed by nh3 with its defaults: no rule of ours.
The other yardstick is beautifulsoup4 on lxml that only rewrites the addresses of images.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nh3
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from aggregator.core.model import Document, FeedInfo, RawEntry, Source
from aggregator.gather import parsers
from aggregator.gather.cleaning import clean, clean_html, unwrap_image

SOURCE = Source(id="benchmark", kind="dump")
INFO = FeedInfo()
PLAIN = nh3.Cleaner()


def floor(raw: RawEntry) -> str:
    """Parse, serialise and sanitize, nothing else."""
    body = LexborHTMLParser(raw.content).body
    return PLAIN.clean(body.html or "") if body is not None else ""


def soup(raw: RawEntry) -> str:
    """Rewrite the addresses of images with beautifulsoup4 on lxml."""
    tree = BeautifulSoup(raw.content, "lxml")
    for image in tree.find_all("img"):
        image["src"] = unwrap_image(str(image.get("src", "")))
    return str(tree)


def html(raw: RawEntry) -> str:
    """Clean the HTML of an entry."""
    return clean_html(raw.content, base=raw.link, title=raw.title)


def entry(raw: RawEntry) -> str:
    """Clean a whole entry: HTML, text, digests, dates, links."""
    return clean(raw, INFO, SOURCE).html


KINDS: dict[str, Callable[[RawEntry], str]] = {
    "selectolax + nh3 (floor)": floor,
    "our HTML": html,
    "our whole entry": entry,
    "beautifulsoup4, images": soup,
}


def read(folder: Path, most: int) -> list[RawEntry]:
    """Return the entries of a folder of dumps, spread over it."""
    paths = sorted(folder.glob("*.txt"))
    step = max(1, len(paths) // most)
    documents = (
        Document(name=path.name, content=path.read_bytes(), format="dump") for path in paths[::step]
    )
    return [raw for document in documents for raw in parsers.parse(document).entries]


def seconds(work: Callable[[RawEntry], str], entries: Sequence[RawEntry]) -> float:
    """Return the processor time that one pass over the entries takes."""
    start = time.process_time()
    for raw in entries:
        work(raw)
    return time.process_time() - start


def main() -> None:
    """Print a table: the best of the rounds for each kind, taken in turns."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--folder", type=Path, default=Path("aggregator/samples"))
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--most", type=int, default=1000)
    given = words.parse_args()
    entries = read(given.folder, given.most)
    size = sum(len(raw.content) for raw in entries)
    for kind in KINDS.values():  # tables that are made at first use
        seconds(kind, entries[:20])
    best = dict.fromkeys(KINDS, float("inf"))
    for _ in range(given.rounds):  # in turns: a busy machine is busy for all
        for name, kind in KINDS.items():
            best[name] = min(best[name], seconds(kind, entries))
    print(f"{len(entries)} entries, {size / len(entries):,.0f} characters each")
    for name, taken in best.items():
        ratio = best["selectolax + nh3 (floor)"] / taken
        print(
            f"{name:28} {len(entries) / taken:9,.0f} entries/s {taken / len(entries) * 1000:8.3f} ms"
            f"  {ratio:5.2f} of the floor"
        )
    print(
        f"our HTML is {best['beautifulsoup4, images'] / best['our HTML']:.1f} times beautifulsoup4"
    )
    print(f"a whole entry is {best['beautifulsoup4, images'] / best['our whole entry']:.1f} times")


if __name__ == "__main__":
    main()
