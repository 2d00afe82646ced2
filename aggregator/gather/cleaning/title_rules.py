"""Rewrites titles by the rules of their source."""

import re
from collections.abc import Iterable
from functools import lru_cache

from aggregator.core.settings import TitleRule
from aggregator.text.bounded_patterns import MAX_TEXT_CHARACTERS, compile_bounded
from aggregator.text.fold import plain


def rewrite(title: str, rules: Iterable[TitleRule]) -> str:
    """Apply the rules in order; a title that nothing is left of, or a very long one, stays."""
    rewritten = title
    for rule in rules:
        if len(rewritten) <= MAX_TEXT_CHARACTERS:
            rewritten = plain(_pattern(rule.match).sub(rule.replace, rewritten))
    return rewritten or title


@lru_cache(maxsize=1024)
def _pattern(match: str) -> re.Pattern[str]:
    return compile_bounded(match)
