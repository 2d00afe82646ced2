"""The last look at a tree: nothing empty, no runs of line breaks, nothing unknown."""

from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import BLOCKS, is_void
from aggregator.gather.cleaning.sanitize import ALLOWED

_MOST_ROUNDS = 8
# Elements whose white space is content.
WRITTEN = frozenset(["pre", "code"])
# Elements that mean something though they show nothing.
EMPTY = frozenset(
    ["td", "th", "hr", "br", "wbr", "col", "colgroup", "img", "source", "video", "audio"]
)


def tidy(body: LexborNode) -> None:
    """Take out what is empty since other things went, until nothing is."""
    for _ in range(_MOST_ROUNDS):
        state = _Tidy()
        _tidy(body, state)
        if not state.changed:
            return


def tidy_breaks(body: LexborNode) -> None:
    """Take out the line breaks that are too many since other things went."""
    for _ in range(_MOST_ROUNDS):
        breaks = [node for node in body.traverse() if node.tag == "br"]
        if not sum(limit_breaks(node) for node in breaks):
            return


@dataclass(slots=True)
class _Tidy:
    changed: bool = False
    written: int = 0  # open elements whose white space is content


def _tidy(parent: LexborNode, state: _Tidy) -> bool:
    """Tidy all below a node; return whether anything shows."""
    shows = False
    child = parent.first_child
    while child is not None:
        following = child.next
        tag = child.tag or ""
        if tag == "-text":
            shows = shows or not (child.text_content or " ").isspace()
        elif tag == "br":
            state.changed |= limit_breaks(child)
        elif _tidy_within(child, tag, state) or tag in EMPTY:
            shows = True
            if tag == "pre":
                strip_start(child)
            if tag not in ALLOWED or (tag == "a" and "href" not in child.attributes):
                child.unwrap()
                state.changed = True
        elif not state.written or child.first_child is None:
            drop_empty(child, tag)
            state.changed = True
        child = following
    return shows


def _tidy_within(node: LexborNode, tag: str, state: _Tidy) -> bool:
    if tag not in WRITTEN:
        return _tidy(node, state)
    state.written += 1
    shows = _tidy(node, state)
    state.written -= 1
    return shows


def take_off(node: LexborNode) -> None:
    """Take a node out, and with it every element around it that then shows nothing."""
    around = node.parent
    node.decompose()
    while around is not None and around.tag not in {"body", "html", "td", "th"} and is_void(around):
        node, around = around, around.parent
        node.decompose()


def trim(body: LexborNode) -> None:
    """Take rules, line breaks and blanks off both ends."""
    while (node := body.first_child) is not None and is_void(node):
        node.decompose()
    while (node := body.last_child) is not None and is_void(node):
        node.decompose()


def strip_start(pre: LexborNode) -> None:
    """Take line breaks off the start of preformatted text, of which every reading drops one."""
    first = pre.first_child
    if first is not None and first.tag == "-text":
        text = first.text_content or ""
        if text[:1] in {"\n", "\r"}:
            first.insert_before(text.lstrip("\r\n"))
            first.decompose()


def drop_empty(node: LexborNode, tag: str) -> None:
    """Take out an element that shows nothing; what is left of it is the space between words."""
    if tag not in BLOCKS and node.first_child is not None:
        node.unwrap()
        return
    if tag in BLOCKS and node.prev is not None and node.prev.tag == "-text":
        node.insert_before(" ")
    node.decompose()


def limit_breaks(node: LexborNode) -> bool:
    """Take a line break out where two come before it, or where it stands at a block's edge."""
    before, count = node.prev, 0
    while before is not None and is_void(before):
        count += before.tag == "br"
        before = before.prev
    if count >= 2 or _is_edge(node, before) or _is_edge(node, _after(node)):
        if _is_written(node):
            return False
        node.decompose()
        return True
    return False


def _is_written(node: LexborNode) -> bool:
    """Whether a node stands where white space is content."""
    around = node.parent
    while around is not None and around.tag not in WRITTEN:
        around = around.parent
    return around is not None


def _is_edge(node: LexborNode, neighbour: LexborNode | None) -> bool:
    if neighbour is None:
        return _is_block(node.parent)
    return neighbour.tag in BLOCKS


def _after(node: LexborNode) -> LexborNode | None:
    """Return what comes next and shows, or the next line break."""
    after = node.next
    while after is not None and is_void(after) and after.tag != "br":
        after = after.next
    return after


def _is_block(node: LexborNode | None) -> bool:
    return node is not None and node.tag in BLOCKS and node.tag not in {"td", "th", "pre"}
