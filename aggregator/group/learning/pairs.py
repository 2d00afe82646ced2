"""Training pairs: the features of candidate pairs of labelled entries, as numbers without text."""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.core.errors import ParseError
from aggregator.core.settings import StorySettings
from aggregator.group.learning.labelled import Labelled
from aggregator.group.learning.shortened import RETOLD, versions
from aggregator.group.model.scoring import kinds_of
from aggregator.group.pairs.similarity import NAMES, Floats
from aggregator.group.stories.context import GroupingContext, Learned
from aggregator.group.stories.grouping import Work

INVENTED = "formulas"  # the stream of bulletins written from formulas
_TOPIC = re.compile(r"\d+")
_PLAIN = ("kinds", "left", "right", "guarded", "events", "topics", "ambiguous", "days")
# The resolution of features in the stored form; most are at most 1.
_WIDE = frozenset({"all words", "rare words", "names apart", "rest"})
_MIDDLE = frozenset({"top words", "hours", "first 6 hours", "shorter body", "longer body"})
_SIXTEENTHS = re.compile(
    r".* together|(?:same|other|no) (?:countries|amounts|units)|one unit|titles alone|same publisher, hours"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The candidate pairs of one file; entries are numbers in order of time, events numbers too.

    `events` has a number of its own for each entry that stands alone; `topics` are what is held
    out together: events whose names begin with the same number.
    """

    name: str
    columns: Floats
    kinds: NDArray[np.int8]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    guarded: NDArray[np.bool_]  # which pairs a rule keeps apart, whatever a model says
    events: NDArray[np.int32]
    topics: NDArray[np.int32]
    ambiguous: NDArray[np.bool_]
    days: NDArray[np.int32] = field(default_factory=lambda: np.zeros(2, np.int32))
    """The first and the last day since 1970 on which something was published, 0 if unknown."""

    @property
    def stream(self) -> str:
        """The name that all versions of one file have in common; they are held out together."""
        return self.name.partition(RETOLD)[0]

    @property
    def retold(self) -> bool:
        """Whether this is a made-up version."""
        return RETOLD in self.name

    @property
    def invented(self) -> bool:
        """Whether these are bulletins written from formulas, not news."""
        return self.stream == INVENTED

    @property
    def same(self) -> NDArray[np.bool_]:
        """Which pairs report one event."""
        return np.equal(self.events[self.left], self.events[self.right])

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Which pairs count: those without an ambiguous entry."""
        return ~(self.ambiguous[self.left] | self.ambiguous[self.right])


def lessons(name: str, entries: Sequence[Labelled], learned: Learned) -> tuple[Pairs, ...]:
    """Return the candidate pairs of a file, and of its shortened versions."""
    return tuple(collect(one, some, learned) for one, some in versions(name, entries))


def collect(name: str, entries: Sequence[Labelled], learned: Learned) -> Pairs:
    """Return the candidate pairs of a file, found and compared as a real run does it."""
    ordered = sorted(entries, key=lambda one: (one.stored.published, one.stored.key))
    context = GroupingContext(
        settings=StorySettings(),
        now=ordered[-1].stored.published,
        learned=learned,
        ignore_window=True,
        include_unlikely=True,
    )
    work = Work([one.stored for one in ordered], context)
    scored = work.scored
    events = [one.event or f"\0{n}" for n, one in enumerate(ordered)]
    topics = [
        found[0] if (found := _TOPIC.match(event)) and found.end() < len(event) else event
        for event in events
    ]
    return Pairs(
        name=name,
        columns=coarse(scored.columns),
        kinds=kinds_of(work.rows.heads, scored.left, scored.right),
        left=scored.left.astype(np.int32),
        right=scored.right.astype(np.int32),
        guarded=scored.guarded & ~scored.of_one_formula,
        events=_numbers(events),
        topics=_numbers(topics),
        ambiguous=np.array([one.ambiguous for one in ordered]),
        days=days_of(ordered),
    )


def slices(pairs: Pairs, most: int, count: int = 3) -> tuple[Pairs, ...]:
    """Return the pairs, or of a file with too many pairs some stretches of it, each a stream."""
    if len(pairs.left) <= most:
        return (pairs,)
    entries = len(pairs.events)
    begins = [entries * number // count for number in range(count)]
    return tuple(_stretch(pairs, begin, most // count) for begin in begins)


def some(pairs: Pairs, kept: NDArray[np.int64]) -> Pairs:
    """Return the pairs at some places alone."""
    return replace(
        pairs,
        columns=pairs.columns[kept],
        kinds=pairs.kinds[kept],
        left=pairs.left[kept],
        right=pairs.right[kept],
        guarded=pairs.guarded[kept],
    )


def _stretch(pairs: Pairs, begin: int, most: int) -> Pairs:
    """Return the pairs among the entries from one on, until there are about as many as wanted."""
    inside = np.flatnonzero((pairs.left >= begin) & (pairs.right >= begin))[:most]
    end = int(pairs.left[inside[-1]])
    kept = inside[pairs.left[inside] < end]
    return Pairs(
        name=f"{pairs.name} from {begin}",
        columns=pairs.columns[kept],
        kinds=pairs.kinds[kept],
        left=pairs.left[kept] - begin,
        right=pairs.right[kept] - begin,
        guarded=pairs.guarded[kept],
        events=pairs.events[begin:end],
        topics=pairs.topics[begin:end],
        ambiguous=pairs.ambiguous[begin:end],
        days=pairs.days,
    )


def coarse(columns: Floats) -> Floats:
    """Return features rounded to their stored resolution.

    Training from a file of pairs and from the entries themselves then gives the same model.
    """
    coarser: Floats = np.rint(columns / _steps()).clip(0, 255) * _steps()
    return coarser


def dump(files: Sequence[Pairs]) -> bytes:
    """Return the pairs of some files in a compact form without any text."""
    arrays: dict[str, NDArray[Any]] = {"features": np.array(NAMES)}
    for number, one in enumerate(files):
        levels = np.rint(one.columns / _steps()).astype(np.uint8)
        parts = {"columns": np.ascontiguousarray(levels.T)} | {
            name: getattr(one, name) for name in _PLAIN
        }
        arrays |= {f"{number}/{one.name}/{name}": array for name, array in parts.items()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_LZMA)
    return target.getvalue()


def load(content: bytes) -> tuple[Pairs, ...]:
    """Read the compact form; raise ParseError if it is something else."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise ParseError("this is no file of pairs") from error
    if tuple(found.pop("features", np.array([])).tolist()) != NAMES:
        raise ParseError("these pairs were made with other features")
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in found.items():
        file, _, part = name.rpartition("/")
        groups.setdefault(file, {})[part] = array
    return tuple(
        Pairs(
            name=file.partition("/")[2],
            columns=parts.pop("columns").T * _steps(),
            **parts,
        )
        for file, parts in groups.items()
    )


def _steps() -> Floats:
    """Return the step of each feature: most end at 1, some at 15, some at 63."""
    return np.array([_step(name) for name in NAMES], np.float32)


def _step(name: str) -> float:
    if name in _WIDE:
        return 1 / 4
    return 1 / 16 if name in _MIDDLE or _SIXTEENTHS.match(name) else 1 / 200


def days_of(entries: Sequence[Labelled]) -> NDArray[np.int32]:
    """Return the first and the last day on which entries were published, 0 if one has no date."""
    ordered = sorted(entries, key=lambda one: one.stored.published)
    if any(one.stored.entry.published is None for one in ordered):
        return np.zeros(2, np.int32)
    both = (one.stored.published.timestamp() // 86400 for one in (ordered[0], ordered[-1]))
    return np.array(list(both), np.int32)


def _numbers(names: Iterable[str]) -> NDArray[np.int32]:
    """Return a number for each name, in order of first sight."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], np.int32)
