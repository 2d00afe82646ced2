"""The stored form of an entry's features: a header of fixed size, then its lists, in bytes.

Terms are weighted and cut when an entry arrives and keep these weights for ever, so a pair
scores the same whenever it is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.arrays import starts_of
from aggregator.group.features.features import Features
from aggregator.group.features.meaning import Meaning
from aggregator.group.features.terms import Floats, Hashes

VERSION = 4
WORDS, BIGRAMS = 128, 192  # that are kept, the heaviest first
KEYS = 60  # of the words that serve as keys of blocking
STEM_KEYS = 24  # of the stems that serve as keys across languages
WEIGHT_STEPS, VALUE_STEPS = 20, 255  # of the bytes that weights and roots of values become

HEADER = np.dtype(
    [
        ("version", "u1"),
        ("flags", "u1"),
        ("cues", "<u2"),
        ("language", "S3"),
        ("script", "S4"),
        ("length", "<u4"),
        ("publisher", "<u8"),
        ("source", "<u8"),
        ("url", "<u8"),
        ("pattern", "<u4"),
        ("words", "u1"),
        ("bigrams", "u1"),
        ("shingles", "u1"),
        ("dates", "u1"),
        ("numbers", "u1"),
        ("stems", "u1"),
        ("heads", "u1"),
        ("countries", "u1"),
        ("amounts", "u1"),
        ("units", "u1"),
        ("cites", "u1"),
        ("title", "<u2"),
    ]
)
# The stored form of one entry, each list right after the one before, the title last:
#
#   +--------+----------+--------------+-------------+-------------+-----------------+-----+-------+
#   | HEADER | word_ids | word_weights | word_values | word_places | bigram_ids, ... | ... | title |
#   +--------+----------+--------------+-------------+-------------+-----------------+-----+-------+
#     fixed     words × 4   words × 1      words × 1     words × 1     bigrams × 4          UTF-8
#
# The header holds how many elements each list has, in one byte, and how many bytes the title has.
# Each list: its name, the field of the header that counts it, the type of one element.
_LISTS = (
    ("word_ids", "words", "<u4"),
    ("word_weights", "words", "u1"),
    ("word_values", "words", "u1"),
    ("word_places", "words", "u1"),
    ("bigram_ids", "bigrams", "<u4"),
    ("bigram_weights", "bigrams", "u1"),
    ("bigram_values", "bigrams", "u1"),
    ("bigram_places", "bigrams", "u1"),
    ("shingles", "shingles", "<u4"),
    ("dates", "dates", "<i4"),
    ("numbers", "numbers", "<u4"),
    ("stem_ids", "stems", "<u4"),
    ("stem_weights", "stems", "u1"),
    ("stem_heads", "stems", "u1"),
    ("head_weights", "heads", "u1"),
    ("head_flags", "heads", "u1"),
    ("countries", "countries", "<u4"),
    ("amounts", "amounts", "<u4"),
    ("units", "units", "<u4"),
    ("cites", "cites", "<u4"),
)
MAX_ELEMENTS = 255  # of one list, since its count is one byte


def _width(counter: str, before: str = "") -> int:
    """Return the bytes of one element in all lists that a field counts, or in those before one."""
    width = 0
    for name, count, form in _LISTS:
        if name == before:
            break
        width += np.dtype(form).itemsize * (count == counter)
    return width


_FIELDS = dict(HEADER.fields or {})
_WORDS_AT, _BIGRAMS_AT = (_FIELDS[name][1] for name in ("words", "bigrams"))
_ID = _width("words", "word_weights")  # bytes of one hash
_WORD = _width("words")  # bytes of one word in all lists
EMPTY = bytes((VERSION,)).ljust(HEADER.itemsize, b"\0")  # the stored form of an entry of nothing
DATED, CHINESE, ON_PAGE, NO_EVENT = 1, 2, 4, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ragged:
    """Lists of different lengths in one array; list n is flat[starts[n]:starts[n + 1]]."""

    flat: NDArray[Any]
    starts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the terms of an entry weigh on its arrival, one for each of its features' terms."""

    words: Floats
    bigrams: Floats
    heads: Floats


def pack(features: Features, weights: Weights) -> bytes:
    """Return the stored form."""
    words = _heaviest(features.words.strength * weights.words, features.words.ids, WORDS)
    bigrams = _heaviest(features.bigrams.strength * weights.bigrams, features.bigrams.ids, BIGRAMS)
    lists: dict[str, NDArray[Any]] = {
        "word_ids": features.words.ids[words[0]],
        "word_weights": _to_byte(weights.words[words[0]] * WEIGHT_STEPS),
        "word_values": _to_byte(np.sqrt(words[1]) * VALUE_STEPS),
        "word_places": features.words.places[words[0]],
        "bigram_ids": features.bigrams.ids[bigrams[0]],
        "bigram_weights": _to_byte(weights.bigrams[bigrams[0]] * WEIGHT_STEPS),
        "bigram_values": _to_byte(np.sqrt(bigrams[1]) * VALUE_STEPS),
        "bigram_places": features.bigrams.places[bigrams[0]],
        "shingles": features.shingles,
        "dates": np.array(features.dates, "<i4"),
        "numbers": features.numbers[:MAX_ELEMENTS],
        **_meaning(features.meaning, weights.heads),
        "countries": features.countries[:MAX_ELEMENTS],
        "amounts": features.amounts[:MAX_ELEMENTS],
        "units": features.units[:MAX_ELEMENTS],
        "cites": features.cites[:MAX_ELEMENTS],
    }
    title = features.title.encode("utf-8", "replace")
    header = _header(features, lists, len(title))
    return b"".join((header, *(lists[name].tobytes() for name, _, _ in _LISTS), title))


