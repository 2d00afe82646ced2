"""Which elements provide each field of an entry, cached for each set of element names.

Entries of a feed share a few sets of names; trying all names for each entry doubled the time.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

Keys = tuple[str, ...]


class Plan(NamedTuple):
    """The element names that provide each field, in order of preference."""

    guid: Keys
    titles: Keys
    bodies: Keys
    texts: Keys
    other_texts: Keys
    published: Keys
    dated: Keys
    updated: Keys
    rights: Keys
    language: Keys
    pictures: Keys
    links: Keys
    people: Keys
    filed: Keys
    files: Keys
    groups: Keys
    via: Keys
    source: Keys


NAMES: Final = Plan(
    guid=("guid", "id", "atom:id"),
    titles=("title", "dc:title", "media:title", "itunes:title", "atom:title"),
    bodies=("content:encoded", "xhtml:body", "body", "fullitem", "content", "atom:content"),
    texts=("description", "summary", "abstract"),
    other_texts=(
        "dc:description",
        "atom:summary",
        "itunes:summary",
        "googleplay:description",
        "media:description",
    ),
    published=(
        "pubdate",
        "published",
        "issued",
        "dcterms:issued",
        "atom:published",
        "created",
        "dcterms:created",
    ),
    dated=("dc:date", "dcterms:date", "date"),
    updated=("updated", "modified", "dcterms:modified", "atom:updated", "lastbuilddate"),
    rights=("rights", "copyright", "dc:rights", "atom:rights"),
    language=("dc:language", "language"),
    pictures=("itunes:image", "image", "media:thumbnail", "googleplay:image"),
    links=("link", "atom:link"),
    people=(
        "author",
        "dc:creator",
        "dc:author",
        "atom:author",
        "itunes:author",
        "googleplay:author",
    ),
    filed=(
        "category",
        "dc:subject",
        "atom:category",
        "media:category",
        "itunes:category",
        "keywords",
        "itunes:keywords",
        "media:keywords",
    ),
    files=("enclosure", "media:content", "media:group"),
    groups=("media:group", "media:content"),
    via=("dc:source",),
    source=("source", "atom:source"),
)
KEYWORDS: Final = frozenset(("keywords", "itunes:keywords", "media:keywords"))


@lru_cache(maxsize=256)
def plan(there: Keys) -> Plan:
    """Return the plan reduced to the names that are present."""
    found = frozenset(there)
    return Plan(*(_present(names, found) for names in NAMES))


def _present(names: Iterable[str], found: frozenset[str]) -> Keys:
    return tuple(name for name in names if name in found)
