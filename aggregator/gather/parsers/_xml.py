"""Parse a well-formed document into a tree, and read texts and links from its elements."""

import base64
import binascii
import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from aggregator.core.errors import ParseError
from aggregator.gather.parsers import _text
from aggregator.gather.parsers._attributes import attribute
from aggregator.gather.parsers._links import RELATIONS, Link, is_web, relation
from aggregator.gather.parsers._names import RDF_RESOURCE, XML_LANG, Names

Element = etree._Element  # noqa: SLF001  the library names its element no other way
Fields = Mapping[str, list[Element]]

OPTIONS: Final[dict[str, Any]] = {  # for all XML parsers
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": True,  # allows texts above 10 MB; the depth limit stays 2,048
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
_MARKUP: Final = {"html", "text/html", "xhtml", "application/xhtml+xml"}
_PLAIN: Final = {"text", "plain", "text/plain"}
# Values of the argument `default`; see `construct`.
_ATOM: Final = {"text", "untyped"}
_CERTAIN: Final = {"text", "html"}
_UNCERTAIN: Final = {"guess", "untyped"}
_ENTRIES: Final = {"item", "entry"}
_HOLDERS: Final = {"channel", "items", "feed"}
_MAX_CONTAINER_DEPTH: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The properties of the document that parsing an element needs."""

    names: Names
    url: str  # the base of relative URLs
    atom: bool
    based: bool  # the document contains xml:base
    spoken: bool  # the document contains xml:lang
    pushed: bool = False  # the document is CDF, which uses attributes instead of elements
    language: str = ""
    page: str = ""  # the base of an entry without a link
    document: str = ""  # the URL of the document, if it differs from the base

    def base(self, element: Element) -> str:
        """Return the base of the URLs in an element."""
        if not self.based:
            return self.url
        base = element.base or ""
        return self.url if base == self.document else base


def read_tree(content: bytes, base: str = "") -> Element | None:
    """Return the root of a well-formed document, else None; external resources are never loaded."""
    parser = etree.XMLParser(**OPTIONS)
    try:
        return etree.fromstring(content, parser, base_url=base if base.isprintable() else "")
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise ParseError("the elements are nested too deeply") from error
        return None


def fields(element: Element, names: Names) -> Fields:
    """Return the children of an element by their normalized names."""
    found: dict[str, list[Element]] = {}
    for child in element:
        key = names[child.tag]
        if key in found:
            found[key].append(child)
        else:
            found[key] = [child]
    found.pop("", None)
    return found


def entries(element: Element, names: Names, depth: int = 0) -> Iterator[Element]:
    """Yield the entry elements in document order, including those inside nested containers."""
    if depth == 0 and names[element.tag] == "entry":
        yield element
        return
    for child in element:
        name = names[child.tag]
        if name in _ENTRIES:
            yield child
        elif name in _HOLDERS and depth < _MAX_CONTAINER_DEPTH:
            yield from entries(child, names, depth + 1)


def all_of(found: Fields, keys: Iterable[str]) -> list[Element]:
    """Return the elements of these names, those of the first name first."""
    there = [found[key] for key in keys if key in found]
    return there[0] if len(there) == 1 else [each for several in there for each in several]


def in_order(element: Element, found: Fields, keys: Sequence[str], names: Names) -> list[Element]:
    """Return the children of these names in document order; each name must be in `found`."""
    if len(keys) < 2:
        return found[keys[0]] if keys else []
    return [each for each in element if names[each.tag] in keys]


def deep(element: Element, name: str) -> str:
    """Return the text of the first descendant with this local name."""
    if not len(element):
        return ""
    return next((each.text or "" for each in element.iter("{*}" + name)), "")


def first(found: Fields, keys: Iterable[str]) -> str:
    """Return the text of the first element of these names that is not empty."""
    for key in keys:
        for element in found.get(key, ()):
            value = text(element)
            if value:
                return value
    return ""


def text(element: Element) -> str:
    """Return the stripped text of an element and its descendants."""
    value = "".join(map(str, element.itertext())) if len(element) else element.text
    return value.strip() if value else ""


def inner(element: Element) -> str:
    """Return the content of an element as HTML, without a `div` that wraps all of it."""
    only = element[0]
    wrapped = len(element) == 1 and local(only.tag) == "div"
    if wrapped and not (element.text or "").strip() and not (only.tail or "").strip():
        element = only
    copy = deepcopy(element)
    for each in copy.iter(etree.Element):
        each.tag = local(each.tag)
    etree.cleanup_namespaces(copy)
    pieces = [html.escape(copy.text or "", quote=False)]
    pieces += (etree.tostring(child, encoding="unicode", method="html") for child in copy)
    return "".join(pieces)


def local(tag: object) -> str:
    """Return the name of an element without its namespace."""
    return str(tag).rpartition("}")[2]


def construct(element: Element, default: str) -> tuple[str, str]:
    """Return the value of a text construct and its kind, `html` or `text`.

    `default` applies if the element declares no type: "guess" inspects the text, "untyped" is
    plain text as in Atom unless it is certainly HTML.
    """
    if len(element):
        return inner(element).strip(), "html"
    value = (element.text or "").strip()
    kind = element.get("type")
    if kind is None and default in _ATOM and element.keys():
        kind = attribute(element, "type")
    if kind is not None:
        mode = element.get("mode") or ""
        if kind or mode == "base64":
            return _typed(value, kind.partition(";")[0].strip().lower(), mode, default)
    return value, default if default in _CERTAIN else _untyped(value, default)


def _untyped(value: str, default: str) -> str:
    """Return the kind of a value without a declared type."""
    if default == "guess":
        return "html" if _text.looks_like_html(value) else "text"
    if default == "untyped":
        return "html" if _text.contains_html(value) else "text"
    return default


def _typed(value: str, kind: str, mode: str, default: str) -> tuple[str, str]:
    """Return a value, decoded if need be, and its kind by its declared type."""
    if mode == "base64" or (kind and _is_binary(kind)):
        value = _decode_base64(value)
        return value, "html" if _text.looks_like_html(value) else "text"
    if kind in _MARKUP:
        return (html.escape(value, quote=False) if _is_xml(kind, mode) else value), "html"
    return value, "text" if kind in _PLAIN or default in _UNCERTAIN else default


def _is_xml(kind: str, mode: str) -> bool:
    return kind in ("xhtml", "application/xhtml+xml") and mode != "escaped"


def _is_binary(kind: str) -> bool:
    return "/" in kind and not kind.startswith("text/") and not kind.endswith(("+xml", "/xml"))


def _decode_base64(value: str) -> str:
    """Decode base64; return the value unchanged if the result is not UTF-8 text."""
    try:
        return base64.b64decode(value, validate=False).decode("utf-8").strip()
    except (binascii.Error, ValueError):
        return value


def as_markup(elements: Iterable[Element], default: str) -> str:
    """Return the first non-empty value as HTML."""
    for element in elements:
        value, kind = construct(element, default)
        if value:
            if len(value) > _text.MAX_TEXT_CHARACTERS:
                value = value[: _text.MAX_TEXT_CHARACTERS]
            return value if kind == "html" else _text.as_html(value)
    return ""


def title(found: Fields, keys: Iterable[str], *, atom: bool) -> tuple[str, bool]:
    """Return the first title on one line and whether it is HTML."""
    for key in keys:
        for element in found.get(key, ()):
            value, kind = construct(element, "text" if atom else "guess")
            if value:
                return _text.line(value), kind == "html"
    return "", False


def plain(found: Fields, keys: Iterable[str], *, atom: bool) -> str:
    """Return the first text without markup on one line."""
    words, is_html = title(found, keys, atom=atom)
    return _text.flat(words) if is_html else words


def links(element: Element, found: Fields, keys: Iterable[str], context: Context) -> list[Link]:
    """Return the links of an entry or a feed, in the order of `keys`."""
    linked: list[Link] = []
    for key in keys:
        for each in found[key][: _text.MAX_ITEMS * 3]:
            if not each.keys():  # as in RSS, where the text is the URL; in Atom it is an attribute
                url = _text.address(each.text, context.base(each)) or _url_after(each)
                linked += (Link(url),) if url else ()
                continue
            href = each.get("href") or attribute(each, "href")
            written = href or each.text or each.get(RDF_RESOURCE)
            url = _text.address(written, context.base(each)) or _url_after(each)
            if href:
                linked.append(_link_of(each, url))
            elif url:
                linked.append(_link_of(each, url, from_text=True))
    own = attribute(element, "href") if context.pushed else ""
    return [*linked, Link(_text.address(own, context.base(element)))] if own else linked


def _url_after(element: Element) -> str:
    """Return a URL after `<link/>`, where some feeds put it as if the element were void."""
    tail = (element.tail or "").strip()
    return tail if is_web(tail) and not tail.split()[1:] else ""


def _link_of(element: Element, url: str, *, from_text: bool = False) -> Link:
    """Return a link; `from_text`: the URL was the text, so an unknown relation is ignored."""
    rel = relation(element.get("rel") or attribute(element, "rel"))
    kind = (element.get("type") or attribute(element, "type")).lower()
    if from_text and rel not in RELATIONS:
        rel = "alternate"
    if rel != "enclosure":
        return Link(url, rel, kind)
    return Link(url, rel, kind, attribute(element, "title"), attribute(element, "length"))


def language_of(*elements: Element) -> str:
    """Return the first xml:lang among the elements themselves."""
    return next(filter(None, (each.get(XML_LANG) for each in elements)), "")
