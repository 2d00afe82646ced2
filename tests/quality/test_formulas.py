"""Streams of formulas, also of grammars that nothing was learned from: apart, and copies joined."""

import pytest

from aggregator.cli import streams
from aggregator.group.learning.evaluate import evaluate
from aggregator.group.pairs.blocking import MAX_PARTNERS
from benchmarks.formulas import Row, figures, make
from benchmarks.grammars import HELD_OUT, LEARNED, Grammar

_APART, _JOINED, _PRECISION = 0.95, 0.95, 0.8
_LARGEST = 10  # members of a wrong story


@pytest.mark.parametrize("entries", [100, 600])
@pytest.mark.parametrize("grammars", [LEARNED, HELD_OUT], ids=["learned", "held out"])
def test_formulas_are_held_apart_and_copies_joined(
    grammars: tuple[Grammar, ...], entries: int
) -> None:
    rows = make(entries, grammars=grammars, seed=3)
    stream = streams.entries(rows)
    done = evaluate(stream)
    found = figures(rows, {one.id: done.stories[one.stored.key] for one in stream})
    assert found.apart >= _APART, found
    assert found.copies_joined >= _JOINED, found
    assert found.largest <= _LARGEST, found
    assert done.counts.agreement().pair_precision >= _PRECISION, found
    assert len(done.pairs) <= MAX_PARTNERS * entries


def test_a_stream_is_the_same_every_time() -> None:
    assert make(40, seed=9) == make(40, seed=9)
    assert make(40, seed=9) != make(40, seed=10)


def test_figures_count_pairs_of_one_formula_and_copies() -> None:
    def row(name: str, event: str, formula: str = "f") -> Row:
        return {"id": name, "event": event, "formula": formula}

    rows = [row("a", "1"), row("b", "1"), row("c", "2"), row("d", "3", "g")]
    found = figures(rows, {"a": "s", "b": "s", "c": "s", "d": "s"})
    assert (found.formula_pairs, found.merged, found.copies, found.joined) == (2, 2, 1, 1)
    found = figures(rows, {"a": "s", "b": "t", "c": "u", "d": "s"})
    assert (found.apart, found.copies_joined, found.largest) == (1.0, 0.0, 2)
