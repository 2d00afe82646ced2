"""Parses the query of a feed's URL, within bounds and into a canonical order."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aggregator.core import plugins
from aggregator.core.settings import FeedSpec

FORMATS = ("atom", "rss", "json")
_MAX_PARAMETERS, _MAX_VALUE_CHARS, _MAX_WORDS = 10, 100, 5
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*", re.ASCII)
# The token is checked elsewhere; caches, readers and links in mails add the others.
_IGNORED = re.compile(r"token|utm_\w+|fbclid|gclid|_.*|\d*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition on a story, and the text that requested it."""

    text: str  # name=value
    spec: FeedSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedQuery:
    """A parsed query; `query` is canonical, whatever the order of the parameters."""

    query: str
    conditions: tuple[Condition, ...]
    format: str = ""
    limit: int = 0
    words: str = ""  # for the title


def parse(pairs: Sequence[tuple[str, str]]) -> FeedQuery | None:
    """Return the parsed query; None if it has no parameter of ours.

    Raises ValueError, with a message for the client, for an unknown parameter or an invalid value.
    """
    parameters = sorted({(name, value.strip()) for name, value in pairs if not is_ignored(name)})
    if not parameters:
        return None
    if len(parameters) > _MAX_PARAMETERS or any(
        len(value) > _MAX_VALUE_CHARS for _, value in parameters
    ):
        raise ValueError("The query is too long.")
    names = [name for name, _ in parameters]
    for name, value in parameters:
        if name not in _CONDITIONS and name not in _SINGLE_VALUED:
            nearest = plugins.did_you_mean(name, [*_CONDITIONS, *_SINGLE_VALUED])
            end = "" if nearest.endswith("?") else "."
            raise ValueError(f"Unknown parameter {quoted(name)}{nearest}{end}")
        if not value:
            raise ValueError(f"{name} has no value: write {name}=… or omit it.")
        if name in _SINGLE_VALUED and names.count(name) > 1:
            raise ValueError(f"{name} is given more than once.")
    single = {name: value for name, value in parameters if name in _SINGLE_VALUED}
    return FeedQuery(
        query=urlencode(parameters),
        conditions=tuple(_conditions(parameters)),
        format=_format(single["format"]) if "format" in single else "",
        limit=_number("limit", single["limit"]) if "limit" in single else 0,
        words=", ".join(value for name, value in parameters if name in _TITLE_PARAMETERS),
    )


def is_ignored(name: str) -> bool:
    """Return whether a parameter is not for us."""
    return _IGNORED.fullmatch(name) is not None


def _conditions(pairs: Sequence[tuple[str, str]]) -> list[Condition]:
    """Return one condition for each parameter: values of one name are alternatives, words are all required."""
    conditions = []
    for name, make in _CONDITIONS.items():
        if values := tuple(value for given, value in pairs if given == name):
            conditions += make(values)
    return conditions


def _condition(name: str, values: Sequence[str], **fields: tuple[str, ...] | int) -> Condition:
    spec = FeedSpec(name="", title="", **fields)  # type: ignore[arg-type]
    return Condition(text=" or ".join(f"{name}={value}" for value in values), spec=spec)


def _categories(values: tuple[str, ...]) -> list[Condition]:
    return [_condition("category", values, categories=values)]


def _languages(values: tuple[str, ...]) -> list[Condition]:
    for value in values:
        if not LANGUAGE.fullmatch(value):
            raise ValueError(f"lang must be a language such as zh or zh-Hans, not {quoted(value)}.")
    return [_condition("lang", values, languages=values)]


def _sources(values: tuple[str, ...]) -> list[Condition]:
    return [_condition("source", values, sources=values)]


def _words(values: tuple[str, ...]) -> list[Condition]:
    # Regular expressions are allowed in the configuration only: a client could send a slow one.
    words = [word for word in " ".join(values).replace("/", " ").split() if word]
    if len(words) > _MAX_WORDS:
        raise ValueError(f"q can have at most {_MAX_WORDS} words.")
    return [_condition("q", (word,), include=(word,)) for word in words]


def _publishers(values: tuple[str, ...]) -> list[Condition]:
    number = max(_number("min_publishers", value) for value in values)
    return [_condition("min_publishers", (str(number),), min_publishers=number)]


_CONDITIONS: dict[str, Callable[[tuple[str, ...]], list[Condition]]] = {
    "category": _categories,
    "lang": _languages,
    "source": _sources,
    "min_publishers": _publishers,
    "q": _words,
}
_SINGLE_VALUED = ("format", "limit")
_TITLE_PARAMETERS = ("category", "lang", "source", "q")


def _format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {quoted(name)}.")
    return name


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 5 and int(value)):
        raise ValueError(f"{name} must be a number from 1 to 9999, not {quoted(value)}.")
    return int(value)


def quoted(text: str) -> str:
    """Return the beginning of what a client sent, for a message."""
    shown = "".join(one if one.isprintable() else "?" for one in text[:40])
    return f"“{shown}”"
