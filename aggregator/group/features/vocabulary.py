"""The words behind hashes, to show what two entries share without reading their texts again."""

from collections.abc import Mapping
from itertools import islice

_MAX_WORDS = 1 << 17
_words: dict[int, str] = {}  # only words whose stem is the word itself: others have several forms


def add(code: int, word: str) -> None:
    """Remember the word of a hash; when the vocabulary is full it starts anew."""
    if len(_words) >= _MAX_WORDS:
        _words.clear()
    _words[code] = word


def word(code: int) -> str:
    """Return the word of a hash, '' if it is not known."""
    return _words.get(code, "")


def size() -> int:
    """Return how many words are known."""
    return len(_words)


def since(known: int) -> dict[int, str]:
    """Return the words added since the vocabulary had `known` entries."""
    added = len(_words) - known if known <= len(_words) else len(_words)
    return dict(islice(reversed(_words.items()), added))


def update(words: Mapping[int, str]) -> None:
    """Add the words that another process has met."""
    if len(_words) + sum(code not in _words for code in words) > _MAX_WORDS:
        _words.clear()
    _words.update(words)
