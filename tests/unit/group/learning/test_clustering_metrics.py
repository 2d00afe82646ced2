"""Figures of agreement, against cases that were counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.learning import clustering_metrics
from aggregator.group.learning.clustering_metrics import Counts


@pytest.mark.parametrize(
    ("events", "stories", "pair", "b3"),
    [
        pytest.param("aab", "112", (1, 1, 1), (1, 1, 1), id="all right"),
        # Stories {1,2,3} {4}, events {1,2} {3,4}: one pair of three found, one of two true.
        pytest.param(
            "aabb", "1112", (1 / 3, 1 / 2, 2 / 5), (2 / 3, 3 / 4, 12 / 17), id="one strays"
        ),
        # All alone: no pair is found, so none is wrong.
        pytest.param("aaa", "123", (1, 0, 0), (1, 1 / 3, 1 / 2), id="nothing joined"),
        # All in one story: six pairs, two of them true.
        pytest.param("aabb", "1111", (1 / 3, 1, 1 / 2), (1 / 2, 1, 2 / 3), id="all joined"),
        # An event of four in halves: two of six pairs; each entry meets half of its event.
        pytest.param("aaaa", "1122", (1, 1 / 3, 1 / 2), (1, 1 / 2, 2 / 3), id="halved"),
        # No pair is true and none is found.
        pytest.param("abc", "123", (1, 1, 1), (1, 1, 1), id="strangers"),
        pytest.param("", "", (1, 1, 1), (1, 1, 1), id="nothing"),
    ],
)
def test_agreement(
    events: str, stories: str, pair: tuple[float, ...], b3: tuple[float, ...]
) -> None:
    """Pairs and B³, each as precision, recall and harmonic mean."""
    found = clustering_metrics.count(list(events), list(stories)).agreement()
    assert (found.pair_precision, found.pair_recall, found.pair_f1) == pytest.approx(pair)
    assert (found.b3_precision, found.b3_recall, found.b3_f1) == pytest.approx(b3)


def test_entries_without_event_are_each_alone() -> None:
    """Two of them in one story are a wrong pair; apart they are right."""
    joined = clustering_metrics.count(["", "", "a"], ["1", "1", "2"])
    assert (joined.both, joined.found, joined.true) == (0, 1, 0)
    assert joined.agreement().b3_precision == pytest.approx(2 / 3)
    assert clustering_metrics.count(["", ""], ["1", "2"]).agreement().pair_f1 == 1


def test_counts_of_files_add_up() -> None:
    """Pairs across files do not exist."""
    one, other = (
        clustering_metrics.count(["a", "a"], ["1", "1"]),
        clustering_metrics.count(["a", "a"], ["1", "2"]),
    )
    assert one + other == Counts(both=1, found=1, true=2, entries=4, precision=4, recall=3)
    assert (one + other).agreement().by_name() == pytest.approx(
        {
            "pair_precision": 1,
            "pair_recall": 1 / 2,
            "pair_f1": 2 / 3,
            "b3_precision": 1,
            "b3_recall": 3 / 4,
            "b3_f1": 6 / 7,
        }
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), min_size=1))
def test_precision_one_way_is_recall_the_other(pairs: list[tuple[str, str]]) -> None:
    """Exchanging truth and finding exchanges the figures; all lie between 0 and 1."""
    events, stories = [one for one, _ in pairs], [one for _, one in pairs]
    there = clustering_metrics.count(events, stories).agreement()
    back = clustering_metrics.count(stories, events).agreement()
    assert there.pair_precision == pytest.approx(back.pair_recall)
    assert there.b3_precision == pytest.approx(back.b3_recall)
    assert all(0 <= value <= 1 + 1e-9 for value in there.by_name().values())


@pytest.mark.parametrize(
    ("events", "expected"),
    [("", 0), ("ab", 0), ("aaabb", 4)],
    ids=["none", "strangers", "three and two"],
)
def test_true_pairs(events: str, expected: int) -> None:
    """Pairs within each event."""
    assert clustering_metrics.true_pairs(list(events)) == expected


def test_true_pairs_without_event() -> None:
    """No event is not an event."""
    assert clustering_metrics.true_pairs(["", "", "a"]) == 0


@pytest.mark.parametrize(
    ("scores", "truth", "true", "expected"),
    [
        pytest.param([3, 2, 1], [True, True, False], 2, 1.0, id="perfect"),
        pytest.param([3, 2, 1], [False, True, True], 2, (1 / 2 + 2 / 3) / 2, id="late"),
        pytest.param([1, 3, 2], [True, True, False], 2, (1 + 2 / 3) / 2, id="not in order"),
        pytest.param([3], [True], 4, 1 / 4, id="missed by blocking"),
        pytest.param([], [], 2, 0.0, id="nothing scored"),
        pytest.param([1], [False], 0, 1.0, id="nothing to find"),
    ],
)
def test_average_precision(
    scores: list[float], truth: list[bool], true: int, expected: float
) -> None:
    """The mean of the precision at each true pair."""
    assert clustering_metrics.average_precision(scores, truth, true) == pytest.approx(expected)


def test_intervals_hold_the_figure_and_repeat() -> None:
    """The same seed gives the same interval, and it lies around what was found."""
    events, stories = list("aabbccddee"), list("1122345566")
    found = clustering_metrics.intervals(events, stories, rounds=60, seed=7)
    assert found == clustering_metrics.intervals(events, stories, rounds=60, seed=7)
    for name, value in clustering_metrics.count(events, stories).agreement().by_name().items():
        if name in found:
            low, high = found[name]
            assert 0 <= low <= value <= high <= 1


def test_intervals_of_what_is_perfect_are_narrow() -> None:
    """However events are drawn, nothing goes wrong."""
    found = clustering_metrics.intervals(list("aabbc"), list("11223"), rounds=20)
    assert found == {"pair_f1": (1, 1), "b3_f1": (1, 1)}


@pytest.mark.parametrize(
    ("events", "stories", "expected"),
    [
        pytest.param("aab", "xxy", (0, 0), id="right"),
        pytest.param("aab", "xxx", (1, 0), id="two events in one story"),
        pytest.param("aab", "xyz", (0, 1), id="an event in two stories"),
        pytest.param("aabb", "xyxy", (2, 2), id="crossed"),
        pytest.param(["", ""], "xx", (1, 0), id="an entry without event is one of its own"),
        pytest.param("", "", (0, 0), id="nothing"),
    ],
)
def test_story_mistakes(events: list[str], stories: list[str], expected: tuple[int, int]) -> None:
    found = clustering_metrics.story_mistakes(events, stories)
    assert (found.wrong_merges, found.missed_events) == expected
