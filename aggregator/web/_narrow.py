"""The query of a feed's address: what narrows it, read with bounds, and written in one order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aggregator.core.settings import FeedSpec

FORMATS = ("atom", "rss", "json")
_PAIRS_MOST, _VALUE_MOST, _WORDS_MOST = 10, 100, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a reader asked of a feed; `query` is the same for whatever order it was asked in."""

    query: str
    conditions: tuple[FeedSpec, ...]
    format: str = ""
    limit: int = 0
    words: str = ""  # for the title


def read(pairs: Sequence[tuple[str, str]]) -> Narrowing | None:
    """Return what the query asks for; None if it has nothing of ours.

    Other parameters are passed over. Raises ValueError, with words for the reader.
    """
    ours = sorted(
        {(name, value.strip()) for name, value in pairs if name in _READERS or name in _ONCE}
    )
    ours = [(name, value) for name, value in ours if value]
    if not ours:
        return None
    if len(ours) > _PAIRS_MOST or any(len(value) > _VALUE_MOST for _, value in ours):
        raise ValueError("The query is too long.")
    names = [name for name, _ in ours]
    for name in _ONCE:
        if names.count(name) > 1:
            raise ValueError(f"{name} may stand once.")
    once = {name: value for name, value in ours if name in _ONCE}
    return Narrowing(
        query=urlencode(ours),
        conditions=tuple(_conditions(ours)),
        format=_format(once.get("format", "")),
        limit=_number(once.get("limit", "0")),
        words=", ".join(value for name, value in ours if name in _NAMING),
    )


def _conditions(pairs: Sequence[tuple[str, str]]) -> list[FeedSpec]:
    """Return one condition a parameter; values of one name are choices, words are all wanted."""
    conditions = []
    for name, make in _READERS.items():
        if values := tuple(value for given, value in pairs if given == name):
            conditions += make(values)
    return conditions


def _spec(**fields: tuple[str, ...] | int) -> FeedSpec:
    return FeedSpec(name="", title="", **fields)  # type: ignore[arg-type]


def _words(values: tuple[str, ...]) -> list[FeedSpec]:
    # Expressions are for the owner of the configuration alone.
    words = [word for word in " ".join(values).replace("/", " ").split() if word]
    if len(words) > _WORDS_MOST:
        raise ValueError(f"At most {_WORDS_MOST} words can be looked for.")
    return [_spec(include=(word,)) for word in words]


def _publishers(values: tuple[str, ...]) -> list[FeedSpec]:
    return [_spec(min_publishers=max(map(_number, values)))]


_READERS: dict[str, Callable[[tuple[str, ...]], list[FeedSpec]]] = {
    "category": lambda values: [_spec(categories=values)],
    "lang": lambda values: [_spec(languages=values)],
    "source": lambda values: [_spec(sources=values)],
    "min_publishers": _publishers,
    "q": _words,
}
_ONCE = ("format", "limit")
_NAMING = ("category", "lang", "source", "q")


def _format(name: str) -> str:
    if name and name not in FORMATS:
        raise ValueError(f"The format is one of {', '.join(FORMATS)}.")
    return name


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 5):
        raise ValueError(f"{value} is not a number.")
    return int(value)
