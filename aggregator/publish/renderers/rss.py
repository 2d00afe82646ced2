"""RSS 2.0 with the content, dc, media and atom namespaces."""

from datetime import datetime
from email.utils import format_datetime
from functools import partial
from html import escape

from lxml import etree

from aggregator.core.model import Edition
from aggregator.publish.renderers import _content, _writable
from aggregator.publish.renderers._content import Rendition

EXTENSION = "rss"
MEDIA_TYPE = "application/rss+xml"

_PREFIXES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
    "atom": "http://www.w3.org/2005/Atom",
    "story": _content.NAMESPACE,
}
_ICON_SIDE = "128"


def render(edition: Edition) -> bytes:
    """Return the RSS document of an edition; RSS has no tombstones."""
    return _content.write_xml(edition, partial(_write, edition))


def _write(edition: Edition, shown: tuple[Rendition, ...]) -> bytes:
    prefixes = _PREFIXES
    if _content.is_archive(edition):
        prefixes = _PREFIXES | {"fh": _content.HISTORY}
    root = etree.Element("rss", {"version": "2.0"}, nsmap=prefixes)
    channel = etree.SubElement(root, "channel")
    home = _content.home(edition) or edition.self_url  # RSS must have a link
    title = _content.feed_title(edition)
    _add(channel, "title", title)
    _add(channel, "link", home)
    note = escape(_writable.line(edition.note), quote=False)
    _add(channel, "description", note or title)
    _add(channel, "lastBuildDate", _date(_content.last_change(edition, shown)))
    _add(channel, "generator", "storyfold")
    _add_icon(channel, edition, title, home)
    _add(channel, "atom:link", rel="self", href=edition.self_url, type=MEDIA_TYPE)
    for rel, address in edition.links:
        _add(channel, "atom:link", rel=rel, href=address)
    if _content.is_archive(edition):
        etree.SubElement(channel, f"{{{_content.HISTORY}}}archive")
    for rendition in shown:
        _add_story(channel, rendition)
    document: bytes = etree.tostring(
        root, encoding="UTF-8", xml_declaration=True, pretty_print=True
    )
    return document


def _add_icon(channel: etree._Element, edition: Edition, title: str, home: str) -> None:
    image = etree.SubElement(channel, "image")
    _add(image, "url", _content.address(edition, "icon.png"))
    _add(image, "title", title)
    _add(image, "link", home)
    _add(image, "width", _ICON_SIDE)
    _add(image, "height", _ICON_SIDE)


def _add_story(channel: etree._Element, shown: Rendition) -> None:
    item = etree.SubElement(channel, "item")
    _add(item, "title", shown.title)
    _add(item, "link", shown.link)
    _add(item, "guid", shown.id, isPermaLink="false")
    _add(item, "pubDate", _date(shown.published))
    for author in shown.authors:
        _add(item, "dc:creator", author.name)
    for category in shown.categories:
        _add(item, "category", category)
    _add(item, "dc:language", shown.language)
    _add(item, "dc:rights", shown.rights)
    if address := _writable.uri(shown.origin.self_url or shown.origin.id) or shown.origin.link:
        _add(item, "source", shown.origin.title, url=address)
    # Readers take the description for HTML and expect it before the content.
    _add(item, "description", escape(shown.excerpt, quote=False))
    _add(item, "content:encoded", shown.html)
    _add_media(item, shown)
    for mention in shown.related:
        _add(item, "atom:link", rel="related", href=mention.link, title=mention.publisher)
    if shown.via:
        _add(item, "atom:link", rel="via", href=shown.via)
    _add(item, "atom:updated", shown.updated.isoformat())
    _add(item, "story:publishers", str(shown.publishers))
    _add(item, "story:entries", str(len(shown.mentions) + 1))
    _add(item, "story:page", shown.page)


def _add_media(item: etree._Element, shown: Rendition) -> None:
    """Write the first media file as enclosure, because readers expect one, and the others as media."""
    for number, one in enumerate(shown.enclosures):
        if number == 0:
            _add(item, "enclosure", url=one.url, type=one.type, length=str(one.length))
        else:
            size = {"fileSize": str(one.length)} if one.length else {}
            _add(item, "media:content", url=one.url, type=one.type, **size)
    if shown.image:
        _add(item, "media:thumbnail", url=shown.image)


def _add(parent: etree._Element, name: str, content: str = "", /, **attributes: str) -> None:
    """Write an element unless its text is empty."""
    if content or attributes:
        prefix, _, local = name.rpartition(":")
        full = f"{{{_PREFIXES[prefix]}}}{local}" if prefix else local
        etree.SubElement(parent, full, attributes).text = content or None


def _date(when: datetime) -> str:
    return format_datetime(when.replace(microsecond=0))
