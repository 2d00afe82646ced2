"""Atom 1.0: feedgen for what it supports, an extension of ours for the rest.

The extension writes links with all their attributes, the complete atom:source, tombstones (RFC 6721),
a lead image (Media RSS) and, in our own namespace, how many publishers report the story.
"""

from functools import partial
from html import escape
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from aggregator.core.model import Author, Edition, Tombstone
from aggregator.publish.renderers import _content, _writable
from aggregator.publish.renderers._content import Origin, Rendition

EXTENSION = "atom"
MEDIA_TYPE = "application/atom+xml"

_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_MEDIA = "http://search.yahoo.com/mrss/"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def render(edition: Edition) -> bytes:
    """Return the Atom document of an edition."""
    return _content.write_xml(edition, partial(_write, edition))


def _write(edition: Edition, shown: tuple[Rendition, ...]) -> bytes:
    feed = FeedGenerator()
    feed.register_extension("stories", _FeedExtension, _EntryExtension, atom=True, rss=False)
    feed.stories.edition = edition
    feed.id(_content.feed_id(edition))
    feed.title(_content.feed_title(edition))
    if edition.note:
        feed.subtitle(_writable.line(edition.note))
    feed.updated(_content.last_change(edition, shown))
    feed.generator("storyfold")
    feed.icon(_content.address(edition, "icon.png"))
    feed.logo(_content.address(edition, "logo.png"))
    for rendition in shown:
        _fill(feed.add_entry(order="append"), rendition)
    document: bytes = feed.atom_str(pretty=True)
    return _dress(document, _content.address(edition, "feed.css"))


def _dress(document: bytes, style: str) -> bytes:
    """Add the style sheet for browsers, which feed readers ignore."""
    if not style:
        return document
    head, end, rest = document.partition(b"?>\n")
    named = escape(style).encode()
    return head + end + b'<?xml-stylesheet type="text/css" href="%b"?>\n' % named + rest


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    edition: Edition

    def extend_ns(self) -> dict[str, str]:
        """Return the prefixes that the feed declares."""
        used = {"story": _content.NAMESPACE, "at": _TOMBSTONES, "media": _MEDIA}
        return used | {"fh": _content.HISTORY} if _content.is_archive(self.edition) else used

    def extend_atom(self, feed: Any) -> Any:
        """Write the links of the feed, and its tombstones before the first entry."""
        _link(feed, "self", self.edition.self_url, type=MEDIA_TYPE)
        _link(feed, "alternate", _content.home(self.edition), type="text/html")
        for rel, address in self.edition.links:
            _link(feed, rel, address)
        if _content.is_archive(self.edition):
            etree.SubElement(feed, f"{{{_content.HISTORY}}}archive")
        for tombstone in _content.tombstones(self.edition):
            _bury(feed, tombstone)
        return feed


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    rendition: Rendition

    def extend_atom(self, entry: Any) -> Any:
        """Write the elements that feedgen lacks."""
        shown = self.rendition
        if shown.language:
            entry.set(_LANG, shown.language)
        for author in shown.authors:
            _author(entry, author)
        for category in shown.categories:
            etree.SubElement(entry, "category", term=category)
        _links(entry, shown)
        _source(entry, shown.origin)
        if shown.image:
            etree.SubElement(entry, f"{{{_MEDIA}}}thumbnail", url=shown.image)
        _text(entry, f"{{{_content.NAMESPACE}}}publishers", str(shown.publishers))
        _text(entry, f"{{{_content.NAMESPACE}}}entries", str(len(shown.mentions) + 1))
        if shown.page:
            _text(entry, f"{{{_content.NAMESPACE}}}page", shown.page)
        return entry


def _fill(entry: FeedEntry, shown: Rendition) -> None:
    entry.stories.rendition = shown
    entry.id(shown.id)
    entry.title(shown.title)
    entry.published(shown.published)
    entry.updated(shown.updated)
    if shown.summary:
        entry.summary(shown.summary)
    if shown.rights:
        entry.rights(shown.rights)
    entry.content(shown.html, type="html")


def _author(entry: Any, author: Author) -> None:
    person = etree.SubElement(entry, "author")
    _text(person, "name", author.name)
    if author.url:
        _text(person, "uri", author.url)
    if author.email:
        _text(person, "email", author.email)


def _links(entry: Any, shown: Rendition) -> None:
    """Write the link of the shown entry, of each other member, the original and the media."""
    _link(entry, "alternate", shown.link, type="text/html")
    for mention in shown.related:
        _link(entry, "related", mention.link, title=mention.publisher)
    _link(entry, "via", shown.via)
    for one in shown.enclosures:
        length = str(one.length) if one.length else ""
        _link(entry, "enclosure", one.url, type=one.type, length=length, title=one.title)


def _source(entry: Any, origin: Origin) -> None:
    source = etree.SubElement(entry, "source")
    _text(source, "id", origin.id)
    _text(source, "title", origin.title)
    _text(source, "updated", origin.updated.isoformat())
    _link(source, "alternate", origin.link, type="text/html")
    _link(source, "self", origin.self_url)
    if origin.rights:
        _text(source, "rights", origin.rights)


def _bury(feed: Any, tombstone: Tombstone) -> None:
    """Write the tombstone of a merged story."""
    when = tombstone.when.isoformat()
    stone = etree.SubElement(feed, f"{{{_TOMBSTONES}}}deleted-entry", ref=tombstone.id, when=when)
    _text(stone, f"{{{_TOMBSTONES}}}comment", f"merged into {tombstone.into}")


def _link(parent: Any, rel: str, address: str, **attributes: str) -> None:
    if address:
        written = {name: value for name, value in attributes.items() if value}
        etree.SubElement(parent, "link", {"rel": rel, "href": address, **written})


def _text(parent: Any, name: str, content: str) -> None:
    etree.SubElement(parent, name).text = content
