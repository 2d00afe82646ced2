"""All entries that one grouping looks at, in (published, key) order, with their stored features."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from aggregator.core.model import GroupContext, Grouped, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.columns import Columns, Keys
from aggregator.group.features.features import Features, extract
from aggregator.group.features.prior import Prior
from aggregator.group.features.terms import Floats, Hashes
from aggregator.group.features.window import LoadFeatures, Reach, Window, in_order

_ENTRIES_PER_LOOK_UP = 128  # in the prior
_NO_IDS, _NO_TERMS = np.empty(0, "<u4"), np.empty(0, "<f4")
EARLIER = -1  # `arrived` of what was grouped before
NEVER_SUPERSEDED = np.iinfo(np.int64).max


def load_nothing(_: Sequence[str]) -> Mapping[str, bytes]:
    """Load no features: all are in memory."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSources:
    """Where the features of new and of earlier entries come from.

    `packed` are those of all new entries by key, if they have their weights already; `extracted`
    those of some new entries, still without weights; what is missing is extracted from the text.
    A `window` has the earlier entries, and `load` gives their features; without a window the
    context has both.
    """

    packed: Mapping[str, bytes] | None = None
    extracted: Mapping[str, Features] = field(default_factory=dict)
    window: Window | None = None
    load: LoadFeatures = load_nothing


IN_MEMORY = FeatureSources()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The entries of one grouping in (published, key) order.

    `arrived` is an entry's number among the new ones, EARLIER for what was grouped before.
    An entry that has changed has two rows: as it was, until `superseded`, and as it is.
    The columns are those of the window, then those of `added` entries, most of which are new;
    `slots` are the places of the rows in both.
    """

    keys: list[str]
    published: NDArray[np.float64]  # seconds
    heads: NDArray[np.void]
    arrived: NDArray[np.int64]
    superseded: NDArray[np.int64]  # the turn at which the entry's new row takes over
    slots: NDArray[np.int64]
    window: Columns
    added: Columns
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

    def key_words(self, rows: NDArray[np.int64]) -> Keys:
        """Return the words of some rows that are keys of blocking."""
        return self._keys(self.window.words, self.added.words, rows)

    def key_stems(self, rows: NDArray[np.int64]) -> Keys:
        """Return the stems of some rows that are keys across languages."""
        return self._keys(self.window.stems, self.added.stems, rows)

    def _keys(self, known: Keys, added: Keys, rows: NDArray[np.int64]) -> Keys:
        slots, size = self.slots[rows], len(self.window)
        is_added = slots >= size
        if not is_added.any():
            return known.take(slots)
        parts = known.take(slots[~is_added]), added.take(slots[is_added] - size)
        places = np.argsort(np.argsort(is_added, kind="stable"), kind="stable")
        return Keys.joined(parts).take(places)

    def cites(self) -> tuple[NDArray[np.int64], Hashes]:
        """Return the rows that cite links, once for each link, and the hashes of these."""
        size = len(self.window)
        row_of = np.full(size + len(self.added), -1)
        row_of[self.slots] = np.arange(len(self.slots))
        lists = self.window.cites, self.added.cites
        owners = [np.repeat(np.arange(len(one.starts) - 1), np.diff(one.starts)) for one in lists]
        rows = row_of[np.concatenate((owners[0], owners[1] + size))]
        codes = np.concatenate([one.flat for one in lists])
        return rows[rows >= 0], codes[rows >= 0]

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
    past_ = _read_past(new, past, settings, sources)
    if sources.packed is None:
        extracted = _extract(new, sources, settings, ignore_window=ignore_window)
        own = _weigh(new, extracted, past_, settings, prior)
    else:
        own = [sources.packed[one.key] for one in new]
    return _rows(new, own, past_)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What was grouped before: slots of a window, entries beside these, and what loads features."""

    window: Window
    slots: NDArray[np.int64]
    named: Sequence[Grouped]  # by corrections, whenever they were published
    load: LoadFeatures


def _read_past(
    new: Sequence[StoredEntry], past: GroupContext, settings: StorySettings, sources: FeatureSources
) -> _Past:
    window, load = sources.window, sources.load
    if window is None:
        window, load = Window(past.entries), _from_memory(past.entries)
        slots = window.between(-np.inf, np.inf)
    else:
        reach = Reach.of(new, settings)
        slots = window.between(reach.begin, reach.end)
    near = set(slots.tolist()) if past.entries else set()
    named = [one for one in past.entries if window.slot(one.key) not in near]
    named = [one for one in named if packing.readable(one.features)]
    return _Past(window=window, slots=slots, named=named, load=load)


