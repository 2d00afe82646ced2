"""Words that programs write where a name or an address is missing."""

import re

_NONE = frozenset(
    "n/a na n.a. none null nil nan undefined unknown false true empty default guid link url uri tbd "
    "todo missing unset invalid untitled 无 無 なし 없음 нет keine kein aucun ninguno nessuno".split()
) | {"no guid", "no id", "no link", "not available", "not applicable"}
_SHAPES = re.compile(
    r"[\W_]*"  # nothing that could be read
    r"|(?:urn:uuid:)?\{?0{8}-0{4}-0{4}-0{4}-0{12}\}?"
    r"|\{\{.*\}\}|\$\{.*\}|\{%.*%\}|<%.*%>|%\w+%|\[[\w ]+\]"  # a template that was not filled in
    r"|(?i:javascript|about):.*"
)
_LONGEST = 200  # characters that are looked at


def is_placeholder(text: str) -> bool:
    """Whether a text stands where a name or an address should be, and is none."""
    text = text.strip()
    if len(text) > _LONGEST:
        return False
    return text.casefold() in _NONE or _SHAPES.fullmatch(text) is not None
