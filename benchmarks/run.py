"""Whole runs, ours and those of other programs, on the same feeds in turn; the median of three.

    python -m benchmarks.run [--feeds 220 | --folder FOLDER] [--rounds 3] [--other NAME=CHECKOUT] [--write docs]
    python -m benchmarks.run --growth 1000 10000 [--entries 25]

The feeds are invented, or those of a folder (see benchmarks/farm.py). The other programs are those that are
installed: newsboat, sfeed_update, the Python library reader (in this Python or that of `--reader`). `--other` adds another version of ours, as a
checkout that the packages of this Python can run. With `--write` the table and a plot go to
performance.md and performance.svg there. `--growth` measures ours alone, with that many sources.
"""

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import farm
from benchmarks.processes import apart
from benchmarks.tree import Tree

ROOT = Path(__file__).resolve().parents[1]
LATENCY = 0.05
AT_ONCE = 32  # requests of a program that leaves it to its user
ROUNDS = {"first run": 0, "all 304": 0, "one new entry each": 1}
_BLOCK = 512  # bytes, the unit of getrusage
TICK_SECONDS = 20.0  # that the idle daemon is watched
START, END = "<!-- figures -->", "<!-- end of figures -->"
_READER = """
import sys
from reader import make_reader
with make_reader(sys.argv[1]) as reader:
    for url in open(sys.argv[2]).read().split():
        reader.add_feed(url, exist_ok=True)
    reader.update_feeds(scheduled=False, workers=int(sys.argv[3]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run of a program took: wall seconds, CPU seconds of all its processes, megabytes.

    `peak`: of the largest process; `tree`: of all together; `written`: to files.
    """

    wall: float
    cpu: float
    peak: float
    tree: float
    written: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that fetches all feeds once, with its files in a folder of its own."""

    name: str
    command: tuple[str, ...]
    files: dict[str, str]
    checkout: Path | None = None

    def prepare(self, folder: Path) -> None:
        """Write its configuration into an empty folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            (folder / name).write_text(content, encoding="utf-8")

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of its processes."""
        path = {"PYTHONPATH": str(self.checkout)} if self.checkout else {}
        return os.environ | {"HOME": str(folder)} | path

    def run(self, folder: Path, *arguments: str) -> Figures:
        """Run it once."""
        began = time.perf_counter()
        with (folder / "output").open("wb") as output:
            started = subprocess.Popen(
                [*self.command, *arguments],
                cwd=folder,
                env=self.environment(folder),
                stdout=output,
                stderr=output,
            )
            tree = Tree(started.pid)
            with tree.watched():
                _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        if started.returncode:
            raise SystemExit(f"{self.name} failed: {(folder / 'output').read_text()}")
        wall, cpu = time.perf_counter() - began, used.ru_utime + used.ru_stime
        return Figures(
            wall=wall,
            cpu=cpu,
            peak=used.ru_maxrss / 1024,
            tree=max(tree.peak, used.ru_maxrss / 1024),
            written=used.ru_oublock * _BLOCK / 1_000_000,
        )


def ours(name: str, checkout: Path, urls: Sequence[str]) -> Program:
    """Return a version of ours."""
    sources = "".join(f"- {{id: s{n}, url: '{url}'}}\n" for n, url in enumerate(urls))
    settings = "data: data\nfetch: {allow_private: [127.1.0.0/16]}\n"
    config = f"{settings}feeds: [{{name: all, title: All}}]\nsources:\n{sources}"
    command = (sys.executable, "-m", "aggregator", "fetch", "--config", "c.yaml", "--quiet")
    return Program(name=name, command=command, files={"c.yaml": config}, checkout=checkout)


def peers(urls: Sequence[str], python: str) -> Iterator[Program]:
    """Yield the other programs that are installed; `python` is one that may have the library reader."""
    listed = "\n".join(urls) + "\n"
    if path := shutil.which("newsboat"):
        settings = f"reload-threads {AT_ONCE}\ndownload-retries 1\n"
        command = (path, "-u", "urls", "-c", "cache.db", "-C", "config", "-x", "reload")
        yield Program(name="newsboat", command=command, files={"urls": listed, "config": settings})
    if path := shutil.which("sfeed_update"):
        feeds = "".join(f"\tfeed 'f{n}' '{url}'\n" for n, url in enumerate(urls))
        config = f"sfeedpath=feeds\nmaxjobs={AT_ONCE}\nfeeds() {{\n{feeds}}}\n"
        yield Program(name="sfeed", command=(path, "./sfeedrc"), files={"sfeedrc": config})
    if not subprocess.run(
        [python, "-c", "import reader"], capture_output=True, check=False
    ).returncode:
        command = (python, "-c", _READER, "reader.db", "urls", str(AT_ONCE))
        yield Program(name="reader", command=command, files={"urls": listed})


# --- measuring -----------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.1.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def served(folder: Path, port: int) -> Iterator[None]:
    """Serve the feeds from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.farm", str(folder), str(port)]
    server = subprocess.Popen(
        [*command, "--latency", str(LATENCY)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        if server.stdout is None or server.stdout.readline() != b"ready\n":
            raise SystemExit("the farm cannot be served")
        yield
    finally:
        server.kill()
        server.wait()


def use(port: int, version: int) -> None:
    """Switch the feeds to a version."""
    with urllib.request.urlopen(f"http://127.1.0.1:{port}/use/{version}", timeout=30):
        pass


def measure(
    programs: Sequence[Program], rounds: int, folder: Path, port: int
) -> dict[tuple[str, str], Figures]:
    """Return the medians of each program in each kind of round; programs take turns."""
    found: dict[tuple[str, str], list[Figures]] = {}
    for _ in range(rounds):
        for one in programs:
            one.prepare(folder / one.name)
        for kind, version in ROUNDS.items():
            use(port, version)
            for one in programs:
                figures = one.run(folder / one.name)
                found.setdefault((one.name, kind), []).append(figures)
                print(f"{one.name:12} {kind:20} {figures}", file=sys.stderr, flush=True)
    return {key: _median(some) for key, some in found.items()}


def _median(some: Sequence[Figures]) -> Figures:
    return Figures(
        wall=median(one.wall for one in some),
        cpu=median(one.cpu for one in some),
        peak=median(one.peak for one in some),
        tree=median(one.tree for one in some),
        written=median(one.written for one in some),
    )


def ticks(program: Program, folder: Path) -> float:
    """Return the CPU seconds a minute of a daemon that has nothing to do."""
    command = [*program.command[:3], "run", "--port", "0", *program.command[4:]]
    daemon = subprocess.Popen(
        command,
        cwd=folder,
        env=program.environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(TICK_SECONDS)  # it settles, and fetches what is due
        before = _cpu_of(daemon.pid)
        time.sleep(TICK_SECONDS)
        if daemon.poll() is not None:
            raise SystemExit(f"{program.name}: the daemon ended by itself")
        return (_cpu_of(daemon.pid) - before) * 60 / TICK_SECONDS
    finally:
        daemon.terminate()
        daemon.wait()


def _cpu_of(process: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- writing -------------------------------------------------------------------------------


def table(
    found: dict[tuple[str, str], Figures], idle: dict[str, float], feeds: int, names: Sequence[str]
) -> str:
    """Return the figures as tables in Markdown."""
    lines = ["| | " + " | ".join(ROUNDS) + " |", "|---" * (len(ROUNDS) + 1) + "|"]
    for name in names:
        cells = [_cell(found[name, kind], found.get(("newsboat", kind))) for kind in ROUNDS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    entries = {"first run": feeds * farm.ENTRIES, "one new entry each": feeds}
    lines += ["", "| CPU ms an entry | " + " | ".join(entries) + " |", "|---" * 3 + "|"]
    for name in names:
        costs = [f"{found[name, kind].cpu * 1000 / most:.1f}" for kind, most in entries.items()]
        lines.append(f"| {name} | " + " | ".join(costs) + " |")
    lines += ["", "| idle daemon | CPU seconds a minute |", "|---|---|"]
    lines += [f"| {name} | {seconds:.2f} |" for name, seconds in idle.items()]
    return "\n".join(lines)


def _cell(one: Figures, peer: Figures | None) -> str:
    ratio = f" ({one.wall / peer.wall:.2f} ×)" if peer and one is not peer else ""
    return f"{one.wall:.1f} s{ratio}, CPU {one.cpu:.1f} s, {one.peak:.0f} MB"


def plot(found: dict[tuple[str, str], Figures], names: Sequence[str]) -> str:
    """Return a plot of wall and CPU seconds as SVG."""
    bar, gap, left, width = 12, 26, 130, 420
    most = max(max(one.wall, one.cpu) for one in found.values())
    parts: list[str] = []
    y = 10
    for kind in ROUNDS:
        parts.append(f'<text x="0" y="{y + 10}" font-weight="bold">{kind}</text>')
        y += 20
        for name in names:
            one = found[name, kind]
            parts.append(f'<text x="{left - 6}" y="{y + 15}" text-anchor="end">{name}</text>')
            for value, colour in ((one.wall, "#2b6cb0"), (one.cpu, "#dd8a33")):
                length = max(1, round(value / most * width))
                parts.append(
                    f'<rect x="{left}" y="{y}" width="{length}" height="{bar - 2}" fill="{colour}"/>'
                    f'<text x="{left + length + 4}" y="{y + 9}">{value:.1f} s</text>'
                )
                y += bar
            y += gap - 2 * bar + 4
        y += 8
    parts.append(
        f'<text x="{left}" y="{y + 8}"><tspan fill="#2b6cb0">■</tspan> wall seconds, '
        '<tspan fill="#dd8a33">■</tspan> CPU seconds</text>'
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{y + 20}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n'
        f"{body}\n</svg>\n"
    )


def conditions(feeds: int, rounds: int, loads: Sequence[float]) -> str:
    """Return how the figures were measured, in a sentence."""
    return (
        f"{feeds} feeds of 25 entries, {LATENCY * 1000:.0f} ms latency, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}; the median of {rounds}, programs in turn, {AT_ONCE} requests at"
        f" once where the user decides; load average {min(loads):.1f} to {max(loads):.1f} meanwhile."
    )


def write(folder: Path, figures: str, image: str) -> None:
    """Put the figures between the marks of performance.md, and the plot beside it."""
    path = folder / "performance.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{START}\n{figures}\n{END}{after}", encoding="utf-8")
    (folder / "performance.svg").write_text(image, encoding="utf-8")


def main() -> None:
    """Measure, and print or write the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--feeds", type=int, default=220)
    options.add_argument("--folder", type=Path)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--other", metavar="NAME=CHECKOUT")
    options.add_argument("--write", type=Path, metavar="FOLDER")
    options.add_argument("--reader", metavar="PYTHON", default=sys.executable)
    options.add_argument("--growth", metavar="SOURCES", type=int, nargs="+")
    options.add_argument("--entries", type=int, default=farm.ENTRIES)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        if given.growth:
            from benchmarks import growth  # noqa: PLC0415  it uses this module

            print(
                growth.table(
                    growth.measure(ROOT, given.growth, given.entries, folder), given.entries
                )
            )
            return
        feeds = given.folder or folder / "feeds"
        if given.folder is None:
            # What this process holds in memory would count as that of its children.
            apart(farm.make, feeds, given.feeds)
        port = free_port()
        urls = farm.urls(feeds, port)
        programs = [ours("ours", ROOT, urls), *peers(urls, given.reader)]
        if given.other:
            other, _, checkout = given.other.partition("=")
            programs.append(ours(other, Path(checkout).resolve(), urls))
        loads = [os.getloadavg()[0]]
        with served(feeds, port):
            found = measure(programs, given.rounds, folder, port)
            loads.append(os.getloadavg()[0])
            own = [one for one in programs if one.checkout]
            idle = {one.name: ticks(one, folder / one.name) for one in own}
        names = [one.name for one in programs]
        said = conditions(len(urls), given.rounds, loads)
        image = "![wall and CPU seconds](performance.svg)"
        figures = f"{image}\n\n{said}\n\n{table(found, idle, len(urls), names)}"
        print(figures)
        if given.write:
            write(given.write, figures, plot(found, names))


if __name__ == "__main__":
    main()
