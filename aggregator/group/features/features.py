"""What grouping takes from one entry, once: hashed terms with their places, shingles, dates, cues."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date
from hashlib import blake2b

import numpy as np

from aggregator.core.model import Entry, StoredEntry
from aggregator.group.features import english, headline_cues, terms, vocabulary
from aggregator.group.features.no_event import reports_none
from aggregator.group.features.terms import SENTENCES, Hashes, Terms
from aggregator.text.fold import fold, plain, script, words
from aggregator.text.urls import canonical

CHINESE = frozenset({"Hans", "Hant", "Hani"})  # scripts
TITLE, BODY = 150, 1500  # characters that are looked at
SHINGLE = 8
_KEPT_SHINGLES = 64
_SAMPLE = 600  # characters of a text that show its script
_MARKS = 500  # characters at the start that may be datelines and credits
_EPOCH = date(1970, 1, 1)
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;])|(?<=[a-z\d\"'”’)]\.)\s+|\n+")

_SUBJECT = re.compile(r"\W*(?:[a-z\d][^\s:,]*\s+){1,3}|\W*[^\s:,;!?]{1,5}")


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
    language: str  # without script and region
    script: str
    length: int  # characters of the folded body
    cues: int
    dated: bool
    on_page: bool  # of a newspaper, which says so in the title
    no_event: bool = False  # a bulletin, a newsletter, a quiz, an opinion


def extract(stored: StoredEntry, *, ignore_first_seen: bool = False) -> Features:
    """Return the features of one entry; pure, never fails.

    An entry without a date came when it was first seen; with `ignore_first_seen` it has no time.
    """
    entry = stored.entry
    title, body = _texts(stored)
    code = script_of(entry)
    parts = [title, *split_sentences(body)]
    chinese = code in CHINESE
    named = english.names(entry.title, entry.text[:BODY])
    dated = entry.published is not None or not ignore_first_seen
    near = stored.published.astimezone(UTC).date() if dated else None
    return Features(
        title=title,
        words=terms.of_words(parts, named),
        bigrams=terms.of_bigrams(parts, _subject(title)),
        shingles=_shingles(body),
        dates=tuple((day - _EPOCH).days for day in headline_cues.days(body[:600], near)),
        numbers=hashes(headline_cues.numbers(title)),
        cites=link_hashes(entry.cites[:16]),
        url=wide_hash(entry.canonical),
        publisher=wide_hash(entry.publisher.id),
        source=wide_hash(stored.source_id),
        chinese=chinese,
        language=entry.language.partition("-")[0].casefold(),
        script=code,
        length=len(body),
        cues=headline_cues.cues(title),
        dated=dated,
        on_page=headline_cues.on_page(entry.title),
        no_event=reports_none(fold(plain(entry.title))),
    )


def script_of(entry: Entry) -> str:
    """Return the script that an entry is written in."""
    return script(f"{entry.title} {entry.text[:_SAMPLE]}")


def words_by_hash(stored: StoredEntry, wanted: AbstractSet[int] | None = None) -> dict[int, str]:
    """Return the words of an entry by their hash, to show what two entries share.

    Of `wanted` hashes those that it holds; its text is read no further than these ask for.
    """
    known = {code: word for code in wanted or () if (word := vocabulary.word(code))}
    if wanted is not None and len(known) == len(wanted):
        return known
    title, body = _texts(stored)
    found: dict[int, str] = {}
    for part in (title, *split_sentences(body)):
        for word in words(part):
            code = terms.word_hash(word)
            if wanted is None or code in wanted:
                found.setdefault(code, word)
        if wanted is not None and len(found) == len(wanted):
            break
    return found


def _texts(stored: StoredEntry) -> tuple[str, str]:
    """Return the folded title and the start of the folded body, without marks and dateline."""
    title = fold(headline_cues.bare_title(plain(stored.entry.title)))[:TITLE]
    return title, fold(headline_cues.bare_lead(stored.entry.text[: BODY + _MARKS]))[:BODY]


def split_sentences(body: str) -> list[str]:
    """Return the first sentences of a folded body one by one, the rest as the last."""
    parts = [part for part in _SENTENCE_END.split(body, maxsplit=3 * SENTENCES) if part.strip()]
    rest = "\n".join(parts[SENTENCES:])
    return parts[:SENTENCES] + ([rest] if rest else [])


def hashes(values: Iterable[str]) -> Hashes:
    """Return the distinct 32-bit hashes of some values, in order of size."""
    return np.array(sorted({terms.term_hash(one, 0) for one in values}), "<u4")


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


def _subject(title: str) -> str:
    """Return the beginning of a folded title, where it says who did it."""
    found = _SUBJECT.match(title)
    return found[0] if found else ""


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
