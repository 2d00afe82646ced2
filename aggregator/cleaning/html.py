"""The HTML of an entry, pass by pass; the sanitizer always last."""

import re
from dataclasses import dataclass
from html import escape

from selectolax.lexbor import LexborNode, SelectolaxError

from aggregator.cleaning.blocks import block_hash
from aggregator.cleaning.noise import BLOCKS, collapse, drop_edge, is_copyright
from aggregator.cleaning.preamble import Preamble, take_preamble
from aggregator.cleaning.sanitize import bound, plain_amp, sanitize, scrub
from aggregator.cleaning.tree import Walk, parse, tidy, trim, walk
from aggregator.settings import CleanOptions

_DEFAULTS = CleanOptions()
_NOTHING: frozenset[int] = frozenset()
_MOST_EDGES = 20
_EMPTY = re.compile(
    r"<(a|p|div|section|article|h[1-6]|li|ul|ol|b|i|em|strong|span)(?: [^>]*)?></\1>"
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned body and what was found on the way."""

    html: str
    preamble: Preamble
    removed: tuple[str, ...]
    images: tuple[str, ...]


def clean_body(
    html: str,
    *,
    base: str = "",
    title: str = "",
    options: CleanOptions = _DEFAULTS,
    boilerplate: frozenset[int] = _NOTHING,
) -> Cleaned:
    """Clean the HTML of an entry; never fails: what cannot be read becomes escaped text."""
    try:
        return _clean(scrub(html), base, title, options, boilerplate)
    except Exception:  # noqa: BLE001  an entry must be readable whatever stands in it
        return Cleaned(_as_text(html), Preamble(), ("broken",), ())


def clean_html(
    html: str, *, base: str = "", title: str = "", options: CleanOptions = _DEFAULTS
) -> str:
    """Return HTML that is safe, absolute and free of noise; never fails."""
    return clean_body(html, base=base, title=title, options=options).html


def _clean(
    html: str, base: str, title: str, options: CleanOptions, boilerplate: frozenset[int]
) -> Cleaned:
    if "<" not in html and "&" not in html:
        return Cleaned(_paragraphs(sanitize(html)), Preamble(), (), ())
    tree, body = parse(bound(plain_amp(html)))
    state = Walk(base, options)
    for selector in options.strip:
        _strip(body, selector, state)
    walk(body, state)
    removed = _drop_blocks(body, options, boilerplate)
    preamble = Preamble()
    for _ in range(_MOST_EDGES):
        taken = take_preamble(body, title, preamble)
        found = drop_edge(body, "end") or drop_edge(body, "start")
        if not found and not taken:
            break
        removed += [found] if found else []
    cleaned = _finish(body)
    if _EMPTY.search(cleaned):  # elements that may not nest were torn apart when read again
        tree, body = parse(cleaned)
        cleaned = _finish(body)
    del tree
    return Cleaned(
        cleaned,
        preamble,
        tuple(dict.fromkeys([*state.removed, *preamble.removed, *removed])),
        tuple(state.seen),
    )


def _as_text(html: str) -> str:
    return sanitize(f"<p>{escape(scrub(html[:20_000]))}</p>")


def _finish(body: LexborNode) -> str:
    tidy(body)
    trim(body)
    return _paragraphs(sanitize(body.inner_html or "").strip())


def _paragraphs(html: str) -> str:
    """Make paragraphs of bare text that has blank lines."""
    if "<" in html or "\n\n" not in html:
        return html.strip()
    lines = (line.strip() for line in html.split("\n\n"))
    return "".join(f"<p>{line}</p>" for line in lines if line)


def _strip(body: LexborNode, selector: str, state: Walk) -> None:
    try:
        matches = body.css(selector)
    except (SelectolaxError, ValueError):
        return
    for node in reversed(matches):  # the innermost first: an outer one takes them along
        node.decompose()
        state.removed.append("strip")


def _drop_blocks(body: LexborNode, options: CleanOptions, boilerplate: frozenset[int]) -> list[str]:
    """Take out copyright notices and learned boilerplate where the options ask for it."""
    notices = options.copyright_notice == "strip"
    learned = boilerplate if options.boilerplate == "strip" else _NOTHING
    if not notices and not learned:
        return []
    removed: list[str] = []
    for node in reversed(body.css(",".join(sorted(BLOCKS - {"body", "hr"})))):
        text = collapse(node.text_lexbor())
        if notices and is_copyright(text):
            removed.append("copyright")
        elif learned and text and block_hash(text) in learned:
            removed.append("boilerplate")
        else:
            continue
        node.decompose()
    return removed
