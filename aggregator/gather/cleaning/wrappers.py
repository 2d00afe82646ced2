"""Unwraps URLs: finds the rule for a wrapper, decodes the inner URL and checks it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from aggregator.gather.cleaning.codings import decode, from_proofpoint_v3, percent_decode
from aggregator.gather.cleaning.ruleset import CompiledRule, RuleSet
from aggregator.gather.cleaning.targets import escape_illegal, is_safe_target
from aggregator.text.urls import Parts, host, split

_MAX_WRAPPERS = 8

_AMP = re.compile(r"&(?:amp|#0*38|#[xX]0*26);")
_HTTP_URL = re.compile(r"(https?):/+(?=[^/])", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d+(?:/|$))", re.IGNORECASE)
_SCHEMELESS_URL = re.compile(
    r"(?:[\w-]+(?:\.[\w-]+)*\.([^\W\d_]{2,24}|xn--[\w-]+)|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?/.",
    re.IGNORECASE,
)
_FILE_EXTENSIONS = frozenset(
    {"ico", "jpg", "jpeg", "png", "gif", "webp", "svg", "avif", "js", "css", "html"}
)


class Step(NamedTuple):
    """One change by cleaning: the rule, and the value before and after."""

    rule: str
    before: str
    after: str


def unwrap_steps(
    url: str, rules: RuleSet, *, https: bool = True, fragments: bool = False
) -> Iterator[Step]:
    """Unwrap nested wrappers, up to `_MAX_WRAPPERS`; with `fragments`, inner fragments are kept."""
    for _ in range(_MAX_WRAPPERS):
        step = _unwrap_once(url, rules, https=https, fragments=fragments)
        if step is None:
            return
        yield step
        url = step.after


def _unwrap_once(url: str, rules: RuleSet, *, https: bool, fragments: bool) -> Step | None:
    name = host(url)
    if not name:
        return None
    parts: Parts | None = None
    for compiled in rules.find(name, url):
        parts = parts or split(_AMP.sub("&", url) if "&" in url else url)
        for inner in _inner_urls(compiled, parts, https=https):
            inner = escape_illegal(inner if fragments else inner.partition("#")[0])  # noqa: PLW2901
            if is_safe_target(inner) and inner != url:
                return Step(compiled.rule.id, url, inner)
    return None


def _inner_urls(compiled: CompiledRule, parts: Parts, *, https: bool) -> Iterator[str]:
    """Yield the absolute URLs that the rule finds in a URL, best first."""
    if compiled.path and not compiled.path.search(parts.path):
        return
    if compiled.needs and not compiled.needs.search(parts.query or ""):
        return
    rule = compiled.rule
    if compiled.inner:
        match = compiled.inner.search(_searched_text(compiled, parts))
        read = _url_from_host if rule.at.startswith("host:") else _url_from_path
        found = read(compiled, match, parts) if match else ""
        values = [found] if found else []
    else:
        raw = list(_values(compiled, parts))
        values = [decode(value, rule.coding, once=True) for value in raw if value]
    scheme = "http" if rule.scheme == "http" or not https else "https"
    for value in values:
        if absolute_url := _to_absolute(value, scheme, parts, relative=rule.relative):
            yield absolute_url


def _searched_text(compiled: CompiledRule, parts: Parts) -> str:
    if compiled.rule.at.startswith("whole:") and parts.query is not None:
        return f"{parts.path}?{parts.query}"
    if compiled.rule.at.startswith("host:"):
        return host(parts.join())
    return parts.path


def _values(compiled: CompiledRule, parts: Parts) -> Iterator[str]:
    if compiled.rule.at == "rawquery":
        yield parts.query or ""
    elif compiled.rule.at == "fragment":
        yield parts.fragment or ""
    else:
        pairs = [pair.partition("=") for pair in (parts.query or "").split("&")]
        for wanted in compiled.names:
            yield from (value for name, _, value in pairs if name == wanted)


def _url_from_host(compiled: CompiledRule, match: re.Match[str], parts: Parts) -> str:
    """Return the URL of a page whose host is encoded in the host of the wrapper."""
    inner = decode(match["url"], compiled.rule.coding, once=False)
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{inner}{parts.path or '/'}{query}" if inner else ""


def _url_from_path(compiled: CompiledRule, match: re.Match[str], parts: Parts) -> str:
    """Return the inner URL encoded in a path, with its query if it has one."""
    rule, groups = compiled.rule, match.groupdict()
    raw = groups.get("url") or ""
    if groups.get("token") is not None:
        return from_proofpoint_v3(raw, groups["token"])
    plain = not re.match(r"https?(?:%|:%)", raw, re.IGNORECASE)
    inner = decode(raw, rule.coding, once=False)
    if groups.get("host"):
        inner = f"{groups['host']}/{inner}"
    if groups.get("scheme"):
        inner = f"{groups['scheme']}://{inner}"
    if groups.get("s"):
        inner = f"https://{inner}"
    query = percent_decode(groups.get("query") or "").removeprefix("?")
    if rule.carry:
        pairs = [pair.partition("=") for pair in (parts.query or "").split("&")]
        query = next((percent_decode(value) for name, _, value in pairs if name == rule.carry), "")
    if parts.query and (rule.query == "keep" or (rule.query == "plain" and plain)):
        query = parts.query
    return f"{inner}{'&' if '?' in inner else '?'}{query}" if query else inner


def _to_absolute(value: str, scheme: str, parts: Parts, *, relative: bool) -> str:
    """Return the decoded value as an absolute URL; '' if it is not a URL."""
    value = value.strip(" ")
    if value.lower().startswith("ssl:"):
        return "https://" + value[4:].lstrip("/")
    if match := _HTTP_URL.match(value):
        return f"{match[1].lower()}://{value[match.end() :]}"
    if value.startswith("//"):
        return "https:" + value
    if relative and value and not _SCHEME.match(value):
        return f"{parts.scheme}://{parts.authority}/{value.removeprefix('/')}"
    match = _SCHEMELESS_URL.match(value)
    if match and (match[1] or "").lower() not in _FILE_EXTENSIONS:
        return f"{scheme}://{value}"
    return ""
