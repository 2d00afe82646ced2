"""Parse a document with very many elements in bounded memory, keeping only the newest entries."""

import re
from heapq import heappop, heappush
from typing import Final, cast

from lxml import etree

from aggregator.core.errors import ParseError
from aggregator.core.model import Skipped
from aggregator.gather import document_limits
from aggregator.gather.parsers import _xml
from aggregator.gather.parsers._xml import Element
from aggregator.text import dates

MAX_TREE_TAGS: Final = 50_000  # of a document that is parsed as one tree
_MAX_KEPT_ELEMENTS: Final = 300_000  # in all kept entries together
_MAX_ENTRY_TAGS: Final = 200_000  # between the ends of two entries
_CHUNK_BYTES: Final = 65_536
_TAGS: Final = [f"{{*}}{name}" for name in ("item", "entry", "Item", "Entry", "ITEM", "ENTRY")]
_SECTION: Final = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_END: Final = re.compile(
    rb"</(?:[\w.-]{1,40}:)?(?:item|entry)\s*>|<(?:item|entry)\s*/>", re.IGNORECASE
)
_DATES: Final = frozenset("pubdate published date issued created updated modified".split())


def is_oversized(content: bytes) -> bool:
    """Return whether a document has too many elements for one tree."""
    if (
        len(content) < MAX_TREE_TAGS * 4 or content.count(b"<") <= MAX_TREE_TAGS
    ):  # the shortest element is <a/>
        return False
    return _SECTION.sub(b"", content).count(b"<") > MAX_TREE_TAGS


def read_tree(content: bytes, base: str, most: int) -> tuple[Element | None, tuple[Skipped, ...]]:
    """Return a tree of the newest entries, None if the document is not XML, and what was skipped.

    Raises ParseError if one entry has too many elements.
    """
    _check(_SECTION.sub(b"", content))
    newest = _NewestEntries(most)
    parser = etree.XMLPullParser(
        events=("end",), tag=_TAGS, base_url=base if base.isprintable() else "", **_xml.OPTIONS
    )
    view = memoryview(content)
    try:
        for at in range(0, len(view), _CHUNK_BYTES):
            parser.feed(bytes(view[at : at + _CHUNK_BYTES]))
            for _, element in parser.read_events():
                newest.take(cast("Element", element))
        root = parser.close()
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise ParseError("the elements are nested too deeply") from error
        return None, ()
    newest.remove_discarded()
    return root, newest.skipped()


def _check(content: bytes) -> None:
    """Raise ParseError if one entry, or the part outside entries, has too many elements."""
    at = 0
    for end in _END.finditer(content):
        if content.count(b"<", at, end.start()) > _MAX_ENTRY_TAGS:
            break
        at = end.end()
    if content.count(b"<", at) > _MAX_ENTRY_TAGS:
        raise ParseError("too many elements in one entry, or nested too deeply")


class _NewestEntries:
    """The newest entries so far; others are removed once the parser has moved past them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[float, int, int, Element]] = []
        self._nodes = self._place = self._empty = self._skipped_over_limit = 0
        self._leaving: list[Element] = []

    def take(self, element: Element) -> None:
        """Keep or discard an entry that has just ended."""
        self.remove_discarded()
        parent = element.getparent()
        if parent is None or _xml.local(parent.tag).lower() in ("item", "entry"):
            return
        self._place += 1
        if not len(element) and not element.keys() and not (element.text or "").strip():
            self._empty += 1
            self._leaving.append(element)
            return
        size = sum(1 for _ in element.iter())
        self._nodes += size
        heappush(self._kept, (_age(element), -self._place, size, element))
        while len(self._kept) > self._most or (
            self._nodes > _MAX_KEPT_ELEMENTS and len(self._kept) > 1
        ):
            *_, size, oldest = heappop(self._kept)
            self._nodes -= size
            self._skipped_over_limit += 1
            self._leaving.append(oldest)

    def remove_discarded(self) -> None:
        """Remove discarded entries from the tree; safe, since the parser has moved past them."""
        for element in self._leaving:
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
        self._leaving.clear()

    def skipped(self) -> tuple[Skipped, ...]:
        """Return how many entries were skipped, by reason."""
        found = []
        if self._empty:
            found.append(Skipped(where=f"{self._empty} entries", reason=document_limits.EMPTY))
        if self._skipped_over_limit:
            found.append(document_limits.over(self._skipped_over_limit, self._most))
        return tuple(found)


def _age(element: Element) -> float:
    """Return the timestamp of an entry, 0 if it has no date."""
    for child in element.iterchildren(etree.Element):
        if _xml.local(child.tag).lower() in _DATES and (when := dates.parse(child.text)):
            return when.timestamp()
    return 0.0
