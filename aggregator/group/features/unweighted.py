"""Features before they have weights as bytes: how a worker process returns them."""

import pickle
from collections.abc import Iterator
from datetime import UTC, date
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np

from aggregator.core.model import StoredEntry
from aggregator.core.settings import NamePairs
from aggregator.group.features.features import Features, extract, wide_hash
from aggregator.group.features.meaning import Meaning
from aggregator.group.features.terms import Terms

_TERMS = (("ids", "<u4"), ("strength", "<f4"), ("places", "u1"))
_MEANING = (
    ("stems", "<u4"),
    ("shares", "<f4"),
    ("of", np.dtype(np.intp).str),
    ("heads", "<u4"),
    ("places", "<f4"),
    ("flags", "u1"),
)
_PARTS = (("words", Terms, _TERMS), ("bigrams", Terms, _TERMS), ("meaning", Meaning, _MEANING))
_HASHES = ("countries", "amounts", "units", "shingles", "numbers", "cites")
_VALUES = (
    *("title", "dates", "url", "pattern", "publisher", "source", "chinese", "language", "script"),
    *("length", "cues", "dated", "on_page", "no_event"),
)
_values_of = attrgetter(*_VALUES)


def extract_to_bytes(stored: StoredEntry, names: NamePairs = ()) -> bytes:
    """Return the features of an entry as bytes, b"" if they cannot be extracted."""
    try:
        features = extract(stored, names=names)
    except Exception:  # noqa: BLE001  the entry is stored anyway, and grouping tries again
        return b""
    values = (_day(stored), _code_of(names), _values_of(features), *_arrays(features))
    return pickle.dumps(values, pickle.HIGHEST_PROTOCOL)


def from_bytes(stored: StoredEntry, names: NamePairs = ()) -> Features | None:
    """Return the features that came with an entry.

    None if there are none, or if the entry has another day or the names have changed since.
    """
    if not stored.extracted:
        return None
    day, code, values, *arrays = pickle.loads(stored.extracted)  # noqa: S301  from our own worker
    if (day, code) != (_day(stored), _code_of(names)):
        return None
    given: dict[str, Any] = dict(zip(_VALUES, values, strict=True))
    left = iter(arrays)
    for name, kind, columns in _PARTS:
        given[name] = kind(**{column: np.frombuffer(next(left), form) for column, form in columns})
    given.update((name, np.frombuffer(next(left), "<u4")) for name in _HASHES)
    return Features(**given)


def _arrays(features: Features) -> Iterator[bytes]:
    for name, _, columns in _PARTS:
        part = getattr(features, name)
        for column, form in columns:
            yield getattr(part, column).astype(form, copy=False).tobytes()
    for name in _HASHES:
        yield getattr(features, name).tobytes()


def _day(stored: StoredEntry) -> date:
    """Return the day that an entry's words like "yesterday" refer to."""
    return stored.published.astimezone(UTC).date()


@lru_cache(maxsize=8)
def _code_of(names: NamePairs) -> int:
    return wide_hash(repr(names))
