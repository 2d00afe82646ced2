"""Images that a body shows twice: the lead image again, or one that follows upon itself."""

import re

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import BLOCKS, holds, is_void, last_shown

_SMALL = 64  # pixels; what is no larger stands in a line as a sign
_WITHIN = frozenset(
    ["td", "th", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "code", "sub", "sup"]
)
_IMG = frozenset(["img"])
_RUN = 3  # so many times the same image in a row is meant so: stars
_SIDE = re.compile(r"\s*(\d{1,5})")
# Signs by their file's name, and formulas by their alternative text.
_SIGN = re.compile(
    r"(?:^|[/_.-])(?:emojis?|smil\w*|icons?|stars?|ticks?|check(?:mark)?s?|cross(?:es)?|hearts?|bullets?"
    r"|arrows?|dots?|flags?|rating|badge|latex|math|formulae?|equation)(?:[/_.-]|\d|$)",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\\[a-zA-Z]|[\^{}≤≥±×]|\s[=<>]\s|^\W{1,8}$|^.{1,2}$")


def find_twins(body: LexborNode) -> list[LexborNode]:
    """Return the uses of images that only repeat the lead image, or the one right before."""
    leads: dict[str, bool] = {}  # by address: whether its first use is the lead image
    found: list[LexborNode] = []
    for node in body.css("img"):
        source = node.attributes.get("src") or ""
        if source not in leads:
            leads[source] = not leads and _shown_before(node) is None and not _is_sign(node)
        elif _is_sign(node) or _is_within_text(node) or _is_in_row(node, source):
            continue
        elif leads[source] or _repeats(_shown_before(node), source):
            found.append(node)
    return found


def _repeats(before: LexborNode | None, source: str) -> bool:
    return before is not None and before.tag == "img" and before.attributes.get("src") == source


def _shown_before(node: LexborNode) -> LexborNode | None:
    """Return what shows right before a node, wherever it stands; None if that is nothing."""
    around: LexborNode | None = node
    while around is not None and around.tag != "body":
        before = around.prev
        while before is not None and is_void(before):
            before = before.prev
        if before is not None:
            return _last_of(before)
        around = around.parent
    return None


def _last_of(node: LexborNode) -> LexborNode:
    while (within := last_shown(node)) is not None:
        node = within
    return node


def _is_sign(node: LexborNode) -> bool:
    """Whether an image is a sign in a text: small, named as one, or a formula."""
    attributes = node.attributes
    for side in ("width", "height"):
        match = _SIDE.match(attributes.get(side) or "")
        if match and int(match[1]) <= _SMALL and "%" not in (attributes.get(side) or ""):
            return True
    if attributes.get("style"):  # a size in the letters of the text
        return True
    alt = (attributes.get("alt") or "").strip()
    return bool(_SIGN.search(attributes.get("src") or "") or (alt and _FORMULA.search(alt)))


def _is_within_text(node: LexborNode) -> bool:
    """Whether an image stands in a line of text, a cell, an item or a heading."""
    around: LexborNode | None = node
    while around is not None and around.tag not in BLOCKS:
        if _has_text_beside(around):
            return True
        around = around.parent
    while around is not None and around.tag != "body":
        if around.tag in _WITHIN:
            return True
        around = around.parent
    return False


def _has_text_beside(node: LexborNode) -> bool:
    for back in (True, False):
        beside = node.prev if back else node.next
        while beside is not None and beside.tag != "br" and beside.tag not in BLOCKS:
            if not is_void(beside) and not holds(beside, _IMG):
                return True
            beside = beside.prev if back else beside.next
    return False


def _is_in_row(node: LexborNode, source: str) -> bool:
    """Whether an image stands in a row of the same image."""
    parent = node.parent
    if parent is None:
        return False
    same = (one for one in parent.iter() if one.tag == "img")
    return sum(one.attributes.get("src") == source for one in same) >= _RUN
