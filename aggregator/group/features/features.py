"""What grouping takes from one entry, once: hashed terms with their places, shingles, dates, cues."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date
from hashlib import blake2b
from itertools import chain

import numpy as np

from aggregator.core.model import Entry, StoredEntry
from aggregator.core.settings import NamePairs
from aggregator.group.features import (
    amounts,
    countries,
    english,
    glossary,
    headline_cues,
    meaning,
    terms,
    vocabulary,
)
from aggregator.group.features.glossary import Names, countries_of_all
from aggregator.group.features.meaning import Meaning
from aggregator.group.features.no_event import reports_none
from aggregator.group.features.terms import SENTENCES, Hashes, Terms
from aggregator.text.fold import cut_all, fold, plain, script
from aggregator.text.urls import canonical, is_home_page, same_key

CHINESE = frozenset({"Hans", "Hant", "Hani"})  # scripts
TITLE, BODY = 150, 1500  # characters that are looked at
SHINGLE = 8
_KEPT_SHINGLES = 64
_MOST_SHINGLE = np.uint64((0xFFFFFFFF // 8) << 32)  # of a hash before its lower half is cut off
_FACTORS = tuple(
    (length, np.uint64(pow(0x9E3779B97F4A7C15, length, 1 << 64))) for length in (1, 2, 4)
)  # of the first half of so many characters twice
_SAMPLE = 600  # characters of a text that show its script
_MARKS = 500  # characters at the start that may be datelines and credits
_NEAR = 4  # the title and the sentences whose countries count
_LEAD_CHINESE, _LEAD_OTHER = 200, 400  # characters of a body whose quantities count
_DIGITS = re.compile(r"\d+")
_EPOCH = date(1970, 1, 1)
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;])|(?<=[a-z\d\"'”’)]\.)\s+|\n+")

_SUBJECT = re.compile(r"\W*(?:[a-z\d][^\s:,]*\s+){1,3}|\W*[^\s:,;!?]{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """One entry as grouping sees it, before any weight that depends on other entries."""

    title: str
    words: Terms
    bigrams: Terms
    meaning: Meaning
    countries: Hashes
    amounts: Hashes  # quantities with their units
    units: Hashes
    shingles: Hashes
    dates: tuple[int, ...]  # days since 1970
    numbers: Hashes  # digit strings of the title
    cites: Hashes
    url: int
    pattern: int  # hash of a title without its digits, 0 if it has none
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


def extract(
    stored: StoredEntry, *, names: NamePairs = (), ignore_first_seen: bool = False
) -> Features:
    """Return the features of one entry; pure, never fails.

    `names` are Chinese names with their English forms, beside those of the package. An entry without a date came when it was first seen; with `ignore_first_seen` it has no time.
    """
    entry = stored.entry
    code = script_of(entry)
    chinese = code in CHINESE
    title, body = _texts(stored, chinese=chinese)
    parts = [title, *split_sentences(body)]
    known = glossary.names(names)
    cuts = _cut(parts, known, chinese=chinese)
    named = _names(entry, cuts, known, chinese=chinese)
    quantities = amounts.quantities(f"{title}\n{body[: _LEAD_CHINESE if chinese else _LEAD_OTHER]}")
    near_words = chain.from_iterable(cuts[:_NEAR])
    dated = entry.published is not None or not ignore_first_seen
    near = stored.published.astimezone(UTC).date() if dated else None
    return Features(
        title=title,
        words=terms.of_words(cuts, named),
        meaning=meaning.of_words(cuts, named, known, chinese=chinese),
        countries=hashes(chain.from_iterable(countries_of_all(near_words))),
        amounts=hashes(f"{unit} {value}" for unit, value in quantities),
        units=hashes(unit for unit, _ in quantities),
        bigrams=terms.of_bigrams(parts, _subject(title)),
        shingles=shingles_of(body),
        dates=tuple((day - _EPOCH).days for day in headline_cues.days(body[:600], near)),
        numbers=hashes(headline_cues.numbers(title)),
        cites=link_hashes(entry.cites[:16]),
        url=_address_hash(entry.canonical),
        pattern=_pattern(title),
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
    chinese = script_of(stored.entry) in CHINESE
    title, body = _texts(stored, chinese=chinese)
    found: dict[int, str] = {}
    for part in (title, *split_sentences(body)):
        for word in _cut((part,), glossary.names(), chinese=chinese)[0]:
            code = terms.word_hash(word)
            if wanted is None or code in wanted:
                found.setdefault(code, word)
        if wanted is not None and len(found) == len(wanted):
            break
    return found


def _texts(stored: StoredEntry, *, chinese: bool) -> tuple[str, str]:
    """Return the folded title and the start of the folded body, without marks and dateline."""
    title, text = plain(stored.entry.title), stored.entry.text[: BODY + _MARKS]
    if not chinese:
        title, text = countries.spell(title), countries.spell(text)
    title = fold(headline_cues.bare_title(title))[:TITLE]
    return title, headline_cues.beyond(title, fold(headline_cues.bare_lead(text))[:BODY])


def _cut(parts: Sequence[str], names: Names, *, chinese: bool) -> list[list[str]]:
    """Return the words of folded texts; names are one word in Chinese, countries in English."""
    join = names.join if chinese else countries.fold_words
    return [join(words) for words in cut_all(parts)]


def _names(
    entry: Entry, words: Sequence[Sequence[str]], names: Names, *, chinese: bool
) -> frozenset[str]:
    """Return the words that name somebody or something."""
    found = english.names(entry.title, entry.text[:BODY])
    if not chinese:
        return found
    distinct = set(chain.from_iterable(words))
    dense = {one for one in distinct if not one.isascii() and (len(one) > 1 or one.isdigit())}
    return found.union(dense & names.words, terms.names_among(dense))


def _pattern(title: str) -> int:
    """Return the hash of a folded title without its digits, 0 if it has none."""
    bare = _DIGITS.sub("0", title)
    return wide_hash(bare) & 0xFFFFFFFF if bare != title else 0


def split_sentences(body: str) -> list[str]:
    """Return the first sentences of a folded body one by one, the rest as the last."""
    parts = [part for part in _SENTENCE_END.split(body, maxsplit=3 * SENTENCES) if part.strip()]
    rest = "\n".join(parts[SENTENCES:])
    return parts[:SENTENCES] + ([rest] if rest else [])


def hashes(values: Iterable[str]) -> Hashes:
    """Return the distinct 32-bit hashes of some values, in order of size."""
    return np.array(sorted({terms.term_hash(one, 0) for one in set(values)}), "<u4")


def link_hashes(links: Iterable[str]) -> Hashes:
    """Return the lower halves of the hashes of canonical links, in order of size."""
    found = {wide_hash(canonical(link)) & 0xFFFFFFFF for link in links}
    return np.array(sorted(found), "<u4")


def _address_hash(address: str) -> int:
    """Return the hash of the canonical link of an entry, 0 for a home page, which is not its own."""
    return 0 if is_home_page(same_key(address)) else wide_hash(address)


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


def shingles_of(body: str) -> Hashes:
    """Return a sample of the body's shingles that is the same wherever a passage stands."""
    letters = "".join(body.split())
    if len(letters) < SHINGLE:
        return np.empty(0, "<u4")
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    mixed = codes  # of two characters, then of four, then of eight
    for length, factor in _FACTORS:
        mixed = mixed[:-length] * factor + mixed[length:]
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    # The smallest hashes are the same choice in every text that holds the passage.
    small = np.sort((mixed[mixed < _MOST_SHINGLE] >> np.uint64(32)).astype("<u4"))
    is_first = np.ones(len(small), bool)
    np.not_equal(small[1:], small[:-1], out=is_first[1:])
    return small[is_first][:_KEPT_SHINGLES]
