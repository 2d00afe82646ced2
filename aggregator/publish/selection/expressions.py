"""Words and regular expressions of `include` and `exclude`, matched at a bounded cost."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from aggregator.core.errors import ConfigError
from aggregator.text import bounded_patterns, fold

_MAX_TEXT_CHARACTERS = 10_000  # characters of a text that are searched
_PIECE, _OVERLAP = (
    bounded_patterns.MAX_TEXT_CHARACTERS,
    100,
)  # characters that an expression is matched against at a time
_SPACED = re.compile(r"[\w'-]+(?: [\w'-]+)*")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]")


class Haystack:
    """A title and a text, folded on demand."""

    def __init__(self, title: str, body: str) -> None:
        self._lines = (title, body[:_MAX_TEXT_CHARACTERS])

    @cached_property
    def folded(self) -> str:
        """Title and text, folded: case, width and script removed."""
        return fold.fold("\n".join(self._lines))

    @property
    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces of bounded length."""
        for line in self._lines:
            for start in range(0, max(len(line), 1), _PIECE - _OVERLAP):
                yield line[start : start + _PIECE]


Matcher = Callable[[Haystack], bool]


def matcher(word: str, *, key: str = "") -> Matcher:
    """Return a matcher for a word, or for an expression between slashes.

    Words of Latin letters match whole words, in any case; others match anywhere, in simplified or
    traditional characters. Raises ConfigError; `key` says where.
    """
    if len(word) > 2 and word.startswith("/") and word.endswith("/"):
        pattern = _expression(word[1:-1], key)
        return lambda haystack: any(pattern.search(piece) for piece in haystack.pieces)
    wanted = fold.fold(fold.plain(word))
    if not wanted:
        raise ConfigError("an empty word matches everything", key=key)
    if _SPACED.fullmatch(wanted) and not _DENSE.search(wanted):
        whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
        return lambda haystack: whole.search(haystack.folded) is not None
    return lambda haystack: wanted in haystack.folded


def _expression(source: str, key: str) -> re.Pattern[str]:
    try:
        return bounded_patterns.compile_bounded(source)
    except ValueError as error:
        raise ConfigError(f"/{source}/: {error}", key=key) from error
