"""Comparison: the same numbers however pairs are asked for, and numbers that mean what they say."""

import numpy as np
import pytest

from aggregator.core.model import GroupContext, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing, prior
from aggregator.group.features.feature_rows import Rows, gather
from aggregator.group.pairs import similarity
from aggregator.group.pairs.similarity import NAMES, Comparer
from tests.unit.group.news import BRIDGE, FLOOD, STANDING_ALONE, tell, week


def rows_of(*entries: StoredEntry, ignore_window: bool = False) -> Rows:
    """Return the rows of new entries."""
    return gather(
        entries, GroupContext(), StorySettings(), prior.built_in(), ignore_window=ignore_window
    )


def compare(
    one: StoredEntry, other: StoredEntry, *, ignore_window: bool = False
) -> dict[str, float]:
    """Return the features of a pair, the later entry first."""
    pair = sorted((one, other), key=lambda each: (each.published, each.key))
    rows = rows_of(*pair, ignore_window=ignore_window)
    found = Comparer(rows.packed, rows.published).features(np.array([1]), np.array([0]))
    return dict(zip(NAMES, found[0].tolist(), strict=True))


def test_a_pair_has_the_same_features_alone_and_among_many() -> None:
    rows = rows_of(*week())
    comparer = Comparer(rows.packed, rows.published)
    left, right = (side.astype(np.int64) for side in np.tril_indices(len(rows.keys), -1))
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    whole = comparer.features(left, right)
    assert comparer.names == NAMES
    own = ["together" not in name for name in NAMES]  # what tells of the other candidates is not
    assert whole.shape == (len(left), len(NAMES))
    for number in range(len(left)):
        alone = comparer.features(left[number : number + 1], right[number : number + 1])
        np.testing.assert_array_equal(alone[0][own], whole[number][own])
    times = similarity._AT_ONCE // len(left) + 2
    many = comparer.features(np.repeat(left, times), np.repeat(right, times))
    np.testing.assert_array_equal(many[:, own], np.repeat(whole, times, axis=0)[:, own])


def test_no_pairs_give_no_rows() -> None:
    rows = rows_of(*week())
    nothing = np.empty(0, np.int64)
    assert Comparer(rows.packed, rows.published).features(nothing, nothing).shape == (
        0,
        len(NAMES),
    )


def test_an_entry_compared_with_its_copy() -> None:
    one, copy = tell(BRIDGE[0], 1, "a.example"), tell(BRIDGE[0], 2, "b.example", 1)
    found = compare(one, copy)
    for name in ("word cosine", "bigram cosine", "containment", "title ratio", "titles"):
        assert found[name] == pytest.approx(1, abs=0.12), name
    assert found["same publisher"] == 0
    assert found["hours"] == pytest.approx(np.log(2))


def test_strangers_share_little() -> None:
    found = compare(tell(FLOOD[0], 1, "a.example"), tell(STANDING_ALONE[0], 2, "b.example", 30))
    assert found["word cosine"] < 0.1
    assert found["containment"] == 0
    assert found["over 18 hours"] == 1
    assert found["first 6 hours"] == 6


@pytest.mark.parametrize(
    ("hours", "at_once"),
    [(0.2, 1), (5.0, 0), (0.0, 0)],
    ids=["minutes apart", "hours apart", "one edition"],
)
def test_one_publisher(hours: float, at_once: int) -> None:
    found = compare(tell(BRIDGE[0], 1, "a.example"), tell(BRIDGE[1], 2, "a.example", hours))
    assert found["same publisher"] == 1
    assert found["same publisher, at once"] == at_once
    assert found["same publisher, bigram cosine"] == found["bigram cosine"] > 0


def test_without_dates_time_says_nothing() -> None:
    dated = rows_of(tell(BRIDGE[0], 1, "a.example"), tell(BRIDGE[1], 2, "b.example", 40))
    one, other = dated.packed([0, 1])
    undated = one, other[:1] + bytes([other[1] & ~packing.DATED]) + other[2:]
    pair = np.array([1]), np.array([0])
    found = [
        dict(zip(NAMES, Comparer(packed, dated.published).features(*pair)[0], strict=True))
        for packed in (dated.packed, lambda rows: [undated[row] for row in rows])
    ]
    assert [one["undated"] for one in found] == [0, 1]
    assert [one["over 18 hours"] for one in found] == [1, 0]
    assert [one["hours"] for one in found] == pytest.approx([np.log(41), 0])


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (BRIDGE[0], BRIDGE[0], True),
        (BRIDGE[0], BRIDGE[1], False),
        (("海岚市长宣布修桥", ""), ("海岚市長宣布修橋", ""), True),
        (("海岚市长宣布修桥", ""), ("云溪县暴雨引发山洪", ""), False),
    ],
    ids=["copied", "retold", "a title in the other script", "two titles"],
)
def test_one_text(one: tuple[str, str], other: tuple[str, str], alike: bool) -> None:
    rows = rows_of(tell(one, 1, "a.example"), tell(other, 2, "b.example", 1))
    pair = np.array([1]), np.array([0])
    columns = Comparer(rows.packed, rows.published).features(*pair)
    copied = similarity.same_text(columns, rows.heads, *pair)[0]
    assert (copied >= similarity.COPIED) == alike
