"""The languages of the interface: which one a reader gets, and its phrases."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module

_MODULES = {"en": "wording_en", "zh-Hans": "wording_zh_hans", "zh-Hant": "wording_zh_hant"}
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo", "yue")
_MAX_HEADER_CHARS, _MAX_RANGES = 500, 30

Phrases = Mapping[str, str | tuple[str, str]]
"""Phrases by key; a pair is for one and for several."""


class Wording:
    """The phrases of one language."""

    def __init__(self, tag: str, phrases: Phrases) -> None:
        self.tag = tag
        self._phrases = phrases

    def __call__(self, key: str, n: int | None = None, **values: object) -> str:
        """Return a phrase with its values; `n` chooses between one and several."""
        phrase = self._phrases[key]
        if isinstance(phrase, tuple):
            phrase = phrase[0 if n == 1 else 1]
        if n is not None:
            values["n"] = f"{n:,}"
        return phrase.format(**values) if values else phrase

    def get(self, key: str, default: str) -> str:
        """Return a phrase that may be missing."""
        phrase = self._phrases.get(key, default)
        return phrase if isinstance(phrase, str) else phrase[1]


@cache
def wording(tag: str) -> Wording:
    """Return the phrases of a language: `en`, `zh-Hans` or `zh-Hant`."""
    module = import_module(f"aggregator.web.pages.{_MODULES[tag]}")
    return Wording(tag, module.PHRASES)


def choose_language(accept_language: str) -> str:
    """Return the tag of the interface for the header Accept-Language; English by default."""
    best, quality = "en", 0.0
    for part in accept_language[:_MAX_HEADER_CHARS].split(",")[:_MAX_RANGES]:
        name, _, parameter = part.partition(";")
        tag, weight = _known(name.strip().casefold().replace("_", "-")), _quality(parameter)
        if tag and weight > quality:
            best, quality = tag, weight
    return best


def _known(tag: str) -> str:
    if tag == "en" or tag.startswith("en-"):
        return "en"
    if any(tag == one or tag.startswith(f"{one}-") for one in _TRADITIONAL):
        return "zh-Hant"
    return "zh-Hans" if tag == "zh" or tag.startswith("zh-") else ""


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
