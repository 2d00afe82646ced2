"""Several workers as real processes, on a farm of feeds and a PostgreSQL of their own."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from aggregator.store import SqlStore, open_store
from benchmarks import agreement, farm
from benchmarks.steady import NOW
from tests.contract.databases import database_url
from tests.integration.test_daemon import free_port
from tests.waiting import HUNG

ROOT = Path(__file__).parents[2]
HOSTS = 4  # of the farm that are used


@dataclass(slots=True)
class Farm:
    """Feeds on loopback, of a few hosts."""

    port: int
    names: list[str] = field(default_factory=list)

    def log(self) -> dict[str, object]:
        """Return what the farm was asked; see benchmarks/farm.py."""
        with urllib.request.urlopen(f"http://127.1.0.1:{self.port}/log", timeout=HUNG) as answer:
            found: dict[str, object] = json.load(answer)
        return found


@contextmanager
def serving_farm(folder: Path, feeds: int, latency: float = 0.05) -> Iterator[Farm]:
    """Serve invented feeds until the block ends."""
    farm.make(folder, feeds)
    port = free_port()
    words = ["-m", "benchmarks.farm", str(folder), str(port), "--latency", str(latency)]
    with subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            yield Farm(port, sorted(path.name for path in (folder / "v0").glob("*.xml")))
        finally:
            process.kill()


@dataclass(slots=True)
class House:
    """A data folder with its database, and processes that work in it."""

    folder: Path
    url: str
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "aggregator.yaml"

    def configure(self, site: Farm, names: Sequence[str], more: str = "") -> None:
        """Follow these feeds of a farm."""
        lines = "".join(
            f"  - {{id: {name[:-4]}, url: 'http://127.1.0.{n % HOSTS + 1}:{site.port}/{name}'}}\n"
            for n, name in enumerate(names)
        )
        fetch = "fetch: {allow_private: [127.0.0.0/8], interval: 1h}\n"
        self.config.write_text(f"data: data\nstore: {self.url}\n{fetch}{more}sources:\n{lines}")

    def start(self, how: str, *more: str) -> subprocess.Popen[bytes]:
        """Start a process of benchmarks/steady.py."""
        return self._start("benchmarks.steady", how, str(self.config), *more)

    def start_module(self, module: str) -> subprocess.Popen[bytes]:
        """Start a module of the tests on this house."""
        return self._start(module, str(self.config))

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:  # a pipe that nobody reads would stop it
            process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stderr=log)
        self.running.append(process)
        return process

    def run(self, how: str, *more: str, count: int = 1) -> None:
        """Let processes run to their end."""
        self.end(*(self.start(how, *more) for _ in range(count)))

    def end(self, *processes: subprocess.Popen[bytes]) -> None:
        """Wait until processes have ended well."""
        statuses = [one.wait(timeout=HUNG) for one in processes]
        assert statuses == [0] * len(processes), (self.folder / "log").read_text()

    def store(self) -> SqlStore:
        """Open the store."""
        return open_store(self.url, data=self.folder / "data", now=NOW)

    def contents(self) -> agreement.Contents:
        """Return what is stored."""
        with closing(self.store()) as store:
            return agreement.read(store)

    def count(self) -> int:
        """Return how many entries are stored."""
        return len(self.contents().entries)

    def published(self) -> dict[str, bytes]:
        """Return the published feeds."""
        return agreement.published(self.folder / "data" / "feeds")


@contextmanager
def house(folder: Path, kind: str) -> Iterator[House]:
    """Give an empty house on a database of this kind; its processes end with the block."""
    data = folder / "data"
    data.mkdir(parents=True)
    with database_url(kind, data) as url:
        parts = urlsplit(url)
        one = House(folder, parts.geturl())
        try:
            yield one
        finally:
            for process in one.running:
                process.kill()
                process.wait()
