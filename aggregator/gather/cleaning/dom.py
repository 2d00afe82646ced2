"""One walk over the tree of an entry: removes dead, empty and noise elements, cleans the others."""

from selectolax.lexbor import LexborNode

from aggregator.core.settings import CleanOptions
from aggregator.gather.cleaning.elements import HANDLERS
from aggregator.gather.cleaning.hidden import hiding_kind
from aggregator.gather.cleaning.math_markup import RENDERED_CLASSES
from aggregator.gather.cleaning.noise import (
    BLOCK_TAGS,
    NOISE,
    NOISE_MAX_CHARS,
    VISIBLE_TAGS,
    collapse,
    is_call_to_action,
    last_visible,
    may_be_noise,
    noise_rule,
    related_lists_after,
)
from aggregator.gather.cleaning.sanitize import ALLOWED_TAGS
from aggregator.gather.cleaning.substitutes import (
    background_url,
    insert_html_before,
    replace_rendering,
)
from aggregator.gather.cleaning.tidy import KEPT_EMPTY_TAGS, remove_empty, remove_extra_break
from aggregator.gather.cleaning.walk_state import Attributes, WalkState, drop, remove, visible_chars

_CLASSES, _IDS = NOISE.classes | NOISE.hiding | RENDERED_CLASSES, NOISE.ids
_UNLINKED_MAX_CHARS = 60  # upper bound of noise in a block without links

_REMOVED_TAGS = frozenset(
    [
        *("style", "template", "textarea", "select", "option", "xmp", "noembed", "noframes"),
        *("plaintext", "title", "meta", "link", "base", "head", "applet", "datalist", "keygen"),
        *("param", "area", "track", "col-ad"),
    ]
)
_NO_CALL_TAGS = VISIBLE_TAGS | BLOCK_TAGS | {"-text"}
_NO_BACKGROUND_TAGS = frozenset(["img", "td", "th", "table", "tr"])
_PLAIN_TAGS = ALLOWED_TAGS - HANDLERS.keys()


def new_state(base: str, page: str, options: CleanOptions) -> WalkState:
    """Return the initial state of a walk."""
    return WalkState(base, page, options, walk)


def walk(parent: LexborNode, state: WalkState) -> int:
    """Clean all descendants; return the visible size: characters, plus one for each image."""
    visible = 0
    child = parent.first_child
    while child is not None:
        following = child.next
        tag = child.tag or ""
        if tag == "-text":
            text = child.text_content
            if text and not text.isspace():
                visible += len(text)
        elif tag == "br":
            if not state.preformatted_depth and remove_extra_break(child):
                state.has_removals = state.has_split_text = True
            else:
                state.has_breaks = True
        elif tag in _PLAIN_TAGS and not state.to_remove:  # only the children need cleaning
            attributes = child.attributes
            if attributes and (reason := _attribute_reason(attributes)):
                visible += _clean_marked(child, tag, attributes, reason, state)
            else:
                visible += _clean_container(child, tag, state)
        else:
            visible += _clean_element(child, tag, state)
        child = following
    return visible


def _clean_element(node: LexborNode, tag: str, state: WalkState) -> int:
    """Clean or remove one element with its descendants; return the visible size."""
    if tag not in HANDLERS and (tag in _REMOVED_TAGS or tag[:1] in {"-", ""}):
        return drop(node, state)
    if state.to_remove and node.mem_id in state.to_remove:
        return remove(node, "related", state)
    if tag not in ALLOWED_TAGS:
        state.has_unknown_tags = True
    attributes = node.attributes
    if attributes and (reason := _attribute_reason(attributes)):
        return _clean_marked(node, tag, attributes, reason, state)
    return _clean_allowed(node, tag, attributes, state)


def _clean_allowed(node: LexborNode, tag: str, attributes: Attributes, state: WalkState) -> int:
    if handler := HANDLERS.get(tag):
        return handler(node, attributes, state)
    visible = _clean_container(node, tag, state)
    if tag == "center" and visible:
        _replace_center(node)
    return visible


