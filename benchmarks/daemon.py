"""A daemon with ten thousand sources: start-up, rounds, delays, idle CPU, memory, response times.

    python -m benchmarks.daemon [--sources 10000] [--steady 300] [--known] [--write]

The sources are those of benchmarks/crowd.py. Four phases: `first round`, with an empty store; `all due`,
a restart after a night in which all became due; `idle`, with nothing due; `steady`, with due times
spread over the interval, as they are after some hours. With `--known` the first round is left out: the
store knows all sources, without entries. With `--write` the table goes to daemon.md.
"""

import argparse
import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

from aggregator import bootstrap
from aggregator.config import load
from aggregator.core.model import SourceState, Validators
from aggregator.store import open_store
from benchmarks import crowd
from benchmarks.processes import cpu_seconds, free_port, resident_megabytes

HOSTS, HANGING = 2000, 20
INTERVAL = timedelta(minutes=30)
PATHS = ("/health", "/", "/feeds/merged.atom")
PROBE_SECONDS = 0.1  # between two rounds of requests
IDLE_PROBE_SECONDS = 2.0  # which cost CPU time as well
IDLE_SECONDS = 60.0
PATIENCE_SECONDS = 1500.0  # for a round
START, END = "<!-- figures -->", "<!-- end of figures -->"
PAGE = Path(__file__).with_name("daemon.md")


@dataclass(slots=True, kw_only=True)
class Phase:
    """What was seen of the daemon in one phase."""

    name: str
    seconds: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    first_story: float | None = None
    serving: float | None = None
    delays: list[float] = field(default_factory=list)
    answers: Mapping[str, list[float]] = field(default_factory=dict)


class Probe(threading.Thread):
    """Asks the daemon for its pages, one after the other, and notes the seconds."""

    def __init__(self, port: int, pause: float) -> None:
        super().__init__(daemon=True)
        self._pause = pause
        self.answers: dict[str, list[float]] = {path: [] for path in PATHS}
        self.began = time.monotonic()
        self.serving: float | None = None
        self._port = port
        self._stopped = threading.Event()

    def run(self) -> None:
        """Ask until stopped."""
        while not self._stopped.wait(self._pause):
            for path in PATHS:
                began = time.perf_counter()
                try:
                    status = self._ask(path)
                except OSError:
                    continue
                self.serving = self.serving or time.monotonic() - self.began
                if status in {200, 503}:
                    self.answers[path].append(time.perf_counter() - began)

    def _ask(self, path: str) -> int:
        one = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            one.request("GET", path)
            answer = one.getresponse()
            answer.read()
            return answer.status
        finally:
            one.close()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()
        self.join()


class Bench:
    """A folder with a configuration, and the crowd that it names."""

    def __init__(self, folder: Path, sources: int, crowd_port: int) -> None:
        self.folder, self.sources = folder, sources
        self._crowd_port = crowd_port
        self._port = free_port()
        addresses = crowd.urls(sources, HOSTS, crowd_port)
        listed = "".join(f"- {{id: s{n}, url: '{url}'}}\n" for n, url in enumerate(addresses))
        (folder / "c.yaml").write_text(
            f"data: data\nfetch: {{allow_private: [127.2.0.0/16], interval: {INTERVAL.seconds}s}}\n"
            f"sources:\n{listed}",
            encoding="utf-8",
        )

    def asked(self) -> dict[int, list[float]]:
        """Return when each source was asked."""
        one = http.client.HTTPConnection(crowd.host(0), self._crowd_port, timeout=60)
        one.request("GET", "/asked")
        found = json.load(one.getresponse())
        one.close()
        return {int(number): times for number, times in found.items()}

    @contextmanager
    def running(self) -> Iterator[int]:
        """Run a daemon; yield its process id."""
        command = [sys.executable, "-m", "aggregator", "run", "--config", "c.yaml"]
        with (self.folder / "log").open("ab") as log:
            daemon = subprocess.Popen(
                [*command, "--port", str(self._port)], cwd=self.folder, stderr=log
            )
        try:
            yield daemon.pid
            if daemon.poll() is not None:
                raise SystemExit("the daemon ended by itself")
        finally:
            daemon.terminate()
            daemon.wait()

    @contextmanager
    def watched(self, phase: Phase, process: int, pause: float = PROBE_SECONDS) -> Iterator[Probe]:
        """Note the CPU seconds, memory and response times of a phase."""
        probe = Probe(self._port, pause)
        before, began = cpu_seconds(process), time.monotonic()
        probe.start()
        yield probe
        probe.stop()
        phase.seconds = time.monotonic() - began
        phase.cpu = cpu_seconds(process) - before
        phase.peak = resident_megabytes(process)
        phase.answers, phase.serving = probe.answers, probe.serving

    def round(self, name: str) -> Iterator[Phase]:
        """Start with all sources due: the first phase until all were asked, the second idle."""
        phase, before = Phase(name=name), {n: len(times) for n, times in self.asked().items()}
        began = time.monotonic()
        with self.running() as process:
            with self.watched(phase, process):
                while len(asked := self._since(before)) < self.sources:
                    if phase.first_story is None and self._has_story():
                        phase.first_story = time.monotonic() - began
                    if time.monotonic() - began > PATIENCE_SECONDS:
                        break
                    time.sleep(0.5)
                phase.delays = [when - began for when in asked]
            yield phase
            self._wait_until_done(began)
            idle = Phase(name="idle")
            with self.watched(idle, process, IDLE_PROBE_SECONDS):
                time.sleep(IDLE_SECONDS)
            yield idle

    def steady(self, seconds: float) -> Phase:
        """Start with due times spread over the interval."""
        phase = Phase(name="steady")
        due = self.spread(INTERVAL)
        before, began = {n: len(times) for n, times in self.asked().items()}, time.monotonic()
        with self.running() as process, self.watched(phase, process):
            time.sleep(seconds)
        ended = time.monotonic()
        for number, times in self.asked().items():
            new = times[before.get(number, 0) :]
            wanted = max(due[f"s{number}"], began)
            if new or wanted < ended:
                phase.delays.append((new[0] if new else ended) - wanted)
        return phase

    def know(self) -> None:
        """Let the store know all sources, as after a round."""
        now = bootstrap.now()
        config = load(self.folder / "c.yaml", {})
        store = open_store("sqlite", data=self.folder / "data", now=now)
        state = SourceState(validators=Validators(etag='"0"'), last_document=now, due=now)
        store.save_states({one.identity: replace(state, url=one.url) for one in config.sources})
        store.close()

    def spread(self, span: timedelta) -> dict[str, float]:
        """Set the due times of all sources to times of this span from now; return them."""
        now, began = bootstrap.now(), time.monotonic()
        store = open_store("sqlite", data=self.folder / "data", now=now)
        states = store.source_states()
        after = {name: span * n / len(states) for n, name in enumerate(sorted(states))}
        store.save_states({n: replace(state, due=now + after[n]) for n, state in states.items()})
        store.close()
        return {name: began + span.total_seconds() for name, span in after.items()}

    def _since(self, before: Mapping[int, int]) -> list[float]:
        asked = self.asked().items()
        return [times[before.get(n, 0)] for n, times in asked if len(times) > before.get(n, 0)]

    def _has_story(self) -> bool:
        path = self.folder / "data" / "feeds" / "merged.atom"
        return path.exists() and b"<entry>" in path.read_bytes()

    def _wait_until_done(self, began: float) -> None:
        """Wait until the log tells what is next: then the run has ended."""
        log = self.folder / "log"
        known = log.stat().st_size
        while time.monotonic() - began < PATIENCE_SECONDS:
            with log.open("rb") as lines:
                lines.seek(max(0, known - 1000))
                if b"next: " in lines.read():
                    return
            time.sleep(1)


