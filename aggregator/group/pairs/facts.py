"""Compares the facts of two entries: names in titles, countries, quantities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.terms import MARKED, TITLED
from aggregator.group.pairs import overlap
from aggregator.group.pairs.overlap import WEIGHTS, Doubles, Lists, Places, Shared

_DAMP = 3.0  # squared weight beside which few names count for little
_MOST = 8  # by which two sets may differ


def columns(lists: Lists, both: Shared, left: Places, right: Places) -> dict[str, NDArray[Any]]:
    """Compare pairs by facts; `both` are the words that they share."""
    names = [
        _names_met(lists, both.pair, mine, rows)
        for mine, rows in ((both.left, left), (both.right, right))
    ]
    found: dict[str, NDArray[Any]] = {
        "title names met, least": np.minimum(*names),
        "title names met, most": np.maximum(*names),
    }
    for name in ("countries", "amounts", "units"):
        hits = np.bincount(overlap.shared(lists[name], left, right).pair, minlength=len(left))
        mine, other = (lists.heads[name][rows].astype(np.int64) for rows in (left, right))
        found[f"same {name}"] = hits
        found[f"other {name}"] = np.minimum(mine + other - 2 * hits, _MOST)
        found[f"no {name} in common"] = (mine > 0) & (other > 0) & (hits == 0)
    found["one unit, other amounts"] = np.maximum(found["same units"] - found["same amounts"], 0)
    return found


def _names_met(lists: Lists, pair: Places, mine: Places, rows: Places) -> Doubles:
    """Return the share of the names in each title that the other text contains, a half without names."""
    places = lists["word_places"].flat
    named = ((places & MARKED) > 0) & ((places & TITLED) > 0)
    squares = WEIGHTS[lists["word_weights"].flat] ** 2 * named
    all_of_them = overlap.per_entry(lists["word_ids"].starts, squares)[rows]
    met = overlap.tally(pair, squares[mine], len(rows))
    found: Doubles = (met + _DAMP) / (all_of_them + 2 * _DAMP)
    return found
