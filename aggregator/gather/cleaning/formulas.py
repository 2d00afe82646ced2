"""Formulas as text: MathML written on a line, and the one of its renderings that is kept."""

import re
import unicodedata
from html import escape

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import collapse, is_void

# Classes of what a script made of a formula: MathJax 2, and KaTeX beside its MathML.
RENDERED = frozenset(
    [
        *("MathJax", "MathJax_Display", "MathJax_Preview", "MathJax_SVG", "MathJax_SVG_Display"),
        *("MathJax_CHTML", "mjx-chtml", "MJXc-display", "katex-html"),
    ]
)
_TEX = ("application/x-tex", "application/x-latex", "text/x-tex", "tex", "latex", "texmaths")
_SKIPPED = frozenset(
    ["annotation", "annotation-xml", "mphantom", "none", "mprescripts", "script", "style"]
)
_GLYPH = re.compile(r"(?:^|\s)mjx-c([0-9A-F]{2,6})(?:\s|$)")
_DEEPEST = 60


def formula(math: LexborNode) -> str:
    """Return a `math` element as HTML: its alternative text, its TeX, or its signs on a line."""
    written = collapse(math.attributes.get("alttext") or "") or _annotation(math)
    return escape(written, quote=False) if written else collapse(_line(math, 0))


def _annotation(math: LexborNode) -> str:
    """Return the TeX that a formula was made of; '' if it does not say."""
    notes = (node for node in math.traverse() if node.tag == "annotation")
    texs = (node for node in notes if (node.attributes.get("encoding") or "").lower() in _TEX)
    return next((text for node in texs if (text := collapse(node.text_lexbor()))), "")


def _line(node: LexborNode, depth: int) -> str:
    """Write a part of a formula on a line, powers and indices as such."""
    if node.tag == "-text":
        return escape(collapse(node.text_content or ""), quote=False)
    if node.tag == "mspace":
        return " "
    if node.tag in _SKIPPED or not node.is_element_node or depth > _DEEPEST:
        return ""
    return _element(node, [_line(part, depth + 1) for part in _children(node)])


def _element(node: LexborNode, written: list[str]) -> str:
    """Put the parts of an element together as they are read."""
    tag = node.tag or ""
    form = _WRITTEN.get(tag)
    if form is not None and len(written) >= form[0]:
        return form[1].format(*(_grouped(one) if form[2] else one for one in written))
    if tag == "semantics":
        return "".join(written[:1])
    line = _BETWEEN.get(tag, "").join(written)
    if tag == "msqrt":
        return "√" + _grouped(line)
    if tag == "mfenced":
        around = (node.attributes.get("open", "("), node.attributes.get("close", ")"))
        return line.join(escape(sign or "") for sign in around)
    return line


_BETWEEN = {"mtr": ", ", "mlabeledtr": ", ", "mtable": "; ", "mfenced": ", "}
# How many parts an element has, how they are written, and whether sums among them need brackets.
_WRITTEN: dict[str, tuple[int, str, bool]] = {
    "msup": (2, "{0}<sup>{1}</sup>", False),
    "msub": (2, "{0}<sub>{1}</sub>", False),
    "msubsup": (3, "{0}<sub>{1}</sub><sup>{2}</sup>", False),
    "munder": (2, "{0}<sub>{1}</sub>", False),
    "munderover": (3, "{0}<sub>{1}</sub><sup>{2}</sup>", False),
    "mover": (2, "{0}{1}", False),
    "mfrac": (2, "{0}/{1}", True),
    "mroot": (2, "<sup>{1}</sup>√{0}", True),
}


def _children(node: LexborNode) -> list[LexborNode]:
    found = []
    child = node.first_child
    while child is not None:
        if not is_void(child) or child.tag == "mspace":
            found.append(child)
        child = child.next
    return found


def _grouped(written: str) -> str:
    """Put brackets round what is more than one sign, number or name."""
    return written if written.isalnum() or len(written) < 2 else f"({written})"


def glyphs(container: LexborNode) -> str:
    """Return the characters that MathJax 3 drew, by the names of its classes and outlines."""
    drawn = []
    for node in container.traverse():
        attributes = node.attributes if node.is_element_node else {}
        match = _GLYPH.search(attributes.get("class") or "")
        code = match[1] if match else attributes.get("data-c") or ""
        if code and len(code) <= 6 and all(digit in "0123456789ABCDEFabcdef" for digit in code):
            drawn.append(int(code, 16))
    text = "".join(chr(code) for code in drawn if code < 0x110000 and not 0xD800 <= code < 0xE000)
    return unicodedata.normalize("NFKC", text)


def is_script(node: LexborNode | None) -> bool:
    """Whether an element is a script that holds a formula as it was written."""
    return (
        node is not None
        and node.tag == "script"
        and (node.attributes.get("type") or "").lower().startswith(("math/tex", "math/asciimath"))
    )


def is_repeated(node: LexborNode, classes: list[str]) -> bool:
    """Whether a rendering stands beside the formula itself, which is enough."""
    before, after = _beside(node, back=True), _beside(node, back=False)
    if "katex-html" in classes:
        return any("katex-mathml" in _classes(one) for one in (before, after))
    if "MathJax_Preview" in classes:
        return is_script(after) or bool(RENDERED.intersection(_classes(after)))
    return is_script(after)


def _beside(node: LexborNode, *, back: bool) -> LexborNode | None:
    beside = node.prev if back else node.next
    while beside is not None and beside.tag in {"-text", "-comment"} and is_void(beside):
        beside = beside.prev if back else beside.next
    return beside


def _classes(node: LexborNode | None) -> list[str]:
    return (node.attributes.get("class") or "").split() if node and node.is_element_node else []
