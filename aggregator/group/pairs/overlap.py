"""The terms that two entries share and their places: what the similarity features are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import packing
from aggregator.group.features.arrays import ranges, runs
from aggregator.group.features.packing import Ragged
from aggregator.group.features.terms import MARKED, SENTENCES

Places = NDArray[np.int64]
Doubles = NDArray[np.float64]
_SLOTS = 1 << 16
_SLOT = np.uint32(_SLOTS - 1)
_CHUNK = 32  # left entries at a time: their table stays in the cache
_SECTIONS = SENTENCES + 1  # the title, then the first sentences
_LEAD = 4  # sections that make the lead: the title and three sentences
_LEAD_BITS = (1 << _LEAD) - 1
_ALL = 255
_NORMS = (
    *((1 << section, _ALL) for section in range(_SECTIONS)),
    (MARKED, _ALL),
    (_LEAD_BITS, _ALL),
)
_NAMED = ((MARKED, _ALL), (MARKED, _LEAD_BITS))
_DAMP = 30.0  # squared weight beside which short sentences count for little
WEIGHTS = np.arange(256) / packing.WEIGHT_STEPS  # of the bytes that weights are stored as
_VALUES = np.square(np.arange(256) / packing.VALUE_STEPS)  # and of those of roots of values
_HEAVY = 12  # heaviest words of an entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Terms that both entries of a pair contain: the pair, and the places in the lists of all."""

    pair: Places
    left: Places
    right: Places


class Lists:
    """The lists of many entries, read from their stored features when they are asked for."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._packed = packed
        self.heads = packing.headers(packed)
        self._read: dict[str, Ragged] = {}
        self._masses: dict[str, Doubles] = {}

    def __getitem__(self, name: str) -> Ragged:
        if name not in self._read:
            self._read[name] = packing.ragged(self._packed, self.heads, name)
        return self._read[name]

    def weights(self, kind: str, places: Places) -> Doubles:
        """Return the weights of the terms at some places, 0 to about 12; rare terms weigh more."""
        found: Doubles = WEIGHTS[self[f"{kind}_weights"].flat[places]]
        return found

    def values(self, kind: str, places: Places) -> Doubles:
        """Return the values of the terms at some places; the squares of one entry add up to one."""
        found: Doubles = _VALUES[self[f"{kind}_values"].flat[places]]
        return found

    def masses(self, kind: str, masks: tuple[tuple[int, int], ...]) -> Doubles:
        """Return each entry's squared weight of terms that stand in one and the other of two places."""
        if kind not in self._masses:
            starts, places = self[f"{kind}_ids"].starts, self[f"{kind}_places"].flat
            owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
            some = np.flatnonzero(places)  # most terms stand further back than any mask asks
            owner, places = owner[some], places[some]
            squares = self.weights(kind, some) ** 2
            standing = [np.flatnonzero(_standing(places, mask, also)) for mask, also in masks]
            self._masses[kind] = np.stack(
                [tally(owner[some], squares[some], len(starts) - 1) for some in standing], axis=1
            )
        return self._masses[kind]

    def titles(self) -> list[str]:
        """Return the folded titles."""
        return packing.titles(self._packed, self.heads)


