"""Duplicate images: a repeated lead image, or one that repeats the image right before it."""

import re

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import BLOCK_TAGS, contains_any, is_blank, last_visible

_ICON_MAX_PIXELS = 64  # an image up to this size is an icon
_TEXT_TAGS = frozenset(
    ["td", "th", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "code", "sub", "sup"]
)
_IMG = frozenset(["img"])
_ROW_MIN_IMAGES = 3  # a row of the same image is intended, for example rating stars
_LENGTH = re.compile(r"\s*(\d{1,5})")
# Icons by file name, and formulas by alternative text.
_ICON_NAME = re.compile(
    r"(?:^|[/_.-])(?:emojis?|smil\w*|icons?|stars?|ticks?|check(?:mark)?s?|cross(?:es)?|hearts?|bullets?"
    r"|arrows?|dots?|flags?|rating|badge|latex|math|formulae?|equation)(?:[/_.-]|\d|$)",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\\[a-zA-Z]|[\^{}≤≥±×]|\s[=<>]\s|^\W{1,8}$|^.{1,2}$")


def find_duplicate_images(body: LexborNode) -> list[LexborNode]:
    """Return the `img` elements that repeat the lead image, or the image right before them."""
    leads: dict[str, bool] = {}  # by URL: whether its first use is the lead image
    found: list[LexborNode] = []
    for node in body.css("img"):
        source = node.attributes.get("src") or ""
        if source not in leads:
            leads[source] = not leads and _visible_before(node) is None and not _is_icon(node)
        elif _is_icon(node) or _is_within_text(node) or _is_in_row(node, source):
            continue
        elif leads[source] or _is_same_image(_visible_before(node), source):
            found.append(node)
    return found


def _is_same_image(before: LexborNode | None, source: str) -> bool:
    return before is not None and before.tag == "img" and before.attributes.get("src") == source


def _visible_before(node: LexborNode) -> LexborNode | None:
    """Return the visible node right before a node in document order; None if there is none."""
    ancestor: LexborNode | None = node
    while ancestor is not None and ancestor.tag != "body":
        before = ancestor.prev
        while before is not None and is_blank(before):
            before = before.prev
        if before is not None:
            return _last_descendant(before)
        ancestor = ancestor.parent
    return None


def _last_descendant(node: LexborNode) -> LexborNode:
    while (within := last_visible(node)) is not None:
        node = within
    return node


def _is_icon(node: LexborNode) -> bool:
    """Whether an image is an icon or a formula: small, or known by name or alternative text."""
    attributes = node.attributes
    for side in ("width", "height"):
        match = _LENGTH.match(attributes.get(side) or "")
        if match and int(match[1]) <= _ICON_MAX_PIXELS and "%" not in (attributes.get(side) or ""):
            return True
    if attributes.get("style"):  # a size relative to the font
        return True
    alt = (attributes.get("alt") or "").strip()
    return bool(_ICON_NAME.search(attributes.get("src") or "") or (alt and _FORMULA.search(alt)))


def _is_within_text(node: LexborNode) -> bool:
    """Whether an image is in a line of text, a cell, an item or a heading."""
    ancestor: LexborNode | None = node
    while ancestor is not None and ancestor.tag not in BLOCK_TAGS:
        if _has_text_beside(ancestor):
            return True
        ancestor = ancestor.parent
    while ancestor is not None and ancestor.tag != "body":
        if ancestor.tag in _TEXT_TAGS:
            return True
        ancestor = ancestor.parent
    return False


def _has_text_beside(node: LexborNode) -> bool:
    for back in (True, False):
        sibling = node.prev if back else node.next
        while sibling is not None and sibling.tag != "br" and sibling.tag not in BLOCK_TAGS:
            if not is_blank(sibling) and not contains_any(sibling, _IMG):
                return True
            sibling = sibling.prev if back else sibling.next
    return False


def _is_in_row(node: LexborNode, source: str) -> bool:
    """Whether an image is in a row of the same image."""
    parent = node.parent
    if parent is None:
        return False
    same = (one for one in parent.iter() if one.tag == "img")
    return sum(one.attributes.get("src") == source for one in same) >= _ROW_MIN_IMAGES
