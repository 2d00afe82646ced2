"""Regular expressions of the user's configuration, at a bounded cost over a short text."""

import re
from collections.abc import Iterator

MAX_TEXT_CHARACTERS = 300  # that an expression should be matched against at a time
_MAX_PATTERN_CHARACTERS = 200
_MAX_REPEATS = 3  # exponent of the worst cost over a text
_MAX_OPTIONS = 8  # each may double the cost


def compile_bounded(source: str) -> re.Pattern[str]:
    """Compile an expression, in any case; raise ValueError if it is wrong or could be too slow."""
    if why := _fault(source):
        raise ValueError(why)
    try:
        return re.compile(source, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error


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
