"""Evaluation: figures, languages, mistakes, and the same stories as one grouping makes."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from aggregator.core.model import StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.learning import evaluate as evaluating
from aggregator.group.learning import plot
from aggregator.group.learning.labelled import Labelled
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from tests.builders import NOW
from tests.unit.group.news import BRIDGE, FERRY, FLOOD, PORT, STANDING_ALONE, groups, tell, week

EVENTS = {1: "bridge", 3: "bridge", 5: "bridge", 2: "flood", 6: "flood", 4: "port", 8: "port"}


def labelled(
    entries: Sequence[StoredEntry], events: Sequence[str], ambiguous: Sequence[int] = ()
) -> tuple[Labelled, ...]:
    """Label entries one by one."""
    return tuple(
        Labelled(id=f"e{n}", stored=one, event=event, ambiguous=n in ambiguous)
        for n, (one, event) in enumerate(zip(entries, events, strict=True))
    )


BRIDGES = tuple(tell(one, n, f"p{n}.example", n) for n, one in enumerate(BRIDGE, 1))
OTHERS = (
    tell(FLOOD[0], 11, "p1.example", 4),
    tell(PORT[0], 12, "p2.example", 5),
    tell(PORT[1], 13, "p3.example", 6),
)
ALL = BRIDGES + OTHERS
TRUTH = ("b", "b", "b", "", "p", "p")


def test_all_right() -> None:
    found = evaluating.evaluate(labelled(ALL, TRUTH))
    figures = evaluating.summary([found], 1.23456)
    assert figures == {
        "pair_precision": 1.0,
        "pair_recall": 1.0,
        "pair_f1": 1.0,
        "b3_precision": 1.0,
        "b3_recall": 1.0,
        "b3_f1": 1.0,
        "wrong_merges": 0,
        "missed_events": 0,
        "stories": 3,
        "entries": 6,
        "seconds": 1.235,
    }
    assert json.loads(json.dumps(figures)) == figures
    assert found.average_precision() == 1.0
    assert found.mistakes(5) == ()


def test_a_wrong_merge_and_a_miss_are_counted() -> None:
    found = evaluating.evaluate(labelled(ALL, ("b", "b", "x", "", "p", "")))
    figures = found.counts.agreement()
    assert (found.counts.both, found.counts.found, found.counts.true) == (1, 4, 1)
    assert figures.pair_precision == 0.25
    assert figures.pair_recall == 1.0
    worst = found.mistakes(1)[0]
    described = evaluating.describe(worst, {one.stored.key: one for one in found.entries})
    assert described["truth"] == "two events"
    assert described["log_odds"] > 0
    assert len(described["titles"]) == len(described["ids"]) == 2
    assert described["features"]["bigram cosine"] > 0


def test_a_missed_pair_is_a_mistake_too() -> None:
    found = evaluating.evaluate(labelled(ALL, ("b", "b", "b", "b", "p", "p")))
    missed = [one for one in found.mistakes(9) if one.same]
    assert all(one.log_odds < 0 for one in missed)
    assert found.average_precision() < 1.0


def test_ambiguous_entries_are_grouped_but_not_scored() -> None:
    found = evaluating.evaluate(labelled(ALL, TRUTH, ambiguous=(1,)))
    assert found.counts.entries == 5
    assert len(found.stories) == 6
    keys = {ALL[1].key}
    assert not any({one.left, one.right} & keys for one in found.pairs)


def test_kinds_of_text_and_pairs_of_kinds() -> None:
    found = evaluating.evaluate(labelled(ALL, TRUTH))
    kinds = evaluating.kinds([found, found])
    assert set(kinds) <= {"title alone", "teaser", "whole text", "teaser + whole text"}
    counts = [one for name, one in found.by_kind().items() if "+" not in name]
    assert sum(one.entries for one in counts) == len(ALL)
    assert sum(one.true for one in found.by_kind().values()) == found.true_pairs


@pytest.mark.parametrize(
    ("text", "kind"),
    [("", "title alone"), ("海" * 24, "title alone"), ("海" * 30, "teaser"), ("word " * 20, "teaser"),
     ("word " * 200, "whole text"), ("海" * 220, "whole text")],
)  # fmt: skip
def test_kind_of_text(text: str, kind: str) -> None:
    (one,) = labelled(
        (tell(("海岚大桥动工" if "海" in text else "Title", text), 1, "a", 0),), ("",)
    )
    assert evaluating.kind_of_text(one) == kind


def test_languages_apart() -> None:
    found = evaluating.evaluate(labelled(ALL, TRUTH)).by_language()
    assert set(found) == {"en", "zh", "one language", "across"}
    assert (found["zh"].true, found["en"].true) == (3, 1)
    assert found["across"].true == 0


def test_one_language_has_nothing_across() -> None:
    assert "across" not in evaluating.evaluate(labelled(BRIDGES, TRUTH[:3])).by_language()


def test_intervals_hold_the_figure() -> None:
    found = evaluating.evaluate(labelled(ALL, ("b", "b", "x", "", "p", "p")))
    low, high = found.intervals()["b3_f1"]
    assert low <= found.counts.agreement().b3_f1 <= high


def test_the_same_stories_as_a_run_makes() -> None:
    whole = week()
    found = evaluating.evaluate(labelled(whole, [""] * len(whole)))
    once = group(whole, GroupingContext(settings=StorySettings(), now=NOW))
    made = {
        frozenset(key for key, story in found.stories.items() if story == one)
        for one in set(found.stories.values())
    }
    assert made == groups(once)


def test_batches_change_nothing() -> None:
    # More entries than one call takes: the past is given back as a store gives it.
    old = [tell((f"第{n}号", ""), 1000 + n, "z.example", -900 + n / 10) for n in range(998)]
    found = evaluating.evaluate(labelled([*old, *ALL], [""] * len(old) + list(TRUTH)))
    held = {found.stories[one.key] for one in BRIDGES}
    assert len(held) == 1


def undated(one: StoredEntry, days: int = 0) -> StoredEntry:
    """Return the entry without a date of its own, wherever it stands."""
    entry = dataclasses.replace(one.entry, published=None)
    when = one.published + timedelta(days=days)
    return dataclasses.replace(one, entry=entry, published=when, revised=when)


def test_without_dates_the_window_does_not_apply() -> None:
    entries = [undated(BRIDGES[0]), undated(BRIDGES[1], days=40), undated(OTHERS[0])]
    found = evaluating.evaluate(labelled(entries, ("b", "b", "")))
    assert found.stories[entries[0].key] == found.stories[entries[1].key]
    assert found.stories[entries[0].key] != found.stories[entries[2].key]


def test_files_add_up() -> None:
    one = evaluating.evaluate(labelled(BRIDGES, TRUTH[:3]))
    other = evaluating.evaluate(labelled(OTHERS, TRUTH[3:]))
    figures = evaluating.summary([one, other], 0)
    assert (figures["entries"], figures["stories"], figures["pair_f1"]) == (6, 3, 1.0)


def test_nothing_at_all() -> None:
    found = evaluating.evaluate(())
    assert evaluating.summary([found], 0)["entries"] == 0
    assert found.average_precision() == 1.0


def test_a_plot_is_svg() -> None:
    found = evaluating.evaluate(labelled(ALL, TRUTH))
    drawn = plot.draw([found])
    assert drawn.startswith("<svg ")
    assert drawn.count("<polyline") == 3
    assert "precision" in drawn


@pytest.mark.parametrize("alone", [(), (tell(FERRY[0], 1, "a.example"),)])
def test_a_plot_of_nothing(alone: tuple[StoredEntry, ...]) -> None:
    assert "</svg>" in plot.draw([evaluating.evaluate(labelled(alone, [""] * len(alone)))])


def test_standing_alone_is_right_when_it_stands_alone() -> None:
    one = tell(STANDING_ALONE[0], 1, "a.example")
    assert evaluating.evaluate(labelled([one], [""])).counts.agreement().b3_f1 == 1.0
