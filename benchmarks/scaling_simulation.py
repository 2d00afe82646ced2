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
WINDOW = 72 * HOUR  # of grouping
BATCH = 2_000  # entries that are grouped at once
COLLECTING = {"group": 1.0, "publish": 2.0}  # seconds that a job of a role waits for more

# How often sources bring news: share of the sources, time between two of their entries. Shares as in lists of
# feeds that people keep: few are busy, many are quiet, a fifth is dead.
UPDATES = ((0.05, HOUR), (0.15, 6 * HOUR), (0.30, DAY), (0.30, 7 * DAY), (0.20, inf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """CPU seconds of each piece of work on one core, and bytes of WAL.

    `wal_source` was measured (benchmarks/scaling.py answers). The others are estimates from single runs on a
    machine that did much else, rounded.
    """

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
    window_entry: float = 2_400.0  # bytes of memory, for an entry within 72 hours
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


@dataclass(slots=True)
class _Job:
    """Sources of a host that a worker fetches; `left` are not stored yet."""

    worker: int
    host: int
    batch: list[Source]
    left: int


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
        """Take a job from the queue, which gives one after the other."""
        start = max(now, self._queue_free)
        self._queue_free = start + self.world.costs.queue
        self.totals.queue_busy += self.world.costs.queue
        self.totals.jobs += 1
        self._at(self._queue_free, "taken", _Job(worker, host, batch, len(batch)))

    def _on_taken(self, now: float, value: object) -> None:
        """Claim the sources, then ask for them, a few at a time."""
        job, costs = _as_job(value), self.world.costs
        begun = self.world.database.work(now, costs.database_job)
        for n, one in enumerate(job.batch):
            self.totals.late.append(begun - one.due)
            answer = self._chance.lognormvariate(0, 0.6) * costs.latency
            asked = begun + n * max(costs.spacing, costs.latency / costs.per_host)
            self._at(asked + answer, "answered", (job, one))

    def _on_answered(self, now: float, value: object) -> None:
        job, one = _as_pair(value)
        costs, found = self.world.costs, self._entries(one, now)
        one.fetched = now
        cpu = costs.document + costs.entry * len(found) if found else costs.unchanged
        read = self.world.workers[job.worker].work(now, cpu)
        self._at(read, "read", (job, one, found))

    def _on_read(self, now: float, value: object) -> None:
        job, one, found = _as_triple(value)
        costs = self.world.costs
        end = self.world.database.work(
            now, costs.database_source + costs.database_entry * len(found)
        )
        if found:
            self._at(end, "stored", found)
        self.totals.fetched += 1
        self.totals.entries += len(found)
        one.due = end + one.interval * (0.9 + 0.1 * self._chance.random())
        job.left -= 1
        if not job.left:
            self._at(end + costs.spacing, "ended", job)

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
        job = _as_job(value)
        self._slots[job.worker] += 1
        self._locked.discard(job.host)
        if job.host in self._waiting:
            self._ready.append(job.host)
        for one in job.batch:
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


def _as_job(value: object) -> _Job:
    assert isinstance(value, _Job)  # noqa: S101  what was put into the event
    return value


def _as_pair(value: object) -> tuple[_Job, Source]:
    job, source = value  # type: ignore[misc]
    return job, source


def _as_triple(value: object) -> tuple[_Job, Source, list[float]]:
    job, source, found = value  # type: ignore[misc]
    return job, source, found


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
        "window_entries": round(totals.entries / span * WINDOW),
        "window_gb": round(totals.entries / span * WINDOW * costs.window_entry / 1e9, 2),
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