def _from_memory(entries: Sequence[Grouped]) -> LoadFeatures:
    """Return what gives the features of entries that have them."""
    features = {one.key: one.features for one in entries}

    def load(keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the features of some entries."""
        return {key: features[key] for key in keys if key in features}

    return load


def _rows(new: Sequence[StoredEntry], own: list[bytes], past: _Past) -> Rows:
    """Return the rows of new entries, with their stored features, and of those grouped before."""
    slots, window = past.slots, past.window
    packed = [one.features for one in past.named] + own
    added = Columns.read(packed)
    keys = list(map(window.keys.__getitem__, slots.tolist()))
    keys += [one.key for one in past.named] + [one.key for one in new]
    times = [one.published for one in past.named] + [one.published for one in new]
    published = np.concatenate((window.published[slots], [one.timestamp() for one in times]))
    arrived = np.full(len(keys), EARLIER)
    arrived[len(keys) - len(new) :] = np.arange(len(new))
    order = in_order(published, lambda place: (keys[place], arrived[place]), len(slots))
    added_rows = np.flatnonzero(order >= len(slots))
    places = (order[added_rows] - len(slots)).tolist()
    return Rows(
        keys=list(map(keys.__getitem__, order.tolist())),
        published=published[order],
        heads=np.concatenate((window.columns.heads[slots], added.heads))[order],
        arrived=arrived[order],
        superseded=_superseded(new, past)[order],
        slots=np.concatenate((slots, len(window.columns) + np.arange(len(added))))[order],
        window=window.columns,
        added=added,
        whole={row: packed[place] for row, place in zip(added_rows.tolist(), places, strict=True)},
        load=past.load,
    )


def _extract(
    new: Sequence[StoredEntry],
    sources: FeatureSources,
    settings: StorySettings,
    *,
    ignore_window: bool,
) -> Iterator[Features]:
    """Yield the features of the new entries, in order."""
    for one in new:
        yield sources.extracted.get(one.key) or extract(
            one, names=settings.names, ignore_first_seen=ignore_window
        )


def _superseded(new: Sequence[StoredEntry], past: _Past) -> NDArray[np.int64]:
    """Return the turn at which each row is replaced: first those of `past`, then the new ones."""
    turns = {one.key: turn for turn, one in enumerate(new)}
    found = np.full(len(past.slots) + len(past.named) + len(new), NEVER_SUPERSEDED)
    known = ((past.window.slot(key), turn) for key, turn in turns.items())
    turn_of = {slot: turn for slot, turn in known if slot is not None}
    changed = np.flatnonzero(np.isin(past.slots, list(turn_of)))
    found[changed] = [turn_of[slot] for slot in past.slots[changed].tolist()]
    for row, one in enumerate(past.named, len(past.slots)):
        found[row] = turns.get(one.key, NEVER_SUPERSEDED)
    return found


def _weigh(
    new: Sequence[StoredEntry],
    extracted: Iterable[Features],
    past: _Past,
    settings: StorySettings,
    prior: Prior,
) -> list[bytes]:
    """Pack the new entries one after another, each with what was known when its turn came."""
    frequencies, moving = past.window.frequencies(new, settings, past.load)
    reach = settings.window.total_seconds()
    waiting = sorted(moving, key=lambda one: one[:2], reverse=True)
    packed = []
    known = _with_background(extracted, prior)
    for one, (features, background) in zip(new, known, strict=True):
        when = one.published.timestamp()
        arriving = []
        while waiting and waiting[-1][0] <= when + reach:
            arriving.append(waiting.pop())
        if arriving:
            times, keys, terms = zip(*arriving, strict=True)
            frequencies.add_all(keys, times, terms)
        frequencies.move(when)
        frequencies.drop(one.key)
        packed.append(_pack(features, frequencies.weigh(_ids(features), background)))
        frequencies.add(one.key, when, packing.terms(packed[-1]))
    return packed


def _with_background(
    extracted: Iterable[Features], prior: Prior
) -> Iterator[tuple[Features, Floats]]:
    """Yield features with what the prior says of their terms, looked up for many entries at once."""
    rest = iter(extracted)
    while some := list(islice(rest, _ENTRIES_PER_LOOK_UP)):
        found: list[Floats] = [_NO_TERMS] * len(some)
        for chinese in (True, False):
            places = [place for place, one in enumerate(some) if one.chinese == chinese]
            ids = [_ids(some[place]) for place in places]
            ends = np.cumsum([len(one) for one in ids])
            idf = prior.idf(np.concatenate([_NO_IDS, *ids]), chinese=chinese)
            for place, own in zip(places, np.split(idf, ends[:-1]), strict=False):
                found[place] = own
        yield from zip(some, found, strict=True)


def _ids(features: Features) -> Hashes:
    """Return the terms of an entry that have weights: words, bigrams, heads of its meaning."""
    parts = features.words.ids, features.bigrams.ids, features.meaning.heads
    found: Hashes = np.concatenate(parts)
    return found


def _pack(features: Features, weights: Floats) -> bytes:
    """Pack features whose terms have these weights, in the order of `_ids`."""
    words = len(features.words.ids)
    bigrams = words + len(features.bigrams.ids)
    return packing.pack(
        features,
        packing.Weights(
            words=weights[:words], bigrams=weights[words:bigrams], heads=weights[bigrams:]
        ),
    )
