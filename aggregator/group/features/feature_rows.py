"""All entries that one grouping looks at, in (published, key) order, with their stored features."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aggregator.core.model import GroupContext, Grouped, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.context_reader import ContextReader
from aggregator.group.features.features import Features, extract
from aggregator.group.features.frequencies import Frequencies
from aggregator.group.features.prior import Prior
from aggregator.group.features.terms import Floats, Hashes

EARLIER = -1  # `arrived` of what was grouped before
NEVER_SUPERSEDED = np.iinfo(np.int64).max
LoadFeatures = Callable[[Sequence[str]], Mapping[str, bytes]]
"""From keys to the stored features of those entries that have some."""


def load_nothing(_: Sequence[str]) -> Mapping[str, bytes]:
    """Load no features: all are in memory."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSources:
    """Where the features of new and of earlier entries come from.

    `packed` are those of all new entries by key, if they have their weights already; `extracted`
    those of some new entries, still without weights; what is missing is extracted from the text.
    If a `reader` has condensed the features of earlier entries, `load` gives them whole.
    """

    packed: Mapping[str, bytes] | None = None
    extracted: Mapping[str, Features] = field(default_factory=dict)
    reader: ContextReader | None = None
    load: LoadFeatures = load_nothing


IN_MEMORY = FeatureSources()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The entries of one grouping as columns, in (published, key) order.

    `arrived` is an entry's number among the new ones, EARLIER for what was grouped before.
    An entry that has changed has two rows: as it was, until `superseded`, and as it is.
    """

    keys: list[str]
    published: NDArray[np.float64]  # seconds
    condensed: list[bytes]  # header, key words and cited links of each
    heads: NDArray[np.void]
    arrived: NDArray[np.int64]
    superseded: NDArray[np.int64]  # the turn at which the entry's new row takes over
    whole: dict[int, bytes]  # the features that are in memory, by row
    load: LoadFeatures = load_nothing  # gives those that are not

    def packed(self, rows: Sequence[int]) -> list[bytes]:
        """Return the stored features of some rows; an entry that is gone has empty ones."""
        missing = [self.keys[row] for row in rows if row not in self.whole]
        found = self.load(missing) if missing else {}
        return [self.whole.get(row) or found.get(self.keys[row], packing.EMPTY) for row in rows]

    def preload(self, rows: Sequence[int]) -> None:
        """Load the features of rows that will be asked for one by one."""
        self.whole.update(zip(rows, self.packed(rows), strict=True))

    def key_words(self, rows: NDArray[np.int64]) -> tuple[packing.Ragged, NDArray[np.uint8]]:
        """Return the words of some rows that are keys of blocking, and the roots of their values."""
        return packing.keys([self.condensed[row] for row in rows.tolist()], self.heads[rows])

    def key_stems(self, rows: NDArray[np.int64]) -> tuple[packing.Ragged, NDArray[np.uint8]]:
        """Return the stems of some rows that are keys across languages, and their weights."""
        return packing.stem_keys([self.condensed[row] for row in rows.tolist()], self.heads[rows])

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """Which rows are of new entries."""
        return np.not_equal(self.arrived, EARLIER)


def gather(
    new: Sequence[StoredEntry],
    past: GroupContext,
    settings: StorySettings,
    prior: Prior,
    sources: FeatureSources = IN_MEMORY,
    *,
    ignore_window: bool = False,
) -> Rows:
    """Return the rows of the new entries and of those grouped before; `new` must be in order.

    With `ignore_window` an entry without a date has no time: it is not known when it came.
    """
    reader = sources.reader or ContextReader(new, settings, prior, count=sources.packed is None)
    condensed = [reader.condense(one.key, one.published, one.features) for one in past.entries]
    known = past.entries
    if reader.stale:
        both = zip(known, condensed, strict=True)
        known = tuple(one for one, kept in both if packing.is_condensed(kept))
        condensed = [kept for kept in condensed if packing.is_condensed(kept)]
    own = _features_of(new, sources, reader, settings, ignore_window=ignore_window)
    condensed += [packing.condense(one) for one in own]
    whole = [one.features for one in known] + own
    keys = [one.key for one in known] + [one.key for one in new]
    times = [one.published for one in known] + [one.published for one in new]
    published = np.array([one.timestamp() for one in times], np.float64)
    arrived = np.concatenate((np.full(len(known), EARLIER), np.arange(len(new))))
    order = _in_order(keys, published, arrived)
    condensed = [condensed[row] for row in order]
    return Rows(
        keys=[keys[row] for row in order],
        published=published[order],
        condensed=condensed,
        heads=packing.headers(condensed),
        arrived=arrived[order],
        superseded=_superseded(known, new)[order],
        whole={
            place: whole[row]
            for place, row in enumerate(order)
            if whole[row] is not condensed[place]
        },
        load=sources.load,
    )


def _features_of(
    new: Sequence[StoredEntry],
    sources: FeatureSources,
    reader: ContextReader,
    settings: StorySettings,
    *,
    ignore_window: bool,
) -> list[bytes]:
    """Return the stored features of the new entries, in order."""
    if sources.packed is not None:
        return [sources.packed[one.key] for one in new]
    found = (
        sources.extracted.get(one.key)
        or extract(one, names=settings.names, ignore_first_seen=ignore_window)
        for one in new
    )
    return _weigh(zip(new, found, strict=True), reader, settings)


def _superseded(known: Sequence[Grouped], new: Sequence[StoredEntry]) -> NDArray[np.int64]:
    """Return the turn at which each row is replaced, first those known, then the new ones."""
    turns = {one.key: turn for turn, one in enumerate(new)}
    found = np.full(len(known) + len(new), NEVER_SUPERSEDED)
    for row, one in enumerate(known):
        found[row] = turns.get(one.key, NEVER_SUPERSEDED)
    return found


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
    new: Iterable[tuple[StoredEntry, Features]], reader: ContextReader, settings: StorySettings
) -> list[bytes]:
    """Pack the new entries one after another, each with what was known when its turn came."""
    frequencies, moving = reader.take_counts()
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
    def weights(ids: Hashes) -> Floats:
        """Return what some terms weigh now."""
        return frequencies.weights(ids, chinese=features.chinese)

    return packing.pack(
        features,
        packing.Weights(
            words=weights(features.words.ids),
            bigrams=weights(features.bigrams.ids),
            heads=weights(features.meaning.heads),
        ),
    )
