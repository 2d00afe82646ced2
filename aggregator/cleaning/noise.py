"""What is no part of an entry: the rules of noise.yaml, compiled, and the blocks that they name."""

import re
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborNode

from aggregator.cleaning.sanitize import scrub
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
_SPACE = re.compile(r"\s+")
_LINK = re.compile(r"https?://\S+")


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


def _rule(row: dict[str, Any]) -> BlockRule:
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
        blocks=tuple(_rule(row) for row in rules["blocks"]),
        related=re.compile(rules["related"]),
        calls=re.compile(rules["calls"]),
        copyright=re.compile(rules["copyright"], re.DOTALL),
    )


NOISE = _load()
_ANY = tuple(rule for rule in NOISE.blocks if rule.at == "any")
_AT = {
    place: tuple(r for r in NOISE.blocks if r.at in {place, "any"}) for place in ("start", "end")
}


def collapse(text: str) -> str:
    """Return the text on one line, without what shows nothing."""
    return _SPACE.sub(" ", scrub(text)).strip()


def block_rule(text: str, place: str, *, linked: bool) -> str:
    """Return the id of the rule that a whole block matches; '' if none."""
    for rule in _AT.get(place, _ANY):
        if (linked or not rule.linked) and rule.text.fullmatch(text):
            return rule.id
    return ""


def is_copyright(text: str) -> bool:
    """Whether a block is a copyright notice and nothing else."""
    return len(text) <= LONGEST_BLOCK and bool(NOISE.copyright.fullmatch(text))


def drop_noise(body: LexborNode) -> list[str]:
    """Take blocks that are noise out of the tree; return the ids of the rules, in order."""
    removed: list[str] = []
    _anywhere(body, removed)
    while found := _edge(body, "end") or _edge(body, "start"):
        removed.append(found)
    return removed


def _anywhere(parent: LexborNode, removed: list[str]) -> None:
    child = parent.first_child
    while child is not None:
        following = child.next
        if child.tag in BLOCKS:
            found = _judge(child, "any") or _related(child)
            if found:
                removed.append(found)
                child.decompose()
            else:
                _anywhere(child, removed)
        child = following


def _judge(block: LexborNode, place: str) -> str:
    text = block.text_lexbor()
    if len(text) > LONGEST_BLOCK * 2:
        return ""
    text = collapse(text)
    if not text or len(text) > LONGEST_BLOCK:
        return ""
    found = block_rule(text, place, linked=_all_links(block, text))
    return "" if found and block.css_first("img,video,audio,picture,table,pre") else found


def _all_links(block: LexborNode, text: str) -> bool:
    linked = sum(len(collapse(link.text_lexbor())) for link in block.css("a"))
    return linked * 10 >= len(text) * 6


def _related(block: LexborNode) -> str:
    """Whether a block is a heading of related entries and nothing but links after it."""
    heading = first_element(block)
    if heading is None or heading.tag not in {
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "strong",
        "b",
        "p",
        "div",
        "span",
    }:
        return ""
    title = collapse(heading.text_lexbor())
    if len(title) > 60 or not NOISE.related.fullmatch(title):
        return ""
    text = collapse(block.text_lexbor())[len(title) :].strip(BLANK + ":：")
    linked = sum(len(collapse(link.text_lexbor())) for link in block.css("a"))
    return "related" if text and linked * 10 >= len(text) * 8 else ""


def _edge(body: LexborNode, place: str) -> str:
    """Take out one block of noise at the start or the end; return its rule's id."""
    node: LexborNode | None = _at_edge(body, place)
    while node is not None:
        if node.tag == "a" or (
            node.tag in BLOCKS | {"small", "sub", "span", "em", "i", "font", "b", "strong"}
        ):
            found = _judge(node, place)
            if found:
                node.decompose()
                return found
        if node.tag == "a" and place == "end" and _is_call(node):
            node.decompose()
            return "call"
        if node.tag in SOLID or node.tag == "-text":
            return ""
        node = _at_edge(node, place)
    return ""


def _is_call(link: LexborNode) -> bool:
    text = collapse(link.text_lexbor())
    return len(text) <= 160 and bool(NOISE.calls.fullmatch(text)) and link.css_first("img") is None


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
    return node.first_child is None


def first_element(parent: LexborNode) -> LexborNode | None:
    """Return what comes first in a block, if that is an element."""
    child = parent.first_child
    while child is not None and is_void(child):
        child = child.next
    return child if child is not None and child.tag != "-text" else None
