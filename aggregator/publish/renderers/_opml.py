"""OPML 2.0: the list of sources, for import into other readers."""

from collections.abc import Iterable

from lxml import etree

from aggregator.core.model import Source
from aggregator.text import fold, urls

_DIVIDERS = frozenset("/,")  # the attribute would be read as several categories


def render_sources(sources: Iterable[Source], *, title: str) -> bytes:
    """Return the sources that have a URL, by category and without credentials."""
    root = etree.Element("opml", {"version": "2.0"})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = fold.xml_safe(title)
    body = etree.SubElement(root, "body")
    groups: dict[str, etree._Element] = {"": body}
    for source in sources:
        if source.url:
            _add(_group(source.category, groups), source)
    document: bytes = etree.tostring(
        root, encoding="UTF-8", xml_declaration=True, pretty_print=True
    )
    return document


def _group(category: str, groups: dict[str, etree._Element]) -> etree._Element:
    name = fold.xml_safe(category)
    if name not in groups:
        groups[name] = etree.SubElement(groups[""], "outline", {"text": name, "title": name})
    return groups[name]


def _add(parent: etree._Element, source: Source) -> None:
    title = fold.xml_safe(source.title or source.id)
    attributes = {"type": "rss", "text": title, "title": title, "xmlUrl": _address(source)}
    category = fold.xml_safe(source.category).strip()
    if category and not _DIVIDERS.intersection(category):
        attributes["category"] = f"/{category}"
    if source.language:
        attributes["language"] = fold.xml_safe(source.language)
    etree.SubElement(parent, "outline", attributes)


def _address(source: Source) -> str:
    """Return the URL without user name and password; secrets in the query are masked."""
    parts = urls.split(urls.redact(urls.rfc3986(fold.xml_safe(source.url))))
    authority = (parts.authority or "").rpartition("@")[2]
    return parts._replace(authority=authority).join()
