"""What of a document is read: the newest entries, and a bounded number of reasons for the rest."""

from collections.abc import Sequence
from typing import Final

from aggregator.core.model import Skipped
from aggregator.text import dates

ENTRIES_MOST: Final = 10_000  # where nobody says less
REASONS_MOST: Final = 100
EMPTY: Final = "holds neither title, text nor link"


def newest(written: Sequence[str], most: int, language: str = "") -> list[int]:
    """Return the places of the newest by their dates, in order; undated ones keep their place."""
    if len(written) <= most:
        return list(range(len(written)))

    def _age(place: int) -> tuple[float, int]:
        when = dates.parse(written[place], language=language)
        return (-when.timestamp() if when else 0.0, place)

    return sorted(sorted(range(len(written)), key=_age)[:most])


def over(count: int, most: int) -> Skipped:
    """Return what is said of the entries over the limit."""
    return Skipped(
        where=f"{count} older entries",
        reason=f"over the limit of {most} entries a document (fetch.max_entries)",
    )


def bounded(skipped: Sequence[Skipped]) -> tuple[Skipped, ...]:
    """Return the first reasons, and how many more there are."""
    if len(skipped) <= REASONS_MOST:
        return tuple(skipped)
    more = Skipped(
        where=f"{len(skipped) - REASONS_MOST} more", reason="for reasons like those above"
    )
    return (*skipped[:REASONS_MOST], more)
