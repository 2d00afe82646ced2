"""All entries that one grouping looks at, in (published, key) order, with their stored features."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.core.model import GroupContext, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.features import Features, extract
from aggregator.group.features.frequencies import Frequencies
from aggregator.group.features.intake import Intake
from aggregator.group.features.prior import Prior

OLD = -1  # arrival of what was grouped before
NEVER_LEAVES = np.iinfo(np.int64).max
_NOTHING: Mapping[str, Features] = {}
Read = Callable[[Sequence[str]], Mapping[str, bytes]]


def read_nothing(_: Sequence[str]) -> Mapping[str, bytes]:
    """Read no features: all are at hand."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Entries as columns; `arrived` is the number in this grouping's order, OLD for earlier ones.

    A modified entry stands here twice: as it was until its turn (`left`), and as it is.
    """

    keys: list[str]
    published: NDArray[np.float64]  # seconds
    briefs: list[bytes]
    heads: NDArray[np.void]
    arrived: NDArray[np.int64]
    left: NDArray[np.int64]
    whole: dict[int, bytes]  # the features at hand, by row
    read: Read = read_nothing  # gives those that are not

    def packed(self, rows: Sequence[int]) -> list[bytes]:
        """Return the stored features of some rows; what is gone meanwhile is like nothing."""
        missing = [self.keys[row] for row in rows if row not in self.whole]
        found = self.read(missing) if missing else {}
        return [self.whole.get(row) or found.get(self.keys[row], packing.EMPTY) for row in rows]

    def fetch(self, rows: Sequence[int]) -> None:
        """Keep at hand the stored features of rows that are soon asked for one by one."""
        self.whole.update(zip(rows, self.packed(rows), strict=True))

    def key_words(self, rows: NDArray[np.int64]) -> tuple[packing.Ragged, NDArray[np.uint8]]:
        """Return the words of some rows that are keys of blocking, and the roots of their values."""
        return packing.keys([self.briefs[row] for row in rows.tolist()], self.heads[rows])

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """Which rows are of this grouping."""
        return np.not_equal(self.arrived, OLD)


def gather(
    new: Sequence[StoredEntry],
    context: GroupContext,
    settings: StorySettings,
    prior: Prior,
    packed: Mapping[str, bytes] | None = None,
    *,
    timeless: bool = False,
    extracted: Mapping[str, Features] = _NOTHING,
    intake: Intake | None = None,
    read: Read = read_nothing,
) -> Rows:
    """Return the rows of the new entries and of the context; `new` must be in order.

    `packed` are the features of all new entries by key, if they are known already, and
    `extracted` those of some before their terms are weighed; `timeless`: it is not known when
    entries without a date came. Where the context has only what an `intake` kept, `read` gives
    the features of keys.
    """
    intake = intake or Intake(new, settings, prior, count=packed is None)
    briefs = [intake.take(one.key, one.published, one.features) for one in context.entries]
    known = context.entries
    if intake.stale:
        both = zip(known, briefs, strict=True)
        known = tuple(one for one, kept in both if packing.is_brief(kept))
        briefs = [kept for kept in briefs if packing.is_brief(kept)]
    keys = [one.key for one in known] + [one.key for one in new]
    times = [one.published for one in known] + [one.published for one in new]
    published = np.array([one.timestamp() for one in times], np.float64)
    arrived = np.concatenate((np.full(len(known), OLD), np.arange(len(new))))
    turns = {one.key: turn for turn, one in enumerate(new)}
    left = np.full(len(keys), NEVER_LEAVES)
    for row, one in enumerate(known):
        if one.key in turns:
            left[row] = turns[one.key]
    if packed is None:
        taken = (extracted.get(one.key) or extract(one, timeless=timeless) for one in new)
        own = _weigh(zip(new, taken, strict=True), intake, settings)
    else:
        own = [packed[one.key] for one in new]
    briefs += [packing.brief(one) for one in own]
    whole = [one.features for one in known] + own
    order = _in_order(keys, published, arrived)
    briefs = [briefs[row] for row in order]
    return Rows(
        keys=[keys[row] for row in order],
        published=published[order],
        briefs=briefs,
        heads=packing.headers(briefs),
        arrived=arrived[order],
        left=left[order],
        whole={
            place: whole[row] for place, row in enumerate(order) if whole[row] is not briefs[place]
        },
        read=read,
    )


def _in_order(
    keys: Sequence[str], published: NDArray[np.float64], arrived: NDArray[np.int64]
) -> list[int]:
    """Return the places of entries in (published, key, arrival) order."""
    places = np.argsort(published, kind="stable")
    order: list[int] = places.tolist()
    begins = np.flatnonzero(np.diff(published[places], prepend=-np.inf, append=np.inf))
    several = np.flatnonzero(np.diff(begins) > 1)
    for begin, end in zip(begins[several].tolist(), begins[several + 1].tolist(), strict=True):
        order[begin:end] = sorted(order[begin:end], key=lambda row: (keys[row], arrived[row]))
    return order


def _weigh(
    new: Iterable[tuple[StoredEntry, Features]], intake: Intake, settings: StorySettings
) -> list[bytes]:
    """Pack the new entries one after another, each with what was known when its turn came."""
    frequencies, moving = intake.finish()
    reach = settings.window.total_seconds()
    waiting = sorted(moving, key=lambda one: one[:2], reverse=True)
    packed = []
    for one, features in new:
        when = one.published.timestamp()
        arriving = []
        while waiting and waiting[-1][0] <= when + reach:
            arriving.append(waiting.pop())
        if arriving:
            times, keys, terms = zip(*arriving, strict=True)
            frequencies.add_all(keys, times, terms)
        frequencies.move(when)
        frequencies.drop(one.key)
        packed.append(_pack(features, frequencies))
        frequencies.add(one.key, when, packing.terms(packed[-1]))
    return packed


def _pack(features: Features, frequencies: Frequencies) -> bytes:
    return packing.pack(
        features,
        frequencies.weights(features.words.ids, chinese=features.chinese),
        frequencies.weights(features.bigrams.ids, chinese=features.chinese),
    )
