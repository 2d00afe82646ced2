"""What grouping takes from one entry, once: hashed terms with their places, shingles, dates, signs."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from aggregator.model import StoredEntry
from aggregator.stories import english, signs
from aggregator.text import bigrams, fold, plain, script, words
from aggregator.urls import canonical

TITLE, BODY = 150, 1500  # characters that are looked at
SENTENCES = 6  # that have a bit of their own in a term's places, after the title's
MARKED = 128  # the bit of a term's places that marks a name, or what a title begins with
SHINGLE = 8
_KEPT_SHINGLES = 64
_WORD_SALT, _BIGRAM_SALT = 1, 2
_EPOCH = date(1970, 1, 1)
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;])|(?<=[a-z\d\"'”’)]\.)\s+|\n+")

_SUBJECT = re.compile(r"\W*(?:[a-z\d][^\s:,]*\s+){1,3}|\W*[^\s:,;!?]{1,5}")

_MOST_SPELT = 1 << 17
_spelt: dict[int, str] = {}  # words met that have one form alone: to cut a text again takes long

Hashes = NDArray[np.uint32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Distinct hashed terms; `strength` is ln(1 + frequency), early places counting more.

    `places` has bit 0 for the title, bits 1 to 6 for the first sentences, bit 7
    marks names among words, and what the title begins with among bigrams.
    """

    ids: Hashes
    strength: Floats
    places: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """One entry as grouping sees it, before any weight that depends on other entries."""

    title: str
    words: Terms
    bigrams: Terms
    shingles: Hashes
    dates: tuple[int, ...]  # days since 1970
    numbers: Hashes  # digit strings of the title
    cites: Hashes
    url: int
    publisher: int
    source: int
    chinese: bool
    script: str
    length: int  # characters of the folded body
    signs: int
    dated: bool


def extract(stored: StoredEntry, *, timeless: bool = False) -> Features:
    """Return the features of one entry; pure, never fails.

    An entry without a date came when it was first seen; if `timeless`, nobody knows when.
    """
    entry = stored.entry
    title, body = _texts(stored)
    code = script(f"{entry.title} {entry.text[:600]}")
    sentences = split_sentences(body)
    chinese = code in {"Hans", "Hant", "Hani"}
    named = english.names(entry.title, entry.text[:BODY])
    dated = entry.published is not None or not timeless
    near = stored.published.astimezone(UTC).date() if dated else None
    return Features(
        title=title,
        words=_terms(
            _words(title),
            [_words(one) for one in sentences],
            60,
            (_hash(one, _WORD_SALT) for one in named),
        ),
        bigrams=_terms(
            _bigrams(title), [_bigrams(one) for one in sentences], 120, _bigrams(_subject(title))
        ),
        shingles=_shingles(body),
        dates=tuple((day - _EPOCH).days for day in signs.days(body[:600], near)),
        numbers=hashes(signs.numbers(title)),
        cites=link_hashes(entry.cites[:16]),
        url=wide_hash(entry.canonical),
        publisher=wide_hash(entry.publisher.id),
        source=wide_hash(stored.source_id),
        chinese=chinese,
        script=code,
        length=len(body),
        signs=signs.signs(title),
        dated=dated,
    )


def vocabulary(stored: StoredEntry, wanted: AbstractSet[int] | None = None) -> dict[int, str]:
    """Return the words of an entry by their hash, to show what two entries share.

    Of `wanted` hashes those that it holds; its text is read no further than these ask for.
    """
    if wanted is not None and wanted <= _spelt.keys():
        return {code: _spelt[code] for code in wanted}
    title, body = _texts(stored)
    found: dict[int, str] = {}
    for part in (title, *split_sentences(body)):
        for word in words(part):
            code = _code(word, _WORD_SALT)
            if wanted is None or code in wanted:
                found.setdefault(code, word)
        if wanted is not None and len(found) == len(wanted):
            break
    return found


