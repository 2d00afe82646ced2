"""Hashes of the words and bigrams of folded texts, in the order in which they stand."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain, compress, pairwise, repeat
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import dictionary, english, vocabulary
from aggregator.group.features.memo import Memo
from aggregator.text.fold import DENSE, SPACED

TITLED = 1  # the bit of a term's places that says that it stands in the title
MARKED = 128  # the bit of a term's places that marks a name, or what a title begins with
SENTENCES = 6  # that have a bit of their own in a term's places, after the title's
_WORD_SALT, _BIGRAM_SALT = 1, 2
WORD_DECAY, BIGRAM_DECAY = 60, 120  # terms after which one counts half
_TITLE_WEIGHT = 1.5
_OTHER = re.compile(SPACED)
_DENSE_RUN = re.compile(f"[{DENSE}]+")
_NAMING = ("nr", "ns", "nt", "nz", "j")  # parts of speech
_LAST = 0x40000  # no dense script stands after it
_PLACE_BITS = tuple(1 << number for number in range(SENTENCES + 1))
_MOST_WORDS = 1 << 17  # whose hashes are kept: most words come again and again

Hashes = NDArray[np.uint32]
Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Distinct hashed terms; `strength` is ln(1 + frequency), early places counting more.

    `places` has bit 0 for the title, bits 1 to 6 for the first sentences, bit 7
    marks names among words, and what the title begins with among bigrams.
    """

    ids: Hashes
    strength: Floats
    places: NDArray[np.uint8]


def of_words(parts: Sequence[Sequence[str]], names: Collection[str]) -> Terms:
    """Return the terms of the words of a title and sentences; names are marked."""
    codes = [list(filter(None, _counted_hashes.of_all(part))) for part in parts]
    flat = np.array(list(chain.from_iterable(codes)), "<u4")
    marked = np.array(_term_hashes.of_all(names), "<u4")
    return count(flat, list(map(len, codes)), WORD_DECAY, marked)


def of_bigrams(parts: Sequence[str], subject: str) -> Terms:
    """Return adjacent characters and other words of a title and sentences.

    Those of the subject, which the title begins with, are marked.
    """
    text = "\n".join(parts)
    pairs, starts = _pairs(text)
    own = [code for word in _OTHER.findall(subject) if (code := _other_hashes[word])]
    marked = np.concatenate((pairs[: starts.searchsorted(len(subject) - 1)], np.array(own, "<u4")))
    codes, places = _with_others(text, pairs, starts)
    ends = places.searchsorted(list(accumulate(len(part) + 1 for part in parts))).tolist()
    sizes = [end - begin for begin, end in pairwise((0, *ends))]
    return count(codes, sizes, BIGRAM_DECAY, marked)


def term_hash(term: str, salt: int = _WORD_SALT) -> int:
    """Return the 32-bit hash of a stem."""
    return crc32(term.encode("utf-8", "replace"), salt)


def word_hash(word: str) -> int:
    """Return the hash of a word's stem, 0 for a function word."""
    return _word_hashes[word]


def _hash_counted(word: str) -> int:
    """Return the hash of a word's stem, 0 for one that is not counted: a single character."""
    return _word_hashes[word] if len(word) > 1 or word.isdigit() else 0


def _hash_word(word: str) -> int:
    stemmed = english.stem(word) if word.isascii() else dictionary.country_of(word) or word
    code = term_hash(stemmed) if stemmed else 0
    if not word.isascii():
        vocabulary.add(code, word)
    return code


def is_name(word: str) -> bool:
    """Say whether a Chinese word names a person, place, organisation or work."""
    return _is_name[word]


def names_among(words: Iterable[str]) -> Iterator[str]:
    """Yield the Chinese words that name somebody or something."""
    some = list(words)
    return compress(some, _is_name.of_all(some))


def _tag_name(word: str) -> bool:
    import rjieba  # noqa: PLC0415  its dictionary takes a fifth of a second, and only grouping needs it

    found = rjieba.tag(word)
    return len(found) == 1 and found[0][1].startswith(_NAMING)


