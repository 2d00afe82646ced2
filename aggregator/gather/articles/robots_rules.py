"""The rules of a robots.txt for one robot, as RFC 9309 has them: the longest match decides."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

_MAX_CHARS = 512_000  # of the file, as the standard asks for at least
_MAX_RULES = 5_000
_MAX_PATTERN_CHARS = 2_000
_PRODUCT = re.compile(r"[A-Za-z_-]+")
_ALWAYS = "/robots.txt"


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns that apply, each with whether it allows."""

    patterns: tuple[tuple[str, bool], ...] = ()

    def allows(self, url: str) -> bool:
        """Say whether the robot may request this URL; of equal matches the one that allows wins."""
        parts = urlsplit(url)
        path = _normal(f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/")
        found = [(len(one), allow) for one, allow in self.patterns if _matches(one, path)]
        return path == _ALWAYS or max(found, default=(0, True))[1]


EVERYTHING = Rules()
NOTHING = Rules((("/", False),))


def product(user_agent: str) -> str:
    """Return the name by which a robots.txt addresses a robot: the first word of its user agent."""
    found = _PRODUCT.match(user_agent.strip())
    return found[0].lower() if found else ""


def read_rules(text: str, name: str) -> Rules:
    """Return the rules for a robot: those of the groups that name it, else those for all."""
    groups: dict[bool, list[tuple[str, bool]]] = {True: [], False: []}
    is_named = False
    if len(text) > _MAX_CHARS:  # part of a line would say something else
        text = text[:_MAX_CHARS].rpartition("\n")[0]
    for agents, rules in _groups(text):
        mine = bool(name) and name in agents
        is_named = is_named or mine
        for key, applies in ((True, mine), (False, "*" in agents)):
            if applies:
                groups[key].extend(rules)
    return Rules(tuple(groups[is_named][:_MAX_RULES]))


def _groups(text: str) -> Iterator[tuple[set[str], list[tuple[str, bool]]]]:
    agents: set[str] = set()
    rules: list[tuple[str, bool]] = []
    is_open = False  # the next agent joins the group
    for field, value in _lines(text):
        if field == "user-agent":
            if not is_open:
                yield agents, rules
                agents, rules = set(), []
            is_open = True
            agents.add("*" if value == "*" else product(value))
        elif field in {"allow", "disallow"}:
            is_open = False
            if value and agents and len(value) <= _MAX_PATTERN_CHARS:
                rules.append((_normal(value), field == "allow"))
    yield agents, rules


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.lstrip("\ufeff").splitlines():
        field, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield field.strip().lower(), value.strip()


def _normal(path: str) -> str:
    """Return a path in one form, whatever it has percent-encoded."""
    return quote(unquote(path, errors="surrogateescape"), safe="/?&=*$:@!'(),;+~", errors="surrogateescape")  # fmt: skip


def _matches(pattern: str, path: str) -> bool:
    """Say whether a pattern matches the start of a path; `*` is any text, `$` at its end the end."""
    ends = pattern.endswith("$")
    first, *rest = (pattern[:-1] if ends else pattern).split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not rest:
        return not ends or at == len(path)
    for part in rest[:-1]:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    last = rest[-1]
    return path.endswith(last) and len(path) - len(last) >= at if ends else path.find(last, at) >= 0
