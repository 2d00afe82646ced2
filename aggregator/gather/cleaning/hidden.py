"""Content hidden by a style, an attribute or a class: removed unless it is most of the text."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import NOISE

Attributes = dict[str, str | None]

_HIDING_VALUE = re.compile(r"none|hidden", re.IGNORECASE)
_HIDING_DECLARATION = re.compile(r"(?:^|;)\s*(display|visibility)\s*:\s*([a-z-]+)", re.IGNORECASE)
# Styles that hide the preheader of an e-mail, which is never the main text.
_PREHEADER = re.compile(
    r"mso-hide|max-height\s*:\s*0|(?:font-size|line-height)\s*:\s*[01](?:px)?\s*(?:;|$)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
_INVISIBLE_TAGS = frozenset(
    ["script", "style", "template", "noscript", "head", "title", "svg", "math"]
)
_INVISIBLE_SELECTOR = ", ".join(sorted(_INVISIBLE_TAGS))
_HIDDEN_SELECTOR = ", ".join(
    ["[hidden]", "[style]", *(f".{name}" for name in sorted(NOISE.hiding))]
)
_MAX_ROUNDS = 8


def hiding_kind(attributes: Attributes) -> str:
    """Return how an element is hidden: `scripted` (a script may show it), `hidden`, or ''."""
    if "hidden" in attributes:
        return "hidden"
    style = attributes.get("style")
    if style and _HIDING_VALUE.search(style):
        declared = {
            name.lower(): value.lower() for name, value in _HIDING_DECLARATION.findall(style)
        }
        if declared.get("display") == "none":
            return "hidden"
        if declared.get("visibility") == "hidden":
            return "scripted"
    classes = attributes.get("class")
    return "hidden" if classes and not NOISE.hiding.isdisjoint(classes.split()) else ""


class _HiddenElement(NamedTuple):
    id: int
    letters: int
    scripted: bool
    preheader: bool


@dataclass(slots=True)
class _LetterCount:
    visible: int = 0
    hidden: list[_HiddenElement] = field(default_factory=list)


def find_revealed(body: LexborNode) -> frozenset[int]:
    """Return the ids of hidden elements to keep, because they contain most of the text."""
    if _is_mostly_visible(body):
        return frozenset()
    revealed: set[int] = set()
    for _ in range(_MAX_ROUNDS):
        count = _LetterCount()
        _count_letters(body, revealed, count)
        chosen = _choose_revealed(count)
        if not chosen:
            break
        revealed.update(part.id for part in chosen)
    return frozenset(revealed)


def _is_mostly_visible(body: LexborNode) -> bool:
    """Whether hidden text is less than half of all text; fast, with false negatives only."""
    if body.css_first(_INVISIBLE_SELECTOR) is not None:
        return False
    hidden = (node for node in body.css(_HIDDEN_SELECTOR) if hiding_kind(node.attributes))
    return sum(len(node.text_lexbor()) for node in hidden) * 2 < len(body.text_lexbor().strip())


def _choose_revealed(count: _LetterCount) -> list[_HiddenElement]:
    """Return the hidden elements to keep: none if most of the text is visible without them."""
    hidden = [part for part in count.hidden if part.letters]
    texts = [part for part in hidden if not part.preheader] or (hidden if not count.visible else [])
    if sum(part.letters for part in texts) <= count.visible:
        return []
    scripted = [part for part in texts if part.scripted]
    unscripted = sum(part.letters for part in texts if not part.scripted)
    if scripted and count.visible + sum(part.letters for part in scripted) >= unscripted:
        return scripted
    total = sum(part.letters for part in texts)
    # More than two fifths: too much for a preheader line.
    return [part for part in texts if part.letters * 5 > total * 2] or texts


def _count_letters(parent: LexborNode, revealed: set[int], count: _LetterCount) -> None:
    child = parent.first_child
    while child is not None:
        tag = child.tag or ""
        if tag == "-text":
            count.visible += len(_LETTER.findall(child.text_content or ""))
        elif tag not in _INVISIBLE_TAGS and child.is_element_node:
            attributes = child.attributes
            kind = hiding_kind(attributes) if attributes and child.mem_id not in revealed else ""
            if kind:
                letters = len(_LETTER.findall(child.text_lexbor()))
                preheader = bool(_PREHEADER.search(attributes.get("style") or ""))
                count.hidden.append(
                    _HiddenElement(child.mem_id, letters, kind == "scripted", preheader)
                )
            else:
                _count_letters(child, revealed, count)
        child = child.next
