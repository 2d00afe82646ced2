"""Reads a document of very many elements, keeping no more of it than is asked for."""

import re
from heapq import heappop, heappush
from typing import Final, cast

from lxml import etree

from aggregator.core.errors import ParseError
from aggregator.core.model import Skipped
from aggregator.gather.parsers import _limits, _xml
from aggregator.gather.parsers._xml import Element
from aggregator.text import dates

TAGS_MOST: Final = 50_000  # of a document that is read as one tree
_NODES_MOST: Final = 300_000  # elements of all entries that are kept
_IN_ENTRY: Final = 200_000  # tags between the ends of two entries
_PIECE: Final = 65_536
_TAGS: Final = [f"{{*}}{name}" for name in ("item", "entry", "Item", "Entry", "ITEM", "ENTRY")]
_SECTION: Final = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_END: Final = re.compile(
    rb"</(?:[\w.-]{1,40}:)?(?:item|entry)\s*>|<(?:item|entry)\s*/>", re.IGNORECASE
)
_DATES: Final = frozenset("pubdate published date issued created updated modified".split())


def is_crowded(content: bytes) -> bool:
    """Say whether a document has too many elements for one tree."""
    if len(content) < TAGS_MOST * 4 or content.count(b"<") <= TAGS_MOST:  # <a/>
        return False
    return _SECTION.sub(b"", content).count(b"<") > TAGS_MOST


def read_tree(content: bytes, base: str, most: int) -> tuple[Element | None, tuple[Skipped, ...]]:
    """Return a tree of the newest entries, None for what is no XML; empty entries are counted.

    Raises ParseError for one that is too large.
    """
    _check(_SECTION.sub(b"", content))
    crowd = _Crowd(most)
    parser = etree.XMLPullParser(
        events=("end",), tag=_TAGS, base_url=base if base.isprintable() else "", **_xml.OPTIONS
    )
    view = memoryview(content)
    try:
        for at in range(0, len(view), _PIECE):
            parser.feed(bytes(view[at : at + _PIECE]))
            for _, element in parser.read_events():
                crowd.take(cast("Element", element))
        root = parser.close()
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise ParseError("the elements are nested too deeply") from error
        return None, ()
    crowd.let_go()
    return root, crowd.skipped()


def _check(content: bytes) -> None:
    """Raise ParseError if too many elements stand in one entry, or outside all."""
    at = 0
    for end in _END.finditer(content):
        if content.count(b"<", at, end.start()) > _IN_ENTRY:
            break
        at = end.end()
    if content.count(b"<", at) > _IN_ENTRY:
        raise ParseError("too many elements in one entry, or nested too deeply")


class _Crowd:
    """The newest entries so far; others leave the tree as soon as the parser is past them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[float, int, int, Element]] = []
        self._nodes = self._place = self._empty = self._over = 0
        self._leaving: list[Element] = []

    def take(self, element: Element) -> None:
        """Judge an entry that has just ended."""
        self.let_go()
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
        while len(self._kept) > self._most or (self._nodes > _NODES_MOST and len(self._kept) > 1):
            *_, size, oldest = heappop(self._kept)
            self._nodes -= size
            self._over += 1
            self._leaving.append(oldest)

    def let_go(self) -> None:
        """Take what is not kept out of the tree; the parser is past it by now."""
        for element in self._leaving:
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
        self._leaving.clear()

    def skipped(self) -> tuple[Skipped, ...]:
        """Return what was left out, counted."""
        found = []
        if self._empty:
            found.append(Skipped(where=f"{self._empty} entries", reason=_limits.EMPTY))
        if self._over:
            found.append(_limits.over(self._over, self._most))
        return tuple(found)


def _age(element: Element) -> float:
    """Return when an entry is from, 0 if it does not say."""
    for child in element.iterchildren(etree.Element):
        if _xml.local(child.tag).lower() in _DATES and (when := dates.parse(child.text)):
            return when.timestamp()
    return 0.0
