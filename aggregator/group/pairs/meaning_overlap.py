"""Compares the English stems of two entries, across languages and within one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.meaning import IN_TITLE
from aggregator.group.features.packing import CHINESE
from aggregator.group.pairs import overlap
from aggregator.group.pairs.overlap import WEIGHTS, Doubles, Lists, Places, Shared

_DAMP = 3.0  # squared weight beside which a few translated words count for little
_TINY = 1e-9


def columns(lists: Lists, left: Places, right: Places) -> dict[str, NDArray[Any]]:
    """Compare pairs by the stems of their words."""
    pairs = _Pairs(lists=lists, left=left, right=right)
    both = overlap.shared(lists["stem_ids"], left, right)
    weights = WEIGHTS[lists["stem_weights"].flat]
    mine, other = weights[both.left], weights[both.right]
    totals = overlap.per_entry(lists["stem_ids"].starts, weights**2)
    norm = np.sqrt(totals[left] * totals[right]) + _TINY
    covered = [
        np.where(
            pairs.across & chinese,
            pairs.met(both.pair, heads, rows),
            overlap.tally(both.pair, weights[places] ** 2, len(left)) / (totals[rows] + _TINY),
        )
        for places, heads, rows, chinese in pairs.sides(both)
    ]
    titled = pairs.in_titles(both)
    titles = [
        pairs.met(both.pair[titled], heads[titled], rows, IN_TITLE)
        for _, heads, rows, _ in pairs.sides(both)
    ]
    return {
        "meaning cosine": overlap.tally(both.pair, mine * other, len(left)) / norm,
        "meaning, least": np.minimum(*covered),
        "meaning, most": np.maximum(*covered),
        "meaning": np.sqrt(covered[0] * covered[1]),
        "titles' meaning": np.sqrt(titles[0] * titles[1]),
        "titles' meaning, least": np.minimum(*titles),
        "two languages": pairs.across,
        "both Chinese": pairs.chinese[left] & pairs.chinese[right],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs of entries with the heads that their stems are of."""

    lists: Lists
    left: Places
    right: Places

    @property
    def chinese(self) -> NDArray[np.bool_]:
        """Which entries are Chinese."""
        return np.asarray((self.lists.heads["flags"] & CHINESE) > 0)

    @property
    def across(self) -> NDArray[np.bool_]:
        """Which pairs are of two languages."""
        chinese = self.chinese
        return np.not_equal(chinese[self.left], chinese[self.right])

    def sides(self, both: Shared) -> list[tuple[Places, Places, Places, NDArray[np.bool_]]]:
        """Return for both sides the shared stems, their heads, the entries, and which are Chinese."""
        found = []
        for places, rows in ((both.left, self.left), (both.right, self.right)):
            starts = self.lists["head_weights"].starts
            heads = starts[rows[both.pair]] + self.lists["stem_heads"].flat[places]
            found.append((places, heads, rows, self.chinese[rows]))
        return found

    def in_titles(self, both: Shared) -> Places:
        """Return the shared stems of which both heads stand in the title."""
        flags = self.lists["head_flags"].flat
        (_, mine, *_), (_, other, *_) = self.sides(both)
        return np.flatnonzero(flags[mine] & flags[other] & IN_TITLE)

    def met(self, pair: Places, heads: Places, rows: Places, flag: int = 0) -> Doubles:
        """Return the share of the heads with a flag that each pair has in common, each head counted once."""
        weights = WEIGHTS[self.lists["head_weights"].flat] ** 2
        if flag:
            weights = weights * ((self.lists["head_flags"].flat & flag) > 0)
        totals = overlap.per_entry(self.lists["head_weights"].starts, weights)
        # A list has fewer than 256 elements, so each pair has that many places for its heads.
        begins = self.lists["head_weights"].starts[rows]
        places = np.zeros(len(rows) << 8, bool)
        places[(pair << 8) + heads - begins[pair]] = True
        once = np.flatnonzero(places)
        owners = once >> 8
        found: Doubles = overlap.tally(owners, weights[begins[owners] + (once & 0xFF)], len(rows))
        return found / (totals[rows] + _DAMP)