def _texts(stored: StoredEntry) -> tuple[str, str]:
    """Return the folded title and the start of the folded body, without marks and dateline."""
    title = fold(signs.bare_title(plain(stored.entry.title)))[:TITLE]
    return title, fold(signs.bare_lead(stored.entry.text[: 3 * BODY]))[:BODY]


def split_sentences(body: str) -> list[str]:
    """Return the first sentences of a folded body one by one, the rest as the last."""
    parts = [part for part in _SENTENCE_END.split(body, maxsplit=3 * SENTENCES) if part.strip()]
    rest = "\n".join(parts[SENTENCES:])
    return parts[:SENTENCES] + ([rest] if rest else [])


def hashes(values: Iterable[str]) -> Hashes:
    """Return the distinct 32-bit hashes of some values, in order of size."""
    return np.array(sorted({_hash(one, 0) for one in values}), "<u4")


def link_hashes(links: Iterable[str]) -> Hashes:
    """Return the lower halves of the hashes of canonical links, in order of size."""
    found = {wide_hash(canonical(link)) & 0xFFFFFFFF for link in links}
    return np.array(sorted(found), "<u4")


def wide_hash(value: str) -> int:
    """Return a 64-bit hash that is never 0, and 0 for nothing."""
    if not value:
        return 0
    digest = blake2b(value.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


def _hash(term: str, salt: int) -> int:
    return crc32(term.encode("utf-8", "replace"), salt)


def _subject(title: str) -> str:
    """Return the beginning of a folded title, where it says who did it."""
    found = _SUBJECT.match(title)
    return found[0] if found else ""


@lru_cache(maxsize=1 << 16)
def _code(term: str, salt: int) -> int:
    """Return the hash of a term's stem, 0 for a function word; most terms come again and again."""
    stemmed = english.stem(term)
    code = _hash(stemmed, salt) if stemmed else 0
    if salt == _WORD_SALT and not term.isascii() and stemmed == term:
        if len(_spelt) >= _MOST_SPELT:
            _spelt.clear()
        _spelt[code] = term
    return code


def _words(text: str) -> list[int]:
    return [code for word in words(text) if (code := _code(word, _WORD_SALT))]


def _bigrams(text: str) -> list[int]:
    return [code for pair in bigrams(text) if (code := _code(pair, _BIGRAM_SALT))]


def _terms(
    title: list[int], sentences: Sequence[list[int]], decay: float, marked: Iterable[int]
) -> Terms:
    """Count terms: 1.5 for each in the title, 1/(1 + position/decay) for each in the body.

    `marked` terms get the last bit of places.
    """
    sizes = [len(title), *map(len, sentences)]
    bits = [1, *(2 << number if number < SENTENCES else 0 for number in range(len(sentences)))]
    codes = np.fromiter(chain(title, *sentences), "<u4", sum(sizes))
    weights = np.full(len(codes), 1.5)
    weights[len(title) :] = 1 / (1 + np.arange(len(codes) - len(title)) / decay)
    ids, inverse = np.unique(codes, return_inverse=True)
    places = np.zeros(len(ids), np.uint8)
    np.bitwise_or.at(places, inverse, np.repeat(np.array(bits, np.uint8), sizes))
    places[np.isin(ids, np.fromiter(marked, "<u4"))] |= MARKED
    strength = np.log1p(np.bincount(inverse, weights, len(ids))).astype("<f4")
    return Terms(ids=ids, strength=strength, places=places)


def _shingles(body: str) -> Hashes:
    """Return a sample of the body's shingles that is the same wherever a passage stands."""
    letters = "".join(body.split())
    if len(letters) < SHINGLE:
        return np.empty(0, "<u4")
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    count = len(codes) - SHINGLE + 1
    mixed = np.zeros(count, np.uint64)
    for offset in range(SHINGLE):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + codes[offset : offset + count]
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    sample = np.unique((mixed >> np.uint64(32)).astype("<u4"))
    # The smallest hashes are the same choice in every text that holds the passage.
    return sample[sample < np.uint32(0xFFFFFFFF // 8)][:_KEPT_SHINGLES]
