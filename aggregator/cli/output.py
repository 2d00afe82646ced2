"""What commands print: JSON lines for scripts, tables and a bar for people."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aggregator.core.report import SourceReport

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 500  # columns of a table in a pipe, where nothing need be folded
_BREAKS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPES = str.maketrans(_BREAKS)


def json_line(value: Any) -> str:
    """Write a value as one line, readable, that no reader takes for two."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).translate(_ESCAPES)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair cannot be written otherwise
        return json.dumps(value)
    return text


def say_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    say(json_line(value))


def say(text: str) -> None:
    """Print a line on standard output."""
    sys.stdout.write(text + "\n")


def whisper(text: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(text + "\n")


def printable(text: str) -> str:
    """Take out what would move the cursor, colour the terminal or reverse the line."""
    return "".join(mark if mark.isprintable() else " " for mark in text)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, quiet: bool = False) -> None:
    """Print a table on standard output; nothing if told to be quiet."""
    if quiet:
        return
    # a third of the time of `--help`, and only tables need it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        made.add_column(heading, overflow="fold", justify="left")
    for row in rows:
        made.add_row(*(Text(printable(cell)) for cell in row))
    console = _console(sys.stdout)
    with console.capture() as printed:
        console.print(made)
    for line in printed.get().splitlines():
        say(line.rstrip())


def _console(stream: Any) -> "Console":
    from rich.console import Console  # noqa: PLC0415  only tables and bars need it

    return Console(file=stream, width=None if stream.isatty() else _WIDE, highlight=False)


class Progress:
    """A bar on a terminal's standard error; silent elsewhere."""

    def __init__(self, total: int) -> None:
        self._advance: Any = None
        self._total = total

    def step(self, report: SourceReport) -> None:
        """Note that one source is done."""
        if self._advance:
            self._advance(report)

    @contextmanager
    def shown(self, *, quiet: bool) -> Iterator["Progress"]:
        """Show the bar while the block runs."""
        if quiet or not sys.stderr.isatty():
            yield self
            return
        from rich.progress import (  # noqa: PLC0415  only a terminal needs it
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.progress import Progress as Bar  # noqa: PLC0415

        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[last]}"))  # fmt: skip
        with Bar(*columns, console=_console(sys.stderr), transient=True) as bar:
            task = bar.add_task("sources", total=self._total, last="")
            self._advance = lambda report: bar.update(
                task, advance=1, last=f"{report.id}: {report.outcome}"
            )
            yield self
