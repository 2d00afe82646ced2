"""Two bulletins of one formula: the more of them an entry meets, the less is asked of the next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.pairs import bulletins
from aggregator.group.pairs.bulletins import LIMIT

SURE = LIMIT + 1.0


def siblings(odds: list[float], left: list[int] | None = None, known: int = 0) -> list[bool]:
    """Return which pairs are of one formula, all of one entry if not said otherwise."""
    owners = np.array(left or [0] * len(odds), np.int64)
    found: list[bool] = bulletins.siblings(np.array(odds, np.float32), owners, known).tolist()
    return found


def no_copies(margins: list[float], others: int) -> list[bool]:
    """Return which of an entry's pairs are no copies, if it has met so many other bulletins."""
    found = np.array([True] * others + [False] * len(margins))
    every = np.array([-9.0] * others + margins, np.float32)
    kept: list[bool] = bulletins.no_copies(found, every, np.zeros(len(found), np.int64)).tolist()
    return kept[others:]


@pytest.mark.parametrize(
    ("others", "odds", "expected"),
    [
        pytest.param(0, LIMIT + 0.1, True, id="sure alone"),
        pytest.param(0, LIMIT - 0.1, False, id="unsure alone"),
        pytest.param(2, LIMIT - 0.1, False, id="two may be chance"),
        pytest.param(3, LIMIT - 0.9, True, id="of several less is asked"),
        pytest.param(3, LIMIT - 1.1, False, id="but not of a few what is asked of many"),
        pytest.param(30, LIMIT - 2.3, True, id="of many hardly anything"),
        pytest.param(30, LIMIT - 3.5, False, id="a copy stays a copy"),
    ],
)
def test_of_one_formula(others: int, odds: float, expected: bool) -> None:
    assert siblings([SURE] * others + [odds])[-1] is expected


def test_another_entry_is_not_concerned() -> None:
    assert siblings([SURE] * 9 + [LIMIT - 0.5, LIMIT - 0.5], [1] * 10 + [2])[-2:] == [True, False]


def test_what_is_known_from_elsewhere_counts() -> None:
    assert siblings([LIMIT - 0.5]) == [False]
    assert siblings([LIMIT - 0.5], known=9) == [True]


@given(
    st.lists(st.floats(-8, 8), max_size=40),
    st.lists(st.floats(-8, 8), max_size=40),
    st.integers(0, 50),
)
def test_more_bulletins_never_free_one(odds: list[float], more: list[float], known: int) -> None:
    few = siblings(odds, known=known)
    many = siblings(odds + more, known=known)[: len(odds)]
    assert all(after >= before for before, after in zip(few, many, strict=True))
    assert all(found for found, one in zip(few, odds, strict=True) if one > LIMIT + 0.001)


@pytest.mark.parametrize(
    ("others", "margin", "expected"),
    [
        pytest.param(0, 0.1, False, id="no bulletin"),
        pytest.param(3, 0.1, False, id="three may be chance"),
        pytest.param(6, 1.0, True, id="a bulletin and what shares a place with it"),
        pytest.param(6, 2.0, False, id="a close report"),
        pytest.param(40, 3.4, True, id="one of many bulletins"),
        pytest.param(40, 3.6, False, id="its copy"),
    ],
)
def test_a_bulletin_joins_its_copies_alone(others: int, margin: float, expected: bool) -> None:
    assert no_copies([margin], others) == [expected]


def test_no_pairs_are_no_bulletins() -> None:
    assert siblings([]) == []
    assert no_copies([], 0) == []
