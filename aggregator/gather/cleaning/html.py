"""The HTML of an entry, pass by pass; the sanitizer always last."""

import re
from collections.abc import Callable
from html import escape
from typing import NamedTuple

from selectolax.lexbor import LexborNode, SelectolaxError

from aggregator.core.settings import CleanOptions
from aggregator.gather.cleaning.dom import new_walk, walk
from aggregator.gather.cleaning.edges import find_edge
from aggregator.gather.cleaning.noise import BLOCKS, collapse, is_copyright
from aggregator.gather.cleaning.preamble import Preamble, take_preamble
from aggregator.gather.cleaning.sanitize import bound, plain_amp, sanitize, scrub
from aggregator.gather.cleaning.text_blocks import block_hash
from aggregator.gather.cleaning.tidy import take_off, tidy, tidy_breaks, trim
from aggregator.gather.cleaning.twins import find_twins
from aggregator.gather.cleaning.walking import Walk, parse, taken
from aggregator.gather.cleaning.wrappers import Step

_DEFAULTS = CleanOptions()
_NOTHING: frozenset[int] = frozenset()
_MOST_EDGES = 20
_MOST_ROUNDS = 4
_INDENT = re.compile(r"(?<![ \t])[ \t]*\n[ \t\r\n]*(?=<)|(?<=>)[ \t]*\n[ \t\r\n]*")
_OPENED = re.compile(r"<(/?[a-z][a-z0-9]*)")


class Cleaned(NamedTuple):
    """A cleaned body and what was found on the way."""

    html: str
    preamble: Preamble
    removed: tuple[str, ...]
    images: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    stripped: tuple[int, ...] = ()  # hashes of learned blocks that went


def clean_body(
    html: str,
    *,
    base: str = "",
    page: str | None = None,
    title: str = "",
    options: CleanOptions = _DEFAULTS,
    boilerplate: frozenset[int] = _NOTHING,
) -> Cleaned:
    """Clean the HTML of an entry; never fails: what cannot be read becomes escaped text.

    `page` is the entry's own page, to which jumps within it lead; `base` if it is not given.
    """
    state = new_walk(base, base if page is None else page, options)
    try:
        return _clean(scrub(html), title, state, boilerplate)
    except Exception:  # noqa: BLE001  an entry must be readable whatever stands in it
        return Cleaned(_as_text(html), Preamble(), ("broken",), ())


def clean_html(
    html: str, *, base: str = "", title: str = "", options: CleanOptions = _DEFAULTS
) -> str:
    """Return HTML that is safe, absolute and free of noise; never fails."""
    return clean_body(html, base=base, title=title, options=options).html


def trace_html(
    html: str, *, base: str = "", title: str = "", options: CleanOptions = _DEFAULTS
) -> tuple[Step, ...]:
    """Return what cleaning takes out, by which rule, and the addresses that it mends."""
    cleaned = clean_body(html, base=base, title=title, options=options)
    taken_first = [*cleaned.preamble.dates, *cleaned.preamble.names]
    return (*(Step("preamble", text, "") for text in taken_first), *cleaned.steps)


def _clean(html: str, title: str, state: Walk, boilerplate: frozenset[int]) -> Cleaned:
    if "\r" in html:  # as every parser reads it
        html = html.replace("\r\n", "\n").replace("\r", "\n")
    html = _paragraphs(bound(plain_amp(html)))
    if "<" not in html and "&" not in html:
        return Cleaned(sanitize(html.strip()), Preamble(), (), ())
    preamble = Preamble()
    for _ in range(_MOST_ROUNDS):
        tree, body = parse(html)
        state.start()
        before = _mend(body, title, state, preamble, boilerplate)
        # Numbers for characters are read by the parser, after the scrubbing.
        html = _unindented(sanitize(before, scrubbed="&#" not in html).strip())
        del tree
        # Elements that may not nest so are torn apart when read again: what is left may be noise.
        torn = _OPENED.findall(before) != _OPENED.findall(html)
        html, bare = _paragraphs(html), html
        if not torn and html == bare:
            break
    rules = [step.rule for step in state.removed] + preamble.removed
    return Cleaned(
        html,
        preamble,
        tuple(dict.fromkeys(rules)),
        tuple(state.seen),
        _steps(state),
        tuple(state.stripped),
    )


