"""All entries that one grouping looks at, in (published, key) order, with their stored features."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.model import GroupContext, StoredEntry
from aggregator.settings import StorySettings
from aggregator.stories import packing
from aggregator.stories.features import Features, extract
from aggregator.stories.frequencies import Frequencies
from aggregator.stories.prior import Prior

OLD = -1  # arrival of what was grouped before
NEVER_LEAVES = np.iinfo(np.int64).max
_NOTHING: Mapping[str, Features] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Entries as columns; `arrived` is the number in this grouping's order, OLD for earlier ones.

    A modified entry stands here twice: as it was until its turn (`left`), and as it is.
    """

    keys: list[str]
    published: NDArray[np.float64]  # seconds
    packed: list[bytes]
    heads: NDArray[np.void]
    arrived: NDArray[np.int64]
    left: NDArray[np.int64]

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
) -> Rows:
    """Return the rows of the new entries and of the context; `new` must be in order.

    `packed` are the features of all new entries by key, if they are known already, and
    `extracted` those of some before their terms are weighed; `timeless`: it is not known when
    entries without a date came.
    """
    known = [one for one in context.entries if packing.readable(one.features)]
    keys = [one.key for one in known] + [one.key for one in new]
    times = [one.published for one in known] + [one.published for one in new]
    published = np.array([one.timestamp() for one in times], np.float64)
    arrived = np.concatenate((np.full(len(known), OLD), np.arange(len(new))))
    turns = {one.key: turn for turn, one in enumerate(new)}
    left = np.full(len(keys), NEVER_LEAVES)
    for row, one in enumerate(known):
        if one.key in turns:
            left[row] = turns[one.key]
    old = [one.features for one in known]
    if packed is None:
        taken = (extracted.get(one.key) or extract(one, timeless=timeless) for one in new)
        waiting = zip(published.tolist(), keys, old, strict=False)
        own = _weigh(
            zip(new, taken, strict=True), waiting, Frequencies(prior, settings.window), settings
        )
    else:
        own = [packed[one.key] for one in new]
    order = _in_order(keys, published, arrived)
    features = [*old, *own]
    features = [features[row] for row in order]
    return Rows(
        keys=[keys[row] for row in order],
        published=published[order],
        packed=features,
        heads=packing.headers(features),
        arrived=arrived[order],
        left=left[order],
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
    new: Iterable[tuple[StoredEntry, Features]],
    old: Iterable[tuple[float, str, bytes]],
    frequencies: Frequencies,
    settings: StorySettings,
) -> list[bytes]:
    """Pack the new entries one after another, each with what was known when its turn came."""
    reach = settings.window.total_seconds()
    waiting = sorted(old, reverse=True)
    packed = []
    for one, features in new:
        when = one.published.timestamp()
        arriving = []
        while waiting and waiting[-1][0] <= when + reach:
            arriving.append(waiting.pop())
        if arriving:
            frequencies.add_all(
                [row[1] for row in arriving],
                [row[0] for row in arriving],
                packing.terms([row[2] for row in arriving]),
            )
        frequencies.move(when)
        frequencies.drop(one.key)
        packed.append(_pack(features, frequencies))
        frequencies.add(one.key, when, packing.terms(packed[-1:])[0])
    return packed


def _pack(features: Features, frequencies: Frequencies) -> bytes:
    return packing.pack(
        features,
        frequencies.weights(features.words.ids, chinese=features.chinese),
        frequencies.weights(features.bigrams.ids, chinese=features.chinese),
    )
