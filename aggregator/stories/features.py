"""What grouping takes from one entry, once: hashed terms with their places, shingles, dates, signs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from aggregator.model import StoredEntry
from aggregator.stories import english, signs
from aggregator.text import bigrams, fold, plain, script, words
from aggregator.urls import canonical

TITLE, BODY = 150, 1500  # characters that are looked at
SENTENCES = 6  # that have a bit of their own in a term's places, after the title's
NAME = 128  # the bit of a term's places that marks a name
SHINGLE = 8
_KEPT_SHINGLES = 64
_WORD_SALT, _BIGRAM_SALT = 1, 2
_EPOCH = date(1970, 1, 1)
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;])|(?<=[a-z\d\"'”’)]\.)\s+|\n+")

_SUBJECT = re.compile(r"\W*(?:[a-z\d][^\s:,]*\s+){1,3}|\W*[^\s:,;!?]{1,5}")

Hashes = NDArray[np.uint32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Distinct hashed terms; `strength` is ln(1 + frequency), early places counting more.

    `places` has bit 0 for the title, bits 1 to 6 for the first sentences, bit 7 for a name.
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


def extract(stored: StoredEntry) -> Features:
    """Return the features of one entry; pure, never fails."""
    entry = stored.entry
    title, body = _texts(stored)
    code = script(f"{entry.title} {entry.text[:600]}")
    sentences = split_sentences(body)
    chinese = code in {"Hans", "Hant", "Hani"}
    named = english.names(entry.title, entry.text[:BODY])
    near = stored.published.astimezone(UTC).date() if entry.published else None
    return Features(
        title=title,
        words=_terms(_words(title), [_words(one) for one in sentences], 60, named, salt=_WORD_SALT),
        bigrams=_terms(
            _bigrams(title),
            [_bigrams(one) for one in sentences],
            120,
            frozenset(_bigrams(_subject(title))),
            salt=_BIGRAM_SALT,
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
        dated=entry.published is not None,
    )


def vocabulary(stored: StoredEntry) -> dict[int, str]:
    """Return the words of an entry by their hash, to show what two entries share."""
    title, body = _texts(stored)
    return {_hash(word, _WORD_SALT): word for word in _words(f"{title}\n{body}")}


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


def _words(text: str) -> list[str]:
    return [stemmed for word in words(text) if (stemmed := english.stem(word))]


def _bigrams(text: str) -> list[str]:
    return [stemmed for pair in bigrams(text) if (stemmed := english.stem(pair))]


def _terms(
    title: list[str],
    sentences: Sequence[list[str]],
    decay: float,
    named: frozenset[str],
    *,
    salt: int,
) -> Terms:
    """Count terms: 1.5 for each in the title, 1/(1 + position/decay) for each in the body."""
    flat = list(title)
    places = [1] * len(title)
    for number, sentence in enumerate(sentences):
        flat.extend(sentence)
        places.extend([2 << number if number < SENTENCES else 0] * len(sentence))
    weights = np.full(len(flat), 1.5)
    weights[len(title) :] = 1 / (1 + np.arange(len(flat) - len(title)) / decay)
    codes = np.array([_hash(one, salt) for one in flat], "<u4")
    places = [place | NAME * (one in named) for place, one in zip(places, flat, strict=True)]
    ids, inverse = np.unique(codes, return_inverse=True)
    masks = np.zeros(len(ids), np.uint8)
    np.bitwise_or.at(masks, inverse, np.array(places, np.uint8))
    strength = np.log1p(np.bincount(inverse, weights, len(ids))).astype("<f4")
    return Terms(ids=ids.astype("<u4"), strength=strength, places=masks)


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