def _mend(
    body: LexborNode, title: str, state: Walk, preamble: Preamble, boilerplate: frozenset[int]
) -> str:
    """Clean a tree in place and return its HTML, not yet sanitized."""
    for selector in state.options.strip:
        _strip(body, selector, state)
    walk(body, state)
    if state.loose:
        tidy(body)
    if state.split or state.loose:
        body.merge_text_nodes()
    if _drop_blocks(body, state, boilerplate):
        tidy(body)
    _take_edges(body, title, state, preamble)
    if state.again:
        _take_twins(body, title, state, preamble)
    if state.breaks and state.gone:
        tidy_breaks(body)
    trim(body)
    return body.inner_html or ""


def _take_edges(body: LexborNode, title: str, state: Walk, preamble: Preamble) -> None:
    """Take noise off the end, and preamble and noise off the start."""
    count = 0
    while count < _MOST_EDGES and _take_edge(body, "end", state):
        count += 1
    while count < _MOST_EDGES:
        if take_preamble(body, title, preamble, state.big):  # all there is
            state.gone = True
        if not _take_edge(body, "start", state):
            break
        count += 1


def _take_edge(body: LexborNode, place: str, state: Walk) -> bool:
    found, nodes = find_edge(body, place, state.big)
    if not nodes:
        return False
    told = collapse(" ".join(taken(node, found).before for node in reversed(nodes)))
    state.removed.append(Step(found, told, ""))
    state.gone = True
    for node in nodes[1:]:
        node.decompose()
    take_off(nodes[0])
    return True


def _take_twins(body: LexborNode, title: str, state: Walk, preamble: Preamble) -> None:
    """Take out images that only repeat others, once it is known with what the text begins."""
    for _ in range(_MOST_ROUNDS):  # those that go may leave others side by side
        found = find_twins(body)
        for node in found:
            state.removed.append(taken(node, "twin"))
            take_off(node)
        state.twins += len(found)
        if not found:
            break
    if state.twins:  # what they stood behind may be noise
        state.gone = True
        _take_edges(body, title, state, preamble)


def _steps(state: Walk) -> tuple[Step, ...]:
    mended = (Step(rule, before, after) for rule, before, after in state.mended if before != after)
    return (*state.removed, *mended)


def _as_text(html: str) -> str:
    return sanitize(f"<p>{escape(scrub(html[:20_000]))}</p>")


def _unindented(html: str) -> str:
    """Return HTML without the white space around its line breaks, which shows nothing."""
    if "\n" not in html or "<pre" in html or "<code" in html:
        return html
    return _INDENT.sub("\n", html)


def _paragraphs(html: str) -> str:
    """Make paragraphs of bare text that has blank lines."""
    if "<" in html or "\n\n" not in html:
        return html.strip()
    lines = (line.strip() for line in html.split("\n\n"))
    return "".join(f"<p>{line}</p>" for line in lines if line.replace("&nbsp;", "").strip())


def _strip(body: LexborNode, selector: str, state: Walk) -> None:
    """Take out what a selector of the user's finds; a selector that cannot be read finds nothing."""
    try:
        matches = {node.mem_id for node in body.css(selector)}
    except (SelectolaxError, ValueError):
        return
    _drop(body, lambda node: "strip" if node.mem_id in matches else "", state)


def _drop_blocks(body: LexborNode, state: Walk, boilerplate: frozenset[int]) -> bool:
    """Take out copyright notices and learned boilerplate where the options ask for it.

    Return whether there were any.
    """
    notices = state.options.copyright_notice == "strip"
    learned = boilerplate if state.options.boilerplate == "strip" else _NOTHING
    if not notices and not learned:
        return False

    def _judge(node: LexborNode) -> str:
        if node.tag not in BLOCKS or node.tag == "hr":
            return ""
        text = collapse(node.text_lexbor())
        if notices and is_copyright(text):
            return "copyright"
        if learned and text and (made := block_hash(text)) in learned:
            state.stripped.append(made)
            return "boilerplate"
        return ""

    count = len(state.removed)
    _drop(body, _judge, state)
    return len(state.removed) > count


def _drop(parent: LexborNode, judge: Callable[[LexborNode], str], state: Walk) -> None:
    """Take out every element that a judge gives a reason against."""
    child = parent.first_child
    while child is not None:
        following = child.next
        if child.is_element_node:
            if reason := judge(child):
                state.removed.append(taken(child, reason))
                state.gone = state.split = True
                child.decompose()
            else:
                _drop(child, judge, state)
        child = following
