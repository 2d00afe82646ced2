"""Addresses of images: taken out of their proxies, or put into the user's own."""

import base64
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

from aggregator.cleaning.ruleset import RuleSet, compile_rules, read_wrappers
from aggregator.cleaning.targets import is_open
from aggregator.cleaning.wrappers import Step, peel
from aggregator.settings import ImageOptions, WrapperRule
from aggregator.urls import absolute, globs, host, is_web, split, strip

RULES = read_wrappers("image-proxies")
_DEFAULTS = ImageOptions()


def trace_image(url: str, options: ImageOptions = _DEFAULTS, *, base: str = "") -> tuple[Step, ...]:
    """Return what is done to an image's address, step by step; the last `after` is the result."""
    seen = absolute(base, url) if base or url.startswith("//") else url
    if not is_web(seen):
        return ()
    steps = [] if seen == url else [Step("base", url, seen)]
    if options.proxy == "keep":
        return tuple(steps)
    seen = strip(seen)
    peeled = list(peel(seen, _rules(options), https=options.prefer_https))
    inner = peeled[-1].after if peeled else seen
    if peeled and _stays(host(inner), options):
        steps.append(Step("hotlink_keep", seen, seen))
        return tuple(steps)
    steps += peeled
    if options.proxy == "rewrap":
        steps += _rewrap(inner, options.template)
    return tuple(steps)


def unwrap_image(url: str, options: ImageOptions = _DEFAULTS, *, base: str = "") -> str:
    """Return the address of the image itself, as the options want it; else the address as given."""
    steps = trace_image(url, options, base=base)
    return steps[-1].after if steps else url


@lru_cache(maxsize=256)
def _rules(options: ImageOptions) -> RuleSet:
    return _rule_set(options.wrappers, options.enable)


@lru_cache(maxsize=256)
def _rule_set(wrappers: tuple[WrapperRule, ...], enable: tuple[str, ...]) -> RuleSet:
    mine = [
        replace(rule, enabled=True) if rule.id in enable or rule.kind in enable else rule
        for rule in RULES
    ]
    return compile_rules([*wrappers, *mine], RULES)


@lru_cache(maxsize=4096)
def _stays(name: str, options: ImageOptions) -> bool:
    return bool(globs((*options.keep_hosts, *options.hotlink_keep)).match(name))


def _rewrap(url: str, template: str) -> list[Step]:
    """Put the address into the user's template, once."""
    start = template.partition("{")[0]
    if not start or url.startswith(start) or not is_open(url):
        return []
    parts = split(url)
    values = {
        "url": url,
        "url_enc": quote(url, safe=""),
        "url_b64": base64.urlsafe_b64encode(url.encode()).decode().rstrip("="),
        "host": host(url),
        "path": parts.path + (f"?{parts.query}" if parts.query else ""),
    }
    wrapped = template.replace("/{path}", "{path}")
    for name, value in values.items():
        wrapped = wrapped.replace("{" + name + "}", value)
    return [Step("rewrap", url, wrapped)]
