"""Tables fit the terminal, keep ids whole, and are coloured on a terminal alone."""

import os
import pty
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aggregator.cli.output import coloured, count
from aggregator.cli.tables import fold_text, table
from tests.unit.cli.conftest import Run

IDS = st.text("abcdefghij-.0123456789", min_size=1, max_size=57)
TITLES = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=200)


@given(st.lists(st.tuples(IDS, TITLES, TITLES), max_size=6), st.integers(60, 120))
def test_a_table_fits_and_no_id_is_cut(rows: list[tuple[str, str, str]], wide: int) -> None:
    usual = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(wide)
    ours, sys.stdout = sys.stdout, _Lines()
    try:
        table(("id", "title", "publishers"), rows, fold=("title", "publishers"))
        lines = str(sys.stdout).splitlines()
    finally:
        sys.stdout = ours
        os.environ.pop("COLUMNS") if usual is None else os.environ.update(COLUMNS=usual)
    assert max(map(cell_len, lines)) <= wide
    words = {line.split()[0] for line in lines if line and not line.startswith(" ")}
    assert words >= {id_ for id_, _, _ in rows}


class _Lines:
    """Takes what is printed; no terminal."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str) -> None:
        """Take a piece."""
        self._text += text

    def isatty(self) -> bool:
        """Say that nobody sits there."""
        return False

    def __str__(self) -> str:
        return self._text


@given(TITLES, st.integers(2, 40))
def test_a_folded_text_loses_nothing(text: str, room: int) -> None:
    lines = list(fold_text(text, room))
    assert all(cell_len(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("number", "word", "said"),
    [
        (0, "source", "0 sources"),
        (1, "source", "1 source"),
        (2, "source", "2 sources"),
        (1, "story", "1 story"),
        (3, "story", "3 stories"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
    ],
)
def test_plurals(number: int, word: str, said: str) -> None:
    assert count(number, word) == said


@pytest.mark.parametrize(
    ("environment", "colours"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_only_for_people_who_want_them(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colours: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert ("\x1b[" in coloured("error")) is colours
        assert coloured("nothing special") == "nothing special"
    os.close(ours)
    monkeypatch.setattr(sys, "stdout", _Lines())
    assert coloured("error") == "error"


def test_no_colours_and_no_long_lines_in_a_pipe(run: Run) -> None:
    run("fetch", "--quiet")
    for command in (("sources", "list"), ("stories", "list"), ("fetch",), ("doctor",), ("check",)):
        result = run(*command)
        assert "\x1b" not in result.out + result.err
        lines = [line for line in result.out.splitlines() if "/" not in line]  # paths stay whole
        assert max(map(cell_len, lines), default=0) <= 80
