"""Look up attributes of an element regardless of case and feed-format prefix."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from lxml import etree

from aggregator.gather.parsers._names import is_of_feeds

_NOTHING: Final[Mapping[str, str]] = {}


def attribute(element: etree._Element, name: str) -> str:
    """Return an attribute, `name` spelled as in the format; '' if there is none.

    Falls back to the same name in another case, or with a prefix of Atom, RSS or Media RSS.
    """
    value = element.get(name)
    if value is None and (names := element.keys()):
        other = _spellings(tuple(names)).get(name.lower())
        value = element.get(other) if other else None
    return value or ""


@lru_cache(maxsize=1_024)  # a feed repeats the same few sets of names
def _spellings(names: Iterable[str]) -> Mapping[str, str]:
    """Return the written names by their lower-case local name; a name without prefix wins."""
    found: dict[str, str] = {}
    for written in names:
        space, _, name = written.rpartition("}")
        if not space:
            found[name.lower()] = written
        elif is_of_feeds(space[1:]):
            found.setdefault(name.lower(), written)
    return found or _NOTHING
