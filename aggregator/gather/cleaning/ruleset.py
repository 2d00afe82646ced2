"""The rule files: read, validated, and compiled for fast lookup by host."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from aggregator.core.errors import ConfigError
from aggregator.core.settings import WrapperRule
from aggregator.text.urls import Globs, read_rules

_LOCATION = re.compile(r"query:[\w|.-]+|(?:path|whole|host):.+|rawquery|fragment", re.DOTALL)
_LOCATION_PREFIX = re.compile(r"^(?:path|whole|host):")
_CHOICES = {
    "coding": {"auto", "percent", "base64", "hex", "none", "proofpoint", "protobuf", "dashes"},
    "scheme": {"https", "http", "keep"},
    "query": {"drop", "plain", "keep"},
    "kind": {"relay", "optimiser", "mirror", "archive", "opaque", "redirect"},
}
_FIELDS = {part.name for part in fields(WrapperRule)} | {"note"}
_CACHE_MAX_HOSTS = 2048


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with compiled patterns; `names` are the query parameters that may contain the URL."""

    rule: WrapperRule
    path: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    names: tuple[str, ...]
    inner: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Compiled rules, looked up by host: exact hosts first, then globs, then rules for any host."""

    exact: Mapping[str, tuple[CompiledRule, ...]]
    globs: Globs  # all globs of `patterns` in one, to reject most hosts at once
    patterns: tuple[tuple[Globs, CompiledRule], ...]
    any_host: tuple[CompiledRule, ...]
    marks: re.Pattern[str]
    _found: dict[str, tuple[CompiledRule, ...]] = field(default_factory=dict)

    def find(self, host: str, url: str) -> tuple[CompiledRule, ...]:
        """Return the rules that may match a URL of a host, in order."""
        found = self._found.get(host)
        if found is None:
            found = self.exact.get(host, ())
            if self.globs.match(host):
                found += tuple(rule for pattern, rule in self.patterns if pattern.match(host))
            if len(self._found) >= _CACHE_MAX_HOSTS:
                self._found.clear()
            self._found[host] = found
        if self.marks.search(url):
            return found + tuple(rule for rule in self.any_host if _has_mark(rule, url))
        return found


def _has_mark(compiled: CompiledRule, url: str) -> bool:
    marks = compiled.rule.marks
    return not marks or any(mark in url for mark in marks)


def read_wrappers(name: str) -> tuple[WrapperRule, ...]:
    """Return the wrapper rules of one file; a ConfigError names the invalid rule."""
    return tuple(parse_wrapper(row, f"rules/{name}.yaml") for row in read_rules(name)["wrappers"])


def parse_wrapper(row: Mapping[str, Any], where: str = "wrappers") -> WrapperRule:
    """Return the rule in a mapping; `host` and `type` are short for `hosts` and `like`."""
    row = dict(row)
    if "host" in row:
        row["hosts"] = [row.pop("host")]
    if "type" in row:
        row["like"] = row.pop("type")
    row.setdefault("id", row.get("like", ""))
    _check(row, f"{where}: {row['id'] or 'rule without id'}")
    row.pop("note", None)
    for key in ("hosts", "marks"):
        row[key] = tuple(row.get(key, ()))
    return WrapperRule(**row)


def _check(row: Mapping[str, Any], where: str) -> None:
    unknown = sorted(set(row) - _FIELDS)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}")
    hosts = row.get("hosts")
    if not row["id"] or not isinstance(hosts, list | tuple) or not hosts:
        raise ConfigError(f"{where}: needs an id and a list of hosts")
    for key, choices in _CHOICES.items():
        if key in row and row[key] not in choices:
            raise ConfigError(f"{where}: {key} must be one of {', '.join(sorted(choices))}")
    opaque = row.get("kind") == "opaque" or row.get("like")
    if not opaque and not _LOCATION.fullmatch(str(row.get("at", ""))):
        raise ConfigError(
            f"{where}: at must be query:NAME, path:REGEX, whole:REGEX, host:REGEX, rawquery or fragment"
        )
    for key in ("path", "needs", "at"):
        _check_pattern(str(row.get(key, "")), where)


def _check_pattern(text: str, where: str) -> None:
    pattern = _LOCATION_PREFIX.sub("", text)
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ConfigError(f"{where}: {pattern!r} is not a valid pattern: {error}") from error
    if pattern != text and "url" not in groups:
        raise ConfigError(f"{where}: {pattern!r} needs a group `url`")


def compile_rules(rules: Sequence[WrapperRule], builtin: Sequence[WrapperRule] = ()) -> RuleSet:
    """Compile the enabled rules; `like` refers to the rules in `builtin`."""
    exact: dict[str, tuple[CompiledRule, ...]] = {}
    globs: dict[str, None] = {}
    patterns: list[tuple[Globs, CompiledRule]] = []
    any_host: list[CompiledRule] = []
    for rule in _expand(rules, builtin):
        compiled = _compile(rule)
        if compiled is None:
            continue
        for host in rule.hosts:
            if host == "*":
                any_host.append(compiled)
            elif re.search(r"[*?\[]", host):
                globs[host] = None
                patterns.append((Globs([host]), compiled))
            else:
                exact[host.lower()] = (*exact.get(host.lower(), ()), compiled)
    marks = {mark for found in any_host for mark in found.rule.marks or ("",)}
    return RuleSet(exact, Globs(globs), tuple(patterns), tuple(any_host), _any_of(marks))


def _any_of(marks: Iterable[str]) -> re.Pattern[str]:
    """Compile one pattern for all marks, grouped by first character, which is faster."""
    by_first: dict[str, list[str]] = {}
    for mark in sorted(marks):
        by_first.setdefault(mark[:1], []).append(re.escape(mark[1:]))
    starts = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in by_first.items())
    return re.compile("|".join(starts) if by_first else "(?!)")


def _expand(rules: Iterable[WrapperRule], builtin: Sequence[WrapperRule]) -> Iterable[WrapperRule]:
    for rule in rules:
        if rule.like:
            for model in builtin:
                if model.id == rule.like or model.id.startswith(rule.like + "-"):
                    yield replace(model, id=rule.id, hosts=rule.hosts, enabled=True)
        elif rule.enabled and rule.kind != "opaque":
            yield rule


@cache
def _compile(rule: WrapperRule) -> CompiledRule | None:
    """Compile a rule; None if a user's pattern is invalid."""
    location, _, argument = rule.at.partition(":")
    try:
        return CompiledRule(
            rule,
            re.compile(rule.path) if rule.path else None,
            re.compile(rule.needs) if rule.needs else None,
            tuple(argument.split("|")) if location == "query" else (),
            re.compile(argument, re.IGNORECASE) if location in {"path", "whole", "host"} else None,
        )
    except re.error:
        return None
