"""How a run of ours grows with the number of sources: CPU, memory of the process tree, files."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import farm
from benchmarks.processes import apart
from benchmarks.run import Figures, Program, free_port, ours, served, use
from benchmarks.tree import bytes_in

KINDS = {"first run": 0, "all 304": 0, "one new entry each": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The figures of one number of sources, by kind of round; megabytes of files after the first."""

    sources: int
    rounds: dict[str, Figures]
    database: float
    journal: float
    feeds: float


def measure(checkout: Path, sizes: Sequence[int], entries: int, folder: Path) -> list[Size]:
    """Measure one number of sources after the other."""
    found: list[Size] = []
    for sources in sizes:
        feeds = folder / f"feeds-{sources}"
        apart(farm.make, feeds, sources, entries)
        port = free_port()
        program = ours("ours", checkout, farm.urls(feeds, port))
        home = folder / f"home-{sources}"
        program.prepare(home)
        with served(feeds, port):
            found.append(_measure(program, home, sources, port))
    return found


def _measure(program: Program, home: Path, sources: int, port: int) -> Size:
    rounds: dict[str, Figures] = {}
    database = journal = feeds = 0.0
    for kind, version in KINDS.items():
        use(port, version)
        rounds[kind] = program.run(home)
        print(f"{sources:6} {kind:20} {rounds[kind]}", file=sys.stderr, flush=True)
        if kind == "first run":
            database, journal, feeds = (
                bytes_in(home / "data", pattern) / 1_000_000
                for pattern in ("aggregator.db*", "journal.jsonl", "feeds/**/*")
            )
    return Size(sources=sources, rounds=rounds, database=database, journal=journal, feeds=feeds)


def table(found: Sequence[Size], entries: int) -> str:
    """Return the figures as a table in Markdown, with the exponents from the first to the last size."""
    lines = [
        "| sources | round | CPU s | wall s | process tree, MB | written, MB |",
        "|---|---|---|---|---|---|",
    ]
    for size in found:
        for kind, one in size.rounds.items():
            lines.append(
                f"| {size.sources} | {kind} | {one.cpu:.1f} | {one.wall:.1f} | {one.tree:.0f}"
                f" | {one.written:.1f} |"
            )
    if len(found) > 1:
        lines += ["", "| exponent | CPU | process tree |", "|---|---|---|"]
        for kind in KINDS:
            cpu = _exponent(found, kind, lambda one: one.cpu)
            tree = _exponent(found, kind, lambda one: one.tree)
            lines.append(f"| {kind} | {cpu:.2f} | {tree:.2f} |")
    lines += ["", "| sources | per 1,000 entries: database | journal | feeds, archives |"]
    lines.append("|---|---|---|---|")
    for size in found:
        thousands = size.sources * entries / 1000
        sizes = (size.database, size.journal, size.feeds)
        cells = " | ".join(f"{one / thousands:.2f} MB" for one in sizes)
        lines.append(f"| {size.sources} | {cells} |")
    return "\n".join(lines)


def _exponent(found: Sequence[Size], kind: str, value: Callable[[Figures], float]) -> float:
    first, last = found[0], found[-1]
    grown = value(last.rounds[kind]) / value(first.rounds[kind])
    return math.log(grown) / math.log(last.sources / first.sources)