def _header(features: Features, lists: Mapping[str, NDArray[Any]], title: int) -> bytes:
    header = np.zeros(1, HEADER)
    for name, value in (
        ("version", VERSION),
        ("flags", _flags(features)),
        ("cues", features.cues),
        ("language", features.language.encode("ascii", "replace")),
        ("script", features.script.encode()),
        ("length", features.length),
        ("publisher", features.publisher),
        ("source", features.source),
        ("url", features.url),
        ("pattern", features.pattern),
        ("title", title),
        *((count, len(lists[name])) for name, count, _ in _LISTS),
    ):
        header[name] = value
    return header.tobytes()


def _meaning(meaning: Meaning, weights: Floats) -> dict[str, NDArray[Any]]:
    """Return the lists of stems, each once and the heaviest first, and of the heads they are of."""
    heads = meaning.places * weights
    values = meaning.shares * heads[meaning.of]
    order = np.lexsort((meaning.stems, -values))
    first = np.sort(np.unique(meaning.stems[order], return_index=True)[1])
    kept = order[first]
    return {
        "stem_ids": meaning.stems[kept],
        "stem_weights": _to_byte(values[kept] * WEIGHT_STEPS),
        "stem_heads": meaning.of[kept].astype(np.uint8),
        "head_weights": _to_byte(heads * WEIGHT_STEPS),
        "head_flags": meaning.flags,
    }


def _flags(features: Features) -> int:
    return (
        features.dated * DATED
        + features.chinese * CHINESE
        + features.on_page * ON_PAGE
        + features.no_event * NO_EVENT
    )


def headers(packed: Sequence[bytes]) -> NDArray[np.void]:
    """Return the headers of many entries as one structured array."""
    size = HEADER.itemsize
    return np.frombuffer(b"".join(one[:size] for one in packed), HEADER)


def ragged(
    packed: Sequence[bytes], heads: NDArray[np.void], name: str, most: int = MAX_ELEMENTS
) -> Ragged:
    """Return one list of each of many entries, at most so many of its elements."""
    begin = np.full(len(packed), HEADER.itemsize, np.int64)
    for list_name, count, form in _LISTS:
        width = np.dtype(form).itemsize
        if list_name == name:
            break
        begin += heads[count].astype(np.int64) * width
    counts = np.minimum(heads[count].astype(np.int64), most)
    spans = zip(packed, begin.tolist(), (begin + counts * width).tolist(), strict=True)
    flat = np.frombuffer(b"".join([one[a:b] for one, a, b in spans]), form)
    return Ragged(flat=flat, starts=starts_of(counts))


def term_bytes(packed: bytes) -> bytes:
    """Return the hashes of all kept terms of an entry, as they are stored."""
    words, begin = packed[_WORDS_AT], HEADER.itemsize
    bigrams = begin + _WORD * words
    end = bigrams + _ID * packed[_BIGRAMS_AT]
    return packed[begin : begin + _ID * words] + packed[bigrams:end]


def terms(packed: bytes) -> Hashes:
    """Return the hashes of all kept terms of an entry."""
    return np.frombuffer(term_bytes(packed), "<u4")


def heaviest_words(packed: Sequence[bytes]) -> list[list[int]]:
    """Return the hashes of each entry's words, the heaviest first."""
    found = ragged(packed, headers(packed), "word_ids")
    return [found.flat[found.starts[n] : found.starts[n + 1]].tolist() for n in range(len(packed))]


def readable(packed: bytes) -> bool:
    """Return whether the features have the form that this version reads."""
    return len(packed) >= HEADER.itemsize and packed[0] == VERSION


def titles(packed: Sequence[bytes], heads: NDArray[np.void]) -> list[str]:
    """Return the folded titles of many entries."""
    sizes = heads["title"].tolist()
    return [
        one[len(one) - size :].decode("utf-8", "replace")
        for one, size in zip(packed, sizes, strict=True)
    ]


def _heaviest(values: Floats, ids: Hashes, most: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the places of the heaviest terms, heaviest first, and their values, normalised."""
    order = np.lexsort((ids, -values))
    norm = float(np.sqrt(np.square(values).sum())) or 1.0
    kept = order[:most]
    return kept, (values[kept] / norm).astype("<f4")


def _to_byte(values: Floats) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
