"""Names of countries and of those who live there, made one word for each country."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources

# Characters that mean a country where they are a word of their own; 日, 以, 法 mostly do not.
_ALONE = frozenset("美英俄乌伊韩澳印")
_MOST_SIGNS = 4
_SHORT = re.compile(r"\b(?:U\.S\.(?:A\b\.?)?|US(?:A?)\b(?!\$)|U\.K\b\.?|UK\b|U\.A\.E\b\.?)")
_SPELT = {"U": "usa", "K": "uk", "A": "uae"}


@cache
def words() -> frozenset[str]:
    """Return the words that stand for countries."""
    return frozenset(word for word, _, _ in _rows())


def spell(text: str) -> str:
    """Return an English text, not yet folded, in which US, U.S. and UK are words of their own."""
    return _SHORT.sub(_spelt, text)


def fold_words(found: list[str]) -> list[str]:
    """Return folded English words in which each country is one word: southkorea for south koreans."""
    starts = _starts()
    if starts.keys().isdisjoint(found):
        return found
    folded: list[str] = []
    place = 0
    while place < len(found):
        length, word = _longest(found, place, starts.get(found[place], ()))
        folded.append(word)
        place += length
    return folded


@lru_cache(maxsize=1 << 14)
def of_signs(word: str) -> tuple[str, ...]:
    """Return the countries of a Chinese word that is made of their short names, such as 美伊."""
    signs = _signs()
    if len(word) == 1:
        return (signs[word],) if word in _ALONE else ()
    if len(word) > _MOST_SIGNS or len(set(word)) < len(word):
        return ()
    return tuple(signs[one] for one in word) if all(one in signs for one in word) else ()


def _spelt(found: re.Match[str]) -> str:
    letters = found[0].replace(".", "")
    return _SPELT["A" if letters == "UAE" else "K" if letters == "UK" else "U"]


def _longest(
    found: Sequence[str], place: int, names: Sequence[tuple[tuple[str, ...], str]]
) -> tuple[int, str]:
    """Return how many words the name of a country takes at a place, and what stands for them."""
    for parts, word in names:
        if tuple(found[place : place + len(parts)]) == parts:
            return len(parts), word
    return 1, found[place]


@cache
def _rows() -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Return the word, the English names and the Chinese sign of each country."""
    text = resources.files(__package__).joinpath("countries.txt").read_text("utf-8")
    rows = (line.split("|") for line in text.splitlines())
    return tuple((word, tuple(names.split(";")), sign) for word, names, sign in rows)


@cache
def _signs() -> dict[str, str]:
    found: dict[str, str] = {}
    for word, _, sign in _rows():
        if sign:
            found.setdefault(sign, word)
    return found


@cache
def _starts() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """Return the names of countries by their first word, the longest first."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for word, names, _ in _rows():
        for name in names:
            parts = tuple(name.split(" "))
            found.setdefault(parts[0], []).append((parts, word))
    return {
        first: tuple(sorted(some, key=lambda one: -len(one[0]))) for first, some in found.items()
    }
