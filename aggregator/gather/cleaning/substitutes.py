"""What stands in for elements that do not come through: text, formulas, pictures."""

import re
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.gather.cleaning.formulas import RENDERED, formula, glyphs, is_repeated
from aggregator.gather.cleaning.noise import BLOCKS, collapse, is_void

Attributes = dict[str, str | None]

_HOLDS_BLOCKS = frozenset(
    ["body", "div", "section", "article", "main", "figure", "li", "td", "blockquote"]
)
# Text in one of these comes out of it when it is read again.
_NO_TEXT = frozenset(["table", "tbody", "thead", "tfoot", "tr", "colgroup"])
_DRAWN_TEXT = frozenset(["title", "desc", "text", "foreignObject"])
_BOXES = {"checkbox": ("☐", "☑"), "radio": ("○", "◉")}
_BACKGROUND = re.compile(
    r"background(?:-image)?\s*:[^;]*?url\(\s*(?:\"([^\"]+)\"|'([^']+)'|([^\"'\s)]+))\s*\)",
    re.IGNORECASE,
)
_IMAGE_TYPE = re.compile(r"data:image/", re.IGNORECASE)
_MOST = 2000  # characters that a drawing may leave


def put(node: LexborNode, html: str) -> int:
    """Put plain inline HTML before a node; return how many of its characters show."""
    if not html or node.parent is None or node.parent.tag in _NO_TEXT:
        return 0
    if _stands_as_block(node):
        html = f"<p>{html}</p>"
    page = LexborHTMLParser("<body>" + html).body
    shows = 0
    child = page.first_child if page is not None else None
    while child is not None:
        following = child.next
        text = (child.text_content or "") if child.tag == "-text" else child.text_lexbor()
        shows += len(text)
        node.insert_before(text if child.tag == "-text" else child)
        child = following
    return shows


def _stands_as_block(node: LexborNode) -> bool:
    """Whether nothing but blocks stands beside a node, in an element that holds blocks."""
    if node.parent is None or node.parent.tag not in _HOLDS_BLOCKS:
        return False
    before, after = node.prev, node.next
    while before is not None and before.tag != "br" and is_void(before):
        before = before.prev
    while after is not None and after.tag != "br" and is_void(after):
        after = after.next
    beside = [one.tag in BLOCKS for one in (before, after) if one is not None]
    return bool(beside) and all(beside)


def spaced(node: LexborNode, text: str) -> str:
    """Return text with a space on each side where a word would stick to it."""
    before, after = node.prev, node.next
    left = before is not None and before.tag not in BLOCKS and not _ends_blank(before, start=False)
    right = after is not None and after.tag not in BLOCKS and not _ends_blank(after, start=True)
    return f"{' ' if left else ''}{text}{' ' if right else ''}" if text else ""


def _ends_blank(node: LexborNode, *, start: bool) -> bool:
    text = (node.text_content or "") if node.tag == "-text" else node.text_lexbor()
    edge = text[:1] if start else text[-1:]
    return not edge or edge.isspace() or (start and not edge.isalnum())


def drawing(svg: LexborNode, attributes: Attributes) -> str:
    """Return what a drawing says: its label, titles, and the text in it; '' if it is mere ornament."""
    ornament = (attributes.get("aria-hidden") or "").lower() == "true"
    found: dict[str, None] = {}
    if not ornament:
        found[collapse(attributes.get("aria-label") or "")] = None
    _gather(svg, found, ornament=ornament)
    return escape(" ".join(part for part in found if part)[:_MOST], quote=False)


def _gather(parent: LexborNode, found: dict[str, None], *, ornament: bool) -> None:
    child = parent.first_child
    while child is not None:
        tag = child.tag or ""
        if tag in _DRAWN_TEXT:
            if not (ornament and tag in {"title", "desc"}):
                found[collapse(_spelt(child))] = None
        elif child.is_element_node and tag not in {"style", "script"}:
            _gather(child, found, ornament=ornament)
        child = child.next


def _spelt(node: LexborNode) -> str:
    parts = []
    for one in node.traverse(include_text=True):
        if one.tag == "-text":
            kind = one.parent.tag if one.parent is not None else ""
            parts.append("" if kind in {"style", "script"} else one.text_content or "")
        elif one.tag in BLOCKS or one.tag in {"tspan", "br"}:
            parts.append(" ")
    return "".join(parts)


def pictures(svg: LexborNode) -> list[str]:
    """Return the addresses of the pictures that a drawing holds."""
    return [
        address
        for node in svg.traverse()
        if node.tag == "image"
        and (address := node.attributes.get("href") or node.attributes.get("xlink:href") or "")
        and not _IMAGE_TYPE.match(address)
    ]


def box(attributes: Attributes) -> str:
    """Return the sign for a box to tick; '' if an input is none."""
    signs = _BOXES.get((attributes.get("type") or "").lower())
    return signs["checked" in attributes] if signs else ""


def background(attributes: Attributes) -> str:
    """Return the address of the picture that a style puts behind an element."""
    match = _BACKGROUND.search(attributes.get("style") or "")
    address = next((group for group in match.groups() if group), "") if match else ""
    return "" if address.startswith("data:") else address


def rendering(node: LexborNode, attributes: Attributes) -> tuple[bool, str]:
    """Judge what a script made of a formula: whether it goes, and the formula to put in its place."""
    classes = (attributes.get("class") or "").split()
    if node.tag == "mjx-container" or not RENDERED.isdisjoint(classes):
        if is_repeated(node, classes):
            return True, ""
        math = node.css_first("math")
        if math is None and (source := attributes.get("data-mathml")):
            page = LexborHTMLParser("<body>" + source[:20_000]).body
            math = page.css_first("math") if page is not None else None
            return (True, formula(math)) if math is not None else (False, "")
        if math is not None:
            return True, formula(math)
        if node.tag == "mjx-container" and not collapse(node.text_lexbor()):
            return True, escape(collapse(attributes.get("aria-label") or "") or glyphs(node))
    return False, ""
