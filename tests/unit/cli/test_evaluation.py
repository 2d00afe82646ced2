"""Grouping against labelled entries."""

import math
from pathlib import Path

import pytest
from lxml import etree

from tests.unit.cli.conftest import Run, lines

FERRY = "The ferry Aurora struck the stone pier of Northport harbour on Monday and 14 were hurt."
ROWS = [
    {"id": 1, "title": "Ferry Aurora strikes pier in Northport", "text": FERRY, "source": "a",
     "published": "2026-03-02T08:00:00Z", "event": "ferry", "ambiguous": False},
    {"id": 2, "title": "Ferry Aurora strikes pier in Northport", "text": FERRY, "source": "b",
     "published": "2026-03-02T09:00:00Z", "event": "ferry", "ambiguous": False},
    {"id": 3, "title": "Bread prices fall again", "text": "A loaf costs less.", "source": "a",
     "published": "2026-03-02T09:30:00Z", "event": "", "ambiguous": False},
    {"id": 4, "title": "What we know of the ferry", "text": "A round-up.", "source": None,
     "published": None, "event": "ferry", "ambiguous": True},
]  # fmt: skip
FIGURES = {"pair_precision", "pair_recall", "pair_f1", "b3_precision", "b3_recall", "b3_f1"}


@pytest.fixture
def labelled(home: Path) -> Path:
    """Write labelled entries."""
    file = home / "labelled.jsonl"
    file.write_text(lines(*ROWS), encoding="utf-8")
    return file


def test_prints_the_promised_figures(run: Run, labelled: Path) -> None:
    (shown,) = run("evaluate", labelled, "--json").rows
    counted = {"stories", "entries", "seconds", "wrong_merges", "missed_events", "kinds"}
    assert set(shown) == FIGURES | counted
    assert (shown["wrong_merges"], shown["missed_events"]) == (0, 0)
    assert {shown[name] for name in FIGURES} == {1.0}
    assert (shown["entries"], shown["stories"]) == (4, 3)


def test_only_pairs_of_one_file_count(run: Run, labelled: Path) -> None:
    (shown,) = run("evaluate", labelled, labelled, "--json").rows
    assert shown["entries"] == 8
    assert {shown[name] for name in FIGURES} == {1.0}


def test_in_words(run: Run, labelled: Path) -> None:
    assert "pair f1         1.0" in run("evaluate", labelled).out


def test_says_which_line_is_faulty(run: Run, home: Path) -> None:
    (home / "bad.jsonl").write_text('{"id": 1}\nnot json\n', encoding="utf-8")
    result = run("evaluate", "bad.jsonl")
    assert result.status == 1
    assert "bad.jsonl: line 2 is not JSON" in result.err
    assert run("evaluate", "missing.jsonl").status == 1
    assert run("evaluate").status == 2


def test_languages_are_told_apart(run: Run, home: Path) -> None:
    rows = [row | {"lang": "en" if row["id"] == 3 else "zh"} for row in ROWS]
    (home / "two.jsonl").write_text(lines(*rows), encoding="utf-8")
    spoken = run("evaluate", "two.jsonl").out
    assert "en              pair f1" in spoken
    assert "one language    pair f1" in spoken
    assert "across          pair f1" in spoken
    (shown,) = run("evaluate", "two.jsonl", "--json").rows
    assert set(shown["languages"]) == {"en", "zh", "one language", "across"}
    assert set(shown["language_pairs"]) == {"en + zh"}


def test_shows_the_most_confident_mistakes(run: Run, home: Path) -> None:
    rows = [row | {"event": str(row["id"])} for row in ROWS]  # the two that are one are called two
    (home / "wrong.jsonl").write_text(lines(*rows), encoding="utf-8")
    (shown,) = run("evaluate", "wrong.jsonl", "--json", "--mistakes", "3").rows
    worst = shown["mistakes"][0]
    assert worst["truth"] == "two events"
    assert sorted(worst["ids"]) == ["1", "2"]
    assert worst["titles"] == [ROWS[0]["title"], ROWS[1]["title"]]
    assert worst["features"]
    spoken = run("evaluate", "wrong.jsonl", "--mistakes", "1").out
    assert (
        f"1. two events, taken for one ({1 / (1 + math.exp(-worst['log_odds'])):.1%} sure" in spoken
    )
    assert max(map(len, spoken.splitlines())) <= 110
    assert f"   {ROWS[0]['title']}  [1]" in spoken


def test_draws_a_picture(run: Run, labelled: Path, home: Path) -> None:
    assert run("evaluate", labelled, "--plot", home / "p.svg", "--json").status == 0
    root = etree.fromstring((home / "p.svg").read_bytes())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "recall" in "".join(map(str, root.itertext()))


def test_trains_and_judges_with_what_was_trained(run: Run, home: Path) -> None:
    # Two events share a person, so that there are pairs of two events to learn from.
    titles = ["Captain {} wins the regatta off Northport", "Harbour sells its ferry, says {}"]
    rows = [
        {"id": f"{event} {publisher}", "title": title, "source": publisher, "event": str(event),
         "text": f"{title}, the {publisher} reports; {event + 40} people saw it.",
         "published": f"2026-03-{1 + event % 27:02}T0{hour}:00:00Z", "lang": "en"}
        for event in range(18)
        for title in [titles[event % 2].format(f"{chr(65 + event // 2)}ondri")]
        for hour, publisher in enumerate(["gazette", "herald", "courier", "post"])
    ]  # fmt: skip
    (home / "labelled.jsonl").write_text(lines(*rows), encoding="utf-8")
    made = run("train", "labelled.jsonl", "-o", "weights.json")
    assert made.status == 0, made.err
    assert "of 1 file" in made.out
    (shown,) = run("evaluate", "labelled.jsonl", "--weights", "weights.json", "--json").rows
    assert shown["pair_f1"] > 0.9


def test_too_little_to_learn_from_is_told(run: Run, labelled: Path, home: Path) -> None:
    result = run("train", labelled, "-o", "weights.json")
    assert result.status == 1
    assert len(result.err.splitlines()) == 1
    assert not (home / "weights.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kinds": {"en": {}}}'])
def test_weights_that_are_none(run: Run, labelled: Path, home: Path, text: str) -> None:
    (home / "weights.json").write_text(text, encoding="utf-8")
    result = run("evaluate", labelled, "--weights", "weights.json")
    assert result.status == 1
    assert "weights.json contains no weights" in result.err


def test_an_empty_file_is_told(run: Run, home: Path) -> None:
    (home / "empty.jsonl").write_text("\n", encoding="utf-8")
    assert "contains no entries" in run("evaluate", "empty.jsonl").err
