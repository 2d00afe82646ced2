"""Shortened versions of labelled entries, so that a model also learns from teasers."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from aggregator.group.features.features import CHINESE, script_of
from aggregator.group.learning.labelled import Labelled

RETOLD = " ("  # in the name of a made-up version
_OTHER = 2.4  # letters that correspond to one Chinese character
_SHORT = 110  # Chinese characters of a teaser
_MIXED = (0, 0, _SHORT, 300, 60)  # what each entry in turn is cut to, 0: not at all
_END = re.compile(r"[。！？!?]|\.\s|\n")


def versions(name: str, entries: Sequence[Labelled]) -> Iterator[tuple[str, Sequence[Labelled]]]:
    """Yield a file as it is, as teasers and as a mixture, each with its name; as it is if it is brief."""
    yield name, entries
    teasers = [_cut(one, _SHORT) for one in entries]
    longer = sum(a.stored != b.stored for a, b in zip(entries, teasers, strict=True))
    if 2 * longer < len(entries):
        return
    yield f"{name}{RETOLD}teasers)", teasers
    yield (
        f"{name}{RETOLD}mixture)",
        [_cut(one, _MIXED[number % len(_MIXED)]) for number, one in enumerate(entries)],
    )


def _cut(one: Labelled, most: int) -> Labelled:
    """Return an entry with its first sentences alone, at most so many Chinese characters of them."""
    entry = one.stored.entry
    width = most if script_of(entry) in CHINESE else round(most * _OTHER)
    if not width or len(entry.text) <= width:
        return one
    ends = (found.end() for found in _END.finditer(entry.text[:width]))
    end = next((end for end in ends if end >= width // 3), width)
    short = dataclasses.replace(entry, text=entry.text[:end])
    return dataclasses.replace(one, stored=dataclasses.replace(one.stored, entry=short))
