"""A feed as browsers show it: titles are links and dates are readable, without a script.

Elements of XHTML are added, which browsers show and feed readers ignore: some readers ask as browsers
do, so the document stays a feed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree

from aggregator.text import urls

_ATOM = "{http://www.w3.org/2005/Atom}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_MAX_BYTES = 20_000_000
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_pis=False
)


def for_browsers(content: bytes, style: str) -> bytes:
    """Return an Atom or RSS document with links and dates for browsers; others unchanged.

    `style` is the address of the style sheet, for RSS, which has none of its own.
    """
    if len(content) > _MAX_BYTES:
        return content
    try:
        root = etree.fromstring(content, _PARSER)
    except etree.XMLSyntaxError:
        return content
    parts = list(_parts(root))
    if not parts:
        return content
    for part, link, date in parts:
        _add(part, link, date)
    if root.tag == "rss" and '"' not in style:
        root.addprevious(
            etree.ProcessingInstruction("xml-stylesheet", f'type="text/css" href="{style}"')
        )
    document: bytes = etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
    return document


def _parts(root: Any) -> Iterator[tuple[Any, str, datetime | None]]:
    """Yield the feed and its entries, each with its link and date."""
    if root.tag == f"{_ATOM}feed":
        for part in (root, *root.iterchildren(f"{_ATOM}entry")):
            links = part.iterchildren(f"{_ATOM}link")
            link = next((one.get("href", "") for one in links if one.get("rel") == "alternate"), "")
            yield part, link, _iso(part.findtext(f"{_ATOM}published"))
    elif root.tag == "rss" and (channel := root.find("channel")) is not None:
        for part in (channel, *channel.iterchildren("item")):
            date = part.findtext("pubDate") if part.tag == "item" else None
            yield part, part.findtext("link") or "", _rfc822(date)


def _add(part: Any, link: str, date: datetime | None) -> None:
    """Add a link with the title, and the date, at the beginning."""
    title = part.find(f"{_ATOM}title")
    title = part.find("title") if title is None else title
    if date is not None:
        shown = etree.Element(f"{_XHTML}time", {"datetime": date.isoformat()}, nsmap=_NAMES)
        shown.text = f"{date.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        part.insert(0, shown)
    if urls.is_web(link) and title is not None and title.text:
        named = etree.Element(f"{_XHTML}a", {"href": link, "rel": "noreferrer"}, nsmap=_NAMES)
        named.text = title.text
        part.insert(0, named)


_NAMES = {"h": _XHTML.strip("{}")}


def _iso(text: str | None) -> datetime | None:
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return when if when.tzinfo else None


def _rfc822(text: str | None) -> datetime | None:
    try:
        when = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return when if when.tzinfo else None
