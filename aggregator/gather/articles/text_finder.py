"""Finds the article in the tree of a page: the library says what is text, the tree keeps its form.

trafilatura returns the text of the article without most of its markup. The blocks of the tree that
it took mark the place; what stands between them (figures, tables, lists) is taken as well.
"""

import logging
from collections.abc import Iterable, Sequence

from selectolax.lexbor import LexborNode

from aggregator.gather.articles.clutter import Weights, weigh

_BLOCKS = frozenset(
    "p li blockquote pre td dd dt h1 h2 h3 h4 h5 h6 div section article figcaption span".split()
)
_HEADING_TAGS = frozenset("h2 h3 h4 h5 h6".split())
_LIST_TAGS = frozenset("ul ol dl blockquote pre table".split())
_FORMS = frozenset("figure img picture video audio table pre amp-img iframe".split())
_MIN_BLOCK_CHARS = 12  # a shorter block is found in any text
_LONG_BLOCK_CHARS = 40
_PLACE_SHARE = 0.97  # of the text that was taken: the place of the article holds at least so much
_LINKED = 0.5

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def library_text(html: str) -> str:
    """Return the text of the article as the library finds it, a line for each block; '' if none."""
    # Imported here: it takes 0.2 s and 20 MB, and few configurations fetch whole texts.
    from trafilatura import extract  # noqa: PLC0415

    return extract(html, include_comments=False, include_tables=True, output_format="txt") or ""


def find_article(body: LexborNode, text: str) -> str:
    """Return the HTML of the article in a tree without clutter; `text` is the library's text."""
    weights = weigh(body)
    nodes = list(body.traverse())
    taken = _taken(nodes, weights, "".join(text.split()))
    if not taken:
        return ""
    held = _sums(nodes, taken, weights)
    place = _place(body, held)
    return "".join(_kept(place, held, weights))


def _taken(nodes: Iterable[LexborNode], weights: Weights, text: str) -> set[int]:
    """Return the innermost blocks whose text the library took; without its text, the long ones."""
    taken: set[int] = set()
    for node in nodes:
        length, linked = weights[node.mem_id]
        if node.tag not in _BLOCKS or length < _MIN_BLOCK_CHARS or _has_blocks(node):
            continue
        if text:
            own = "".join(node.text(deep=True).split())
            is_taken = own in text or _is_broken_text(node, text)
        else:
            is_taken = length >= _LONG_BLOCK_CHARS and linked < _LINKED * length
        if is_taken:
            taken.add(node.mem_id)
    return taken


def _is_broken_text(node: LexborNode, text: str) -> bool:
    """Say whether most lines of a block with line breaks were taken."""
    lines = ["".join(one.split()) for one in node.text(deep=True, separator="\n").split("\n")]
    long = [one for one in lines if len(one) >= _MIN_BLOCK_CHARS]
    return bool(long) and sum(one in text for one in long) * 2 > len(long)


def _has_blocks(node: LexborNode) -> bool:
    return any(one.tag in _BLOCKS and one.tag != "span" for one in node.iter())


def _sums(nodes: list[LexborNode], taken: set[int], weights: Weights) -> dict[int, int]:
    """Return for each node the characters of taken blocks in it."""
    held: dict[int, int] = {}
    for node in reversed(nodes):
        own = weights[node.mem_id][0] if node.mem_id in taken else held.get(node.mem_id, 0)
        held[node.mem_id] = own
        if node is not nodes[0] and (parent := node.parent) is not None:
            held[parent.mem_id] = held.get(parent.mem_id, 0) + own
    return held


def _place(body: LexborNode, held: dict[int, int]) -> LexborNode:
    """Return the innermost element that holds nearly all that was taken."""
    place, least = body, _PLACE_SHARE * held[body.mem_id]
    while inner := next((one for one in place.iter() if held.get(one.mem_id, 0) >= least), None):
        if inner.tag in {"p", "table", "tbody", "tr", "ul", "ol", "pre", "blockquote"}:
            break
        place = inner
    return place


def _kept(place: LexborNode, held: dict[int, int], weights: Weights) -> Iterable[str]:
    """Yield the HTML of the children from the first to the last that holds text, and all figures."""
    children = list(place.iter(include_text=True))
    marks = [n for n, one in enumerate(children) if held.get(one.mem_id, 0) or _is_text(one)]
    if not marks:
        yield place.html or ""
        return
    end = marks[-1] + _trailing(children[marks[-1] + 1 :], weights)
    for number, one in enumerate(children):
        inside = marks[0] <= number <= end and _is_prose(one, weights)
        if one.tag == "-text" or held.get(one.mem_id, 0) or _is_form(one) or inside:
            yield one.html or ""


def _trailing(children: Sequence[LexborNode], weights: Weights) -> int:
    """Return how many children after the last that was taken belong to the text: lists, quotations.

    A heading belongs to it if such a child follows.
    """
    count = 0
    for number, one in enumerate(children, start=1):
        length = weights.get(one.mem_id, (0, 0))[0]
        if one.tag in _LIST_TAGS and length >= _LONG_BLOCK_CHARS and _is_prose(one, weights):
            count = number
        elif one.tag not in _HEADING_TAGS and length:
            break
    return count


def _is_text(node: LexborNode) -> bool:
    return node.tag == "-text" and len((node.text_content or "").strip()) >= _MIN_BLOCK_CHARS


def _is_form(node: LexborNode) -> bool:
    """Say whether an element shows a figure and little else."""
    return node.tag in _FORMS or (
        node.tag in {"div", "section", "p", "span", "header", "a"}
        and node.css_first("img,figure,video,amp-img,iframe") is not None
        and len("".join(node.text(deep=True).split())) < 200
    )


def _is_prose(node: LexborNode, weights: Weights) -> bool:
    """Say whether less than half of the text of an element is links."""
    length, linked = weights.get(node.mem_id, (0, 0))
    return linked <= _LINKED * length
