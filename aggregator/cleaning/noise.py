"""What is no part of an entry: the rules of noise.yaml, compiled, and the blocks that they name."""

import re
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborNode

from aggregator.errors import ConfigError
from aggregator.urls import globs, read_rules

LONGEST_BLOCK = 600  # characters; what is longer is no noise
BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div"),
        *("dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table"),
        *("tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    ]
)
SOLID = frozenset(["img", "video", "audio", "picture", "table", "pre", "iframe", "hr"])
BLANK = " \t\n\r\f\v\u00a0\u3000\u200b\ufeff\u2003\u2002\u2009"


@dataclass(frozen=True, slots=True)
class BlockRule:
    """A kind of block that goes: by its whole text, at any place, the start or the end."""

    id: str
    text: re.Pattern[str]
    at: str = "any"
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Noise:
    """All rules of noise.yaml."""

    classes: frozenset[str]
    ids: frozenset[str]
    share_links: re.Pattern[str]
    pixels: re.Pattern[str]
    embeds: re.Pattern[str]
    blocks: tuple[BlockRule, ...]
    related: re.Pattern[str]
    calls: re.Pattern[str]
    copyright: re.Pattern[str]


def block_rule_of(row: dict[str, Any]) -> BlockRule:
    """Make a rule of its mapping; a mistake is a ConfigError that names it."""
    unknown = set(row) - {"id", "text", "at", "linked"}
    if (
        unknown
        or not {"id", "text"} <= set(row)
        or row.get("at", "any") not in {"any", "start", "end"}
    ):
        raise ConfigError(
            f"rules/noise.yaml: block {row.get('id')!r}: needs id and text; at is start, end or any"
        )
    text = re.compile(row["text"], re.IGNORECASE | re.DOTALL)
    return BlockRule(row["id"], text, row.get("at", "any"), row.get("linked", False))


def _load() -> Noise:
    rules = read_rules("noise")
    return Noise(
        classes=frozenset(rules["classes"]),
        ids=frozenset(rules["ids"]),
        share_links=re.compile(rules["share_links"]),
        pixels=re.compile(rules["pixels"]),
        embeds=globs([*rules["embeds"], *(f"*.{host}" for host in rules["embeds"])]),
        blocks=tuple(block_rule_of(row) for row in rules["blocks"]),
        related=re.compile(rules["related"]),
        calls=re.compile(rules["calls"]),
        copyright=re.compile(rules["copyright"], re.DOTALL),
    )


NOISE = _load()
_AT = {
    place: tuple(rule for rule in NOISE.blocks if rule.at in {place, "any"})
    for place in ("any", "start", "end")
}
_QUICK = {
    place: re.compile(
        "|".join(f"(?:{rule.text.pattern})" for rule in rules), re.IGNORECASE | re.DOTALL
    )
    for place, rules in _AT.items()
}
_HEADINGS = frozenset(["h2", "h3", "h4", "h5", "h6", "strong", "b", "p", "div", "span"])
_LONGEST_HEADING, _MOST_RELATED = 60, 20
_EDGE_INLINE = frozenset(["a", "small", "sub", "span", "em", "i", "font", "b", "strong"])


