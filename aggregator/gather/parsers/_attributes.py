"""The attributes of an element by what their names mean, in capitals or under a prefix too."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from lxml import etree

from aggregator.gather.parsers._names import is_of_feeds

_NOTHING: Final[Mapping[str, str]] = {}


def attribute(element: etree._Element, name: str) -> str:
    """Return an attribute, `name` as the format spells it; '' if there is none.

    One in other letters, or under a prefix of Atom, RSS or Media RSS, stands for a missing one.
    """
    value = element.get(name)
    if value is None and (names := element.keys()):
        other = _odd(tuple(names)).get(name.lower())
        value = element.get(other) if other else None
    return value or ""


@lru_cache(maxsize=1_024)  # a feed repeats the same few sets of names
def _odd(names: Iterable[str]) -> Mapping[str, str]:
    """Return the names as written by what they mean; of two the one without a prefix."""
    found: dict[str, str] = {}
    for written in names:
        space, _, name = written.rpartition("}")
        if not space:
            found[name.lower()] = written
        elif is_of_feeds(space[1:]):
            found.setdefault(name.lower(), written)
    return found or _NOTHING