@contextmanager
def served(sources: int) -> Iterator[int]:
    """Serve the crowd from a process of its own; yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.crowd", str(port), "--sources", str(sources)]
    command += ["--hosts", str(HOSTS), "--hanging", str(HANGING)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        if server.stdout is None or server.stdout.readline() != b"ready\n":
            raise SystemExit("the crowd cannot be served")
        yield port
    finally:
        server.kill()
        server.wait()


def table(phases: Sequence[Phase]) -> str:
    """Return the figures as a table in Markdown."""
    rows = [
        ("seconds", [f"{one.seconds:.0f}" for one in phases]),
        ("serving after", [_time(one.serving) for one in phases]),
        ("first story after", [_time(one.first_story) for one in phases]),
        ("sources asked", [f"{len(one.delays):,}" for one in phases]),
        ("delay, median", [_share(one.delays, 50) for one in phases]),
        ("delay, 99 %", [_share(one.delays, 99) for one in phases]),
        ("delay, longest", [_time(max(one.delays, default=None)) for one in phases]),
        ("CPU, share of a core", [f"{one.cpu / one.seconds:.1%}" for one in phases]),
        ("memory, all processes", [f"{one.peak:.0f} MB" for one in phases]),
    ]
    for path in PATHS:
        for percent in (50, 99):
            name = f"`{path}`, {percent} %"
            rows.append((name, [_share(one.answers[path], percent) for one in phases]))
    lines = ["| | " + " | ".join(one.name for one in phases) + " |"]
    lines.append("|---" * (len(phases) + 1) + "|")
    return "\n".join(lines + [f"| {name} | {' | '.join(cells)} |" for name, cells in rows])


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _share(values: Sequence[float], percent: int) -> str:
    return _time(quantiles(values, n=100)[percent - 1]) if len(values) > 1 else ""


def main() -> None:
    """Measure, and print or write the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sources", type=int, default=10_000)
    options.add_argument("--steady", type=float, default=300)
    options.add_argument("--known", action="store_true", help="leave out the first round")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files there")
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as made, served(given.sources) as port:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        bench, loads, phases = Bench(folder, given.sources, port), [os.getloadavg()[0]], []
        if given.known:
            bench.know()
        for name in ("first round", "all due")[given.known :]:
            if name == "all due":
                bench.spread(timedelta())
            for phase in bench.round(name):
                phases.append(phase)
                loads.append(os.getloadavg()[0])
                print(table([phase]), file=sys.stderr, flush=True)
        if not given.known:
            del phases[1]  # idle twice; the second is that of a usual day
        phases.append(bench.steady(given.steady))
        loads.append(os.getloadavg()[0])
    said = (
        f"{given.sources:,} sources on {HOSTS:,} hosts, of which {HANGING} hang; interval"
        f" {INTERVAL.seconds // 60} minutes; {os.cpu_count()} cores, Python"
        f" {platform.python_version()}; load average {min(loads):.1f} to {max(loads):.1f}."
    )
    figures = f"{said}\n\n{table(phases)}"
    print(figures)
    if given.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{START}\n{figures}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
