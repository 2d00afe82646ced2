"""How many candidates hold together what two entries share."""

import math

import numpy as np

from aggregator.core.model import GroupContext
from aggregator.core.settings import StorySettings
from aggregator.group.features.feature_rows import gather
from aggregator.group.pairs import overlap, together
from aggregator.group.pairs.overlap import Lists
from aggregator.group.stories.context import shipped
from tests.unit.group.news import tell


def count(titles: list[str], pairs: list[tuple[int, int]]) -> list[float]:
    """Return the counts of titles for pairs of entries, as numbers of entries."""
    new = [tell((title, ""), n, f"p{n}.example", n) for n, title in enumerate(titles)]
    rows = gather(new, GroupContext(), StorySettings(), shipped().prior)
    lists = Lists(rows.packed(range(len(new))))
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    both = overlap.shared(lists["word_ids"], left, right)
    found = together.columns(lists, both, left, right)["title words together"]
    return [round(math.expm1(one), 3) for one in found.tolist()]


def test_what_one_candidate_shares_counts_once() -> None:
    assert count(
        ["Aurelia ferry sinks", "Tarnholm harbour burns", "Aurelia ferry founders"], [(2, 0)]
    ) == [1]


def test_what_all_candidates_share_is_a_theme() -> None:
    titles = [f"Quake strikes Tarnholm {word}" for word in ("monday", "coast", "again", "hills")]
    assert count(titles, [(3, 0), (3, 1), (3, 2)]) == [3, 3, 3]


def test_candidates_of_other_entries_are_not_counted() -> None:
    titles = ["Aurelia ferry sinks", "Aurelia ferry burns", "Aurelia ferry founders"]
    assert count(titles, [(1, 0), (2, 0), (2, 1)]) == [1, 2, 2]


def test_a_pair_without_a_word_in_common_is_marked() -> None:
    titles = ["Aurelia ferry sinks", "Tarnholm harbour burns"]
    assert count(titles, [(1, 0)]) == [round(math.expm1(6.0), 3)]
