"""What workers, database, grouping and publishing bear at a size that no machine here has: a simulation.

    python -m benchmarks.scaling_simulation [--sources 10000,100000,1000000] [--workers N] [--hours 2]
    python -m benchmarks.scaling_simulation --farm 220 --workers 3 --cores 0.5

Discrete events on the model of docs/scaling.md: sources become due, are claimed by host, wait in the queue, are
requested, read, stored, grouped in batches by one worker, and published by one. The costs are measured by
benchmarks/scaling.py (`COSTS`). `--farm` predicts the run of that benchmark on one machine, whose cores are shared by
workers and database.
"""

import argparse
import heapq
import json
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import ceil, inf
from statistics import median

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
TICK = 1.0  # between two looks for due sources
MOST_OF_HOST = 25  # sources in a job
BATCH = 2_000  # entries that are grouped at once
COLLECTING = {"group": 1.0, "publish": 2.0}  # seconds that a job of a role waits for more

# How often sources bring news: share of the sources, time between two of their entries. Shares as in lists of
# feeds that people keep: few are busy, many are quiet, a fifth is dead.
UPDATES = ((0.05, HOUR), (0.15, 6 * HOUR), (0.30, DAY), (0.30, 7 * DAY), (0.20, inf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """CPU seconds of each piece of work, measured on one core; bytes of WAL."""

    unchanged: float = 0.0025  # of a worker, for a source that answers 304
    document: float = 0.004  # of a worker, for a document, beside its entries
    entry: float = 0.006  # of a worker, to read and store an entry
    grouped: float = 0.004  # of the grouping worker, for an entry
    batch: float = 0.25  # and for a batch
    edition: float = 0.35  # of the publishing worker
    database_job: float = 0.0008
    database_source: float = 0.0004
    database_entry: float = 0.0015
    queue: float = 0.0011  # that the queue is busy for a job, one after the other
    start: float = 3.0  # of a process
    wal_source: float = 2_700.0
    wal_entry: float = 12_000.0
    latency: float = 0.3  # median seconds until an answer
    per_host: int = 2
    spacing: float = 0.2


COSTS = Costs()


@dataclass(slots=True)
class Cores:
    """Some cores, each of which does one thing after the other."""

    count: float
    busy: float = 0.0
    _free: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._free = [0.0] * max(1, ceil(self.count))

    def work(self, now: float, seconds: float) -> float:
        """Return when work of so many CPU seconds ends that may begin now."""
        slow = len(self._free) / self.count  # part of a core is a slower core
        start = max(now, heapq.heappop(self._free))
        end = start + seconds * slow
        heapq.heappush(self._free, end)
        self.busy += seconds
        return end


@dataclass(slots=True)
class Source:
    """A source: its host, the time between its entries, when it is due."""

    host: int
    every: float
    due: float
    fetched: float = 0.0
    backlog: int = 0  # entries of its first document

    @property
    def interval(self) -> float:
        """Between two requests: four for each entry, from ten minutes to a day."""
        return min(max(self.every / 4, 10 * MINUTE), DAY)


@dataclass(slots=True, kw_only=True)
class World:
    """What is simulated."""

    sources: list[Source]
    costs: Costs
    workers: list[Cores]
    database: Cores
    grouping: Cores
    publishing: Cores
    concurrency: int = 32
    until: float = 2 * HOUR


@dataclass(slots=True)
class Totals:
    """What came of a simulation."""

    end: float = 0.0
    jobs: int = 0
    fetched: int = 0
    entries: int = 0
    late: list[float] = field(default_factory=list)  # seconds from due to begun, of each job
    delays: list[float] = field(default_factory=list)  # from publication to edition, of each entry
    queue_busy: float = 0.0
    waiting: int = 0  # sources at the end


class Simulation:
    """Runs a world to its end."""

    def __init__(self, world: World, seed: int = 1) -> None:
        self.world, self.totals = world, Totals()
        self._chance = random.Random(seed)
        self._events: list[tuple[float, int, str, object]] = []
        self._number = 0
        self._due: dict[int, list[Source]] = {}  # by tick
        self._waiting: dict[int, deque[Source]] = {}  # by host
        self._ready: deque[int] = deque()  # hosts with due sources that nobody works on
        self._locked: set[int] = set()
        self._slots = [world.concurrency] * len(world.workers)
        self._queue_free = 0.0
        self._new: deque[float] = deque()  # publication times of entries that are not grouped
        self._grouping = self._publishing = False
        self._grouped: list[float] = []

    def run(self) -> Totals:
        """Return what came of it."""
        for one in self.world.sources:
            self._wait(one)
        for tick in sorted(self._due):
            self._at(tick * TICK, "tick", tick)
        while self._events:
            now, _, what, value = heapq.heappop(self._events)
            if now > self.world.until:
                break
            self.totals.end = now
            getattr(self, f"_on_{what}")(now, value)
        self.totals.waiting = sum(map(len, self._waiting.values()))
        return self.totals

    def _at(self, time: float, what: str, value: object) -> None:
        self._number += 1
        heapq.heappush(self._events, (time, self._number, what, value))

    def _wait(self, source: Source) -> None:
        tick = ceil(source.due / TICK)
        if source.due < self.world.until:
            if tick not in self._due:
                self._due[tick] = []
                self._at(tick * TICK, "tick", tick)
            self._due[tick].append(source)

    def _on_tick(self, now: float, tick: object) -> None:
        for one in self._due.pop(tick, ()):  # type: ignore[call-overload]
            own = self._waiting.setdefault(one.host, deque())
            if not own and one.host not in self._locked:
                self._ready.append(one.host)
            own.append(one)
        self._begin(now)

    def _begin(self, now: float) -> None:
        """Let workers with a free slot take the next jobs."""
        while self._ready and (worker := self._free_worker()) is not None:
            host = self._ready.popleft()
            own = self._waiting[host]
            batch = [own.popleft() for _ in range(min(MOST_OF_HOST, len(own)))]
            if not own:
                del self._waiting[host]
            self._locked.add(host)
            self._slots[worker] -= 1
            self._job(now, worker, host, batch)

    def _free_worker(self) -> int | None:
        best = max(range(len(self._slots)), key=self._slots.__getitem__)
        return best if self._slots[best] else None

    def _job(self, now: float, worker: int, host: int, batch: list[Source]) -> None:
        """Do a job: queue, database, network, reading, database."""
        costs, totals, cores = self.world.costs, self.totals, self.world.workers[worker]
        start = max(now, self._queue_free)
        self._queue_free = start + costs.queue
        totals.queue_busy += costs.queue
        begun = self.world.database.work(self._queue_free, costs.database_job)
        totals.late += [begun - one.due for one in batch]
        done, found = begun, 0
        for n, one in enumerate(batch):
            asked = begun + n * costs.spacing / costs.per_host
            answered = asked + self._chance.lognormvariate(0, 0.6) * costs.latency
            entries = self._entries(one, answered)
            cpu = costs.document + costs.entry * len(entries) if entries else costs.unchanged
            read = cores.work(answered, cpu)
            stored = costs.database_source + costs.database_entry * len(entries)
            end = self.world.database.work(read, stored)
            if entries:
                self._at(end, "stored", entries)
            found += len(entries)
            done = max(done, end)
            one.fetched, one.due = (
                answered,
                end + one.interval * (0.9 + 0.1 * self._chance.random()),
            )
        totals.jobs += 1
        totals.fetched += len(batch)
        totals.entries += found
        self._at(done + costs.spacing, "ended", (worker, host, batch))

    def _entries(self, source: Source, now: float) -> list[float]:
        """Return the publication times of the entries that a source has had since the last request."""
        if source.backlog:
            count, source.backlog = source.backlog, 0
            return [0.0] * count
        if source.every == inf:
            return []
        expected = (now - source.fetched) / source.every
        count = int(expected) + (self._chance.random() < expected - int(expected))
        return [
            source.fetched + self._chance.random() * (now - source.fetched) for _ in range(count)
        ]

    def _on_ended(self, now: float, value: object) -> None:
        worker, host, batch = value  # type: ignore[misc]
        self._slots[worker] += 1
        self._locked.discard(host)
        if host in self._waiting:
            self._ready.append(host)
        for one in batch:
            self._wait(one)
        self._begin(now)

    def _on_stored(self, now: float, value: object) -> None:
        self._new.extend(value)  # type: ignore[arg-type]
        if not self._grouping:
            self._grouping = True
            self._at(now + COLLECTING["group"], "group", None)

    def _on_group(self, now: float, _: object) -> None:
        batch = [self._new.popleft() for _ in range(min(BATCH, len(self._new)))]
        costs = self.world.costs
        end = self.world.grouping.work(now, costs.batch + costs.grouped * len(batch))
        self._at(end, "grouped", batch)

    def _on_grouped(self, now: float, value: object) -> None:
        self._grouped += value  # type: ignore[operator]
        self._grouping = bool(self._new)
        if self._grouping:
            self._at(now + COLLECTING["group"], "group", None)
        if not self._publishing:
            self._publishing = True
            self._at(now + COLLECTING["publish"], "publish", None)

    def _on_publish(self, now: float, _: object) -> None:
        batch, self._grouped = self._grouped, []
        end = self.world.publishing.work(now, self.world.costs.edition)
        self._at(end, "published", batch)

    def _on_published(self, now: float, value: object) -> None:
        self.totals.delays += [now - one for one in value]  # type: ignore[attr-defined]
        self._publishing = bool(self._grouped)
        if self._publishing:
            self._at(now + COLLECTING["publish"], "publish", None)


# --- worlds --------------------------------------------------------------------------------


def sources_of(count: int, seed: int = 3) -> Iterator[Source]:
    """Yield sources: most hosts have one, a few have thousands; due evenly over their intervals."""
    chance = random.Random(seed)
    shares, spans = [share for share, _ in UPDATES], [span for _, span in UPDATES]
    for _ in range(count):
        every = chance.choices(spans, shares)[0]
        one = Source(host=int(count * chance.random() ** 3 * 0.6), every=every, due=0.0)
        one.due = chance.random() * one.interval
        one.fetched = one.due - one.interval
        yield one


def steady(count: int, workers: int, database: int, hours: float, costs: Costs = COSTS) -> World:
    """Return a service that has been running for long; each worker has two cores."""
    return World(
        sources=list(sources_of(count)),
        costs=costs,
        workers=[Cores(2) for _ in range(workers)],
        database=Cores(database),
        grouping=Cores(1),
        publishing=Cores(1),
        until=hours * HOUR,
    )


def farm(feeds: int, workers: int, cores: float, costs: Costs = COSTS) -> World:
    """Return the farm of benchmarks/scaling.py at its first run, all on the cores of one machine."""
    shared = Cores(cores)
    begun = shared.work(0.0, 0.0)
    for _ in range(workers):
        begun = max(begun, shared.work(0.0, costs.start))
    return World(
        sources=[Source(n % 50, inf, begun, backlog=25) for n in range(feeds)],
        costs=replace(costs, latency=0.05),
        workers=[shared] * workers,
        database=shared,
        grouping=shared,
        publishing=shared,
        until=HOUR,
    )


def shares(world: World, totals: Totals) -> dict[str, float]:
    """Return how much of its capacity each part used."""
    span = totals.end or 1.0
    return {
        "workers": sum(one.busy / one.count for one in world.workers) / len(world.workers) / span,
        "database": world.database.busy / world.database.count / span,
        "queue": totals.queue_busy / span,
        "grouping": world.grouping.busy / span,
        "publishing": world.publishing.busy / span,
    }


def describe(world: World, totals: Totals) -> dict[str, object]:
    """Return the figures of a simulation."""
    used, span, costs = shares(world, totals), totals.end or 1.0, world.costs
    delays = sorted(totals.delays)
    wal = totals.fetched * costs.wal_source + totals.entries * costs.wal_entry
    return {
        "sources": len(world.sources),
        "workers": len(world.workers),
        "database_cores": world.database.count,
        "sources_per_second": round(totals.fetched / span, 1),
        "jobs_per_second": round(totals.jobs / span, 1),
        "entries_per_second": round(totals.entries / span, 2),
        "wal_mb_per_second": round(wal / span / 1e6, 2),
        "begun_late_seconds": round(median(totals.late), 1) if totals.late else None,
        "delay_minutes": round(median(delays) / MINUTE, 1) if delays else None,
        "delay_p95_minutes": round(delays[int(len(delays) * 0.95)] / MINUTE, 1) if delays else None,
        "used": {name: round(share, 3) for name, share in used.items()},
        "fullest": max(used, key=used.__getitem__),
        "sources_waiting": totals.waiting,
    }


def main() -> None:
    """Simulate what is asked for, and print the figures as JSON lines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--sources", default="10000,100000,1000000")
    options.add_argument("--workers", type=int, default=0, help="0: as many as are needed")
    options.add_argument("--database", type=int, default=4, help="cores of the database")
    options.add_argument("--hours", type=float, default=1.0)
    options.add_argument("--farm", type=int, default=0, metavar="FEEDS")
    options.add_argument("--cores", type=float, default=2.0)
    options.add_argument("--costs", default="{}", help="JSON: other costs than those measured here")
    given = options.parse_args()
    costs = replace(COSTS, **json.loads(given.costs))
    if given.farm:
        world = farm(given.farm, given.workers or 1, given.cores, costs)
        totals = Simulation(world).run()
        print(json.dumps({"seconds": round(totals.end, 1)} | describe(world, totals)))
        return
    for count in map(int, given.sources.split(",")):
        workers = given.workers or max(1, ceil(count / 100_000))
        world = steady(count, workers, given.database, given.hours, costs)
        print(json.dumps(describe(world, Simulation(world).run())), flush=True)


if __name__ == "__main__":
    main()
