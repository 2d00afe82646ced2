"""The stored form of an entry's features: a header of fixed size, then its lists, in bytes.

Terms are weighted and cut when an entry arrives and keep these weights for ever, so a pair
scores the same whenever it is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features.features import Features
from aggregator.group.features.terms import Floats, Hashes

VERSION = 3
WORDS, BIGRAMS = 128, 192  # that are kept, the heaviest first
KEYS = 60  # of the words that serve as keys of blocking
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
        ("words", "u1"),
        ("bigrams", "u1"),
        ("shingles", "u1"),
        ("dates", "u1"),
        ("numbers", "u1"),
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
# The condensed form keeps what pairs are found by: the header with the top bit of the version
# set, at most KEYS word_ids and their word_values, and `cites`:
#
#   +--------+--------------------+-----------------------+-------+
#   | HEADER | word_ids, heaviest | word_values, as many  | cites |
#   +--------+--------------------+-----------------------+-------+
#
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
_WORDS_AT, _BIGRAMS_AT, _CITES_AT, _TITLE_AT = (
    _FIELDS[name][1] for name in ("words", "bigrams", "cites", "title")
)
_ID = _width("words", "word_weights")  # bytes of one hash
_VALUE = _width("words", "word_values")  # bytes of one word before its value
_WORD = _width("words")  # bytes of one word in all lists
_CITE = _width("cites")
EMPTY = bytes((VERSION,)).ljust(HEADER.itemsize, b"\0")  # the stored form of an entry of nothing
_CONDENSED = bytes((VERSION | 128,))
DATED, CHINESE, ON_PAGE, NO_EVENT = 1, 2, 4, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ragged:
    """Lists of different lengths in one array; list n is flat[starts[n]:starts[n + 1]]."""

    flat: NDArray[Any]
    starts: NDArray[np.int64]


def pack(features: Features, word_weights: Floats, bigram_weights: Floats) -> bytes:
    """Return the stored form; the weights are one for each term of the features."""
    words = _heaviest(features.words.strength * word_weights, features.words.ids, WORDS)
    bigrams = _heaviest(features.bigrams.strength * bigram_weights, features.bigrams.ids, BIGRAMS)
    title = features.title.encode("utf-8", "replace")
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
        ("words", len(words[0])),
        ("bigrams", len(bigrams[0])),
        ("shingles", len(features.shingles)),
        ("dates", len(features.dates)),
        ("numbers", len(features.numbers[:MAX_ELEMENTS])),
        ("cites", len(features.cites[:MAX_ELEMENTS])),
        ("title", len(title)),
    ):
        header[name] = value
    lists = (
        features.words.ids[words[0]],
        _to_byte(word_weights[words[0]] * WEIGHT_STEPS),
        _to_byte(np.sqrt(words[1]) * VALUE_STEPS),
        features.words.places[words[0]],
        features.bigrams.ids[bigrams[0]],
        _to_byte(bigram_weights[bigrams[0]] * WEIGHT_STEPS),
        _to_byte(np.sqrt(bigrams[1]) * VALUE_STEPS),
        features.bigrams.places[bigrams[0]],
        features.shingles,
        np.array(features.dates, "<i4"),
        features.numbers[:MAX_ELEMENTS],
        features.cites[:MAX_ELEMENTS],
    )
    return b"".join((header.tobytes(), *(one.tobytes() for one in lists), title))


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
    return Ragged(flat=flat, starts=np.concatenate(([0], np.cumsum(counts))))


def condense(packed: bytes) -> bytes:
    """Return the condensed form, which is what pairs are found by."""
    size, words, cites = HEADER.itemsize, packed[_WORDS_AT], packed[_CITES_AT]
    kept = min(words, KEYS)
    end = len(packed) - int.from_bytes(packed[_TITLE_AT : _TITLE_AT + 2], "little")
    return b"".join(
        (
            _CONDENSED,
            packed[1 : size + _ID * kept],
            packed[size + _VALUE * words : size + _VALUE * words + kept],
            packed[end - _CITE * cites : end],
        )
    )


def is_condensed(packed: bytes) -> bool:
    """Return whether this is the condensed form."""
    return packed[:1] == _CONDENSED


def keys(condensed: Sequence[bytes], heads: NDArray[np.void]) -> tuple[Ragged, NDArray[np.uint8]]:
    """Return the words of many entries that are keys of blocking, and the roots of their values."""
    counts = np.minimum(heads["words"], KEYS).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum(counts)))
    begin, sizes = HEADER.itemsize, counts.tolist()
    ids = b"".join([one[begin : begin + _ID * n] for one, n in zip(condensed, sizes, strict=True)])
    values = b"".join(
        [
            one[begin + _ID * n : begin + (_ID + 1) * n]
            for one, n in zip(condensed, sizes, strict=True)
        ]
    )
    flat = np.frombuffer(ids, "<u4")
    return Ragged(flat=flat, starts=starts), np.frombuffer(values, np.uint8)


def cites(condensed: Sequence[bytes], heads: NDArray[np.void]) -> Ragged:
    """Return the links of many entries."""
    counts = heads["cites"].astype(np.int64)
    citing = np.flatnonzero(counts).tolist()
    flat = b"".join([condensed[n][-_CITE * condensed[n][_CITES_AT] :] for n in citing])
    starts = np.concatenate(([0], np.cumsum(counts)))
    return Ragged(flat=np.frombuffer(flat, "<u4"), starts=starts)


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