def shared(ids: Ragged, left: Places, right: Places) -> Shared:
    """Find the terms that each pair shares by a small hash table for each left entry, in order.

    `left` is sorted. Pairs with an empty list, which are most for some lists, are left out first.
    """
    holds = np.diff(ids.starts) > 0
    some = np.flatnonzero(holds[left] & holds[right])
    left, right = left[some], right[some]
    entries = np.cumsum(np.diff(left, prepend=left[:1]) > 0)
    cuts = np.flatnonzero(np.diff(entries // _CHUNK, prepend=-1)).tolist()
    table = np.zeros((min(_CHUNK, int(entries[-1]) + 1) if len(left) else 0) * _SLOTS, np.uint8)
    nothing = np.empty(0, np.int64)
    parts = [
        (nothing, nothing, nothing),
        *(
            _shared_of(ids, left[a:b], right[a:b], a, table)
            for a, b in pairwise([*cuts, len(left)])
        ),
    ]
    pair, lefts, rights = (np.concatenate(one) for one in zip(*parts, strict=True))
    return Shared(pair=some[pair], left=lefts, right=rights)


def _shared_of(
    ids: Ragged, left: Places, right: Places, first: int, table: NDArray[np.uint8]
) -> tuple[Places, Places, Places]:
    # A list has fewer than 256 elements; the table says at which of them a slot's term stands.
    begins, sizes = runs(left)
    owners, local = left[begins], np.repeat(np.arange(len(begins)), sizes)
    mine, whose = gather(ids, owners)
    slots = (whose << 16) | (ids.flat[mine] & _SLOT)
    table[slots] = mine - (ids.starts[owners] - 1)[whose]
    theirs, pair = gather(ids, right)
    codes = ids.flat[theirs]
    hits = table[(local << 16)[pair] | (codes & _SLOT)]
    table[slots] = 0
    some = np.flatnonzero(hits)
    pair = pair[some]
    here = ids.starts[left[pair]] - 1 + hits[some]
    good = np.flatnonzero(ids.flat[here] == codes[some])
    return pair[good] + first, here[good], theirs[some[good]]


def _standing(places: NDArray[np.uint8], mask: int, also: int) -> NDArray[np.bool_]:
    one: NDArray[np.bool_] = (places & mask) > 0
    return one if also == _ALL else one & ((places & also) > 0)


def tally(pair: Places, parts: NDArray[Any], count: int) -> Doubles:
    """Return the sum of the parts of each pair."""
    return np.asarray(np.bincount(pair, parts, count), np.float64)


def per_entry(starts: Places, parts: NDArray[Any]) -> Doubles:
    """Return the sum of the parts of each entry, whose lists begin at `starts`."""
    return tally(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), parts, len(starts) - 1)


def gather(lists: Ragged, rows: Places) -> tuple[Places, Places]:
    """Return the places of the elements of some lists, and which of the rows each is of."""
    begin = lists.starts[rows]
    sizes = lists.starts[rows + 1] - begin
    owner = np.repeat(np.arange(len(rows)), sizes)
    return ranges(begin, sizes), owner


def word_columns(
    lists: Lists, both: Shared, left: Places, right: Places
) -> dict[str, NDArray[Any]]:
    """Compare pairs by their words: the rarest, all, the heaviest of each."""
    ids, count = lists["word_ids"], len(left)
    weight = (lists.weights("word", both.left) + lists.weights("word", both.right)) / 2
    mine, other = lists.values("word", both.left), lists.values("word", both.right)

    def total(parts: NDArray[Any]) -> Doubles:
        """Return the sum of the parts of each pair."""
        return tally(both.pair, parts, count)

    heavy = [
        total(side - ids.starts[rows][both.pair] < _HEAVY) / _HEAVY
        for side, rows in ((both.left, left), (both.right, right))
    ]
    cover = [total(mine**2), total(other**2)]
    names = _names(lists, both, weight, left, right)
    return {
        "top words": np.sqrt(_top(both.pair, weight, count)),
        "all words": np.sqrt(total(weight)),
        "word cosine": total(mine * other),
        "heavy words, least": np.minimum(*heavy),
        "heavy words, most": np.maximum(*heavy),
        "coverage, least": np.minimum(*cover),
        "coverage, most": np.maximum(*cover),
        "rare words": total(weight > 6),
    } | names


def _names(
    lists: Lists, both: Shared, weight: Doubles, left: Places, right: Places
) -> dict[str, NDArray[Any]]:
    """Compare the shared names with all names of each entry."""
    places = lists["word_places"].flat
    masses = lists.masses("word", _NAMED)
    named = ((places[both.left] | places[both.right]) & MARKED) > 0
    held = tally(both.pair, weight**2 * named, len(left))
    mine, other = masses[left, 0], masses[right, 0]
    led = [
        tally(
            both.pair,
            lists.weights("word", side) ** 2 * _standing(places[side], MARKED, _LEAD_BITS),
            len(left),
        )
        / (masses[rows, 1] + _DAMP)
        for side, rows in ((both.left, left), (both.right, right))
    ]
    return {
        "names of leads, least": np.minimum(*led),
        "names of leads, most": np.maximum(*led),
        "names, least": held / (np.maximum(mine, other) + _DAMP),
        "names, most": held / (np.minimum(mine, other) + _DAMP),
        "names apart": np.sqrt(np.maximum(mine + other - 2 * held, 0.0)),
    }


def _top(pair: Places, weight: Doubles, count: int, most: int = 8) -> Doubles:
    """Return the sum of the largest weights of each pair."""
    order = np.lexsort((-weight, pair))
    ranks = np.arange(len(order)) - np.searchsorted(pair[order], pair[order])
    best = order[ranks < most]
    return tally(pair[best], weight[best], count)


def bigram_columns(lists: Lists, left: Places, right: Places) -> dict[str, NDArray[Any]]:
    """Compare pairs by bigrams: all of them, and titles and sentences with each other."""
    both = shared(lists["bigram_ids"], left, right)
    places = lists["bigram_places"].flat
    weights = (lists.weights("bigram", both.left) + lists.weights("bigram", both.right)) / 2
    squares = weights**2
    products = lists.values("bigram", both.left) * lists.values("bigram", both.right)
    columns = {"bigram cosine": tally(both.pair, products, len(left))}
    norms = lists.masses("bigram", _NORMS)
    pairs = _Placed(
        pair=both.pair, squares=squares, left=places[both.left], right=places[both.right]
    )
    sections = pairs.sections(len(left))
    return (
        columns
        | _sentence_columns(sections, norms[left], norms[right])
        | _title_columns(pairs, norms[left], norms[right])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """Shared terms with their squared weights and where they stand on both sides."""

    pair: Places
    squares: Doubles
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]

    def total(self, left: int, right: int, count: int) -> Doubles:
        """Return each pair's squared weight of what stands in these places of both."""
        good = ((self.left & left) > 0) & ((self.right & right) > 0)
        return tally(self.pair[good], self.squares[good], count)

    def sections(self, count: int) -> Doubles:
        """Return each pair's squared weight for every two sections, one of them in a lead."""
        found = np.zeros((count, _SECTIONS, _SECTIONS))
        for a in range(_SECTIONS):
            here = (self.left >> a) & 1 > 0
            pair, squares, right = self.pair[here], self.squares[here], self.right[here]
            for b in range(_SECTIONS if a < _LEAD else _LEAD):
                found[:, a, b] = np.bincount(pair, squares * ((right >> b) & 1), count)
        return found


def _sentence_columns(sections: Doubles, left: Doubles, right: Doubles) -> dict[str, NDArray[Any]]:
    """Compare sections with sections: titles, the best match of any, of the titles, of each."""
    scale = np.sqrt(left[:, :_SECTIONS, None] * right[:, None, :_SECTIONS]) + _DAMP
    alike = sections / scale
    title_left, title_right = alike[:, 0, :].max(axis=1), alike[:, :, 0].max(axis=1)
    return {
        "titles": alike[:, 0, 0],
        "best sentences": alike.max(axis=(1, 2)),
        "sentences, least": np.minimum(
            alike[:, :_LEAD, :].max(axis=2).mean(axis=1),
            alike[:, :, :_LEAD].max(axis=1).mean(axis=1),
        ),
        "title's best sentence, most": np.maximum(title_left, title_right),
        "title's best sentence, least": np.minimum(title_left, title_right),
    }


def _title_columns(pairs: _Placed, left: Doubles, right: Doubles) -> dict[str, NDArray[Any]]:
    """Compare titles with the whole other text and its lead, leads with leads, rest with rest."""
    count, lead = len(left), _LEAD_BITS
    whole = [
        tally(pairs.pair, pairs.squares * (side & 1), count) for side in (pairs.left, pairs.right)
    ]
    inside = [pairs.total(1, lead, count), pairs.total(lead, 1, count)]
    begun = [left[:, -2] + 5, right[:, -2] + 5]
    titled = [pairs.total(MARKED, 1, count) / begun[0], pairs.total(1, MARKED, count) / begun[1]]
    opened = [
        pairs.total(MARKED, lead, count) / begun[0],
        pairs.total(lead, MARKED, count) / begun[1],
    ]
    sizes = [left[:, 0] + 5, right[:, 0] + 5]
    rest = ((pairs.left & lead) == 0) & ((pairs.right & lead) == 0)
    covered = [part / size for part, size in zip(whole, sizes, strict=True)]
    led = [part / size for part, size in zip(inside, sizes, strict=True)]
    return {
        "title in text, least": np.minimum(*covered),
        "title in text, most": np.maximum(*covered),
        "title in lead, least": np.minimum(*led),
        "title in lead, most": np.maximum(*led),
        "leads": pairs.total(lead, lead, count) / (np.sqrt(left[:, -1] * right[:, -1]) + _DAMP),
        "subject in title, least": np.minimum(*titled),
        "subject in title, most": np.maximum(*titled),
        "subject in lead, least": np.minimum(*opened),
        "subject in lead, most": np.maximum(*opened),
        "rest": np.sqrt(tally(pairs.pair[rest], pairs.squares[rest], count)),
    }
