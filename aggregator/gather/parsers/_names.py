"""Normalize element names: known namespaces become short prefixes, the feed's own is dropped."""

from collections.abc import Mapping
from itertools import chain
from typing import Final

from aggregator.gather.parsers._plan import NAMES

ATOM: Final = frozenset({"http://www.w3.org/2005/atom", "http://purl.org/atom/ns#"})
OWN: Final = frozenset(
    {
        "",
        "http://backend.userland.com/rss",
        "http://backend.userland.com/rss2",
        "http://blogs.law.harvard.edu/tech/rss",
        "http://purl.org/rss/1.0/",
        "http://purl.org/rss/1.0/modules/rss091#",
        "http://purl.org/net/rss1.1#",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://channel.netscape.com/rdf/simple/0.9/",
        "http://my.netscape.com/publish/formats/rss-0.91.dtd",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    }
)
NAMESPACES: Final = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/elements/1.0/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://video.search.yahoo.com/mrss": "media",
    "http://video.search.yahoo.com/mrss/": "media",
    "http://www.rssboard.org/media-rss": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://itunes.apple.com/dtds/podcast-1.0.dtd": "itunes",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.google.com/schemas/play-podcasts/1.0": "googleplay",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns#": "atom",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
}
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
RDF_ABOUT: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
RDF_RESOURCE: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"


# The elements that are read; all others are ignored.
WANTED: Final = frozenset(chain(*NAMES)) | frozenset(
    (
        "rss",
        "rdf",
        "feed",
        "channel",
        "items",
        "item",
        "entry",
        "managingeditor",
        "icon",
        "atom:icon",
        "logo",
        "atom:logo",
        "ttl",
        "skiphours",
        "skipdays",
        "sy:updateperiod",
        "sy:updatefrequency",
        "dc:identifier",
        "feedburner:origlink",
    )
)
_PREFIXES: Final = frozenset(NAMESPACES.values())


def _plain(space: str) -> str:
    """Return a namespace in lower case, without common misspellings: https, a trailing slash."""
    return space.lower().replace("https://", "http://", 1).rstrip("/#")


_OWN: Final = frozenset(map(_plain, OWN))
_ATOM: Final = frozenset(map(_plain, ATOM))
_KNOWN: Final = {_plain(space): prefix for space, prefix in NAMESPACES.items()}


# Namespaces whose attributes belong to the formats.
_ATTRIBUTES: Final = frozenset(
    {*_OWN, *_ATOM, *(space for space, prefix in _KNOWN.items() if prefix != "xhtml")}
    - {"", "http://www.w3.org/1999/02/22-rdf-syntax-ns"}
)
UNDECLARED: Final = "urn:prefix:"  # `_repair` declares unknown prefixes as this plus the prefix
_FOREIGN: Final = frozenset({"xml", "xmlns", "xlink", "xsi", "rdf", "epub", "svg", "html", "xhtml"})


def is_of_feeds(space: str) -> bool:
    """Return whether an attribute in this namespace means the same as one without a namespace."""
    if space.startswith(UNDECLARED):
        return space.removeprefix(UNDECLARED).lower() not in _FOREIGN
    return _plain(space) in _ATTRIBUTES


class Names(dict[str, str]):
    """The normalized names of the tags of one document: `title`, `dc:creator`, '' if ignored.

    An unknown namespace is identified by its prefix, if that is a common one.
    """

    def __init__(self, root: str, prefixes: Mapping[str | None, str]) -> None:
        super().__init__()
        self._own = _space(root)
        self._prefixes = {
            _plain(space): (prefix or "").lower() for prefix, space in prefixes.items()
        }

    def __missing__(self, tag: str) -> str:
        space, name = _space(tag), tag.rpartition("}")[2].lower()
        if not (space in _OWN or space == self._own or (space in _ATOM and self._own in _ATOM)):
            prefix = _KNOWN.get(space) or self._prefixes.get(space, "")
            name = f"{prefix}:{name}" if prefix in _PREFIXES else ""
        self[tag] = name if name in WANTED else ""
        return self[tag]


def _space(tag: str) -> str:
    return _plain(tag[1:].partition("}")[0]) if tag.startswith("{") else ""
