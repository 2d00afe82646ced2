"""A well-formed document as a tree, and what its elements hold."""

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

OPTIONS: Final[dict[str, Any]] = {  # of every XML parser
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": True,  # texts above 10 MB; depth stays bounded at 2,048
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
_MARKUP: Final = {"html", "text/html", "xhtml", "application/xhtml+xml"}
_PLAIN: Final = {"text", "plain", "text/plain"}
_ATOM: Final = {"text", "untyped"}  # defaults
_CERTAIN: Final = {"text", "html"}
_OPEN: Final = {"guess", "untyped"}
_ENTRIES: Final = {"item", "entry"}
_HOLDERS: Final = {"channel", "items", "feed"}
_DEEPEST: Final = 4  # containers in containers


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading an element needs to know of its document."""

    names: Names
    url: str  # the base of relative addresses
    atom: bool
    based: bool  # some element may state a base of its own
    spoken: bool  # some element may state a language of its own
    pushed: bool = False  # CDF, which says in attributes what others say in elements
    language: str = ""
    page: str = ""  # the base of an entry without a link
    document: str = ""  # the address of the document, where that is not the base

    def base(self, element: Element) -> str:
        """Return the base of the addresses in an element."""
        if not self.based:
            return self.url
        base = element.base or ""
        return self.url if base == self.document else base


def read_tree(content: bytes, base: str = "") -> Element | None:
    """Return the root of a well-formed document, None for any other; nothing outside is read."""
    parser = etree.XMLParser(**OPTIONS)
    try:
        return etree.fromstring(content, parser, base_url=base if base.isprintable() else "")
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise ParseError("the elements are nested too deeply") from error
        return None


def fields(element: Element, names: Names) -> Fields:
    """Return the children of an element by what their names mean."""
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
    """Yield the elements that are entries, in document order, also from containers in the root."""
    if depth == 0 and names[element.tag] == "entry":
        yield element
        return
    for child in element:
        name = names[child.tag]
        if name in _ENTRIES:
            yield child
        elif name in _HOLDERS and depth < _DEEPEST:
            yield from entries(child, names, depth + 1)


def all_of(found: Fields, keys: Iterable[str]) -> list[Element]:
    """Return the elements of these names, those of the first name first."""
    there = [found[key] for key in keys if key in found]
    return there[0] if len(there) == 1 else [each for several in there for each in several]


def in_order(element: Element, found: Fields, keys: Sequence[str], names: Names) -> list[Element]:
    """Return the children of these names, all of them there, in the order of the document."""
    if len(keys) < 2:
        return found[keys[0]] if keys else []
    return [each for each in element if names[each.tag] in keys]


def deep(element: Element, name: str) -> str:
    """Return the text of the first element of this local name inside another."""
    if not len(element):
        return ""
    return next((each.text or "" for each in element.iter("{*}" + name)), "")


def first(found: Fields, keys: Iterable[str]) -> str:
    """Return the text of the first element of these names that has one."""
    for key in keys:
        for element in found.get(key, ()):
            value = text(element)
            if value:
                return value
    return ""


def text(element: Element) -> str:
    """Return the stripped text of an element, with the text of what stands in it."""
    value = "".join(map(str, element.itertext())) if len(element) else element.text
    return value.strip() if value else ""


def inner(element: Element) -> str:
    """Return what an element holds as HTML; a single `div` around all of it is left out."""
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
    """Return the value of a text construct and its kind: `html`, `text`, or `` for other data.

    `default` is the kind where the element does not say: "guess" looks at the text, "untyped"
    is plain text as in Atom unless it holds HTML beyond doubt.
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
    """Return the kind of a value of which its element does not say it."""
    if default == "guess":
        return "html" if _text.looks_like_html(value) else "text"
    if default == "untyped":
        return "html" if _text.holds_html(value) else "text"
    return default


def _typed(value: str, kind: str, mode: str, default: str) -> tuple[str, str]:
    """Return a value and its kind, by what its element says of it."""
    if mode == "base64" or (kind and _is_binary(kind)):
        value = _unpack(value)
        return value, "html" if _text.looks_like_html(value) else "text"
    if kind in _MARKUP:
        return (html.escape(value, quote=False) if _is_xml(kind, mode) else value), "html"
    return value, "text" if kind in _PLAIN or default in _OPEN else default


def _is_xml(kind: str, mode: str) -> bool:
    return kind in ("xhtml", "application/xhtml+xml") and mode != "escaped"


def _is_binary(kind: str) -> bool:
    return "/" in kind and not kind.startswith("text/") and not kind.endswith(("+xml", "/xml"))


def _unpack(value: str) -> str:
    """Decode base64; what is no text after it stays as it was, and is plain at least."""
    try:
        return base64.b64decode(value, validate=False).decode("utf-8").strip()
    except (binascii.Error, ValueError):
        return value


def as_markup(elements: Iterable[Element], default: str) -> str:
    """Return the first value that is not empty, as HTML."""
    for element in elements:
        value, kind = construct(element, default)
        if value:
            if len(value) > _text.TEXT_MOST:
                value = value[: _text.TEXT_MOST]
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
    """Return the first text in plain words on one line."""
    words, is_html = title(found, keys, atom=atom)
    return _text.flat(words) if is_html else words


def links(element: Element, found: Fields, keys: Iterable[str], context: Context) -> list[Link]:
    """Return the links of an entry or a feed, those of the feed's own kind first."""
    linked: list[Link] = []
    for key in keys:
        for each in found[key][: _text.MANY * 3]:
            # RSS writes the address into the element, Atom into an attribute
            if not each.keys():  # as in RSS
                url = _text.address(each.text, context.base(each)) or _behind(each)
                linked += (Link(url),) if url else ()
                continue
            href = each.get("href") or attribute(each, "href")
            written = href or each.text or each.get(RDF_RESOURCE)
            url = _text.address(written, context.base(each)) or _behind(each)
            if href:
                linked.append(_link_of(each, url))
            elif url:
                linked.append(_link_of(each, url, spelt=True))
    own = attribute(element, "href") if context.pushed else ""
    return [*linked, Link(_text.address(own, context.base(element)))] if own else linked


def _behind(element: Element) -> str:
    """Return the address behind `<link/>`, where those put it who take it for HTML's."""
    tail = (element.tail or "").strip()
    return tail if is_web(tail) and not tail.split()[1:] else ""


def _link_of(element: Element, url: str, *, spelt: bool = False) -> Link:
    """Return a link; one whose address is spelt out as text has a relation only if it is known."""
    rel = relation(element.get("rel") or attribute(element, "rel"))
    kind = (element.get("type") or attribute(element, "type")).lower()
    if spelt and rel not in RELATIONS:
        rel = "alternate"
    if rel != "enclosure":
        return Link(url, rel, kind)
    return Link(url, rel, kind, attribute(element, "title"), attribute(element, "length"))


def language_of(*elements: Element) -> str:
    """Return the first language that one of the elements states itself."""
    return next(filter(None, (each.get(XML_LANG) for each in elements)), "")
