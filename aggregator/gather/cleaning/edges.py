"""Noise at the start and the end of a body: whole blocks, and the last lines of a block."""

import re

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import (
    BLOCKS,
    LONGEST_BLOCK,
    MEDIA,
    NO_ADVERT,
    NOISE,
    SOLID,
    block_rule,
    collapse,
    first_shown,
    holds,
    is_call,
    is_mostly_links,
    is_told,
    is_void,
    last_shown,
)

_INLINE = frozenset(["a", "small", "sub", "span", "em", "i", "font", "b", "strong"])
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
# Cells, terms and captions belong to what they stand in, whatever their words.
_KEPT = NO_ADVERT - _HEADINGS - {"figure", "li", "ol", "ul"}
_PERHAPS = _HEADINGS | {"li"}
_STOPS = SOLID | _KEPT | _PERHAPS
_LINE_RULES = tuple(rule for rule in NOISE.blocks if rule.line)
_LINES = re.compile(
    "|".join(f"(?:{rule.text.pattern})" for rule in _LINE_RULES), re.IGNORECASE | re.DOTALL
)
_MOST_LINES = 6


def find_edge(body: LexborNode, place: str, big: set[int]) -> tuple[str, list[LexborNode]]:
    """Find one piece of noise at the start or the end; return its rule's id and its nodes.

    `big` holds the ids of blocks that are too long to be looked at.
    """
    step = last_shown if place == "end" else first_shown
    node = step(body)
    while node is not None:
        tag = node.tag or ""
        if tag == "-text" or tag in _INLINE:
            if place == "end" and (lines := _last_lines(node)):
                return lines
            if tag == "-text":
                return "", []
        if tag in _STOPS and (tag not in _PERHAPS or _goes_on(node, tag, place)):
            return "", []
        if node.mem_id not in big and (found := _judge(node, tag, place)):
            return found, [node]
        node = step(node)
    return "", []


def _goes_on(node: LexborNode, tag: str, place: str) -> bool:
    """Whether a node is a heading with a text to come, or an item of a list that is no list of links."""
    if tag in _HEADINGS:
        return place == "start"
    return tag == "li" and not is_mostly_links(node, collapse(node.text_lexbor()), 6)


def _judge(node: LexborNode, tag: str, place: str) -> str:
    if tag not in BLOCKS and tag not in _INLINE:
        return ""
    text = node.text_lexbor()
    if len(text) >= LONGEST_BLOCK * 4:
        return ""
    found = block_rule(node, collapse(text), place)
    if found and tag in _INLINE and not (tag == "a" and _asks(found)) and not _is_line(node):
        found = ""
    if not found and tag == "a" and place == "end" and is_call(node):
        return "call"
    return found


def _asks(name: str) -> bool:
    """Whether a rule is one for links that ask for a click, which may stand within a line."""
    return any(rule.linked and rule.id == name for rule in NOISE.blocks)


def _is_line(node: LexborNode) -> bool:
    """Whether an inline element is all of its line: nothing shows beside it."""
    return not _shows_beside(node, back=True) and not _shows_beside(node, back=False)


def _shows_beside(node: LexborNode, *, back: bool) -> bool:
    while True:
        beside = node.prev if back else node.next
        while beside is not None and is_void(beside):
            if beside.tag == "br":
                return False
            beside = beside.prev if back else beside.next
        if beside is not None:
            return beside.tag not in BLOCKS
        parent = node.parent
        if parent is None or parent.tag in BLOCKS:
            return False
        node = parent


def _last_lines(last: LexborNode) -> tuple[str, list[LexborNode]] | None:
    """Find noise that is the last lines of a block, or of bare text after one."""
    if last.prev is None:  # all of its block, which has been looked at
        return None
    nodes: list[LexborNode] = []
    breaks = 0
    node: LexborNode | None = last
    while node is not None and breaks <= _MOST_LINES and len(nodes) <= _MOST_LINES * 4:
        tag = node.tag or ""
        if tag in BLOCKS or tag in SOLID:
            return _line_rule(nodes) or _paragraph_rule(nodes, node)
        if tag == "br":
            breaks += 1
            if found := _line_rule(nodes):
                return found
        nodes.append(node)
        node = node.prev
    return _line_rule(nodes) if node is None else None


def _line_rule(nodes: list[LexborNode]) -> tuple[str, list[LexborNode]] | None:
    text = collapse("".join(_text(node) for node in reversed(nodes)))
    if not text or len(text) > LONGEST_BLOCK or not _LINES.fullmatch(text):
        return None
    if any(holds(node, MEDIA) for node in nodes):
        return None
    return next((rule.id, nodes) for rule in _LINE_RULES if rule.text.fullmatch(text))


def _paragraph_rule(
    nodes: list[LexborNode], before: LexborNode
) -> tuple[str, list[LexborNode]] | None:
    """Judge bare text after a block, which is a paragraph of its own."""
    text = collapse("".join(_text(node) for node in reversed(nodes)))
    if before.tag in SOLID - {"hr"} or not text or len(text) > LONGEST_BLOCK:
        return None
    if not is_told(text, "end") or any(holds(node, MEDIA) for node in nodes):
        return None
    rules = (rule for rule in NOISE.blocks if rule.at != "start" and not rule.linked)
    return next(((rule.id, nodes) for rule in rules if rule.text.fullmatch(text)), None)


def _text(node: LexborNode) -> str:
    if node.tag == "br":
        return " "
    return (node.text_content or "") if node.tag == "-text" else node.text_lexbor()
