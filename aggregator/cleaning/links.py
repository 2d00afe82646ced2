"""Addresses of pages: redirect wrappers opened, tracking parameters dropped."""

import re
from functools import lru_cache
from urllib.parse import unquote

from aggregator.cleaning.ruleset import compile_rules, read_wrappers
from aggregator.cleaning.targets import is_open, mend
from aggregator.cleaning.wrappers import Step, peel
from aggregator.settings import LinkRule
from aggregator.urls import is_web, same_key, strip, without_tracking

RULES = read_wrappers("redirects")
_RULES = compile_rules(RULES)


def trace_link(url: str, rules: tuple[LinkRule, ...] = ()) -> tuple[Step, ...]:
    """Return what is done to a link, step by step; the last `after` is the result."""
    seen = strip(url)
    steps: list[Step] = []
    if seen.startswith("//"):
        seen = "https:" + seen
        steps.append(Step("scheme", url, seen))
    if not is_web(seen):
        return ()
    for step in peel(seen, _RULES, fragments=True):
        steps.append(step)
        seen = step.after
    for step in _user(seen, rules):
        steps.append(step)
        seen = step.after
    cleaned = without_tracking(seen, rules)
    if cleaned != seen:
        steps.append(Step("tracking", seen, cleaned))
    return tuple(steps)


def clean_link(url: str, rules: tuple[LinkRule, ...] = ()) -> str:
    """Return the address that a link leads to, without tracking; else the address as given."""
    steps = trace_link(url, rules)
    return steps[-1].after if steps else url


def link_key(url: str) -> str:
    """Return the same-page key of what a link leads to."""
    return same_key(clean_link(url))


def _user(url: str, rules: tuple[LinkRule, ...]) -> list[Step]:
    for rule in rules:
        if not _pattern(rule.pattern).search(url) or any(
            _pattern(x).search(url) for x in rule.exceptions
        ):
            continue
        for opener in rule.opens:
            match = _pattern(opener).search(url)
            inner = mend(unquote(match[1])) if match and match[1] else ""
            if inner and is_open(inner):
                return [Step(rule.id, url, inner)]
    return []


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
