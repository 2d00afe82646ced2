"""Recognizes placeholders that programs write for a missing name or URL."""

import re

_PLACEHOLDERS = frozenset(
    "n/a na n.a. none null nil nan undefined unknown false true empty default guid link url uri tbd "
    "todo missing unset invalid untitled 无 無 なし 없음 нет keine kein aucun ninguno nessuno".split()
) | {"no guid", "no id", "no link", "not available", "not applicable"}
_PLACEHOLDER_PATTERN = re.compile(
    r"[\W_]*"  # no letters or digits
    r"|(?:urn:uuid:)?\{?0{8}-0{4}-0{4}-0{4}-0{12}\}?"
    r"|\{\{.*\}\}|\$\{.*\}|\{%.*%\}|<%.*%>|%\w+%|\[[\w ]+\]"  # a template that was not filled in
    r"|(?i:javascript|about):.*"
)
_MAX_CHARACTERS = 200  # a longer text is no placeholder


def is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder instead of a name or URL."""
    text = text.strip()
    if len(text) > _MAX_CHARACTERS:
        return False
    return text.casefold() in _PLACEHOLDERS or _PLACEHOLDER_PATTERN.fullmatch(text) is not None
