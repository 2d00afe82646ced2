"""The fast path: the tree of a well-formed feed → ParsedFeed."""

from dataclasses import replace

from aggregator.core.model import ParsedFeed
from aggregator.gather.parsers import _entry, _info, _xml
from aggregator.gather.parsers._links import home
from aggregator.gather.parsers._names import Names
from aggregator.gather.parsers._xml import Context, Element


def read(root: Element, content: bytes, url: str) -> ParsedFeed | None:
    """Map a tree; None if it contains neither a feed nor an entry."""
    names = Names(root.tag, root.nsmap)
    kind = names[root.tag]
    elements = list(_xml.entries(root, names))
    if not elements and kind not in ("rss", "rdf", "feed", "channel"):
        return None
    marked = b"xml:" in content  # xml:base and xml:lang cannot use another prefix
    context = Context(
        names=names,
        url=url,
        document=url,
        atom=kind in ("feed", "entry"),
        based=marked and b"xml:base" in content,
        spoken=marked and b"xml:lang" in content,
        pushed=kind == "channel",
    )
    info = _info.read(_channel(root, names), root, context)
    base = home(info.link, url)
    context = replace(context, url=base, page=info.link, language=info.language)
    entries = (_entry.read(number, element, context) for number, element in enumerate(elements, 1))
    return ParsedFeed(info=info, entries=tuple(entries))


def _channel(root: Element, names: Names) -> Element:
    """Return the element with the metadata of the feed."""
    if names[root.tag] in ("feed", "channel"):
        return root
    return next((child for child in root if names[child.tag] in ("channel", "feed")), root)
