"""An entry joins the story that it fits as a whole."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.stories import assign

MARGINS = st.lists(st.floats(-20, 20), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("margins", "size", "expected"),
    [
        pytest.param([2.0], 1, 2.0, id="one member"),
        pytest.param([4.0, 0.0], 2, 0.8 * 2 + 0.2 * 4, id="mean and best"),
        pytest.param([4.0], 2, 0.8 * (4 - 5) / 2 + 0.2 * 4, id="a stranger speaks against"),
        pytest.param([30.0], 1, 8.0, id="clipped above"),
        pytest.param([-30.0], 1, -8.0, id="clipped below"),
        pytest.param([5.0], 4, 0.8 * (5 - 15) / 4 + 0.2 * 5, id="one chain link is not enough"),
    ],
)
def test_fit(margins: list[float], size: int, expected: float) -> None:
    """The mean over all members counts, and a little the best of them."""
    assert assign.fit(margins, size) == pytest.approx(expected)


@given(MARGINS, st.integers(0, 10))
def test_fit_is_bounded_and_falls_with_strangers(margins: list[float], strangers: int) -> None:
    """No margin says more than eight; members that cannot be compared never help who fits."""
    alone = assign.fit(margins, len(margins))
    wider = assign.fit(margins, len(margins) + strangers)
    assert -8 - 1e-9 <= wider <= 8 + 1e-6
    assert wider <= max(alone, 0.8 * -5 + 0.2 * 8) + 1e-9


def test_bar_of_a_single_entry_is_nothing() -> None:
    """A story of one asks for what the threshold asks."""
    assert assign.bar([], 1) == 0


def test_bar_falls_with_size_and_rises_with_likeness() -> None:
    """Many comparisons err less; a close story wants something close."""
    assert assign.bar([2.0], 2) > assign.bar([2.0], 20)
    assert assign.bar([4.0], 2) > assign.bar([1.0], 2)
    assert assign.bar([5.0], 2) == assign.bar([8.0], 2)


def test_each_further_member_of_a_large_story_must_fit_better() -> None:
    """Up to a size the bar falls with each member, from there on it rises, faster and faster."""
    bars = [assign.bar([2.0], size) for size in range(1, assign.MAX_MEMBERS + 1)]
    steps = [later - earlier for earlier, later in itertools.pairwise(bars)]
    assert all(step < 0 for step in steps[: assign.LARGE - 1])
    assert all(step > 0 for step in steps[assign.LARGE - 1 :])
    assert min(bars) > assign.LOWEST_BAR


@pytest.mark.parametrize(
    ("margins", "expected"),
    [
        pytest.param([3.0] * 5, 0.0, id="all fit: what was left out says nothing"),
        pytest.param([3.0, -2.0, -2.0], -2.0, id="most do not fit: nor would it"),
        pytest.param([-9.0] * 5, -assign.MISSING_MEMBER, id="never less than a stranger"),
    ],
)
def test_a_member_missing_margin_for_lack_of_room(margins: list[float], expected: float) -> None:
    assert assign.missing_margin(margins) == expected


@pytest.mark.parametrize(
    ("margins", "pairs", "members", "expected"),
    [
        pytest.param([4.0, 4.0], 2, 3, 4.0, id="alike throughout"),
        pytest.param([8.0, -8.0, -8.0, -8.0], 4, 4, 2.0, id="the best pair counts half"),
        pytest.param([2.0], 4, 4, 0.5 * (2 - 15) / 4 + 0.5 * 2, id="pairs not compared count against"),
        pytest.param([2.0], 1, assign.LARGE + 50, 2.0 - 1.0, id="a large story asks for more"),
    ],
)  # fmt: skip
def test_link(margins: list[float], pairs: int, members: int, expected: float) -> None:
    """The mean over all pairs and the best pair count the same."""
    assert assign.link(margins, pairs, members) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("fits", "expected"),
    [
        pytest.param({}, "", id="no story"),
        pytest.param({"a": -0.1}, "", id="none fits"),
        pytest.param({"a": 0.0}, "", id="not above"),
        pytest.param({"a": 1.0, "b": 2.0}, "b", id="the best"),
        pytest.param({"b": 1.0, "a": 1.0}, "b", id="equal, whatever their order"),
        pytest.param({"a": 1.0, "b": 1.0}, "b", id="equal, the other way round"),
    ],
)
def test_best(fits: dict[str, float], expected: str) -> None:
    """Only a story that fits is chosen, and the choice does not depend on order."""
    assert assign.best_story(fits) == expected


@pytest.mark.parametrize(
    ("log_odds", "expected"),
    [
        pytest.param(0.0, 0.5, id="even"),
        pytest.param(math.log(3), 0.75, id="three to one"),
        pytest.param(1000.0, 0.9997, id="clipped above"),
        pytest.param(-1000.0, 0.0003, id="clipped below"),
    ],
)
def test_probability(log_odds: float, expected: float) -> None:
    """Log-odds become a probability in four digits."""
    assert assign.probability(log_odds) == expected


@given(st.floats(-6, 6))
def test_log_odds_undo_probability(value: float) -> None:
    """What was rounded comes back nearly."""
    assert assign.log_odds(assign.probability(value)) == pytest.approx(value, abs=0.03)


@pytest.mark.parametrize("chance", [0.0, 1.0], ids=["never", "always"])
def test_log_odds_of_certainty_are_finite(chance: float) -> None:
    """Certainty is held short of the infinite."""
    assert abs(assign.log_odds(chance)) == pytest.approx(math.log(9999))
