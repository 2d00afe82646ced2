"""Addresses of pages: redirect wrappers opened, tracking parameters dropped."""

from urllib.parse import unquote

from aggregator.cleaning.ruleset import compile_rules, read_wrappers
from aggregator.cleaning.targets import is_open, mend
from aggregator.cleaning.wrappers import Step, peel
from aggregator.settings import LinkRule
from aggregator.urls import is_web, same_key, strip, user_pattern, without_tracking

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
        if not user_pattern(rule.pattern).search(url) or any(
            user_pattern(x).search(url) for x in rule.exceptions
        ):
            continue
        for opener in rule.opens:
            match = user_pattern(opener).search(url)
            inner = mend(unquote(match[1])) if match and match[1] else ""
            if inner and is_open(inner):
                return [Step(rule.id, url, inner)]
    return []
