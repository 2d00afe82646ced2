"""Image URLs: unwrapped from proxies, or wrapped into the user's own proxy."""

import base64
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote

from aggregator.core.settings import ImageOptions
from aggregator.gather.cleaning.ruleset import RuleSet, compile_rules, read_wrappers
from aggregator.gather.cleaning.targets import is_safe_target
from aggregator.gather.cleaning.wrappers import Step, unwrap_steps
from aggregator.text.urls import Globs, absolute, host, is_web, split, strip

RULES = read_wrappers("image-proxies")
_DEFAULTS = ImageOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Unwrapper:
    """The compiled rules of one set of options; compared by identity, so that it is a cheap cache key."""

    options: ImageOptions
    rules: RuleSet
    kept_hosts: Globs

    def trace(self, url: str) -> list[Step]:
        """Return the steps that change an absolute URL."""
        if self.options.proxy == "keep" or not is_web(url):
            return []
        steps = list(unwrap_steps(url, self.rules, https=self.options.prefer_https))
        inner = steps[-1].after if steps else url
        if steps and self.kept_hosts.match(host(inner)):
            return [Step("hotlink_keep", url, url)]
        if self.options.proxy == "rewrap":
            steps += _rewrap(inner, self.options.template)
        return steps

    def unwrap(self, url: str) -> str:
        """Return the URL of the original image, or as the options require."""
        steps = self.trace(url)
        return steps[-1].after if steps else url


@lru_cache(maxsize=256)
def unwrapper(options: ImageOptions) -> Unwrapper:
    """Return the compiled rules for a set of options."""
    builtin = [
        replace(rule, enabled=True)
        if rule.id in options.enable or rule.kind in options.enable
        else rule
        for rule in RULES
    ]
    rules = compile_rules([*options.wrappers, *builtin], RULES)
    return Unwrapper(options, rules, Globs((*options.keep_hosts, *options.hotlink_keep)))


def trace_image(url: str, options: ImageOptions = _DEFAULTS, *, base: str = "") -> tuple[Step, ...]:
    """Return the steps that change an image URL; the last `after` is the result."""
    absolute_url = absolute(base, url) if base or url.startswith("//") else url
    if not is_web(absolute_url):
        return ()
    steps = [] if absolute_url == url else [Step("base", url, absolute_url)]
    return (*steps, *unwrapper(options).trace(strip(absolute_url)))


def unwrap_image(url: str, options: ImageOptions = _DEFAULTS, *, base: str = "") -> str:
    """Return the URL of the original image, or as the options require; else the URL unchanged."""
    steps = trace_image(url, options, base=base)
    return steps[-1].after if steps else url


def _rewrap(url: str, template: str) -> list[Step]:
    """Wrap the URL into the user's template, unless it is already wrapped."""
    start = template.partition("{")[0]
    if not start or url.startswith(start) or not is_safe_target(url):
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