def _replace_center(node: LexborNode) -> None:
    """Replace a `center` element with a `div`."""
    div = node.parser.create_node("div")
    child = node.first_child
    while child is not None:
        following = child.next
        div.insert_child(child)
        child = following
    node.insert_before(div)
    node.decompose()


def _attribute_reason(attributes: Attributes) -> str:
    """Return why the attributes of an element need attention; '' for most elements."""
    classes = attributes.get("class")
    if classes and not _CLASSES.isdisjoint(found := classes.split()):
        return _class_reason(found)
    if "id" in attributes and attributes["id"] in _IDS:
        return "class"
    style = attributes.get("style")
    if style:
        style = style.lower()
        if ("none" in style or "hidden" in style) and hiding_kind(attributes):
            return "hidden"
        if "url(" in style:
            return "background"
    return "hidden" if "hidden" in attributes else ""


def _class_reason(classes: list[str]) -> str:
    if not NOISE.classes.isdisjoint(classes):
        return "class"
    return "hidden" if RENDERED_CLASSES.isdisjoint(classes) else "formula"


def _clean_marked(
    node: LexborNode, tag: str, attributes: Attributes, reason: str, state: WalkState
) -> int:
    """Remove or clean an element with a reason; return the visible size."""
    if reason == "class" or (reason == "hidden" and not state.is_revealed(node)):
        return remove(node, reason, state)
    if reason == "formula":
        removed, html = replace_rendering(node, attributes)
        if removed:
            visible = insert_html_before(node, html)
            state.has_split_text = True
            return drop(node, state) + visible
    url = background_url(attributes)
    if url and tag not in _NO_BACKGROUND_TAGS:
        _insert_background_image(node, url)
    return _clean_allowed(node, tag, attributes, state)


def _insert_background_image(node: LexborNode, url: str) -> None:
    """Insert the CSS background image into an element that has no other visible content."""
    if node.css_first("img, picture, video, audio, iframe") is None and not visible_chars(node):
        image = node.parser.create_node("img")
        image.attrs["src"] = url
        node.insert_child(image)


def _clean_container(node: LexborNode, tag: str, state: WalkState) -> int:
    """Clean the descendants of an element; remove it if it is empty or noise."""
    links, text = state.link_count, None
    first = node.first_child
    if first is not None and first.tag == "-text" and first.next is None:  # the usual case
        text = first.text_content or ""
        visible = 0 if text.isspace() else len(text)
    else:
        visible = walk(node, state)
    if not visible:
        if tag not in KEPT_EMPTY_TAGS and not (
            state.preformatted_depth and node.first_child is not None
        ):
            state.note_removal(node)
            state.has_split_text = True
            remove_empty(node, tag)
        return int(tag in {"hr", "td", "th"})
    if tag not in BLOCK_TAGS:
        return visible
    if state.link_count != links and (removed := _remove_calls(node, state)):
        visible -= removed
        if not visible:
            return drop(node, state)
    if visible <= (NOISE_MAX_CHARS if state.link_count != links else _UNLINKED_MAX_CHARS):
        text = node.text_lexbor() if text is None else text
        return _remove_if_noise(node, text, visible, state) if may_be_noise(text) else visible
    if visible > NOISE_MAX_CHARS:
        state.long_blocks.add(node.mem_id)
    return visible


def _remove_calls(block: LexborNode, state: WalkState) -> int:
    """Remove call-to-action links from the end of a block; return their visible size."""
    removed = 0
    node = last_visible(block)
    # Nested blocks were already checked.
    while node is not None and node.tag not in _NO_CALL_TAGS:
        if node.tag == "a" and is_call_to_action(node):
            removed += visible_chars(node)
            remove(node, "call", state)
            node = last_visible(block)
        else:
            node = last_visible(node)
    return removed


def _remove_if_noise(node: LexborNode, text: str, visible: int, state: WalkState) -> int:
    text = collapse(text)
    if reason := noise_rule(node, text, state.base):
        return remove(node, reason, state)
    if after := related_lists_after(node, text, state.base):
        # The walk removes them when it reaches them.
        state.to_remove.update(one.mem_id for one in after)
        return remove(node, "related", state)
    return visible
