"""Cleaning of the HTML of an entry, in passes; the sanitizer always runs last."""

import re
from collections.abc import Callable
from html import escape
from typing import NamedTuple

from selectolax.lexbor import LexborNode, SelectolaxError

from aggregator.core.settings import CleanOptions
from aggregator.gather.cleaning.dom import new_state, walk
from aggregator.gather.cleaning.duplicate_images import find_duplicate_images
from aggregator.gather.cleaning.edges import find_edge_noise
from aggregator.gather.cleaning.noise import BLOCK_TAGS, collapse, is_copyright
from aggregator.gather.cleaning.preamble import Preamble, extract_preamble
from aggregator.gather.cleaning.sanitize import (
    limit_html,
    remove_invisible_chars,
    replace_amp_tags,
    sanitize,
)
from aggregator.gather.cleaning.text_blocks import block_hash
from aggregator.gather.cleaning.tidy import remove_with_parents, tidy, tidy_breaks, trim_blank_edges
from aggregator.gather.cleaning.walk_state import WalkState, parse, removal_step
from aggregator.gather.cleaning.wrappers import Step

_DEFAULTS = CleanOptions()
_NO_HASHES: frozenset[int] = frozenset()
_MAX_EDGES = 20
_MAX_PASSES = 4
_LINE_INDENT = re.compile(r"(?<![ \t])[ \t]*\n[ \t\r\n]*(?=<)|(?<=>)[ \t]*\n[ \t\r\n]*")
_TAG_NAME = re.compile(r"<(/?[a-z][a-z0-9]*)")


class Cleaned(NamedTuple):
    """A cleaned body, and what cleaning found and removed."""

    html: str
    preamble: Preamble
    removed: tuple[str, ...]
    images: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    stripped: tuple[int, ...] = ()  # hashes of learned blocks that were removed


def clean_body(
    html: str,
    *,
    base: str = "",
    page: str | None = None,
    title: str = "",
    options: CleanOptions = _DEFAULTS,
    boilerplate: frozenset[int] = _NO_HASHES,
) -> Cleaned:
    """Clean the HTML of an entry; never fails: HTML that cannot be parsed becomes escaped text.

    `page` is the URL of the entry, which fragment links are resolved against; default: `base`.
    """
    state = new_state(base, base if page is None else page, options)
    try:
        return _clean(remove_invisible_chars(html), title, state, boilerplate)
    except Exception:  # noqa: BLE001  one bad entry must not fail the document
        return Cleaned(_as_text(html), Preamble(), ("broken",), ())


def clean_html(
    html: str, *, base: str = "", title: str = "", options: CleanOptions = _DEFAULTS
) -> str:
    """Return HTML that is safe, absolute and free of noise; never fails."""
    return clean_body(html, base=base, title=title, options=options).html


def trace_html(
    html: str, *, base: str = "", title: str = "", options: CleanOptions = _DEFAULTS
) -> tuple[Step, ...]:
    """Return the removals with their rules, and the URLs that cleaning rewrites."""
    cleaned = clean_body(html, base=base, title=title, options=options)
    extracted = [*cleaned.preamble.dates, *cleaned.preamble.names]
    return (*(Step("preamble", text, "") for text in extracted), *cleaned.steps)


def _clean(html: str, title: str, state: WalkState, boilerplate: frozenset[int]) -> Cleaned:
    if "\r" in html:  # as the HTML standard requires
        html = html.replace("\r\n", "\n").replace("\r", "\n")
    html = _wrap_paragraphs(limit_html(replace_amp_tags(html)))
    if "<" not in html and "&" not in html:
        return Cleaned(sanitize(html.strip()), Preamble(), (), ())
    preamble = Preamble()
    for _ in range(_MAX_PASSES):
        tree, body = parse(html)
        state.start()
        before = _clean_tree(body, title, state, preamble, boilerplate)
        # The parser decodes numeric references, so invisible characters may be back.
        html = _collapse_indent(sanitize(before, has_no_invisible="&#" not in html).strip())
        del tree
        # Serialising can split invalidly nested elements, and the parts may be noise.
        restructured = _TAG_NAME.findall(before) != _TAG_NAME.findall(html)
        html, unwrapped = _wrap_paragraphs(html), html
        if not restructured and html == unwrapped:
            break
    rules = [step.rule for step in state.removed] + preamble.removed
    return Cleaned(
        html,
        preamble,
        tuple(dict.fromkeys(rules)),
        tuple(state.image_urls),
        _steps(state),
        tuple(state.stripped_hashes),
    )


