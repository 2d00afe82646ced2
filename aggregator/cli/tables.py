"""Tables that fit the terminal, in which no id is cut in two."""

import sys
from collections.abc import Iterable, Iterator, Sequence

from aggregator.cli.output import coloured, is_coloured, printable, say, width

_GAP = 2  # columns between two cells
_LEAST = 16  # columns that a folded cell keeps


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    quiet: bool = False,
    fold: Sequence[str] = (),
) -> None:
    """Print a table on standard output, no wider than the terminal; nothing if told to be quiet.

    The columns named in `fold` take several lines where there is no room; all others stay whole.
    Where even that is too wide, the first cell of a row stands on a line of its own.
    """
    if quiet:
        return
    cells = [[printable(cell) for cell in row] for row in rows]
    every = [list(headings), *cells]
    most = width()
    places = [n for n, heading in enumerate(headings) if heading in fold]
    widths = _fit([max(_wide(row[n]) for row in every) for n in range(len(headings))], places, most)
    if sum(widths) + _GAP * (len(widths) - 1) <= most:
        _print_rows(every, widths)
        return
    rest = [max(_wide(row[n]) for row in every) for n in range(1, len(headings))]
    rest = _fit(rest, [n - 1 for n in places if n], most - _GAP)
    for number, row in enumerate(every):
        say(_bold(row[0]) if number == 0 else row[0])
        for line in _lines(row[1:], rest, heading=number == 0):
            say(f"{' ' * _GAP}{line}".rstrip())


def _print_rows(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    for number, row in enumerate(rows):
        for line in _lines(row, widths, heading=number == 0):
            say(line)


def _fit(widths: list[int], places: Sequence[int], most: int) -> list[int]:
    """Narrow the columns that may be folded, the widest first, until all fit or none can give."""
    made = list(widths)
    over = sum(made) + _GAP * (len(made) - 1) - most
    while over > 0 and (wide := max((made[n] for n in places), default=0)) > _LEAST:
        widest = [n for n in places if made[n] == wide]
        others = [made[n] for n in places if made[n] < wide]
        floor = max(_LEAST, max(others, default=0), wide - -(-over // len(widest)))
        for n in widest:
            made[n] = floor
        over = sum(made) + _GAP * (len(made) - 1) - most
    return made


def _lines(row: Sequence[str], widths: Sequence[int], *, heading: bool) -> Iterator[str]:
    """Yield the lines of one row."""
    folded = [list(fold_text(cell, room)) for cell, room in zip(row, widths, strict=True)]
    for number in range(max(len(cell) for cell in folded)):
        parts = [cell[number] if number < len(cell) else "" for cell in folded]
        shown = (_bold(part) if heading else coloured(part) for part in parts)
        gaps = (" " * (room - _wide(part) + _GAP) for part, room in zip(parts, widths, strict=True))
        yield "".join(a + b for a, b in zip(shown, gaps, strict=True)).rstrip()


def fold_text(text: str, room: int) -> Iterator[str]:
    """Yield a text in lines of so many columns, broken between words where there are any."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if _wide(longer) <= room:
            line = longer
            continue
        if line:
            yield line
        line = word
        while _wide(line) > room:
            cut = _cut(line, room)
            yield line[:cut]
            line = line[cut:]
    yield line


def _cut(text: str, room: int) -> int:
    """Return how many characters fill the room; one at least, so that there is an end."""
    used = 0
    for place, mark in enumerate(text):
        used += _wide(mark)
        if used > room:
            return max(place, 1)
    return len(text)


def _wide(text: str) -> int:
    """Return the columns of a text: those of East Asia take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  only tables need it

    return cell_len(text)


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if text and is_coloured(sys.stdout) else text
