"""Words and expressions of `include` and `exclude`, looked for at a bounded cost."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from aggregator.core.errors import ConfigError
from aggregator.text import fold

_TEXT_MOST = 10_000  # characters of a text that are looked at
_PATTERN_MOST = 200
_REPEATS_MOST = 3  # the power of the worst cost over a piece
_OPTIONS_MOST = 8  # each may double the cost
_PIECE, _OVERLAP = 300, 100  # an expression sees the text in pieces
_SPACED = re.compile(r"[\w'-]+(?: [\w'-]+)*")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]")


class Haystack:
    """A title and a text, folded only when a word asks for it."""

    def __init__(self, title: str, body: str) -> None:
        self._lines = (title, body[:_TEXT_MOST])

    @cached_property
    def folded(self) -> str:
        """The whole, without case, width and script of its characters."""
        return fold.fold("\n".join(self._lines))

    @property
    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces of bounded length."""
        for line in self._lines:
            for start in range(0, max(len(line), 1), _PIECE - _OVERLAP):
                yield line[start : start + _PIECE]


Matcher = Callable[[Haystack], bool]


def matcher(word: str, *, key: str = "") -> Matcher:
    """Return the test for a word, or for an expression written /so/.

    A word of letters between spaces is found whole, in any case; others wherever they stand, in
    simplified or traditional characters. Raises ConfigError; `key` says where.
    """
    if len(word) > 2 and word.startswith("/") and word.endswith("/"):
        pattern = _expression(word[1:-1], key)
        return lambda haystack: any(pattern.search(piece) for piece in haystack.pieces)
    wanted = fold.fold(fold.plain(word))
    if not wanted:
        raise ConfigError("an empty word fits everything", key=key)
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
    """Say why an expression could cost too much; '' if it cannot."""
    if len(source) > _PATTERN_MOST:
        return f"longer than {_PATTERN_MOST} characters"
    repeats = options = 0
    branching = [False]  # for each open group: does it hold a choice or a repeat?
    closed = False  # the group that has just been closed
    for part in _tokens(source):
        repeated = part[0] in "*+{"
        if closed and repeated:
            return "a repeated group may hold no choice and no repeat"
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
    if repeats > _REPEATS_MOST:
        return f"more than {_REPEATS_MOST} repeats"
    return f"more than {_OPTIONS_MOST} options" if options > _OPTIONS_MOST else ""


_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P?<[^>]*>|P=|[aiLmsux-]*:|<?[=!])|[*+?][?+]?|\{[\d,]*\}[?+]?|.",
    re.DOTALL,
)


def _tokens(source: str) -> Iterator[str]:
    """Yield the parts of an expression; a group of any kind as a bare bracket."""
    for match in _TOKEN.finditer(source):
        yield "(" if match[0].startswith("(") else match[0]
