"""The shipped weights: made from the committed pairs, and good enough on them."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aggregator.group.features import prior
from aggregator.group.learning import clustering_metrics, pairs, thresholds, train
from aggregator.group.learning.pairs import Pairs
from aggregator.group.model import scoring
from aggregator.group.pairs import bulletins
from aggregator.group.pairs.candidates import GUARDED

HERE = Path(__file__).parent
WEIGHTS = Path(scoring.__file__).with_name("weights.json")
PRIOR = Path(prior.__file__).with_name("prior.bin")


@cache
def files() -> tuple[Pairs, ...]:
    """Return the committed pairs, numbers without text."""
    return pairs.load((HERE / "pairs.npz").read_bytes())


def of(part: str, version: str = "") -> list[Pairs]:
    """Return the files whose name holds the part, as they are or in one made-up version."""
    whole = [one for one in files() if part in one.name and one.retold == bool(version)]
    return [one for one in whole if version in one.name]


def stories(one: Pairs) -> list[int]:
    """Return the number of each entry's story with the shipped weights."""
    model = scoring.built_in()
    logits = model.logits(one.columns, one.kinds).astype(np.float64)
    margins = logits - model.thresholds("normal")[one.kinds]
    guarded = one.guarded | (model.formula_odds(one.columns) > bulletins.LIMIT)
    margins = np.where(guarded, np.minimum(margins, GUARDED), margins)
    return thresholds.stories_of(one, margins, np.ones(len(margins), bool))


def agreement(one: Pairs) -> tuple[float, float, float]:
    """Return average precision, pair F1 and B³ F1 of one file with the shipped weights."""
    logits = scoring.built_in().logits(one.columns, one.kinds).astype(np.float64)
    made = stories(one)
    rows = np.flatnonzero(~one.ambiguous).tolist()
    events = [str(one.events[row]) for row in rows]
    found = clustering_metrics.count(events, [str(made[row]) for row in rows]).agreement()
    precision = clustering_metrics.average_precision(
        logits[one.scored].tolist(),
        one.same[one.scored].tolist(),
        clustering_metrics.true_pairs(events),
    )
    return precision, found.pair_f1, found.b3_f1


def test_the_shipped_weights_are_what_training_makes() -> None:
    # The smallest kind of text stands for all: `aggregator train` makes the rest the same way.
    name = "zh undated"
    made = json.loads(train.train(files(), [name]))
    shipped = json.loads(WEIGHTS.read_text("utf-8"))
    ours, theirs = (one["kinds"][name] for one in (made, shipped))
    assert ours["thresholds"] == theirs["thresholds"]
    assert ours["weights"] == pytest.approx(theirs["weights"], rel=1e-2, abs=1e-3)
    old, new = (
        scoring.read(json.dumps({"forests": one["forests"], "kinds": {name: one["kinds"][name]}}))
        for one in (shipped, made)
    )
    (sample,) = of("zh-undated")
    np.testing.assert_allclose(
        old.logits(sample.columns, sample.kinds),
        new.logits(sample.columns, sample.kinds),
        atol=0.05,
    )


def test_weights_stand_for_each_kind_of_text() -> None:
    assert set(scoring.built_in().kinds) == set(scoring.KINDS)


# News of 2021 to 2026, mostly a title and a sentence, in one language or in two; whole texts of 2020.
_BRIEF = ("mixed", "news-en-2", "gnews", "zh-2024", "zh-2026")


@pytest.mark.parametrize(
    ("parts", "least"),
    [(("zh-2020",), (0.92, 0.83, 0.97)), (_BRIEF, (0.75, 0.685, 0.959))],
    ids=["whole texts", "titles and teasers"],
)
def test_news_in_the_mean(parts: tuple[str, ...], least: tuple[float, ...]) -> None:
    found = np.mean([agreement(one) for part in parts for one in of(part)], axis=0)
    assert (found >= least).all(), found


@pytest.mark.parametrize(
    ("part", "least"), [("zh-undated", 0.975), ("lookalike", 0.93), ("titles", 0.835)]
)
def test_other_kinds_of_text(part: str, least: float) -> None:
    assert np.mean([agreement(one)[2] for one in of(part)]) >= least


def test_two_languages_meet() -> None:
    hits = []
    for one in of("mixed"):
        some = one.scored & (one.kinds == scoring.KINDS.index("across"))
        made = np.array(stories(one))
        together = some & (made[one.left] == made[one.right])
        hits.append(
            (int((together & one.same).sum()), int(together.sum()), int((some & one.same).sum()))
        )
    right, found, true = np.sum(hits, axis=0)
    assert right / found >= 0.82, hits
    assert right / true >= 0.56, hits


def test_probabilities_mean_what_they_say() -> None:
    model = scoring.built_in()
    chances, truth = [], []
    for one in of("news-zh"):
        chances.append(1 / (1 + np.exp(-model.logits(one.columns, one.kinds)))[one.scored])
        truth.append(one.same[one.scored])
    chance, same = np.concatenate(chances), np.concatenate(truth)
    for low, high in ((0.1, 0.4), (0.4, 0.7), (0.7, 0.9), (0.9, 1.01)):
        held = (chance >= low) & (chance < high)
        assert same[held].mean() == pytest.approx(chance[held].mean(), abs=0.15)


def test_what_is_shipped_is_small() -> None:
    assert PRIOR.stat().st_size <= 300_000
    assert WEIGHTS.stat().st_size <= 400_000
    assert len(prior.built_in().chinese.ids) > 10_000
