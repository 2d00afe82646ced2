"""Replacements for elements that the sanitizer removes: text, formulas, images."""

import re
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.gather.cleaning.math_markup import (
    RENDERED_CLASSES,
    formula_html,
    glyph_text,
    is_duplicate_rendering,
)
from aggregator.gather.cleaning.noise import BLOCK_TAGS, collapse, is_blank

Attributes = dict[str, str | None]

_BLOCK_CONTAINERS = frozenset(
    ["body", "div", "section", "article", "main", "figure", "li", "td", "blockquote"]
)
# A parser moves text out of these elements.
_NO_TEXT_TAGS = frozenset(["table", "tbody", "thead", "tfoot", "tr", "colgroup"])
_SVG_TEXT_TAGS = frozenset(["title", "desc", "text", "foreignObject"])
_CHECKBOX_SIGNS = {"checkbox": ("☐", "☑"), "radio": ("○", "◉")}
_BACKGROUND = re.compile(
    r"background(?:-image)?\s*:[^;]*?url\(\s*(?:\"([^\"]+)\"|'([^']+)'|([^\"'\s)]+))\s*\)",
    re.IGNORECASE,
)
_IMAGE_TYPE = re.compile(r"data:image/", re.IGNORECASE)
_SVG_TEXT_MAX_CHARS = 2000  # of the text of one SVG


def insert_html_before(node: LexborNode, html: str) -> int:
    """Insert inline HTML before a node; return the number of visible characters."""
    if not html or node.parent is None or node.parent.tag in _NO_TEXT_TAGS:
        return 0
    if _is_between_blocks(node):
        html = f"<p>{html}</p>"
    page = LexborHTMLParser("<body>" + html).body
    visible = 0
    child = page.first_child if page is not None else None
    while child is not None:
        following = child.next
        text = (child.text_content or "") if child.tag == "-text" else child.text_lexbor()
        visible += len(text)
        node.insert_before(text if child.tag == "-text" else child)
        child = following
    return visible


def _is_between_blocks(node: LexborNode) -> bool:
    """Whether a node has only blocks next to it, in an element that may contain blocks."""
    if node.parent is None or node.parent.tag not in _BLOCK_CONTAINERS:
        return False
    before, after = node.prev, node.next
    while before is not None and before.tag != "br" and is_blank(before):
        before = before.prev
    while after is not None and after.tag != "br" and is_blank(after):
        after = after.next
    neighbours = [one.tag in BLOCK_TAGS for one in (before, after) if one is not None]
    return bool(neighbours) and all(neighbours)


def pad_with_spaces(node: LexborNode, text: str) -> str:
    """Return text with a space on each side where it would touch a word."""
    before, after = node.prev, node.next
    left = (
        before is not None
        and before.tag not in BLOCK_TAGS
        and not _has_blank_edge(before, start=False)
    )
    right = (
        after is not None and after.tag not in BLOCK_TAGS and not _has_blank_edge(after, start=True)
    )
    return f"{' ' if left else ''}{text}{' ' if right else ''}" if text else ""


def _has_blank_edge(node: LexborNode, *, start: bool) -> bool:
    text = (node.text_content or "") if node.tag == "-text" else node.text_lexbor()
    edge = text[:1] if start else text[-1:]
    return not edge or edge.isspace() or (start and not edge.isalnum())


def svg_text(svg: LexborNode, attributes: Attributes) -> str:
    """Return the label, titles and text of an SVG; '' if it is decorative."""
    decorative = (attributes.get("aria-hidden") or "").lower() == "true"
    found: dict[str, None] = {}
    if not decorative:
        found[collapse(attributes.get("aria-label") or "")] = None
    _collect_svg_text(svg, found, decorative=decorative)
    return escape(" ".join(part for part in found if part)[:_SVG_TEXT_MAX_CHARS], quote=False)


def _collect_svg_text(parent: LexborNode, found: dict[str, None], *, decorative: bool) -> None:
    child = parent.first_child
    while child is not None:
        tag = child.tag or ""
        if tag in _SVG_TEXT_TAGS:
            if not (decorative and tag in {"title", "desc"}):
                found[collapse(_element_text(child))] = None
        elif child.is_element_node and tag not in {"style", "script"}:
            _collect_svg_text(child, found, decorative=decorative)
        child = child.next


def _element_text(node: LexborNode) -> str:
    parts = []
    for one in node.traverse(include_text=True):
        if one.tag == "-text":
            kind = one.parent.tag if one.parent is not None else ""
            parts.append("" if kind in {"style", "script"} else one.text_content or "")
        elif one.tag in BLOCK_TAGS or one.tag in {"tspan", "br"}:
            parts.append(" ")
    return "".join(parts)


def svg_images(svg: LexborNode) -> list[str]:
    """Return the URLs of the images in an SVG."""
    return [
        url
        for node in svg.traverse()
        if node.tag == "image"
        and (url := node.attributes.get("href") or node.attributes.get("xlink:href") or "")
        and not _IMAGE_TYPE.match(url)
    ]


def checkbox_sign(attributes: Attributes) -> str:
    """Return the character for a checkbox or radio button; '' for any other input."""
    signs = _CHECKBOX_SIGNS.get((attributes.get("type") or "").lower())
    return signs["checked" in attributes] if signs else ""


def background_url(attributes: Attributes) -> str:
    """Return the URL of the CSS background image of an element; '' if there is none."""
    match = _BACKGROUND.search(attributes.get("style") or "")
    url = next((group for group in match.groups() if group), "") if match else ""
    return "" if url.startswith("data:") else url


def replace_rendering(node: LexborNode, attributes: Attributes) -> tuple[bool, str]:
    """Return whether to remove a script's rendering of a formula, and the HTML to put in its place."""
    classes = (attributes.get("class") or "").split()
    if node.tag == "mjx-container" or not RENDERED_CLASSES.isdisjoint(classes):
        if is_duplicate_rendering(node, classes):
            return True, ""
        math = node.css_first("math")
        if math is None and (source := attributes.get("data-mathml")):
            page = LexborHTMLParser("<body>" + source[:20_000]).body
            math = page.css_first("math") if page is not None else None
            return (True, formula_html(math)) if math is not None else (False, "")
        if math is not None:
            return True, formula_html(math)
        if node.tag == "mjx-container" and not collapse(node.text_lexbor()):
            return True, escape(collapse(attributes.get("aria-label") or "") or glyph_text(node))
    return False, ""
