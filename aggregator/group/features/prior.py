"""How rare terms are in news at large, as counts of hashed terms: the first run is already good."""

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.features import Features
from aggregator.group.features.terms import Floats, Hashes

_STEPS = 16.0  # of a byte that becomes an inverse document frequency
_LEAST = 6  # entries that hold a term worth keeping
_UNKNOWN = 8.0  # without any counts every term is equally rare


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The terms of one script, sorted by hash, and ln(N/df) of each; `unseen` for all others."""

    ids: Hashes
    idf: Floats
    unseen: float

    def look_up(self, ids: Hashes) -> Floats:
        """Return ln(N/df) of each term."""
        found = np.full(len(ids), self.unseen, np.float32)
        if len(self.ids):
            places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
            known = self.ids[places] == ids
            found[known] = self.idf[places[known]]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Inverse document frequencies of hashed terms, for Chinese and for everything else."""

    chinese: Table
    other: Table

    def idf(self, ids: Hashes, *, chinese: bool) -> Floats:
        """Return ln(N/df) of each term in entries of this script."""
        return (self.chinese if chinese else self.other).look_up(ids)

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return b"".join(_to_bytes(table) for table in (self.chinese, self.other))


_EMPTY = Table(ids=np.empty(0, "<u4"), idf=np.empty(0, "<f4"), unseen=_UNKNOWN)
NONE = Prior(chinese=_EMPTY, other=_EMPTY)


def count(entries: Iterable[Features]) -> Prior:
    """Return the prior that follows from some entries."""
    counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    sizes = Counter[bool]()
    for one in entries:
        sizes[one.chinese] += 1
        counts[one.chinese].update(one.words.ids.tolist())
        counts[one.chinese].update(one.bigrams.ids.tolist())
    chinese, other = (_table(counts[script], sizes[script]) for script in (True, False))
    return Prior(chinese=chinese, other=other)


def read(content: bytes) -> Prior:
    """Read the stored form."""
    chinese, rest = _read(content)
    return Prior(chinese=chinese, other=_read(rest)[0])


@cache
def built_in() -> Prior:
    """Return the prior that is shipped."""
    return read(resources.files(__package__).joinpath("prior.bin").read_bytes())


def _table(counts: Counter[int], size: int) -> Table:
    if not size:
        return _EMPTY
    kept = sorted((term, times) for term, times in counts.items() if times >= _LEAST)
    times = np.array([one[1] for one in kept], np.float64)
    idf = np.rint(np.log((size + 1) / (times + 0.5)) * _STEPS).clip(0, 255) / _STEPS
    return Table(
        ids=np.array([one[0] for one in kept], "<u4"),
        idf=idf.astype("<f4"),
        unseen=float(np.float32(np.log((size + 1) / 2.5))),
    )


def _to_bytes(table: Table) -> bytes:
    """Store steps between hashes byte by byte of the same rank, which packs well."""
    steps = np.diff(table.ids, prepend=np.uint32(0)).astype("<u4")
    planes: NDArray[np.uint8] = steps.view(np.uint8).reshape(-1, 4).T
    levels = np.rint(table.idf * _STEPS).astype(np.uint8)
    packed = zlib.compress(planes.tobytes() + levels.tobytes(), 9)
    head = np.array([len(table.ids), len(packed)], "<u4").tobytes()
    return head + np.array([table.unseen], "<f4").tobytes() + packed


def _read(content: bytes) -> tuple[Table, bytes]:
    size, length = np.frombuffer(content[:8], "<u4").tolist()
    unseen = float(np.frombuffer(content[8:12], "<f4")[0])
    plain = np.frombuffer(zlib.decompress(content[12 : 12 + length]), np.uint8)
    steps = np.ascontiguousarray(plain[: 4 * size].reshape(4, size).T).view("<u4").ravel()
    table = Table(
        ids=np.cumsum(steps, dtype=np.uint32),
        idf=(plain[4 * size :] / np.float32(_STEPS)).astype("<f4"),
        unseen=unseen,
    )
    return table, content[12 + length :]
