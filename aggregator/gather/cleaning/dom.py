"""One walk over the tree of an entry: dead elements out, empty ones too, noise judged on the way."""

from selectolax.lexbor import LexborNode

from aggregator.core.settings import CleanOptions
from aggregator.gather.cleaning.elements import SPECIAL
from aggregator.gather.cleaning.formulas import RENDERED
from aggregator.gather.cleaning.hidden import hiding
from aggregator.gather.cleaning.noise import (
    BLOCKS,
    LONGEST_BLOCK,
    NOISE,
    SOLID,
    collapse,
    is_call,
    is_suspect,
    judge,
    last_shown,
    related_after,
)
from aggregator.gather.cleaning.sanitize import ALLOWED
from aggregator.gather.cleaning.substitutes import background, put, rendering
from aggregator.gather.cleaning.tidy import EMPTY, drop_empty, limit_breaks
from aggregator.gather.cleaning.walking import Attributes, Walk, drop, shown, take_out

_CLASSES, _IDS = NOISE.classes | NOISE.hiding | RENDERED, NOISE.ids
_LONGEST_UNLINKED = 60  # characters of a block without links that may be noise

_DEAD = frozenset(
    [
        *("style", "template", "textarea", "select", "option", "xmp", "noembed", "noframes"),
        *("plaintext", "title", "meta", "link", "base", "head", "applet", "datalist", "keygen"),
        *("param", "area", "track", "col-ad"),
    ]
)
_NO_CALL = SOLID | BLOCKS | {"-text"}
_NO_BACKGROUND = frozenset(["img", "td", "th", "table", "tr"])
_PLAIN = ALLOWED - SPECIAL.keys()


def new_walk(base: str, page: str, options: CleanOptions) -> Walk:
    """Return what a walk needs to know."""
    return Walk(base, page, options, walk)


def walk(parent: LexborNode, state: Walk) -> int:
    """Mend all below a node; return how much of it shows: characters, and one for an image."""
    shows = 0
    child = parent.first_child
    while child is not None:
        following = child.next
        tag = child.tag or ""
        if tag == "-text":
            text = child.text_content
            if text and not text.isspace():
                shows += len(text)
        elif tag == "br":
            if not state.written and limit_breaks(child):
                state.gone = state.split = True
            else:
                state.breaks = True
        elif tag in _PLAIN and not state.doomed:  # nothing to be mended but what they hold
            attributes = child.attributes
            if attributes and (reason := _marked(attributes)):
                shows += _judge_marked(child, tag, attributes, reason, state)
            else:
                shows += _container(child, tag, state)
        else:
            shows += _visit(child, tag, state)
        child = following
    return shows


def _visit(node: LexborNode, tag: str, state: Walk) -> int:
    """Mend one element and all in it, or take it out; return how much shows."""
    if tag not in SPECIAL and (tag in _DEAD or tag[:1] in {"-", ""}):
        return drop(node, state)
    if state.doomed and node.mem_id in state.doomed:
        return take_out(node, "related", state)
    if tag not in ALLOWED:
        state.loose = True
    attributes = node.attributes
    if attributes and (reason := _marked(attributes)):
        return _judge_marked(node, tag, attributes, reason, state)
    return _mend(node, tag, attributes, state)


def _mend(node: LexborNode, tag: str, attributes: Attributes, state: Walk) -> int:
    if mend := SPECIAL.get(tag):
        return mend(node, attributes, state)
    shows = _container(node, tag, state)
    if tag == "center" and shows:
        _make_plain(node)
    return shows


def _make_plain(node: LexborNode) -> None:
    """Put a plain block in place of one that only said how to set its text."""
    made = node.parser.create_node("div")
    child = node.first_child
    while child is not None:
        following = child.next
        made.insert_child(child)
        child = following
    node.insert_before(made)
    node.decompose()


def _marked(attributes: Attributes) -> str:
    """Return why an element has to be looked at, by its attributes alone; '' for most."""
    classes = attributes.get("class")
    if classes and not _CLASSES.isdisjoint(found := classes.split()):
        return _marked_by_class(found)
    if "id" in attributes and attributes["id"] in _IDS:
        return "class"
    style = attributes.get("style")
    if style:
        style = style.lower()
        if ("none" in style or "hidden" in style) and hiding(attributes):
            return "hidden"
        if "url(" in style:
            return "background"
    return "hidden" if "hidden" in attributes else ""


def _marked_by_class(classes: list[str]) -> str:
    if not NOISE.classes.isdisjoint(classes):
        return "class"
    return "hidden" if RENDERED.isdisjoint(classes) else "formula"


def _judge_marked(
    node: LexborNode, tag: str, attributes: Attributes, reason: str, state: Walk
) -> int:
    """Take an element out, or mend it after all; return how much shows."""
    if reason == "class" or (reason == "hidden" and not state.is_revealed(node)):
        return take_out(node, reason, state)
    if reason == "formula":
        gone, html = rendering(node, attributes)
        if gone:
            shows = put(node, html)
            state.split = True
            return drop(node, state) + shows
    address = background(attributes)
    if address and tag not in _NO_BACKGROUND:
        _show_background(node, address)
    return _mend(node, tag, attributes, state)


def _show_background(node: LexborNode, address: str) -> None:
    """Put a picture that a style shows into an element that shows nothing else."""
    if node.css_first("img, picture, video, audio, iframe") is None and not shown(node):
        image = node.parser.create_node("img")
        image.attrs["src"] = address
        node.insert_child(image)


def _container(node: LexborNode, tag: str, state: Walk) -> int:
    """Mend what an element holds; take it out if it holds nothing, or noise."""
    links, text = state.links, None
    first = node.first_child
    if first is not None and first.tag == "-text" and first.next is None:  # like most
        text = first.text_content or ""
        shows = 0 if text.isspace() else len(text)
    else:
        shows = walk(node, state)
    if not shows:
        if tag not in EMPTY and not (state.written and node.first_child is not None):
            state.note_gap(node)
            state.split = True
            drop_empty(node, tag)
        return int(tag in {"hr", "td", "th"})
    if tag not in BLOCKS:
        return shows
    if state.links != links and (gone := _drop_calls(node, state)):
        shows -= gone
        if not shows:
            return drop(node, state)
    if shows <= (LONGEST_BLOCK if state.links != links else _LONGEST_UNLINKED):
        text = node.text_lexbor() if text is None else text
        return _judge_block(node, text, shows, state) if is_suspect(text) else shows
    if shows > LONGEST_BLOCK:
        state.big.add(node.mem_id)
    return shows


def _drop_calls(block: LexborNode, state: Walk) -> int:
    """Take links that only call for a click off the end of a block; return how much they showed."""
    gone = 0
    node = last_shown(block)
    # Blocks within have been looked at.
    while node is not None and node.tag not in _NO_CALL:
        if node.tag == "a" and is_call(node):
            gone += shown(node)
            take_out(node, "call", state)
            node = last_shown(block)
        else:
            node = last_shown(node)
    return gone


def _judge_block(node: LexborNode, text: str, shows: int, state: Walk) -> int:
    text = collapse(text)
    if reason := judge(node, text, state.base):
        return take_out(node, reason, state)
    if after := related_after(node, text, state.base):
        # They come next in the walk, which takes them out when it gets there.
        state.doomed.update(one.mem_id for one in after)
        return take_out(node, "related", state)
    return shows
