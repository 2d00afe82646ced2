"""Training: the same pairs give the same weights, and these tell events apart."""

import dataclasses
import io
import json

import numpy as np
import pytest

from aggregator.core.errors import AggregatorError, ParseError
from aggregator.group.learning import fitting, folds, formula, logistic, pairs, thresholds, train
from aggregator.group.learning.pairs import Pairs
from aggregator.group.model import scoring
from aggregator.group.model.forest import Forest, Growth, grow
from aggregator.group.pairs.bulletins import LIMIT
from aggregator.group.pairs.similarity import NAMES
from aggregator.group.stories.context import Learned, shipped
from tests.unit.group.learning.test_evaluate import labelled
from tests.unit.group.news import tell, week

ENTRIES = 45


def invented(seed: int, kind: int = 0, entries: int = ENTRIES) -> Pairs:
    """Return pairs of entries, three to an event; one feature tells nearly all, the rest is noise."""
    chance = np.random.default_rng(seed)
    events = np.repeat(np.arange(entries // 3), 3)
    chance.shuffle(events)
    left, right = (side.astype(np.int32) for side in np.tril_indices(entries, -1))
    same = events[left] == events[right]
    columns = chance.random((len(left), len(NAMES))).astype(np.float32) * 0.2
    columns[:, NAMES.index("bigram cosine")] = np.where(same, 0.6, 0.1) + chance.normal(
        0, 0.08, len(left)
    )
    return Pairs(
        name=f"invented {seed}",
        columns=pairs.coarse(columns),
        kinds=np.full(len(left), kind, np.int8),
        left=left,
        right=right,
        guarded=np.zeros(len(left), bool),
        events=events.astype(np.int32),
        topics=(events // 2).astype(np.int32),
        ambiguous=np.zeros(entries, bool),
    )


ROUNDS = (("青礁", "苏明浩晋级"), ("青礁", "苏明浩胜出"))
FILES = tuple(invented(seed) for seed in range(3))


@pytest.fixture(scope="module")
def weights() -> str:
    """Return the weights of Chinese that follow from the invented pairs."""
    return train.train(FILES, ["zh", "title"])


def test_training_is_deterministic(weights: str) -> None:
    assert train.train(FILES, ["zh", "title"]) == weights


def test_the_weights_are_readable_and_used(weights: str) -> None:
    kind = json.loads(weights)["kinds"]["zh"]
    heaviest = max(kind["weights"], key=lambda name: abs(kind["weights"][name]))
    assert heaviest == "bigram cosine"
    limits = kind["thresholds"]
    assert limits["strict"] > limits["normal"] > limits["loose"]
    trees = json.loads(weights)["forests"][kind["forest"]]
    assert set(np.ravel(trees["features"])) <= set(NAMES)


def test_the_weights_tell_unseen_events_apart(weights: str) -> None:
    unseen = invented(9)
    model = scoring.read(weights)
    logits = model.logits(unseen.columns, unseen.kinds)
    right = (logits > 0) == unseen.same
    assert right.mean() > 0.97
    chances = 1 / (1 + np.exp(-logits[unseen.same]))
    assert chances.mean() > 0.8


def test_one_file_is_held_out_by_topics() -> None:
    lone = [invented(3, kind=1, entries=105)]
    made = json.loads(train.train(lone, ["zh undated"]))["kinds"]
    assert set(made) == {"zh undated"}


def test_a_family_with_few_pairs_is_left_out(weights: str) -> None:
    assert set(json.loads(weights)["kinds"]) == {"zh", "zh title"}


def test_days_that_follow_each_other_are_held_out_together() -> None:
    days = [(100, 100), (101, 102), (104, 104), (0, 0), (0, 0)]
    files = [
        dataclasses.replace(invented(seed), days=np.array(span, np.int32))
        for seed, span in enumerate(days)
    ]
    made = folds.folds(folds.parts(files, [0]))
    held = [sorted(one.name for one, _ in fold.tests) for fold in made]
    assert sorted(held) == [
        ["invented 0", "invented 1"], ["invented 2"], ["invented 3"], ["invented 4"],
    ]  # fmt: skip


def test_a_threshold_moves_as_the_log_odds_do() -> None:
    # All thresholds of a wide range are good here: the choice moves little, not to its other end.
    family = fitting.FAMILIES[0]
    held_out = thresholds.hold_out(folds.parts(FILES, family.numbers), family)
    chosen = thresholds.choose(held_out, {})
    for shift in (0.01, 0.04, 0.07, 0.3):
        moved = [dataclasses.replace(one, logits=one.logits + shift) for one in held_out]
        assert abs(thresholds.choose(moved, {}) - chosen - shift) <= 0.13


def test_a_stream_with_many_pairs_counts_less() -> None:
    files = [
        invented(1),
        dataclasses.replace(invented(1), name="invented 1 (teasers)"),
        invented(2),
    ]
    assert folds.weights(folds.parts(files, [0]), 1e9) == [1.0, 1.0, 1.0]
    assert folds.weights(folds.parts(files, [0]), 99) == [pytest.approx(0.1)] * 3


def test_formulas_are_recognised_from_invented_bulletins() -> None:
    bulletins = dataclasses.replace(invented(4), name=f"{pairs.INVENTED} (4)")
    # Two bulletins of one formula have much in common, but not what copies have.
    columns = bulletins.columns.copy()
    columns[:, NAMES.index("title ratio")] = np.where(bulletins.same, 1.0, 0.8)
    bulletins = dataclasses.replace(bulletins, columns=pairs.coarse(columns))
    model = scoring.read(train.train([*FILES, bulletins], ["zh"]))
    recognised = formula.recognised(model.formula, bulletins.columns)
    assert recognised[~bulletins.same].mean() > 0.95
    assert not recognised[bulletins.same].any()
    assert not any((model.formula_odds(one.columns[one.same]) > LIMIT).any() for one in FILES)


def test_two_languages_must_look_more_like_a_formula() -> None:
    # One tree whose leaf is the same for every pair.
    for score, seen_in_one, seen_in_two in (
        (0.4, False, False),
        (2.0, True, False),
        (4.0, True, True),
    ):
        forest = Forest(
            features=np.zeros((1, 1), np.int64),
            cuts=np.zeros((1, 1), np.float32),
            values=np.full((1, 3), score, np.float32),
        )
        columns = np.zeros((2, len(NAMES)), np.float32)
        columns[1, NAMES.index("two languages")] = 1
        found = formula.recognised(forest, columns)
        assert found.tolist() == [seen_in_one, seen_in_two]


def test_without_invented_bulletins_nothing_is_a_formula(weights: str) -> None:
    assert not (scoring.read(weights).formula_odds(FILES[0].columns) > LIMIT).any()


def test_too_little_to_learn_from() -> None:
    with pytest.raises(AggregatorError, match="no kind of text"):
        train.train([])


# --- pairs ---------------------------------------------------------------------------------


def test_pairs_survive_their_file() -> None:
    for one, back in zip(FILES, pairs.load(pairs.dump(FILES)), strict=True):
        assert back.name == one.name
        for name in ("kinds", "left", "right", "guarded", "events", "topics", "ambiguous"):
            np.testing.assert_array_equal(getattr(back, name), getattr(one, name))
        np.testing.assert_allclose(back.columns, one.columns, atol=1e-6)


def test_a_file_of_pairs_is_the_same_each_time() -> None:
    assert pairs.dump(FILES) == pairs.dump(FILES)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken"])
def test_a_file_that_holds_no_pairs(content: bytes) -> None:
    with pytest.raises(ParseError):
        pairs.load(content)


def test_pairs_of_other_features() -> None:
    target = io.BytesIO()
    np.savez(target, features=np.array(["height", "weight"]))
    with pytest.raises(ParseError):
        pairs.load(target.getvalue())


def test_pairs_are_collected_as_a_run_finds_them() -> None:
    whole = week()
    events = ["b", "", "b", "", "b", "", "12", "", "12x", "12y", ""]
    found = pairs.collect("week", labelled(whole, events, ambiguous=(4,)), shipped())
    assert (found.left > found.right).all()
    assert found.columns.shape == (len(found.left), len(NAMES))
    assert len(set(found.events.tolist())) == 9
    assert found.topics[8] == found.topics[9]
    assert not (found.scored & ((found.left == 4) | (found.right == 4))).any()


def test_pairs_do_not_depend_on_the_model() -> None:
    titles = [f"{place}世乒赛第{n}轮 {end}" for n in (1, 2, 3) for place, end in ROUNDS]
    whole = [tell((title, ""), n, f"p{n}.example", n) for n, title in enumerate(titles, 1)]
    entries = labelled(whole, [str(n // len(ROUNDS)) for n in range(len(whole))])
    model = shipped().model
    reluctant = dataclasses.replace(
        model,
        kinds={name: dataclasses.replace(one, shift=-99) for name, one in model.kinds.items()},
        formula=None,
    )
    found, again = (
        pairs.collect("rounds", entries, Learned(model=one, prior=shipped().prior))
        for one in (model, reluctant)
    )
    assert found.guarded.any()
    assert pairs.dump([found]) == pairs.dump([again])


def test_a_large_file_is_taken_in_stretches() -> None:
    one = FILES[0]
    assert pairs.slices(one, 10_000) == (one,)
    some = pairs.slices(one, 300)
    assert len(some) == 3
    for part in some:
        assert len(part.left) <= 100
        assert part.left.max() < len(part.events) == len(part.ambiguous)
        assert part.right.min() >= 0


# --- its parts -----------------------------------------------------------------------------


def test_logistic_regression_finds_what_made_the_labels() -> None:
    chance = np.random.default_rng(1)
    columns = chance.normal(size=(4000, 3))
    logits = columns @ np.array([2.0, -1.0, 0.0]) + 0.5
    labels = (chance.random(4000) < 1 / (1 + np.exp(-logits))).astype(float)
    weights, bias = logistic.fit(columns, labels, 1.0)
    np.testing.assert_allclose([*weights, bias], [2.0, -1.0, 0.0, 0.5], atol=0.2)


def test_logistic_regression_bears_columns_that_never_change_and_perfect_ones() -> None:
    labels = np.array([0.0, 1.0] * 50)
    columns = np.column_stack((np.ones(100), labels * 9))
    weights, bias = logistic.fit(columns, labels, 1.0)
    assert np.isfinite([*weights, bias]).all()
    assert weights[1] > 0


@pytest.fixture(scope="module")
def forest() -> Forest:
    """Return a forest that has learned an exclusive or."""
    chance = np.random.default_rng(2)
    columns = chance.random((2000, 3)).astype(np.float32)
    labels = ((columns[:, 0] > 0.5) != (columns[:, 1] > 0.5)).astype(float)
    return grow(columns, labels, np.zeros(2000), Growth(trees=60, depth=3, rate=0.2))


def test_trees_learn_what_no_line_can(forest: Forest) -> None:
    corners = np.array([[0.1, 0.1, 0], [0.9, 0.9, 0], [0.1, 0.9, 0], [0.9, 0.1, 0]], np.float32)
    assert (np.sign(forest.score(corners)) == [-1, -1, 1, 1]).all()
    assert forest.depth == 3


def test_trees_say_what_each_feature_added(forest: Forest) -> None:
    row = np.array([0.1, 0.9, 0.5], np.float32)
    parts = forest.explain(row)
    start = forest.values[:, 0].sum()
    assert parts.sum() + start == pytest.approx(float(forest.score(row[None])[0]), abs=1e-4)
    assert abs(parts[2]) < abs(parts[0]) + abs(parts[1])


def test_trees_without_anything_to_ask() -> None:
    columns = np.ones((20, 2), np.float32)
    forest = grow(columns, np.ones(20), np.zeros(20), Growth(trees=3, depth=2))
    assert (forest.score(columns) > 0).all()


def test_many_distinct_values_are_cut_by_rank() -> None:
    column = np.linspace(0, 1, 500, dtype=np.float32)[:, None]
    labels = (column[:, 0] > 0.7).astype(float)
    forest = grow(column, labels, np.zeros(500), Growth(trees=40, depth=1, rate=0.3))
    assert forest.score(np.array([[0.6], [0.8]], np.float32))[0] < 0
