"""YAML text → plain values with their line numbers.

Built from parser events, not by a constructor: no tags, no exponential aliases, bounded depth.
Scalars stay text (only a plain `null`, `~` or an empty value is None), so that `title: 1.10`,
`language: no` and `id: 007` keep their spelling; the schema converts numbers.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import yaml

from aggregator.config.problems import Problem

_MAX_DEPTH = 20
_MAX_VALUES = 500_000  # an aliased value counts each time it is used
MAX_FILE_BYTES = 10_000_000

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml, if installed
_EXCERPT_CHARACTERS = 60  # shown before and after the column of an error
# User names and passwords in URLs, and the values of keys that name a secret.
_SECRETS = re.compile(
    r"(//)([^/\s@]+)(?=@)|"
    r"((?:token|secret|passw\w*|api[\W_]?key|authorization|cookie)[\"']?\s*[:=]\s*)([^,}\]]+)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)\}|(\{))")
# User name and password of a URL as written, in which variables are percent-encoded.
_USER_INFO = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.\-]*://((?:[^/?#\\$]|\$\$|\$\{[^}]*\}|\$)*)@")

Where = tuple[str | int, ...]


@dataclass(slots=True)
class Tree:
    """The values of one file; `lines` gives the line of each, from 1.

    `written` keeps a text as it was before environment variables were expanded, `unset` the name of
    the empty variable that a value uses.
    """

    value: Any = None
    lines: dict[Where, int] = field(default_factory=dict)
    written: dict[Where, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unset: dict[Where, str] = field(default_factory=dict)

    def line(self, where: Where) -> int:
        """Return the line of a value, or of the closest enclosing one."""
        for end in range(len(where), 0, -1):
            if (line := self.lines.get(where[:end])) is not None:
                return line
        return self.lines.get((), 1)


def read(text: str, env: Mapping[str, str]) -> Tree:
    """Return the values of a YAML document and its problems."""
    tree = Tree()
    try:
        _Builder(tree, yaml.parse(text, Loader=LOADER), env).build()
    except _StopReading:
        pass
    except yaml.MarkedYAMLError as error:
        tree.problems.append(_syntax_problem(error, text))
    except yaml.YAMLError as error:
        tree.problems.append(Problem(text=f"is not YAML: {str(error).splitlines()[0]}"))
    return tree


def _syntax_problem(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.rstrip().split("\n")
    if line >= len(lines):  # the file ends inside a quoted text or a list
        line, column = len(lines) - 1, len(lines[-1])
    here = lines[line].rstrip("\r")
    text = f"is not YAML: {error.problem} (column {column + 1}){_hint(str(error.problem), here)}"
    shown = excerpt(here, column)
    return Problem(line=line + 1, column=column + 1, text=text, excerpt=shown)


def _hint(problem: str, line: str) -> str:
    if "${" in line:
        return "; quote a text with ${NAME} between { and }"
    if "mapping values are not allowed" in problem:
        return "; quote a text that contains ': '"
    if "cannot start any token" in problem:
        return "; indent with spaces, and quote a text that begins with a special character"
    return ""


def excerpt(line: str, column: int) -> str:
    """Return a line of the file with a caret below a column (from 0); secrets are masked."""
    start = max(0, column - _EXCERPT_CHARACTERS)
    before, after = _plain(line[start:column]), _plain(line[column : column + _EXCERPT_CHARACTERS])
    if not (before + after).strip():
        return ""
    hidden = _SECRETS.sub(_mask, before + after)
    wide = sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in before)
    return f"    {hidden}\n    {' ' * wide}^"


def _mask(found: re.Match[str]) -> str:
    before, secret = (found[1] or found[3]), (found[2] or found[4])
    return before + "*" * len(secret)


def _plain(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text)


class _StopReading(Exception):  # noqa: N818  control flow: the problem is already recorded
    """Stop reading the document."""


class _Builder:
    """Builds the values of one document from parser events."""

    def __init__(self, tree: Tree, events: Iterator[Any], env: Mapping[str, str]) -> None:
        self._tree = tree
        self._events = events
        self._env = env
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def build(self) -> None:
        """Fill the tree from the first document; a second one is a problem."""
        next(self._events)  # stream start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return
        self._tree.value = self._node(next(self._events), ())
        next(self._events)  # document end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._note(after, (), "a second document begins here: a file must contain only one")

    def _note(self, event: Any, where: Where, text: str) -> None:
        line = event.start_mark.line + 1
        self._tree.problems.append(Problem(line=line, where=where, text=text))

    def _node(self, event: Any, where: Where) -> Any:
        before = self._count
        self._count_values(event, where, 1)
        self._tree.lines.setdefault(where, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, where)
        if event.tag is not None:
            self._note(event, where, f"has a tag ({event.tag}): remove it, tags are not supported")
        value = self._value(event, where)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before)
        return value

    def _value(self, event: Any, where: Where) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, where)
        if len(where) >= _MAX_DEPTH:
            self._note(event, (), f"is nested more than {_MAX_DEPTH} deep")
            raise _StopReading
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(where)
        return self._mapping(where)

    def _count_values(self, event: Any, where: Where, count: int) -> None:
        self._count += count
        if self._count > _MAX_VALUES:
            self._note(event, where, f"contains more than {_MAX_VALUES} values")
            raise _StopReading

    def _alias(self, event: Any, where: Where) -> Any:
        if event.anchor not in self._anchors:
            self._note(event, where, f"*{event.anchor} has no anchor &{event.anchor} before it")
            return None
        value, count = self._anchors[event.anchor]
        self._count_values(event, where, count)
        return value

    def _list(self, where: Where) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._node(event, (*where, len(values))))
        return values

    def _mapping(self, where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, where)
            inner = (*where, key)
            if key in values:
                first = self._tree.lines[inner]
                self._note(event, inner, f"is a duplicate key (first in line {first})")
            self._tree.lines[inner] = event.start_mark.line + 1
            values[key] = self._node(next(self._events), inner)
        return {key: value for key, value in values.items() if value is not None}

    def _key(self, event: Any, where: Where) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._note(event, where, "a key must be plain text")
            raise _StopReading
        return str(event.value)

    def _scalar(self, event: Any, where: Where) -> str | None:
        text: str = event.value
        if event.implicit[0] and text in ("", "~", "null", "Null", "NULL"):
            return None
        if "$" not in text:
            return text
        self._tree.written[where] = text
        return self._expand(event, where)

    def _expand(self, event: Any, where: Where) -> str:
        found = _USER_INFO.match(event.value)
        start, end = found.span(1) if found else (0, 0)
        whole = found is not None and ":" not in _VARIABLE.sub("", found[1])

        def insert(match: re.Match[str]) -> str:
            """Return the value of a variable, or a dollar sign."""
            if match[2]:
                self._note(
                    event, where, "${ without a name: write ${NAME}, or $$ for a dollar sign"
                )
            if match[1] and match[1] not in self._env:
                self._note(event, where, f"the environment variable {match[1]} is not set")
            if not match[1]:
                return "$" + (match[2] or "")
            if not self._env.get(match[1], "unset").strip():
                self._tree.unset.setdefault(where, match[1])
            value = self._env.get(match[1], "")
            return _encode(value, whole=whole) if start <= match.start() < end else value

        return _VARIABLE.sub(insert, event.value)


def _encode(value: str, *, whole: bool) -> str:
    """Percent-encode a user name or password; `whole` text may be both, separated by a colon."""
    parts = value.split(":", 1) if whole else [value]
    return ":".join(quote(part, safe="") for part in parts)