def _clean_tree(
    body: LexborNode, title: str, state: WalkState, preamble: Preamble, boilerplate: frozenset[int]
) -> str:
    """Clean a tree in place and return its HTML, not sanitized yet."""
    for selector in state.options.strip:
        _remove_selected(body, selector, state)
    walk(body, state)
    if state.has_unknown_tags:
        tidy(body)
    if state.has_split_text or state.has_unknown_tags:
        body.merge_text_nodes()
    if _remove_blocks(body, state, boilerplate):
        tidy(body)
    _remove_edges(body, title, state, preamble)
    if state.has_repeated_image:
        _remove_duplicate_images(body, title, state, preamble)
    if state.has_breaks and state.has_removals:
        tidy_breaks(body)
    trim_blank_edges(body)
    return body.inner_html or ""


def _remove_edges(body: LexborNode, title: str, state: WalkState, preamble: Preamble) -> None:
    """Remove noise from the end, then preamble and noise from the start."""
    count = 0
    while count < _MAX_EDGES and _remove_edge(body, "end", state):
        count += 1
    while count < _MAX_EDGES:
        if extract_preamble(body, title, preamble, state.long_blocks):  # as much as there is
            state.has_removals = True
        if not _remove_edge(body, "start", state):
            break
        count += 1


def _remove_edge(body: LexborNode, place: str, state: WalkState) -> bool:
    found, nodes = find_edge_noise(body, place, state.long_blocks)
    if not nodes:
        return False
    text = collapse(" ".join(removal_step(node, found).before for node in reversed(nodes)))
    state.removed.append(Step(found, text, ""))
    state.has_removals = True
    for node in nodes[1:]:
        node.decompose()
    remove_with_parents(nodes[0])
    return True


def _remove_duplicate_images(
    body: LexborNode, title: str, state: WalkState, preamble: Preamble
) -> None:
    """Remove duplicate images, once the start of the body is final."""
    for _ in range(_MAX_PASSES):  # a removal may make others adjacent
        found = find_duplicate_images(body)
        for node in found:
            state.removed.append(removal_step(node, "twin"))
            remove_with_parents(node)
        state.duplicate_count += len(found)
        if not found:
            break
    if state.duplicate_count:  # new edges may be noise
        state.has_removals = True
        _remove_edges(body, title, state, preamble)


def _steps(state: WalkState) -> tuple[Step, ...]:
    rewritten = (
        Step(rule, before, after) for rule, before, after in state.rewritten if before != after
    )
    return (*state.removed, *rewritten)


def _as_text(html: str) -> str:
    return sanitize(f"<p>{escape(remove_invisible_chars(html[:20_000]))}</p>")


def _collapse_indent(html: str) -> str:
    """Remove the white space around line breaks, which is not rendered."""
    if "\n" not in html or "<pre" in html or "<code" in html:
        return html
    return _LINE_INDENT.sub("\n", html)


def _wrap_paragraphs(html: str) -> str:
    """Split plain text at blank lines into paragraphs."""
    if "<" in html or "\n\n" not in html:
        return html.strip()
    lines = (line.strip() for line in html.split("\n\n"))
    return "".join(f"<p>{line}</p>" for line in lines if line.replace("&nbsp;", "").strip())


def _remove_selected(body: LexborNode, selector: str, state: WalkState) -> None:
    """Remove the elements that a user's selector matches; an invalid selector matches nothing."""
    try:
        matches = {node.mem_id for node in body.css(selector)}
    except (SelectolaxError, ValueError):
        return
    _remove_matching(body, lambda node: "strip" if node.mem_id in matches else "", state)


def _remove_blocks(body: LexborNode, state: WalkState, boilerplate: frozenset[int]) -> bool:
    """Remove copyright notices and learned boilerplate if the options say so.

    Return whether any were removed.
    """
    notices = state.options.copyright_notice == "strip"
    learned = boilerplate if state.options.boilerplate == "strip" else _NO_HASHES
    if not notices and not learned:
        return False

    def _reason(node: LexborNode) -> str:
        if node.tag not in BLOCK_TAGS or node.tag == "hr":
            return ""
        text = collapse(node.text_lexbor())
        if notices and is_copyright(text):
            return "copyright"
        if learned and text and (hash_ := block_hash(text)) in learned:
            state.stripped_hashes.append(hash_)
            return "boilerplate"
        return ""

    count = len(state.removed)
    _remove_matching(body, _reason, state)
    return len(state.removed) > count


def _remove_matching(
    parent: LexborNode, reason_for: Callable[[LexborNode], str], state: WalkState
) -> None:
    """Remove every element for which `reason_for` returns a reason."""
    child = parent.first_child
    while child is not None:
        following = child.next
        if child.is_element_node:
            if reason := reason_for(child):
                state.removed.append(removal_step(child, reason))
                state.has_removals = state.has_split_text = True
                child.decompose()
            else:
                _remove_matching(child, reason_for, state)
        child = following
