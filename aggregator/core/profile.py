"""Measures where a run spends its time: seconds, CPU seconds, bytes and counts by stage."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

_KILOBYTE = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss


@dataclass(slots=True)
class Stage:
    """What one stage took; `seconds` of calls that overlap add up to more than the run took."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    bytes: int = 0
    count: int = 0


class Profile:
    """The stages of one run; nothing is measured until `start`."""

    def __init__(self) -> None:
        self._stages: dict[str, Stage] = {}
        self._began = 0.0
        self._in_workers = 0.0  # CPU seconds of calls that were measured in worker processes
        self.is_on = False

    def start(self) -> None:
        """Measure from now on."""
        self._stages, self._in_workers = {}, 0.0
        self._began = time.perf_counter()
        self.is_on = True

    def add(
        self,
        stage: str,
        *,
        seconds: float = 0.0,
        cpu_seconds: float = 0.0,
        size: int = 0,
        count: int = 1,
        is_worker: bool = False,
    ) -> None:
        """Add one or more calls to a stage; `is_worker`: they ran in a worker process."""
        if not self.is_on:
            return
        one = self._stages.setdefault(stage, Stage())
        one.seconds += seconds
        one.cpu_seconds += cpu_seconds
        one.bytes += size
        one.count += count
        self._in_workers += cpu_seconds if is_worker else 0.0

    def stages(self) -> dict[str, Stage]:
        """Return what each stage took so far."""
        return dict(self._stages)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Measure a call in this thread; its CPU time is that of the thread."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.add(
                stage, seconds=time.perf_counter() - wall, cpu_seconds=time.thread_time() - cpu
            )

    def as_json(self) -> dict[str, Any]:
        """Return the totals of the process and its workers, and the stages.

        The stage `workers` is what worker processes took besides the calls: start, imports, transport.
        """
        own, workers = (resource.getrusage(one) for one in (_SELF, _CHILDREN))
        cpu = [one.ru_utime + one.ru_stime for one in (own, workers)]
        stages = {name: _rounded(asdict(one)) for name, one in self._stages.items()}
        if cpu[1]:
            rest = max(0.0, cpu[1] - self._in_workers)
            stages["workers"] = _rounded(asdict(Stage(cpu_seconds=rest)))
        return {
            "seconds": round(time.perf_counter() - self._began, 4),
            "cpu_seconds": round(sum(cpu), 4),
            "peak_bytes": own.ru_maxrss * _KILOBYTE,
            "peak_bytes_of_a_worker": workers.ru_maxrss * _KILOBYTE,
            "stages": stages,
        }


_SELF, _CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN

run = Profile()
"""The profile of this process; `aggregator fetch --profile` starts it."""


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in values.items()}
