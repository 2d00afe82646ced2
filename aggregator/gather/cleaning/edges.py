"""Noise at the start and end of a body: complete blocks, and the last lines of a block."""

import re

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import (
    BLOCK_TAGS,
    MEDIA_TAGS,
    NEVER_ADVERT_TAGS,
    NOISE,
    NOISE_MAX_CHARS,
    VISIBLE_TAGS,
    block_rule,
    collapse,
    contains_any,
    first_visible,
    is_blank,
    is_call_to_action,
    is_mostly_links,
    last_visible,
    matches_any_rule,
)

_INLINE_TAGS = frozenset(["a", "small", "sub", "span", "em", "i", "font", "b", "strong"])
_HEADING_TAGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
# Cells, terms and captions are content whatever their text.
_PROTECTED_TAGS = NEVER_ADVERT_TAGS - _HEADING_TAGS - {"figure", "li", "ol", "ul"}
_CONDITIONAL_TAGS = _HEADING_TAGS | {"li"}
_STOP_TAGS = VISIBLE_TAGS | _PROTECTED_TAGS | _CONDITIONAL_TAGS
_LINE_RULES = tuple(rule for rule in NOISE.blocks if rule.line)
_LINE_PATTERN = re.compile(
    "|".join(f"(?:{rule.text.pattern})" for rule in _LINE_RULES), re.IGNORECASE | re.DOTALL
)
_MAX_TRAILING_LINES = 6


def find_edge_noise(
    body: LexborNode, place: str, long_blocks: set[int]
) -> tuple[str, list[LexborNode]]:
    """Find one piece of noise at the start or the end; return the rule id and the nodes.

    `long_blocks` are the ids of blocks that are too long to be noise.
    """
    step = last_visible if place == "end" else first_visible
    node = step(body)
    while node is not None:
        tag = node.tag or ""
        if tag == "-text" or tag in _INLINE_TAGS:
            if place == "end" and (lines := _match_trailing_lines(node)):
                return lines
            if tag == "-text":
                return "", []
        if tag in _STOP_TAGS and (tag not in _CONDITIONAL_TAGS or _is_content(node, tag, place)):
            return "", []
        if node.mem_id not in long_blocks and (found := _matching_rule(node, tag, place)):
            return found, [node]
        node = step(node)
    return "", []


def _is_content(node: LexborNode, tag: str, place: str) -> bool:
    """Whether a node is a heading before text, or a list item that is not mostly links."""
    if tag in _HEADING_TAGS:
        return place == "start"
    return tag == "li" and not is_mostly_links(node, collapse(node.text_lexbor()), 6)


def _matching_rule(node: LexborNode, tag: str, place: str) -> str:
    if tag not in BLOCK_TAGS and tag not in _INLINE_TAGS:
        return ""
    text = node.text_lexbor()
    if len(text) >= NOISE_MAX_CHARS * 4:
        return ""
    found = block_rule(node, collapse(text), place)
    if (
        found
        and tag in _INLINE_TAGS
        and not (tag == "a" and _is_link_rule(found))
        and not _is_alone_on_line(node)
    ):
        found = ""
    if not found and tag == "a" and place == "end" and is_call_to_action(node):
        return "call"
    return found


def _is_link_rule(name: str) -> bool:
    """Whether a rule matches links, which may be part of a line."""
    return any(rule.linked and rule.id == name for rule in NOISE.blocks)


def _is_alone_on_line(node: LexborNode) -> bool:
    """Whether an inline element is the only visible content of its line."""
    return not _has_visible_sibling(node, back=True) and not _has_visible_sibling(node, back=False)


def _has_visible_sibling(node: LexborNode, *, back: bool) -> bool:
    while True:
        sibling = node.prev if back else node.next
        while sibling is not None and is_blank(sibling):
            if sibling.tag == "br":
                return False
            sibling = sibling.prev if back else sibling.next
        if sibling is not None:
            return sibling.tag not in BLOCK_TAGS
        parent = node.parent
        if parent is None or parent.tag in BLOCK_TAGS:
            return False
        node = parent


def _match_trailing_lines(last: LexborNode) -> tuple[str, list[LexborNode]] | None:
    """Find noise in the last lines of a block, or in bare text after a block."""
    if last.prev is None:  # it is the complete block, which was already checked
        return None
    nodes: list[LexborNode] = []
    breaks = 0
    node: LexborNode | None = last
    while (
        node is not None and breaks <= _MAX_TRAILING_LINES and len(nodes) <= _MAX_TRAILING_LINES * 4
    ):
        tag = node.tag or ""
        if tag in BLOCK_TAGS or tag in VISIBLE_TAGS:
            return _match_lines(nodes) or _match_bare_text(nodes, node)
        if tag == "br":
            breaks += 1
            if found := _match_lines(nodes):
                return found
        nodes.append(node)
        node = node.prev
    return _match_lines(nodes) if node is None else None


def _match_lines(nodes: list[LexborNode]) -> tuple[str, list[LexborNode]] | None:
    text = collapse("".join(_node_text(node) for node in reversed(nodes)))
    if not text or len(text) > NOISE_MAX_CHARS or not _LINE_PATTERN.fullmatch(text):
        return None
    if any(contains_any(node, MEDIA_TAGS) for node in nodes):
        return None
    return next((rule.id, nodes) for rule in _LINE_RULES if rule.text.fullmatch(text))


def _match_bare_text(
    nodes: list[LexborNode], before: LexborNode
) -> tuple[str, list[LexborNode]] | None:
    """Match bare text after a block, which is a paragraph of its own."""
    text = collapse("".join(_node_text(node) for node in reversed(nodes)))
    if before.tag in VISIBLE_TAGS - {"hr"} or not text or len(text) > NOISE_MAX_CHARS:
        return None
    if not matches_any_rule(text, "end") or any(contains_any(node, MEDIA_TAGS) for node in nodes):
        return None
    rules = (rule for rule in NOISE.blocks if rule.at != "start" and not rule.linked)
    return next(((rule.id, nodes) for rule in rules if rule.text.fullmatch(text)), None)


def _node_text(node: LexborNode) -> str:
    if node.tag == "br":
        return " "
    return (node.text_content or "") if node.tag == "-text" else node.text_lexbor()
