"""Whether two titles are written from one formula about two subjects: results, quakes, matches, releases.

A formula is a frame with slots. The wording agrees, in order, and what stands in the slots of
one title (a name, a number, a place) is rare and stands nowhere in the other entry. In two
reports of one event it is the other way round: the rare words are shared, the wording differs,
and one title says more than the other.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel, Levenshtein
from rapidfuzz.process import cpdist

from aggregator.group.features.packing import CHINESE
from aggregator.group.features.terms import MARKED
from aggregator.group.pairs import overlap
from aggregator.group.pairs.overlap import Lists
from aggregator.text.fold import DENSE

Indices = NDArray[np.int64]
Doubles = NDArray[np.float64]

# What each feature adds to the log-odds of a formula. Fitted to labelled news and to invented
# formulas as `python -m benchmarks.formulas fit FILE...` does it, but to all partners of an entry:
# fitted to the few that are compared now, more bulletins of grammars held out are merged.
WEIGHTS = {
    "frame": 11.45,  # share of the tokens that agree in order, all numbers taken for equal
    "substituted": 2.9,  # share of the tokens in whose place the other title has others
    "one title more": -5.7,  # share of the tokens that only one title has
    "rarest apart": 1.94,  # the rarest term of a title that the other entry lacks, the less rare one
    "title cover": -4.68,  # share of the title that the other title has too, by weight
    "entry cover": -1.89,  # share of an entry, title and text, that the other has too; the greater one
    "numbers apart": 3.4,  # both have numbers, none in common
    "begin apart": 0.91,  # the first words differ: in most titles the subject
    "name for name": 0.73,  # the rarest name of a title that the other entry lacks, the less rare one
    "not Chinese": -1.65,  # words of other scripts are counted over fewer entries, so none is as rare
    "whole text": -7.45,  # how long the shorter body is, up to _WHOLE: bulletins are short
}
BIAS = -14.16
_LIMIT = 2.9  # log-odds above which a pair is held apart
_SAME_TITLE = 0.6  # cover of a title from which on one with the same numbers is a copy
_COPIED = 0.85  # cover of an entry from which on it is a copy, unless its numbers differ
_LEAST_LIMIT, _PER_E_FOLD = 0.8, 0.7  # less for each e-fold of an entry's pairs above the limit

_TOKEN = re.compile(rf"(?P<number>\d+(?:[.,:/-]\d+)*)|[{DENSE}]|[^\W_\d{DENSE}]+|[^\W_]")
_FIRST_CODE, _CODES = 0xF0000, 0xFFFD  # characters of private use, each for one longer token
_IN_TITLE, _ANYWHERE = 1, 0
_WHOLE = 600  # characters


class Titles:
    """Titles as strings with one character for each token, so that they are aligned fast."""

    def __init__(self, titles: Sequence[str]) -> None:
        self._codes: dict[str, str] = {}
        self.tokens: list[str] = []
        self.frames: list[str] = []  # the same with all numbers equal
        self.numbers: list[frozenset[str]] = []
        for title in titles:
            found = [(one[0], one["number"]) for one in _TOKEN.finditer(title)]
            self.tokens.append("".join(self._code(token) for token, _ in found))
            self.frames.append("".join("#" if number else self._code(t) for t, number in found))
            self.numbers.append(frozenset(n.replace(",", "") for _, n in found if n))

    def _code(self, token: str) -> str:
        """Return one character for a token; a Chinese character stands for itself."""
        if len(token) == 1:
            return token
        return self._codes.setdefault(token, chr(_FIRST_CODE + len(self._codes) % _CODES))


def are_two(lists: Lists, left: Indices, right: Indices) -> NDArray[np.bool_]:
    """Return which pairs are two bulletins of one formula; `left` is sorted.

    An entry that has many such pairs is written from a formula, so less is asked of its others.
    """
    titles = Titles(lists.titles())
    table = columns(lists, left, right, titles)
    named = dict(zip(WEIGHTS, table.T, strict=True))
    log_odds = table @ np.array([*WEIGHTS.values()]) + BIAS
    copies = (named["entry cover"] >= _COPIED) & (named["numbers apart"] == 0)
    same_numbers = _equal([one or None for one in titles.numbers], left, right)
    copies |= (named["title cover"] >= _SAME_TITLE) & same_numbers
    log_odds[copies] = -np.inf
    many = np.bincount(left, log_odds > _LIMIT, int(left.max(initial=0)) + 1)[left]
    limit = np.maximum(_LIMIT - _PER_E_FOLD * np.log1p(many), _LEAST_LIMIT)
    publishers = lists.heads["publisher"]
    ours = (publishers[left] == publishers[right]) & (publishers[left] > 0)
    numbers_alone = (named["frame"] >= 1) & ~_equal(titles.tokens, left, right) & ours
    found: NDArray[np.bool_] = (log_odds > limit) | numbers_alone
    return found


def _equal(values: Sequence[object], left: Indices, right: Indices) -> NDArray[np.bool_]:
    """Return the pairs whose two entries have one value; None is none."""
    pairs = ((values[a], values[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True))
    return np.array([one is not None and one == other for one, other in pairs], bool)


def columns(lists: Lists, left: Indices, right: Indices, titles: Titles | None = None) -> Doubles:
    """Return a row for each pair, in the order of WEIGHTS; `titles` are those of the lists."""
    titles = titles or Titles(lists.titles())
    tokens, frames = (
        [[some[row] for row in side.tolist()] for side in (left, right)]
        for some in (titles.tokens, titles.frames)
    )
    longer = np.array([max(len(a), len(b), 1) for a, b in zip(*tokens, strict=True)])
    # A substitution is one step, and a deletion with an insertion.
    edits = cpdist(*tokens, scorer=Indel.distance, dtype=np.int32).astype(np.float64)
    steps = cpdist(*tokens, scorer=Levenshtein.distance, dtype=np.int32).astype(np.float64)
    numbers = ((titles.numbers[a], titles.numbers[b]) for a, b in zip(left, right, strict=True))
    apart, titles_cover = _rarest(lists, "bigram", _IN_TITLE, left, right)
    names, _ = _rarest(lists, "word", _IN_TITLE | MARKED, left, right)
    _, entries_cover = _rarest(lists, "bigram", _ANYWHERE, left, right)
    # In Chinese nearly every title has a name, so that these say nothing of slots.
    chinese = (lists.heads["flags"][left] & lists.heads["flags"][right] & CHINESE) > 0
    return np.stack(
        [
            cpdist(*frames, scorer=Indel.normalized_similarity, dtype=np.float32),
            (edits - steps) / longer,
            (2 * steps - edits) / longer,
            np.minimum(*apart),
            np.minimum(*titles_cover),
            np.maximum(*entries_cover),
            np.array([bool(a) and bool(b) and a.isdisjoint(b) for a, b in numbers], bool),
            np.array([a[:1] != b[:1] for a, b in zip(*tokens, strict=True)], bool),
            np.minimum(*names) * ~chinese,
            ~chinese,
            np.minimum(np.minimum(*(lists.heads["length"][n] for n in (left, right))), _WHOLE)
            / _WHOLE,
        ],
        axis=1,
    )


def _rarest(
    lists: Lists, kind: str, mask: int, left: Indices, right: Indices
) -> tuple[list[Doubles], list[Doubles]]:
    """Return for both sides how rare what it has alone is, and which share of it the other has.

    Of each side only terms count that stand where `mask` says.
    """
    ids, titled = lists[f"{kind}_ids"], (lists[f"{kind}_places"].flat & mask) == mask
    weights = lists.weights(kind, np.arange(len(titled)))
    both = overlap.shared(ids, left, right)
    in_titles = titled[both.left] & titled[both.right]
    apart, cover = [], []
    for rows, hits in ((left, both.left), (right, both.right)):
        places, owner = overlap.gather(ids, rows)
        begins = np.cumsum(np.append(0, np.diff(ids.starts)[rows]))
        found = np.zeros(len(places), bool)
        found[begins[both.pair] + hits - ids.starts[rows[both.pair]]] = True
        lacked = np.flatnonzero(titled[places] & ~found)
        rarest = np.zeros(len(rows))
        np.maximum.at(rarest, owner[lacked], weights[places[lacked]])
        apart.append(rarest)
        own = np.flatnonzero(titled[places])
        mass = np.bincount(owner[own], weights[places[own]] ** 2, len(rows))
        held = np.bincount(both.pair[in_titles], weights[hits[in_titles]] ** 2, len(rows))
        cover.append(held / np.maximum(mass, 1e-9))
    return apart, cover
