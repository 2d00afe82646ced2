"""The last pass over a tree: removes empty elements, extra line breaks and unknown tags."""

from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import BLOCK_TAGS, is_blank
from aggregator.gather.cleaning.sanitize import ALLOWED_TAGS

_MAX_PASSES = 8
# Elements with significant white space.
PREFORMATTED_TAGS = frozenset(["pre", "code"])
# Elements that are kept although they are empty.
KEPT_EMPTY_TAGS = frozenset(
    ["td", "th", "hr", "br", "wbr", "col", "colgroup", "img", "source", "video", "audio"]
)


def tidy(body: LexborNode) -> None:
    """Remove elements that became empty, until none is left."""
    for _ in range(_MAX_PASSES):
        state = _TidyState()
        _tidy(body, state)
        if not state.changed:
            return


def tidy_breaks(body: LexborNode) -> None:
    """Remove line breaks that became superfluous."""
    for _ in range(_MAX_PASSES):
        breaks = [node for node in body.traverse() if node.tag == "br"]
        if not sum(remove_extra_break(node) for node in breaks):
            return


@dataclass(slots=True)
class _TidyState:
    changed: bool = False
    preformatted_depth: int = 0  # open elements with significant white space


def _tidy(parent: LexborNode, state: _TidyState) -> bool:
    """Tidy all descendants; return whether any content is visible."""
    visible = False
    child = parent.first_child
    while child is not None:
        following = child.next
        tag = child.tag or ""
        if tag == "-text":
            visible = visible or not (child.text_content or " ").isspace()
        elif tag == "br":
            state.changed |= remove_extra_break(child)
        elif _tidy_element(child, tag, state) or tag in KEPT_EMPTY_TAGS:
            visible = True
            if tag == "pre":
                strip_leading_breaks(child)
            if tag not in ALLOWED_TAGS or (tag == "a" and "href" not in child.attributes):
                child.unwrap()
                state.changed = True
        elif not state.preformatted_depth or child.first_child is None:
            remove_empty(child, tag)
            state.changed = True
        child = following
    return visible


def _tidy_element(node: LexborNode, tag: str, state: _TidyState) -> bool:
    if tag not in PREFORMATTED_TAGS:
        return _tidy(node, state)
    state.preformatted_depth += 1
    visible = _tidy(node, state)
    state.preformatted_depth -= 1
    return visible


def remove_with_parents(node: LexborNode) -> None:
    """Remove a node, and every ancestor that is blank without it."""
    ancestor = node.parent
    node.decompose()
    while (
        ancestor is not None
        and ancestor.tag not in {"body", "html", "td", "th"}
        and is_blank(ancestor)
    ):
        node, ancestor = ancestor, ancestor.parent
        node.decompose()


def trim_blank_edges(body: LexborNode) -> None:
    """Remove rules, line breaks and blank text from both ends."""
    while (node := body.first_child) is not None and is_blank(node):
        node.decompose()
    while (node := body.last_child) is not None and is_blank(node):
        node.decompose()


def strip_leading_breaks(pre: LexborNode) -> None:
    """Remove leading line breaks of a `pre`, because every parser drops one of them."""
    first = pre.first_child
    if first is not None and first.tag == "-text":
        text = first.text_content or ""
        if text[:1] in {"\n", "\r"}:
            first.insert_before(text.lstrip("\r\n"))
            first.decompose()


def remove_empty(node: LexborNode, tag: str) -> None:
    """Remove an empty element; the space between words is kept."""
    if tag not in BLOCK_TAGS and node.first_child is not None:
        node.unwrap()
        return
    if tag in BLOCK_TAGS and node.prev is not None and node.prev.tag == "-text":
        node.insert_before(" ")
    node.decompose()


def remove_extra_break(node: LexborNode) -> bool:
    """Remove a line break after two others or at the edge of a block; return whether it was."""
    before, count = node.prev, 0
    while before is not None and is_blank(before):
        count += before.tag == "br"
        before = before.prev
    if count >= 2 or _is_edge(node, before) or _is_edge(node, _next_visible(node)):
        if _is_preformatted(node):
            return False
        node.decompose()
        return True
    return False


def _is_preformatted(node: LexborNode) -> bool:
    """Whether a node is in an element with significant white space."""
    ancestor = node.parent
    while ancestor is not None and ancestor.tag not in PREFORMATTED_TAGS:
        ancestor = ancestor.parent
    return ancestor is not None


def _is_edge(node: LexborNode, neighbour: LexborNode | None) -> bool:
    if neighbour is None:
        return _is_block(node.parent)
    return neighbour.tag in BLOCK_TAGS


def _next_visible(node: LexborNode) -> LexborNode | None:
    """Return the next visible sibling or line break."""
    after = node.next
    while after is not None and is_blank(after) and after.tag != "br":
        after = after.next
    return after


def _is_block(node: LexborNode | None) -> bool:
    return node is not None and node.tag in BLOCK_TAGS and node.tag not in {"td", "th", "pre"}
