"""The similarity features of a pair of entries, computed from their stored features."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from aggregator.group.features.headline_cues import Cue
from aggregator.group.features.packing import DATED
from aggregator.group.pairs import facts, meaning_overlap, overlap, together
from aggregator.group.pairs.overlap import Lists, Places

Floats = NDArray[np.float32]
COPIED = 0.5  # from here on two texts are one
_PASSAGES, _BRIEF, _SAME_TITLE = 6, 200, 0.9
_NOTHING = 20  # characters of a body below which a title stands alone
_AGAIN = 0.25  # hours in which a publisher posts its own text again
_AT_ONCE = 4096  # pairs, so that memory stays small


class Comparison(Protocol):
    """Anything that turns pairs of entries into features for a model; `names` are its columns."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of the columns."""

    def features(self, left: Places, right: Places) -> Floats:
        """Return a row for each pair; `left` is sorted."""


class Comparer:
    """Compares entries by their words, bigrams, passages, titles, dates, times and publishers."""

    def __init__(
        self, packed: Callable[[Sequence[int]], list[bytes]], published: NDArray[np.float64]
    ) -> None:
        """`packed` gives the stored features of rows."""
        self._packed = packed
        self._published = published

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of the columns."""
        return NAMES

    def features(self, left: Places, right: Places) -> Floats:
        """Return a row for each pair; `left` is sorted."""
        found = np.empty((len(left), len(NAMES)), np.float32)
        # All pairs of one entry are compared together, because `together` counts among them.
        firsts = np.flatnonzero(np.diff(left, prepend=-1))
        number = np.unique(np.searchsorted(firsts, np.arange(0, len(left), _AT_ONCE)))
        cuts = firsts[number[number < len(firsts)]].tolist()
        for begin, end in pairwise([*cuts, len(left)]):
            some = slice(begin, end)
            found[some] = self._some(left[some], right[some])
        return found

    def _some(self, left: Places, right: Places) -> Floats:
        """Read the lists of the entries of a few pairs, not of all, and compare these."""
        rows, places = np.unique(np.concatenate((left, right)), return_inverse=True)
        few = _Few(Lists(self._packed(rows.tolist())), self._published[rows])
        return few.features(places[: len(left)], places[len(left) :])


class _Few:
    """The entries of a few pairs with their lists."""

    def __init__(self, lists: Lists, published: NDArray[np.float64]) -> None:
        self._published = published
        self._lists = lists
        self._titles = lists.titles()

    def features(self, left: Places, right: Places) -> Floats:
        """Return a row for each pair; `left` is sorted."""
        words = overlap.shared(self._lists["word_ids"], left, right)
        columns = {
            **overlap.word_columns(self._lists, words, left, right),
            **facts.columns(self._lists, words, left, right),
            **together.columns(self._lists, words, left, right),
            **overlap.bigram_columns(self._lists, left, right),
            **meaning_overlap.columns(self._lists, left, right),
            **self._bodies(left, right),
            **self._passages(left, right),
            **self._title_ratio(left, right),
            **self._circumstances(left, right),
            **self._cues(left, right),
        }
        same = columns["same publisher"]
        columns["same publisher, hours"] = same * columns["hours"]
        for name in ("bigram cosine", "containment", "title ratio"):
            columns[f"same publisher, {name}"] = same * columns[name]
        return np.stack([columns[name].astype(np.float32) for name in NAMES], axis=1)

    def _passages(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        """Compare copied passages, named days and numbers."""
        heads, count = self._lists.heads, len(left)
        hits = {
            name: np.bincount(overlap.shared(self._lists[name], left, right).pair, minlength=count)
            for name in ("shingles", "numbers")
        }
        shingles, numbers = (heads[name].astype(np.int64) for name in hits)
        days = self._first_days()
        both = (heads["dates"][left] > 0) & (heads["dates"][right] > 0)
        most = np.maximum(numbers[left], numbers[right])
        least = np.maximum(np.minimum(shingles[left], shingles[right]), 4)
        return {
            "containment": hits["shingles"] / least,
            "same day": both & (days[left] == days[right]),
            "same numbers": (most > 0) & (hits["numbers"] == most),
        }

    def _first_days(self) -> NDArray[Any]:
        days = self._lists["dates"]
        return np.append(days.flat, 0)[np.minimum(days.starts[:-1], len(days.flat))]

    def _title_ratio(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        mine = [self._titles[place] for place in left.tolist()]
        other = [self._titles[place] for place in right.tolist()]
        # Chinese has no spaces, so there this is the plain ratio of the best alignment.
        words = cpdist(mine, other, scorer=fuzz.token_set_ratio, dtype=np.float32)
        letters = cpdist(mine, other, scorer=fuzz.ratio, dtype=np.float32)
        order = cpdist(mine, other, scorer=fuzz.token_sort_ratio, dtype=np.float32)
        part = cpdist(mine, other, scorer=fuzz.partial_ratio, dtype=np.float32)
        pattern = self._lists.heads["pattern"]
        digits = np.flatnonzero((pattern[left] == pattern[right]) & (pattern[left] > 0))
        differ = np.zeros(len(left), bool)
        differ[digits] = [mine[one] != other[one] for one in digits.tolist()]
        return {
            "title ratio": letters / 100,
            "title words ratio": words / 100,
            "sorted title ratio": order / 100,
            "partial title ratio": part / 100,
            "other digits alone": differ,
        }

    def _bodies(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        """Compare the lengths of the bodies."""
        length = self._lists.heads["length"]
        alone = (length < _NOTHING).astype(np.int64)
        return {
            "titles alone": alone[left] + alone[right],
            "longer body": np.log1p(np.maximum(length[left], length[right])),
        }

    def _circumstances(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        """Compare times, publishers and lengths."""
        heads = self._lists.heads
        dated = (heads["flags"][left] & heads["flags"][right] & DATED) > 0
        apart = np.abs(self._published[left] - self._published[right]) / 3600
        hours = np.where(dated, apart, 0.0)
        publisher = heads["publisher"]
        same = (publisher[left] == publisher[right]) & (publisher[left] > 0)
        shorter = np.minimum(heads["length"][left], heads["length"][right])
        return {
            "undated": ~dated,
            "hours": np.log1p(hours),
            "over 18 hours": hours > 18,
            "first 6 hours": np.minimum(hours, 6),
            "same publisher": same,
            # Equal times are those of a newspaper's edition or of one crawl.
            "same publisher, at once": same & dated & (apart > 0) & (hours < _AGAIN),
            "shorter body": np.log1p(np.maximum(shorter, _BRIEF)),
        }

    def _cues(self, left: Places, right: Places) -> dict[str, NDArray[Any]]:
        """Compare the cues of the titles."""
        cues = self._lists.heads["cues"]
        both, one = cues[left] & cues[right], cues[left] ^ cues[right]
        return {
            name: (bits & int(sign)) > 0
            for sign in Cue
            for name, bits in zip(_cue_names(sign), (both, one), strict=True)
        }


def same_text(columns: Floats, heads: NDArray[np.void], left: Places, right: Places) -> Floats:
    """Return the degree to which each pair is one text, from 0 to 1.

    It is the share of the shorter body's passages that the other contains. If a body is too short
    for passages, it is the ratio of the titles, unless both bodies are long enough to differ.
    """
    passages = np.minimum(heads["shingles"][left], heads["shingles"][right])
    contained = columns[:, NAMES.index("containment")]
    ratio = columns[:, NAMES.index("title ratio")]
    alike = np.where(ratio >= _SAME_TITLE, ratio, 0.0)
    bodies = (heads["length"][left] >= _BRIEF) & (heads["length"][right] >= _BRIEF)
    titles = np.where(bodies, 0.0, alike)
    return np.where(passages >= _PASSAGES, contained, titles).astype(np.float32)


def _cue_names(sign: Cue) -> tuple[str, str]:
    word = str(sign.name).lower().replace("_", "-")
    return f"both {word}", f"one {word}"


NAMES = (
    "top words",
    "all words",
    "word cosine",
    "heavy words, least",
    "heavy words, most",
    "coverage, least",
    "coverage, most",
    "rare words",
    "names, least",
    "names, most",
    "names apart",
    "names of leads, least",
    "names of leads, most",
    "bigram cosine",
    "titles",
    "best sentences",
    "sentences, least",
    "title's best sentence, most",
    "title's best sentence, least",
    "title in text, least",
    "title in text, most",
    "title in lead, least",
    "title in lead, most",
    "subject in title, least",
    "subject in title, most",
    "subject in lead, least",
    "subject in lead, most",
    "leads",
    "rest",
    "containment",
    "same day",
    "same numbers",
    "title ratio",
    "title words ratio",
    "undated",
    "hours",
    "over 18 hours",
    "first 6 hours",
    "shorter body",
    "same publisher",
    "same publisher, at once",
    "same publisher, bigram cosine",
    "same publisher, containment",
    "same publisher, title ratio",
    *(
        f"{text} words together{whose}"
        for text in ("title", "text")
        for whose in ("", ", same publisher")
    ),
    "title names met, least",
    "title names met, most",
    *(
        name.format(what)
        for what in ("countries", "amounts", "units")
        for name in ("same {}", "other {}", "no {} in common")
    ),
    "one unit, other amounts",
    "meaning cosine",
    "meaning, least",
    "meaning, most",
    "meaning",
    "titles' meaning",
    "titles' meaning, least",
    "two languages",
    "both Chinese",
    "titles alone",
    "longer body",
    "sorted title ratio",
    "partial title ratio",
    "other digits alone",
    "same publisher, hours",
    *(name for sign in Cue for name in _cue_names(sign)),
)
