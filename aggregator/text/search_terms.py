"""The terms of the search: of texts that are indexed, and of what somebody searches for.

A word is a term; a run of a script without spaces is its bigrams and its last character. Both sides
go through `fold`, so case, width, accents and the Chinese script make no difference.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

from aggregator.text import fold

MAX_QUERY_CHARACTERS = 200
MAX_PHRASES = 12
MAX_PREFIXES = 3  # each reads all terms that begin alike
_MAX_TERM_CHARACTERS = 40
_TERMS = re.compile(rf"([{fold.DENSE}]+)|({fold.SPACED})")
_ACCENTS = re.compile("[\u0300-\u036f]")
_PLURAL = re.compile(r"[a-z]{2,}(?:[a-z]s|ies)", re.ASCII)
_NO_PLURALS, _IN_ES = ("ss", "us", "is", "news"), ("xes", "ches", "shes", "sses", "zes")
_PIECE = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_QUOTES = str.maketrans("“”„‟«»「」『』＂", '"' * 11)
LABEL = "_"  # begins the terms that stand for a source, publisher or language; words have none


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Terms that stand side by side; with `is_prefix`, the last one may go on."""

    terms: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """What a text must have, and what it may not have."""

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...] = ()


def terms_of(text: str) -> list[str]:
    """Return the terms of a text, in order."""
    found: list[str] = []
    for dense, word in _TERMS.findall(_folded(text)):
        if word:
            found.append(_term(word))
        else:
            found += map("".join, pairwise(dense))
            found.append(dense[-1])
    return found


def label(kind: str, value: str) -> str:
    """Return the term that stands for a value of this kind, in whatever case."""
    name = f"{kind}\0{fold.fold(value)}".encode("utf-8", "replace")
    return LABEL + blake2b(name, digest_size=8).hexdigest()


def languages(tag: str) -> Iterator[str]:
    """Yield the language of a tag, and the wider ones: zh-hant, zh."""
    parts = fold.language_key(tag).split("-")[:3]
    for count in range(1, len(parts) + 1):
        yield "-".join(parts[:count])


def narrowest(tag: str) -> str:
    """Return a language in the form in which it is indexed; zh-TW is zh-hant."""
    return list(languages(tag))[-1] if tag else ""


def parse(query: str) -> SearchTerms:
    """Return the terms of a query; raise ValueError, with a message for the client.

    `"…"` is a phrase, a final `*` any ending, a leading `-` excludes. Every other character that is
    neither letter nor digit separates words.
    """
    query = fold.plain(query).translate(_QUOTES)
    if len(query) > MAX_QUERY_CHARACTERS:
        raise ValueError(f"q must have at most {MAX_QUERY_CHARACTERS} characters.")
    wanted, unwanted = list[Phrase](), list[Phrase]()
    for minus, quoted, plain in _PIECE.findall(query):
        phrase = _phrase(quoted or plain)
        if phrase.terms:
            (unwanted if minus else wanted).append(phrase)
    if not wanted:
        raise ValueError("q needs a word to search for.")
    if len(wanted) + len(unwanted) > MAX_PHRASES:
        raise ValueError(f"q must have at most {MAX_PHRASES} words.")
    _check_prefixes([*wanted, *unwanted])
    return SearchTerms(wanted=tuple(dict.fromkeys(wanted)), unwanted=tuple(dict.fromkeys(unwanted)))


def _check_prefixes(phrases: Iterable[Phrase]) -> None:
    """Refuse what would read too much of the index."""
    prefixes = [one.terms[-1] for one in phrases if one.is_prefix]
    if any(len(term) == 1 and term.isascii() for term in prefixes):
        raise ValueError("q needs two characters before *.")
    if len(prefixes) > MAX_PREFIXES:
        raise ValueError(f"q must have at most {MAX_PREFIXES} words of one character or with *.")


def _phrase(text: str) -> Phrase:
    runs = _TERMS.findall(_folded(text))
    terms = list(_phrase_terms(runs))
    if not terms:
        return Phrase(terms=())
    is_open = text.endswith("*")
    dense, word = runs[-1]
    if is_open and word and not word.startswith(terms[-1]):
        terms[-1] = terms[-1][:-1]  # "parties*": what begins as its singular does
    # one character stands in the index as the beginning of a bigram, or alone at the end of a run
    return Phrase(terms=tuple(terms), is_prefix=len(dense) == 1 or bool(is_open and word))


def _phrase_terms(runs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the terms of the runs of a phrase.

    A run that ends inside of the phrase ends there in the text too; the last one may go on.
    """
    before = ""
    for dense, word in runs:
        if len(before) > 1:
            yield before[-1]
        before = dense
        if word:
            yield _term(word)
        elif len(dense) > 1:
            yield from map("".join, pairwise(dense))
        else:
            yield dense


def _folded(text: str) -> str:
    """Fold a text, without the accents of letters."""
    folded = fold.fold(text)
    if folded.isascii():
        return folded
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", plain)


def _term(word: str) -> str:
    """Return the term of a word; an English plural has the term of its singular."""
    word = word.replace(",", "")[:_MAX_TERM_CHARACTERS]
    if not _PLURAL.fullmatch(word) or word.endswith(_NO_PLURALS):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[: -2 if word.endswith(_IN_ES) else -1]
