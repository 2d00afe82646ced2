"""Limits of a document: the newest entries, and a bounded number of skip reasons."""

from collections.abc import Sequence
from typing import Final

from aggregator.core.model import Skipped
from aggregator.text import dates

MAX_ENTRIES: Final = 10_000  # unless the document sets a limit
MAX_SKIP_REASONS: Final = 100
EMPTY: Final = "has no title, text or link"


def newest(written: Sequence[str], most: int, language: str = "") -> list[int]:
    """Return the sorted indexes of the `most` newest dates; undated entries count as the oldest."""
    if len(written) <= most:
        return list(range(len(written)))

    def _age(place: int) -> tuple[float, int]:
        when = dates.parse(written[place], language=language)
        return (-when.timestamp() if when else 0.0, place)

    return sorted(sorted(range(len(written)), key=_age)[:most])


def over(count: int, most: int) -> Skipped:
    """Return the report of the entries over the limit."""
    return Skipped(
        where=f"{count} older entries",
        reason=f"over the limit of {most} entries per document (fetch.max_entries)",
    )


def bounded(skipped: Sequence[Skipped]) -> tuple[Skipped, ...]:
    """Return the first skip reasons, and a count of the others."""
    if len(skipped) <= MAX_SKIP_REASONS:
        return tuple(skipped)
    more = Skipped(where=f"{len(skipped) - MAX_SKIP_REASONS} more", reason="for similar reasons")
    return (*skipped[:MAX_SKIP_REASONS], more)
