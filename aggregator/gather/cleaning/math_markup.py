"""Formulas as text: MathML in linear form, and the rendering of a formula that is kept."""

import re
import unicodedata
from html import escape

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import collapse, is_blank

# Classes of renderings by MathJax 2, and by KaTeX next to its MathML.
RENDERED_CLASSES = frozenset(
    [
        *("MathJax", "MathJax_Display", "MathJax_Preview", "MathJax_SVG", "MathJax_SVG_Display"),
        *("MathJax_CHTML", "mjx-chtml", "MJXc-display", "katex-html"),
    ]
)
_TEX_ENCODINGS = (
    "application/x-tex",
    "application/x-latex",
    "text/x-tex",
    "tex",
    "latex",
    "texmaths",
)
_SKIPPED_TAGS = frozenset(
    ["annotation", "annotation-xml", "mphantom", "none", "mprescripts", "script", "style"]
)
_GLYPH_CLASS = re.compile(r"(?:^|\s)mjx-c([0-9A-F]{2,6})(?:\s|$)")
_MAX_DEPTH = 60


def formula_html(math: LexborNode) -> str:
    """Return a `math` element as HTML: its alternative text, its TeX, or its linear form."""
    parts = collapse(math.attributes.get("alttext") or "") or _tex_annotation(math)
    return escape(parts, quote=False) if parts else collapse(_linear(math, 0))


def _tex_annotation(math: LexborNode) -> str:
    """Return the TeX source in the annotation of a formula; '' if there is none."""
    notes = (node for node in math.traverse() if node.tag == "annotation")
    texs = (
        node for node in notes if (node.attributes.get("encoding") or "").lower() in _TEX_ENCODINGS
    )
    return next((text for node in texs if (text := collapse(node.text_lexbor()))), "")


def _linear(node: LexborNode, depth: int) -> str:
    """Return a node in linear form, with `sup` and `sub` for powers and indices."""
    if node.tag == "-text":
        return escape(collapse(node.text_content or ""), quote=False)
    if node.tag == "mspace":
        return " "
    if node.tag in _SKIPPED_TAGS or not node.is_element_node or depth > _MAX_DEPTH:
        return ""
    return _format_element(node, [_linear(part, depth + 1) for part in _children(node)])


def _format_element(node: LexborNode, parts: list[str]) -> str:
    """Return an element in linear form, given its children in that form."""
    tag = node.tag or ""
    template = _TEMPLATES.get(tag)
    if template is not None and len(parts) >= template[0]:
        return template[1].format(*(_bracketed(one) if template[2] else one for one in parts))
    if tag == "semantics":
        return "".join(parts[:1])
    line = _SEPARATORS.get(tag, "").join(parts)
    if tag == "msqrt":
        return "√" + _bracketed(line)
    if tag == "mfenced":
        around = (node.attributes.get("open", "("), node.attributes.get("close", ")"))
        return line.join(escape(sign or "") for sign in around)
    return line


_SEPARATORS = {"mtr": ", ", "mlabeledtr": ", ", "mtable": "; ", "mfenced": ", "}
# Minimum number of children, template, and whether children need brackets.
_TEMPLATES: dict[str, tuple[int, str, bool]] = {
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
        if not is_blank(child) or child.tag == "mspace":
            found.append(child)
        child = child.next
    return found


def _bracketed(parts: str) -> str:
    """Put brackets around anything longer than one symbol, number or name."""
    return parts if parts.isalnum() or len(parts) < 2 else f"({parts})"


def glyph_text(container: LexborNode) -> str:
    """Return the characters that MathJax 3 drew, from its class names and `data-c` attributes."""
    drawn = []
    for node in container.traverse():
        attributes = node.attributes if node.is_element_node else {}
        match = _GLYPH_CLASS.search(attributes.get("class") or "")
        code = match[1] if match else attributes.get("data-c") or ""
        if code and len(code) <= 6 and all(digit in "0123456789ABCDEFabcdef" for digit in code):
            drawn.append(int(code, 16))
    text = "".join(chr(code) for code in drawn if code < 0x110000 and not 0xD800 <= code < 0xE000)
    return unicodedata.normalize("NFKC", text)


def is_formula_script(node: LexborNode | None) -> bool:
    """Whether an element is a script that contains the source of a formula."""
    return (
        node is not None
        and node.tag == "script"
        and (node.attributes.get("type") or "").lower().startswith(("math/tex", "math/asciimath"))
    )


def is_duplicate_rendering(node: LexborNode, classes: list[str]) -> bool:
    """Whether a rendering is next to the formula itself, so that it can be removed."""
    before, after = _sibling(node, back=True), _sibling(node, back=False)
    if "katex-html" in classes:
        return any("katex-mathml" in _classes(one) for one in (before, after))
    if "MathJax_Preview" in classes:
        return is_formula_script(after) or bool(RENDERED_CLASSES.intersection(_classes(after)))
    return is_formula_script(after)


def _sibling(node: LexborNode, *, back: bool) -> LexborNode | None:
    sibling = node.prev if back else node.next
    while sibling is not None and sibling.tag in {"-text", "-comment"} and is_blank(sibling):
        sibling = sibling.prev if back else sibling.next
    return sibling


def _classes(node: LexborNode | None) -> list[str]:
    return (node.attributes.get("class") or "").split() if node and node.is_element_node else []
