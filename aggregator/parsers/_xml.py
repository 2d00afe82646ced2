"""A well-formed document as a tree, and what its elements hold."""

import base64
import binascii
import html
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from lxml import etree

from aggregator.errors import ParseError
from aggregator.parsers import _text
from aggregator.parsers._links import Link, relation
from aggregator.parsers._names import RDF_RESOURCE, XML_LANG, Names

Element = etree._Element  # noqa: SLF001  the library names its element no other way
Fields = Mapping[str, list[Element]]

_MARKUP: Final = {"html", "text/html", "xhtml", "application/xhtml+xml"}
_PLAIN: Final = {"text", "plain", "text/plain"}
_ENTRIES: Final = {"item", "entry"}
_HOLDERS: Final = {"channel", "items", "feed"}
_DEEPEST: Final = 4  # containers in containers


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading an element needs to know of its document."""

    names: Names
    url: str
    atom: bool
    based: bool  # some element may state a base of its own
    spoken: bool  # some element may state a language of its own
    language: str = ""
    page: str = ""  # the base of an entry without a link

    def base(self, element: Element) -> str:
        """Return the base of the addresses in an element."""
        return (element.base or "") if self.based else self.url


def read_tree(content: bytes, base: str = "") -> Element | None:
    """Return the root of a well-formed document, None for any other; nothing outside is read."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,  # texts above 10 MB; depth stays bounded at 2,048
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
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
        elif key:
            found[key] = [child]
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
    return [each for key in keys if key in found for each in found[key]]


def in_order(element: Element, found: Fields, keys: frozenset[str], names: Names) -> list[Element]:
    """Return the children of these names in the order of the document."""
    there = [key for key in found if key in keys]
    if len(there) < 2:
        return found[there[0]] if there else []
    return [each for each in element if names[each.tag] in keys]


def deep(element: Element, name: str) -> str:
    """Return the text of the first element of this local name inside another."""
    if not len(element):
        return ""
    return next((each.text or "" for each in element.iter("{*}" + name)), "")


def first(found: Fields, *keys: str) -> str:
    """Return the text of the first element of these names that has one."""
    for key in keys:
        if key in found:
            for element in found[key]:
                value = text(element)
                if value:
                    return value
    return ""


def text(element: Element) -> str:
    """Return the stripped text of an element, with the text of what stands in it."""
    if len(element):
        return "".join(map(str, element.itertext())).strip()
    value = element.text
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

    `default` is the kind where the element does not say; "guess" looks at the text.
    """
    kind = (element.get("type") or "").strip().lower()
    mode = element.get("mode") or ""
    if len(element):
        return inner(element).strip(), "html"
    value = (element.text or "").strip()
    if mode == "base64" or (kind and _is_binary(kind)):
        value, default = _unpack(value), "guess"
    elif kind in _MARKUP:
        return (html.escape(value, quote=False) if _is_xml(kind, mode) else value), "html"
    elif kind in _PLAIN:
        return value, "text"
    if default == "guess":
        return value, "html" if _text.looks_like_html(value) else "text"
    return value, default


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


def as_markup(found: Iterable[Element], default: str) -> str:
    """Return the first value that is not empty, as HTML."""
    for element in found:
        value, kind = construct(element, default)
        if value:
            bounded = value[: _text.TEXT_MOST]
            return bounded if kind == "html" else _text.as_html(bounded)
    return ""


def title(found: Fields, keys: Iterable[str], *, atom: bool) -> tuple[str, bool]:
    """Return the first title on one line and whether it is HTML."""
    for element in all_of(found, keys):
        value, kind = construct(element, "text" if atom else "guess")
        if value:
            return _text.line(value), kind == "html"
    return "", False


def plain(found: Fields, keys: Iterable[str], *, atom: bool) -> str:
    """Return the first text in plain words on one line."""
    words, is_html = title(found, keys, atom=atom)
    return _text.flat(words) if is_html else words


def links(found: Fields, element: Element, context: Context) -> list[Link]:
    """Return the links of an entry or a feed, those of the feed's own kind first."""
    linked: list[Link] = []
    for each in all_of(found, ("link", "atom:link"))[: _text.MANY * 3]:
        href = each.get("href") or each.get(RDF_RESOURCE) or each.text
        url = _text.address(href, context.base(each))
        if url:
            linked.append(_link_of(each, url) if each.attrib else Link(href=url))
    own = attribute(element, "href")
    return [*linked, Link(href=_text.address(own, context.base(element)))] if own else linked


def _link_of(element: Element, url: str) -> Link:
    return Link(
        href=url,
        rel=relation(element.get("rel")),
        type=(element.get("type") or "").lower(),
        title=element.get("title") or "",
        length=element.get("length") or "",
    )


def attribute(element: Element, name: str) -> str:
    """Return an attribute of CDF, whose names may be in capitals."""
    return element.get(name) or element.get(name.upper()) or "" if element.attrib else ""


def language_of(*elements: Element) -> str:
    """Return the first language that one of the elements states itself."""
    return next(filter(None, (each.get(XML_LANG) for each in elements)), "")
