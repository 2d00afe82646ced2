"""What a style, an attribute or a class hides: no part of an entry, unless it is most of its text."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import NOISE

Attributes = dict[str, str | None]

_HINT = re.compile(r"none|hidden", re.IGNORECASE)
_DECLARED = re.compile(r"(?:^|;)\s*(display|visibility)\s*:\s*([a-z-]+)", re.IGNORECASE)
# How mail hides the line that its readers show beside the subject; such a line is never the text.
_PREVIEW = re.compile(
    r"mso-hide|max-height\s*:\s*0|(?:font-size|line-height)\s*:\s*[01](?:px)?\s*(?:;|$)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
_SILENT = frozenset(["script", "style", "template", "noscript", "head", "title", "svg", "math"])
_UNCERTAIN = ", ".join(sorted(_SILENT))
_CANDIDATES = ", ".join(["[hidden]", "[style]", *(f".{name}" for name in sorted(NOISE.hiding))])
_MOST_ROUNDS = 8


def hiding(attributes: Attributes) -> str:
    """Return how an element is hidden: `scripted` (a script may reveal it), `hidden`, or ''."""
    if "hidden" in attributes:
        return "hidden"
    style = attributes.get("style")
    if style and _HINT.search(style):
        declared = {name.lower(): value.lower() for name, value in _DECLARED.findall(style)}
        if declared.get("display") == "none":
            return "hidden"
        if declared.get("visibility") == "hidden":
            return "scripted"
    classes = attributes.get("class")
    return "hidden" if classes and not NOISE.hiding.isdisjoint(classes.split()) else ""


class _Part(NamedTuple):
    id: int
    letters: int
    scripted: bool
    preview: bool


@dataclass(slots=True)
class _Weights:
    shown: int = 0
    parts: list[_Part] = field(default_factory=list)


def find_revealed(body: LexborNode) -> frozenset[int]:
    """Return the ids of hidden elements that are to be shown: without them most of the text is gone."""
    if _hides_little(body):
        return frozenset()
    revealed: set[int] = set()
    for _ in range(_MOST_ROUNDS):
        weights = _Weights()
        _weigh(body, revealed, weights)
        chosen = _choose(weights)
        if not chosen:
            break
        revealed.update(part.id for part in chosen)
    return frozenset(revealed)


def _hides_little(body: LexborNode) -> bool:
    """Whether what is hidden is less than half of all text; quick, and rather no than yes."""
    if body.css_first(_UNCERTAIN) is not None:
        return False
    parts = (node for node in body.css(_CANDIDATES) if hiding(node.attributes))
    return sum(len(node.text_lexbor()) for node in parts) * 2 < len(body.text_lexbor().strip())


def _choose(weights: _Weights) -> list[_Part]:
    """Choose what to show of what is hidden: nothing, if most of the text shows without it."""
    parts = [part for part in weights.parts if part.letters]
    bodies = [part for part in parts if not part.preview] or (parts if not weights.shown else [])
    if sum(part.letters for part in bodies) <= weights.shown:
        return []
    scripted = [part for part in bodies if part.scripted]
    gone = sum(part.letters for part in bodies if not part.scripted)
    if scripted and weights.shown + sum(part.letters for part in scripted) >= gone:
        return scripted
    total = sum(part.letters for part in bodies)
    # Two fifths are more than a line before the text.
    return [part for part in bodies if part.letters * 5 > total * 2] or bodies


def _weigh(parent: LexborNode, revealed: set[int], weights: _Weights) -> None:
    child = parent.first_child
    while child is not None:
        tag = child.tag or ""
        if tag == "-text":
            weights.shown += len(_LETTER.findall(child.text_content or ""))
        elif tag not in _SILENT and child.is_element_node:
            attributes = child.attributes
            how = hiding(attributes) if attributes and child.mem_id not in revealed else ""
            if how:
                letters = len(_LETTER.findall(child.text_lexbor()))
                preview = bool(_PREVIEW.search(attributes.get("style") or ""))
                weights.parts.append(_Part(child.mem_id, letters, how == "scripted", preview))
            else:
                _weigh(child, revealed, weights)
        child = child.next
