"""The query of a feed's address: what narrows it, read with bounds, and written in one order."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aggregator.core import plugins
from aggregator.core.settings import FeedSpec

FORMATS = ("atom", "rss", "json")
_PAIRS_MOST, _VALUE_MOST, _WORDS_MOST = 10, 100, 5
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*", re.ASCII)
# Of the token others know; caches, readers and links in mails add the rest.
_PASSED_OVER = re.compile(r"token|utm_\w+|fbclid|gclid|_.*|\d*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that a story has to meet, and how it was asked for."""

    asked: str  # name=value
    spec: FeedSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a reader asked of a feed; `query` is the same for whatever order it was asked in."""

    query: str
    conditions: tuple[Condition, ...]
    format: str = ""
    limit: int = 0
    words: str = ""  # for the title


def read(pairs: Sequence[tuple[str, str]]) -> Narrowing | None:
    """Return what the query asks for; None if it asks for nothing.

    Raises ValueError, with a sentence for the reader, for a parameter that is not known and for a
    value that makes no sense.
    """
    asked = sorted({(name, value.strip()) for name, value in pairs if not _is_passed_over(name)})
    if not asked:
        return None
    if len(asked) > _PAIRS_MOST or any(len(value) > _VALUE_MOST for _, value in asked):
        raise ValueError("The query is too long.")
    names = [name for name, _ in asked]
    for name, value in asked:
        if name not in _READERS and name not in _ONCE:
            nearest = plugins.did_you_mean(name, [*_READERS, *_ONCE])
            end = "" if nearest.endswith("?") else "."
            raise ValueError(f"There is no parameter {_quoted(name)}{nearest}{end}")
        if not value:
            raise ValueError(f"{name} has no value: write {name}=…, or leave it out.")
        if name in _ONCE and names.count(name) > 1:
            raise ValueError(f"{name} may stand once.")
    once = {name: value for name, value in asked if name in _ONCE}
    return Narrowing(
        query=urlencode(asked),
        conditions=tuple(_conditions(asked)),
        format=_format(once["format"]) if "format" in once else "",
        limit=_number("limit", once["limit"]) if "limit" in once else 0,
        words=", ".join(value for name, value in asked if name in _NAMING),
    )


def _is_passed_over(name: str) -> bool:
    return _PASSED_OVER.fullmatch(name) is not None


def _conditions(pairs: Sequence[tuple[str, str]]) -> list[Condition]:
    """Return one condition a parameter; values of one name are choices, words are all wanted."""
    conditions = []
    for name, make in _READERS.items():
        if values := tuple(value for given, value in pairs if given == name):
            conditions += make(values)
    return conditions


def _condition(name: str, values: Sequence[str], **fields: tuple[str, ...] | int) -> Condition:
    spec = FeedSpec(name="", title="", **fields)  # type: ignore[arg-type]
    return Condition(asked=" or ".join(f"{name}={value}" for value in values), spec=spec)


def _categories(values: tuple[str, ...]) -> list[Condition]:
    return [_condition("category", values, categories=values)]


def _languages(values: tuple[str, ...]) -> list[Condition]:
    for value in values:
        if not _LANGUAGE.fullmatch(value):
            raise ValueError(f"lang wants a language such as zh or zh-Hans, not {_quoted(value)}.")
    return [_condition("lang", values, languages=values)]


def _sources(values: tuple[str, ...]) -> list[Condition]:
    return [_condition("source", values, sources=values)]


def _words(values: tuple[str, ...]) -> list[Condition]:
    # Expressions are for the owner of the configuration alone.
    words = [word for word in " ".join(values).replace("/", " ").split() if word]
    if len(words) > _WORDS_MOST:
        raise ValueError(f"At most {_WORDS_MOST} words can be looked for.")
    return [_condition("q", (word,), include=(word,)) for word in words]


def _publishers(values: tuple[str, ...]) -> list[Condition]:
    most = max(_number("min_publishers", value) for value in values)
    return [_condition("min_publishers", (str(most),), min_publishers=most)]


_READERS: dict[str, Callable[[tuple[str, ...]], list[Condition]]] = {
    "category": _categories,
    "lang": _languages,
    "source": _sources,
    "min_publishers": _publishers,
    "q": _words,
}
_ONCE = ("format", "limit")
_NAMING = ("category", "lang", "source", "q")


def _format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"format wants one of {', '.join(FORMATS)}, not {_quoted(name)}.")
    return name


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 5 and int(value)):
        raise ValueError(f"{name} wants a number from 1 to 9999, not {_quoted(value)}.")
    return int(value)


def _quoted(text: str) -> str:
    shown = "".join(one if one.isprintable() else "?" for one in text[:40])
    return f"“{shown}”"