def _pairs(text: str) -> tuple[Hashes, Places]:
    """Return hashes and places of pairs of dense characters."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    dense = _dense()[np.minimum(codes, _LAST)]
    places = (dense[:-1] & dense[1:]).nonzero()[0]
    return _mix(codes[places], codes[places + 1]), places


def _with_others(text: str, pairs: Hashes, places: Places) -> tuple[Hashes, Places]:
    """Return hashes and places of pairs of dense characters and of the words of other scripts."""
    others = [(run.start(), run[0]) for run in _OTHER.finditer(text)]
    if not others:
        return pairs, places
    starts, words = zip(*others, strict=True)
    other_codes = np.array(_other_hashes.of_all(words), "<u4")
    counted = other_codes != 0
    places = np.concatenate((places, np.array(starts, np.int64)[counted]))
    order = np.argsort(places, kind="stable")
    return np.concatenate((pairs, other_codes[counted]))[order], places[order]


def other_hash(word: str) -> int:
    """Return the hash of a word among bigrams, 0 for a function word."""
    return _other_hashes[word]


def _hash_other(word: str) -> int:
    stemmed = english.stem(word)
    return term_hash(stemmed, _BIGRAM_SALT) if stemmed else 0


@cache
def _dense() -> NDArray[np.bool_]:
    """Return for each character whether its script is written without spaces."""
    found = np.zeros(_LAST + 1, bool)
    every = np.arange(_LAST, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    for run in _DENSE_RUN.finditer(every):
        found[run.start() : run.end()] = True
    return found


def _mix(left: Hashes, right: Hashes) -> Hashes:
    mixed: Hashes = left * np.uint32(0x9E3779B1) + right
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x85EBCA77)
    mixed ^= mixed >> np.uint32(13)
    return mixed


def count(codes: Hashes, sizes: Sequence[int], decay: float, marked: Hashes) -> Terms:
    """Count hashed terms: 1.5 for each in the title, 1/(1 + position/decay) for each in the body.

    `sizes` are how many stand in the title and in each sentence; `marked` get the last bit.
    """
    if not len(codes):
        return _NO_TERMS
    order = codes.argsort()
    ordered = codes[order]
    is_first = np.empty(len(codes), bool)
    is_first[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    begins = is_first.nonzero()[0]
    inverse = np.empty(len(codes), np.int64)
    inverse[order] = is_first.cumsum() - 1
    ids = ordered[begins]
    bits = (*_PLACE_BITS, *repeat(0, len(sizes)))[: len(sizes)]
    where = b"".join([bytes((bit,)) * size for bit, size in zip(bits, sizes, strict=True)])
    places = np.bitwise_or.reduceat(np.frombuffer(where, "u1")[order], begins)
    if len(marked):
        near = np.minimum(ids.searchsorted(marked), len(ids) - 1)
        places[near[ids[near] == marked]] |= MARKED
    strength = np.log1p(np.bincount(inverse, _weights(len(codes), sizes[0], decay)))
    return Terms(ids=ids, strength=strength.astype("<f4"), places=places)


def _weights(size: int, in_title: int, decay: float) -> NDArray[np.float64]:
    """Return how much each of so many terms counts, by its position."""
    weights = np.empty(size)
    weights[:in_title] = _TITLE_WEIGHT
    weights[in_title:] = _decays(size - in_title, decay)
    return weights


def _decays(size: int, decay: float) -> NDArray[np.float64]:
    """Return how much each of so many terms of a body counts."""
    table = _decay_tables.get(decay)
    if table is None or len(table) < size:
        table = _decay_tables[decay] = 1 / (1 + np.arange(2 * size) / decay)
    return table[:size]


_NO_TERMS = Terms(ids=np.empty(0, "<u4"), strength=np.empty(0, "<f4"), places=np.empty(0, "u1"))
_decay_tables: dict[float, NDArray[np.float64]] = {}
_term_hashes = Memo(term_hash, _MOST_WORDS)
_word_hashes = Memo(_hash_word, _MOST_WORDS)
_counted_hashes = Memo(_hash_counted, _MOST_WORDS)
_other_hashes = Memo(_hash_other, _MOST_WORDS)
_is_name = Memo(_tag_name, _MOST_WORDS)
