"""Decisions of the user."""

import pytest

from aggregator.core import decisions
from aggregator.core.errors import AggregatorError
from tests.builders import NOW, at, make_decision, make_key, make_shown, make_stored

A, B, C = (make_key(n) for n in (1, 2, 3))


def test_the_founder_is_whom_the_others_part_from() -> None:
    shown = make_shown(make_stored(1), make_stored(2), make_stored(3))
    assert decisions.split(shown, C, when=NOW) == make_decision("split", A, C)


def test_a_founder_parts_from_the_one_that_is_shown() -> None:
    shown = make_shown(make_stored(1), make_stored(2), make_stored(3))
    assert decisions.split(shown, A, when=NOW) == make_decision("split", B, A)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((1,), "is alone in its story"), ((2, 3), "is not in the story")],
    ids=["alone", "elsewhere"],
)
def test_what_cannot_part_is_said(numbers: tuple[int, ...], words: str) -> None:
    with pytest.raises(AggregatorError, match=words):
        decisions.split(make_shown(*map(make_stored, numbers)), A, when=NOW)


@pytest.mark.parametrize(
    ("kinds", "apart"),
    [((), False), (("split",), True), (("never",), True), (("split", "join"), False),
     (("join", "never"), True)],
)  # fmt: skip
def test_the_last_decision_on_a_pair_holds(kinds: tuple[str, ...], apart: bool) -> None:
    wanted = make_decision("split", A, B, at(9))
    said = [make_decision(kind, B, A, at(n)) for n, kind in enumerate(kinds)]  # type: ignore[arg-type]
    said.append(make_decision("never", A, C))
    assert decisions.are_apart(said, wanted) is apart
