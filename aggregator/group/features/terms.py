"""Hashes of the words and bigrams of folded texts, in the order in which they stand."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import dictionary, english, vocabulary
from aggregator.text.fold import DENSE, SPACED

MARKED = 128  # the bit of a term's places that marks a name, or what a title begins with
SENTENCES = 6  # that have a bit of their own in a term's places, after the title's
_WORD_SALT, _BIGRAM_SALT = 1, 2
WORD_DECAY, BIGRAM_DECAY = 60, 120  # terms after which one counts half
_IN_TITLE = 1.5
_OTHER = re.compile(SPACED)
_DENSE_RUN = re.compile(f"[{DENSE}]+")
_NAMING = ("nr", "ns", "nt", "nz", "j")  # parts of speech
_LAST = 0x40000  # no dense script stands after it

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
    codes = [[code for word in part if (code := word_hash(word))] for part in parts]
    flat = np.array([code for some in codes for code in some], "<u4")
    marked = np.array([term_hash(name) for name in names], "<u4")
    return count(flat, np.array([len(some) for some in codes]), WORD_DECAY, marked)


def of_bigrams(parts: Sequence[str], subject: str) -> Terms:
    """Return adjacent characters and other words of a title and sentences; the subject's are marked."""
    codes, places = _bigrams("\n".join(parts))
    ends = np.cumsum([len(part) + 1 for part in parts])
    sizes = np.diff(np.searchsorted(places, ends), prepend=0)
    return count(codes, sizes, BIGRAM_DECAY, _bigrams(subject)[0])


def term_hash(term: str, salt: int = _WORD_SALT) -> int:
    """Return the 32-bit hash of a stem."""
    return crc32(term.encode("utf-8", "replace"), salt)


@lru_cache(maxsize=1 << 17)
def word_hash(word: str) -> int:
    """Return the hash of a word's stem, 0 for a function word; most words come again and again."""
    stemmed = english.stem(word) if word.isascii() else dictionary.country_of(word) or word
    code = term_hash(stemmed) if stemmed else 0
    if not word.isascii():
        vocabulary.add(code, word)
    return code


@lru_cache(maxsize=1 << 16)
def is_name(word: str) -> bool:
    """Say whether a Chinese word names a person, place, organisation or work."""
    import rjieba  # noqa: PLC0415  its dictionary takes a fifth of a second, and only grouping needs it

    found = rjieba.tag(word)
    return len(found) == 1 and found[0][1].startswith(_NAMING)


def _bigrams(text: str) -> tuple[Hashes, Places]:
    """Return hashes and places of pairs of dense characters and of the words of other scripts."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    dense = _dense()[np.minimum(codes, _LAST)]
    places = np.flatnonzero(dense[:-1] & dense[1:])
    pairs = _mix(codes[places], codes[places + 1])
    others = [(run.start(), other_hash(run[0])) for run in _OTHER.finditer(text)]
    kept = np.array([one for one in others if one[1]], np.int64).reshape(-1, 2)
    if not len(kept):
        return pairs, places
    places = np.concatenate((places, kept[:, 0]))
    order = np.argsort(places, kind="stable")
    return np.concatenate((pairs, kept[:, 1].astype("<u4")))[order], places[order]


@lru_cache(maxsize=1 << 16)
def other_hash(word: str) -> int:
    """Return the hash of a word among bigrams, 0 for a function word."""
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


def count(codes: Hashes, sizes: Places, decay: float, marked: Hashes) -> Terms:
    """Count hashed terms: 1.5 for each in the title, 1/(1 + position/decay) for each in the body.

    `sizes` are how many stand in the title and in each sentence; `marked` get the last bit.
    """
    numbers = np.arange(len(sizes))
    bits = np.where(numbers <= SENTENCES, 1 << np.minimum(numbers, SENTENCES), 0).astype(np.uint8)
    first = int(sizes[0])
    weights = np.full(len(codes), _IN_TITLE)
    weights[first:] = 1 / (1 + np.arange(len(codes) - first) / decay)
    ids, inverse = np.unique(codes, return_inverse=True)
    places = np.zeros(len(ids), np.uint8)
    np.bitwise_or.at(places, inverse, np.repeat(bits, sizes))
    places[np.isin(ids, marked)] |= MARKED
    strength = np.log1p(np.bincount(inverse, weights, len(ids))).astype("<f4")
    return Terms(ids=ids, strength=strength, places=places)
