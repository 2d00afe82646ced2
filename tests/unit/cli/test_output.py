"""Lines that stay lines, and a bar that only terminals see."""

import contextlib
import json
import os
import pty
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cli import json_lines
from aggregator.cli.output import Progress, json_line, printable
from aggregator.cli.tables import table
from aggregator.core.errors import AggregatorError
from aggregator.core.report import SourceReport


@given(st.dictionaries(st.text(), st.text()))
def test_an_object_is_one_line_for_every_reader(value: dict[str, str]) -> None:
    made = json_line(value)
    assert len(made.splitlines()) == 1
    assert made.encode()
    assert json.loads(made) == value


@pytest.mark.parametrize("text", ["\ud800", "a\u2028b", "\x85", "新闻"])
def test_hard_texts(text: str) -> None:
    assert json.loads(json_line([text])) == [text]


@given(st.text())
def test_what_is_shown_moves_no_cursor(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)


def test_a_table_is_no_wider_than_it_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a", "b"), [("1", "[bold]x[/]"), ("2", "y\x1b[2J")])
    table(("a",), [("1",)], quiet=True)
    assert capsys.readouterr().out.split() == ["a", "b", "1", "[bold]x[/]", "2", "y", "[2J"]


def test_no_bar_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1).shown(quiet=False) as progress:
        progress.step(SourceReport(id="a", outcome="ok"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_a_bar_on_a_terminal(quiet: bool) -> None:
    ours, theirs = pty.openpty()
    usual = sys.stderr
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        sys.stderr = terminal
        try:
            with Progress(1).shown(quiet=quiet) as progress:
                progress.step(SourceReport(id="gazette", outcome="ok"))
        finally:
            sys.stderr = usual
    seen = ""
    with contextlib.suppress(OSError):  # Linux says so at the end of a terminal
        while read := os.read(ours, 100_000):
            seen += read.decode()
    os.close(ours)
    assert ("gazette: ok" in seen) is not quiet


def test_a_line_has_a_longest() -> None:
    class Endless:
        def readline(self, size: int) -> bytes:
            """Return as much of one line as is asked for."""
            return b"x" * size

    with pytest.raises(AggregatorError, match="standard input: line 1 is longer than"):
        next(json_lines.read(Endless()))  # type: ignore[arg-type]
