"""Words and regular expressions of `include` and `exclude`, matched at a bounded cost."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from aggregator.core.errors import ConfigError
from aggregator.text import fold

_MAX_TEXT_CHARACTERS = 10_000  # characters of a text that are searched
_MAX_PATTERN_CHARACTERS = 200
_MAX_REPEATS = 3  # exponent of the worst cost over a piece
_MAX_OPTIONS = 8  # each may double the cost
_PIECE, _OVERLAP = 300, 100  # characters that an expression is matched against at a time
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
    if why := _fault(source):
        raise ConfigError(f"/{source}/: {why}", key=key)
    try:
        return re.compile(source, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"/{source}/: {error}", key=key) from error


def _fault(source: str) -> str:
    """Return why an expression could be too slow; '' if it is safe."""
    if len(source) > _MAX_PATTERN_CHARACTERS:
        return f"longer than {_MAX_PATTERN_CHARACTERS} characters"
    repeats = options = 0
    branching = [False]  # for each open group: does it contain a choice or a repeat?
    closed = False  # the group that was just closed
    for part in _tokens(source):
        repeated = part[0] in "*+{"
        if closed and repeated:
            return "a repeated group must not contain a choice or a repeat"
        closed = False
        if part == "(":
            branching.append(False)
        elif part == ")" and len(branching) > 1:
            closed = branching.pop()
            branching[-1] |= closed
        elif repeated or part[0] in "?|":
            repeats += repeated
            options += part[0] == "?"
            branching[-1] = True
    if repeats > _MAX_REPEATS:
        return f"more than {_MAX_REPEATS} repeats"
    return f"more than {_MAX_OPTIONS} options" if options > _MAX_OPTIONS else ""


_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P?<[^>]*>|P=|[aiLmsux-]*:|<?[=!])|[*+?][?+]?|\{[\d,]*\}[?+]?|.",
    re.DOTALL,
)


def _tokens(source: str) -> Iterator[str]:
    """Yield the tokens of an expression; groups of any kind as a bare bracket."""
    for match in _TOKEN.finditer(source):
        yield "(" if match[0].startswith("(") else match[0]
