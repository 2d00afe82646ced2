"""Tables that fit the terminal without truncating values."""

import sys
from collections.abc import Iterable, Iterator, Sequence

from aggregator.cli.output import coloured, is_coloured, print_line, printable, width

_GAP = 2  # columns between two cells
_MIN_FOLDED_COLUMNS = 16  # of a folded cell


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    quiet: bool = False,
    fold: Sequence[str] = (),
) -> None:
    """Print a table no wider than the terminal, unless `quiet`.

    Columns named in `fold` wrap if needed; others do not. If the table is still too wide, the first
    cell of each row gets its own line.
    """
    if quiet:
        return
    cells = [[printable(cell) for cell in row] for row in rows]
    every = [list(headings), *cells]
    most = width()
    folded_columns = [n for n, heading in enumerate(headings) if heading in fold]
    widths = _fit(
        [max(_width_of(row[n]) for row in every) for n in range(len(headings))],
        folded_columns,
        most,
    )
    if sum(widths) + _GAP * (len(widths) - 1) <= most:
        _print_rows(every, widths)
        return
    rest = [max(_width_of(row[n]) for row in every) for n in range(1, len(headings))]
    rest = _fit(rest, [n - 1 for n in folded_columns if n], most - _GAP)
    for number, row in enumerate(every):
        print_line(_bold(row[0]) if number == 0 else row[0])
        for line in _lines(row[1:], rest, heading=number == 0):
            print_line(f"{' ' * _GAP}{line}".rstrip())


def _print_rows(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    for number, row in enumerate(rows):
        for line in _lines(row, widths, heading=number == 0):
            print_line(line)


def _fit(widths: list[int], folded_columns: Sequence[int], most: int) -> list[int]:
    """Narrow the foldable columns, widest first, until the table fits or none can shrink."""
    made = list(widths)
    over = sum(made) + _GAP * (len(made) - 1) - most
    while (
        over > 0
        and (wide := max((made[n] for n in folded_columns), default=0)) > _MIN_FOLDED_COLUMNS
    ):
        widest = [n for n in folded_columns if made[n] == wide]
        others = [made[n] for n in folded_columns if made[n] < wide]
        floor = max(_MIN_FOLDED_COLUMNS, max(others, default=0), wide - -(-over // len(widest)))
        for n in widest:
            made[n] = floor
        over = sum(made) + _GAP * (len(made) - 1) - most
    return made


def _lines(row: Sequence[str], widths: Sequence[int], *, heading: bool) -> Iterator[str]:
    """Yield the lines of one row."""
    folded = [list(fold_text(cell, columns)) for cell, columns in zip(row, widths, strict=True)]
    for number in range(max(len(cell) for cell in folded)):
        parts = [cell[number] if number < len(cell) else "" for cell in folded]
        shown = (_bold(part) if heading else coloured(part) for part in parts)
        gaps = (
            " " * (columns - _width_of(part) + _GAP)
            for part, columns in zip(parts, widths, strict=True)
        )
        yield "".join(a + b for a, b in zip(shown, gaps, strict=True)).rstrip()


def fold_text(text: str, columns: int) -> Iterator[str]:
    """Wrap a text to a number of columns, between words if possible."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if _width_of(longer) <= columns:
            line = longer
            continue
        if line:
            yield line
        line = word
        while _width_of(line) > columns:
            cut = _cut(line, columns)
            yield line[:cut]
            line = line[cut:]
    yield line


def _cut(text: str, columns: int) -> int:
    """Return how many characters fit into the columns; at least one, so that wrapping ends."""
    used = 0
    for place, mark in enumerate(text):
        used += _width_of(mark)
        if used > columns:
            return max(place, 1)
    return len(text)


def _width_of(text: str) -> int:
    """Return the display width of a text; East Asian characters take two columns."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  only tables need it

    return cell_len(text)


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if text and is_coloured(sys.stdout) else text
