"""Link URLs: redirects unwrapped, tracking parameters removed."""

import re
from functools import lru_cache
from urllib.parse import unquote

from aggregator.core.settings import LinkRule
from aggregator.gather.cleaning.images import Unwrapper
from aggregator.gather.cleaning.noise import is_share_link
from aggregator.gather.cleaning.ruleset import compile_rules, read_wrappers
from aggregator.gather.cleaning.targets import escape_illegal, is_safe_target
from aggregator.gather.cleaning.wrappers import Step, unwrap_steps
from aggregator.text.urls import absolute, is_web, same_key, split, strip, without_tracking

RULES = read_wrappers("redirects")
_RULES = compile_rules(RULES)
_OTHER_SCHEME = re.compile(r"(?:mailto|tel|magnet|geo|sms|xmpp):", re.IGNORECASE)
_MATCHED_CHARS = 2000  # of a URL that a user's pattern is matched against


def trace_link(url: str, rules: tuple[LinkRule, ...] = ()) -> tuple[Step, ...]:
    """Return the steps that change a link URL; the last `after` is the result."""
    current = strip(url)
    steps: list[Step] = []
    if current.startswith("//"):
        current = "https:" + current
        steps.append(Step("scheme", url, current))
    if not is_web(current):
        return ()
    for step in unwrap_steps(current, _RULES, fragments=True):
        steps.append(step)
        current = step.after
    for rule in rules:
        if change := _apply_rule(current, rule):
            steps.append(change)
            current = change.after
    cleaned = without_tracking(current)
    if cleaned != current:
        steps.append(Step("tracking", current, cleaned))
    return tuple(steps)


def clean_link(url: str, rules: tuple[LinkRule, ...] = ()) -> str:
    """Return the target of a link without tracking; else the URL unchanged."""
    steps = trace_link(url, rules)
    return steps[-1].after if steps else url


# Each fetch of a feed repeats most of its entries.
@lru_cache(maxsize=8192)
def resolve_href(
    href: str, base: str, rules: tuple[LinkRule, ...], images: Unwrapper
) -> tuple[str, str] | None:
    """Return the absolute URL and the cleaned URL ('' if unusable); None for a share link."""
    href = strip(href)
    if is_share_link(href):
        return None
    if not href or href[0] == "#":
        return "", ""
    current = absolute(base, href)
    if not is_web(current):
        return current, href if _OTHER_SCHEME.match(href) else ""
    opened = clean_link(current, rules)
    if opened == current and images.options.proxy == "strip":
        opened = images.unwrap(current)
    return current, opened


def link_key(url: str) -> str:
    """Return the same-page key of the target of a link."""
    return same_key(clean_link(url))


def _apply_rule(url: str, rule: LinkRule) -> Step | None:
    """Apply one of the user's rules; None if it does not match or changes nothing."""
    if not _matches(rule.pattern, url) or any(_matches(one, url) for one in rule.exceptions):
        return None
    for opener in rule.opens:
        match = _compile(opener).search(url[:_MATCHED_CHARS])
        inner = escape_illegal(unquote(match[1])) if match and match[1] else ""
        if inner and is_safe_target(inner):
            return Step(rule.id, url, inner)
    changed = url
    for cut in rule.cuts:
        changed = _compile(cut).sub("", changed)
    parts = split(changed)
    if parts.query and rule.names:
        names = _compile("|".join(f"(?:{name})" for name in rule.names))
        pairs = parts.query.split("&")
        kept = [pair for pair in pairs if not names.fullmatch(pair.partition("=")[0])]
        changed = parts._replace(query="&".join(kept) or None).join()
    return Step(rule.id, url, changed) if changed != url else None


def _matches(pattern: str, url: str) -> bool:
    return bool(_compile(pattern).search(url[:_MATCHED_CHARS]))


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a user's pattern; an invalid one matches nothing."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        return re.compile(r"(?!)")
