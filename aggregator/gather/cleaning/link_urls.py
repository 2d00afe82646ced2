"""Addresses of pages: redirect wrappers opened, tracking parameters dropped."""

import re
from functools import lru_cache
from urllib.parse import unquote

from aggregator.core.settings import LinkRule
from aggregator.gather.cleaning.images import Unwrapper
from aggregator.gather.cleaning.noise import is_share
from aggregator.gather.cleaning.ruleset import compile_rules, read_wrappers
from aggregator.gather.cleaning.targets import is_open, mend
from aggregator.gather.cleaning.wrappers import Step, peel
from aggregator.text.urls import absolute, is_web, same_key, split, strip, without_tracking

RULES = read_wrappers("redirects")
_RULES = compile_rules(RULES)
_MAIL = re.compile(r"(?:mailto|tel|magnet|geo|sms|xmpp):", re.IGNORECASE)
_LONGEST = 2000  # characters that a user's pattern sees


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
    for rule in rules:
        if done := _by_rule(seen, rule):
            steps.append(done)
            seen = done.after
    cleaned = without_tracking(seen)
    if cleaned != seen:
        steps.append(Step("tracking", seen, cleaned))
    return tuple(steps)


def clean_link(url: str, rules: tuple[LinkRule, ...] = ()) -> str:
    """Return the address that a link leads to, without tracking; else the address as given."""
    steps = trace_link(url, rules)
    return steps[-1].after if steps else url


# A feed brings most of its entries again and again.
@lru_cache(maxsize=8192)
def follow(
    href: str, base: str, rules: tuple[LinkRule, ...], images: Unwrapper
) -> tuple[str, str] | None:
    """Return an address as seen from the base, and unwrapped or ''; None if it shares the page."""
    href = strip(href)
    if is_share(href):
        return None
    if not href or href[0] == "#":
        return "", ""
    seen = absolute(base, href)
    if not is_web(seen):
        return seen, href if _MAIL.match(href) else ""
    opened = clean_link(seen, rules)
    if opened == seen and images.options.proxy == "strip":
        opened = images.unwrap(seen)
    return seen, opened


def link_key(url: str) -> str:
    """Return the same-page key of what a link leads to."""
    return same_key(clean_link(url))


def _by_rule(url: str, rule: LinkRule) -> Step | None:
    """Do what one rule of the user's says; None where it does not hold or changes nothing."""
    if not _found(rule.pattern, url) or any(_found(one, url) for one in rule.exceptions):
        return None
    for opener in rule.opens:
        match = _pattern(opener).search(url[:_LONGEST])
        inner = mend(unquote(match[1])) if match and match[1] else ""
        if inner and is_open(inner):
            return Step(rule.id, url, inner)
    made = url
    for cut in rule.cuts:
        made = _pattern(cut).sub("", made)
    parts = split(made)
    if parts.query and rule.names:
        names = _pattern("|".join(f"(?:{name})" for name in rule.names))
        pairs = parts.query.split("&")
        kept = [pair for pair in pairs if not names.fullmatch(pair.partition("=")[0])]
        made = parts._replace(query="&".join(kept) or None).join()
    return Step(rule.id, url, made) if made != url else None


def _found(pattern: str, url: str) -> bool:
    return bool(_pattern(pattern).search(url[:_LONGEST]))


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the user's; one that cannot be read matches nothing."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        return re.compile(r"(?!)")