def collapse(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


def block_rule(block: LexborNode, text: str, place: str = "any") -> str:
    """Return the id of the rule that all of a block's text matches; '' if none."""
    if not text or len(text) > LONGEST_BLOCK or not _QUICK[place].fullmatch(text):
        return ""
    if block.css_first("img,video,audio,picture,table,pre") is not None:
        return ""
    for rule in _AT[place]:
        if rule.text.fullmatch(text) and (not rule.linked or is_mostly_links(block, text, 6)):
            return rule.id
    return ""


def is_copyright(text: str) -> bool:
    """Whether a block is a copyright notice and nothing else."""
    return len(text) <= LONGEST_BLOCK and bool(NOISE.copyright.fullmatch(text))


def judge(block: LexborNode, text: str) -> str:
    """Return the id of the rule by which a block is noise wherever it stands; '' if it is none."""
    return block_rule(block, text) or _related(block, text)


def is_mostly_links(block: LexborNode, text: str, tenths: int) -> bool:
    """Whether so many tenths of a block's text stand in links."""
    linked = sum(len(collapse(link.text_lexbor())) for link in block.css("a"))
    return linked * 10 >= len(text) * tenths


def _related(block: LexborNode, text: str) -> str:
    """Judge whether a block is a heading of related entries and nothing but links after it."""
    match = NOISE.related.match(text)
    if match is None or match.end() == len(text):
        return ""
    heading = first_element(block)
    if match[0][-1] not in ":：":
        # Without a colon the heading must be an element of its own.
        if heading is None or heading.tag not in _HEADINGS:
            return ""
        if not NOISE.related.fullmatch(collapse(heading.text_lexbor())):
            return ""
    rest = text[match.end() :].strip(BLANK + ":：")
    return "related" if rest and is_mostly_links(block, rest, 8) else ""


def related_after(block: LexborNode, text: str) -> list[LexborNode]:
    """Return the lists of links that follow a block which is a heading of related entries."""
    found: list[LexborNode] = []
    if len(text) > _LONGEST_HEADING or not NOISE.related.fullmatch(text):
        return found
    after = block.next
    while after is not None and len(found) < _MOST_RELATED:
        if not is_void(after):
            listed = collapse(after.text_lexbor()) if after.tag in {"ul", "ol", "p", "div"} else ""
            if not listed or not is_mostly_links(after, listed, 8):
                break
            found.append(after)
        after = after.next
    return found


def find_edge(body: LexborNode, place: str) -> tuple[str, LexborNode | None]:
    """Find one block of noise at the start or the end; return its rule's id, '' if none."""
    node = _at_edge(body, place)
    while node is not None:
        tag = node.tag or ""
        if tag == "-text" or tag in SOLID:
            return "", None
        if tag in BLOCKS or tag in _EDGE_INLINE:
            text = node.text_lexbor()
            found = block_rule(node, collapse(text), place) if len(text) < LONGEST_BLOCK * 4 else ""
            if not found and tag == "a" and place == "end" and is_call(node):
                found = "call"
            if found:
                return found, node
        node = _at_edge(node, place)
    return "", None


def is_call(link: LexborNode) -> bool:
    """Whether a link only calls for a click."""
    text = collapse(link.text_lexbor())
    return len(text) <= 160 and bool(NOISE.calls.fullmatch(text)) and link.css_first("img") is None


def ends_block(node: LexborNode) -> bool:
    """Whether nothing that shows comes after a node in its block."""
    while True:
        after = node.next
        while after is not None and is_void(after):
            if after.tag == "br":
                return True
            after = after.next
        parent = node.parent
        if after is not None or parent is None:
            return after is not None and after.tag in BLOCKS
        if parent.tag in BLOCKS:
            return True
        node = parent


def last_shown(parent: LexborNode) -> LexborNode | None:
    """Return the last child that shows anything."""
    return _at_edge(parent, "end")


def _at_edge(parent: LexborNode, place: str) -> LexborNode | None:
    child = parent.last_child if place == "end" else parent.first_child
    while child is not None and is_void(child):
        child = child.prev if place == "end" else child.next
    return child


def is_void(node: LexborNode) -> bool:
    """Whether a node shows nothing: blank text, a comment, a line break, an empty element."""
    tag = node.tag
    if tag == "-text":
        return not (node.text_content or "").strip(BLANK)
    if tag in {"br", "-comment", "wbr"}:
        return True
    if tag in SOLID:
        return tag == "hr"
    child = node.first_child
    while child is not None and is_void(child):
        child = child.next
    return child is None


def first_element(parent: LexborNode) -> LexborNode | None:
    """Return what comes first in a block, if that is an element."""
    child = parent.first_child
    while child is not None and is_void(child):
        child = child.next
    return child if child is not None and child.tag != "-text" else None
