"""Output of the commands: JSON lines for scripts; text, colours and a progress bar for people."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.core.report import SourceReport

if TYPE_CHECKING:
    from rich.console import Console

_DEFAULT_COLUMNS = 80  # if the terminal width is unknown
_BREAKS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPES = str.maketrans(_BREAKS)
SHORT = 8  # characters of an id that are shown; commands accept them as the id

# ANSI colours of state words
_COLOURS = {
    "ok": "32",
    "fault": "1;31",
    "error": "31",
    "refused": "31",
    "gone": "31",
    "warning": "33",
    "later": "33",
    "paused": "2",
    "unchanged": "2",
    "new": "36",
}


def json_line(value: Any) -> str:
    """Return a value as one line of JSON; Unicode line breaks are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).translate(_ESCAPES)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate must be escaped
        return json.dumps(value)
    return text


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print_line(json_line(value))


def print_line(text: str) -> None:
    """Print a line on standard output."""
    sys.stdout.write(text + "\n")


def print_error(text: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(text + "\n")


def printable(text: str) -> str:
    """Replace control characters with spaces, so that text cannot control the terminal."""
    return "".join(mark if mark.isprintable() else " " for mark in text)


def printable_lines(text: str) -> str:
    """Do the same for each line of a text."""
    return "\n".join(printable(line) for line in text.split("\n"))


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: 1 source, 2 sources, 3 stories."""
    if number == 1:
        return f"1 {one}"
    plural = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{number} {many or plural}"


def iso(when: datetime, timespec: str = "seconds") -> str:
    """Return a time as JSON shows it: in UTC, with a Z."""
    return when.isoformat(timespec=timespec).replace("+00:00", "Z")


def short(id_: str) -> str:
    """Return the first characters of an id, which commands accept as the id."""
    return id_.removeprefix("urn:uuid:")[:SHORT]


def is_coloured(stream: Any) -> bool:
    """Return whether a stream is a terminal with colours enabled."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return bool(stream.isatty() and not plain)


def coloured(word: str) -> str:
    """Return a state word, coloured on a terminal."""
    if not is_coloured(sys.stdout) or word.strip() not in _COLOURS:
        return word
    return f"\x1b[{_COLOURS[word.strip()]}m{word}\x1b[0m"


def width() -> int:
    """Return the columns of the terminal; in a pipe $COLUMNS or 80."""
    return max(shutil.get_terminal_size((_DEFAULT_COLUMNS, 24)).columns, 20)


def _console(stream: Any) -> "Console":
    from rich.console import Console  # noqa: PLC0415  only tables and bars need it

    terminal = stream.isatty()
    return Console(
        file=stream,
        width=width(),
        highlight=False,
        force_terminal=terminal,
        no_color=not is_coloured(stream),
        color_system="auto" if is_coloured(stream) else None,
    )


class Progress:
    """A progress bar on standard error if that is a terminal."""

    def __init__(self, total: int) -> None:
        self._advance: Any = None
        self._total = total

    def step(self, report: SourceReport) -> None:
        """Advance the bar by one source."""
        if self._advance:
            self._advance(report)

    @contextmanager
    def shown(self, *, quiet: bool) -> Iterator["Progress"]:
        """Show the bar while the block runs."""
        if quiet or not sys.stderr.isatty():
            yield self
            return
        with _bar(self._total, "") as (bar, task):
            self._advance = lambda report: bar.update(
                task, advance=1, last=f"{report.id}: {report.outcome}"
            )
            yield self


@contextmanager
def working(what: str, *, quiet: bool = False) -> Iterator[None]:
    """Show elapsed time on a terminal while the block runs; its length is unknown."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with _bar(None, what):
        yield


@contextmanager
def _bar(total: int | None, last: str) -> Iterator[tuple[Any, Any]]:
    from rich.progress import (  # noqa: PLC0415  only a terminal needs it
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bar  # noqa: PLC0415

    done = () if total is None else (MofNCompleteColumn(),)
    columns = (BarColumn(), *done, TimeElapsedColumn(), TextColumn("{task.fields[last]}"))
    with Bar(*columns, console=_console(sys.stderr), transient=True) as bar:
        yield bar, bar.add_task("", total=total, last=last)
