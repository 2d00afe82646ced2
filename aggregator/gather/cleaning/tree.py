"""One walk over the tree of an entry: dead elements out, addresses repaired, embeds made links."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.core.settings import CleanOptions
from aggregator.gather.cleaning import media
from aggregator.gather.cleaning.images import Unwrapper, unwrapper
from aggregator.gather.cleaning.links import follow
from aggregator.gather.cleaning.noise import (
    BLOCKS,
    LONGEST_BLOCK,
    NOISE,
    SOLID,
    collapse,
    is_call,
    is_suspect,
    is_void,
    judge,
    last_shown,
    related_after,
)
from aggregator.gather.cleaning.sanitize import ALLOWED
from aggregator.gather.cleaning.tidy import EMPTY, drop_empty, limit_breaks, strip_start
from aggregator.gather.cleaning.wrappers import Step
from aggregator.text.urls import LONGEST, absolute, is_web

Attributes = dict[str, str | None]
_CLASSES, _IDS = NOISE.classes, NOISE.ids
_LONGEST_TOLD = 200
_LONGEST_UNLINKED = 60  # characters of a block without links that may be noise

_DEAD = frozenset(
    [
        *("script", "style", "template", "textarea", "select", "option", "svg", "math", "xmp"),
        *("noembed", "noframes", "plaintext", "title", "input", "meta", "link", "base", "head"),
        *("canvas", "applet", "datalist", "keygen", "param", "area", "track", "col-ad"),
    ]
)
_HOLDS_BLOCKS = frozenset(
    ["body", "div", "section", "article", "main", "figure", "li", "td", "blockquote"]
)
_NO_CALL = SOLID | BLOCKS | {"-text"}
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)


@dataclass(slots=True)
class Walk:
    """What a walk knows and gathers: the options, images seen, rules that took something out."""

    base: str
    options: CleanOptions
    images: Unwrapper = field(init=False)
    seen: dict[str, None] = field(default_factory=dict)  # in document order
    removed: list[Step] = field(default_factory=list)
    mended: list[tuple[str, str, str]] = field(default_factory=list)
    stripped: list[int] = field(default_factory=list)
    links: int = 0
    big: set[int] = field(default_factory=set)  # blocks too long to be noise
    doomed: set[int] = field(default_factory=set)
    breaks: bool = False  # there are line breaks
    gone: bool = False  # something was taken out or unwrapped
    split: bool = False  # texts may stand side by side
    loose: bool = False  # there are elements that are yet to be unwrapped

    def start(self) -> None:
        """Forget what holds for one tree alone."""
        self.seen.clear()
        self.big.clear()
        self.doomed.clear()
        self.breaks = self.loose = self.gone = self.split = False

    def note_gap(self, node: LexborNode) -> None:
        """Note that a node goes: what stands on both sides of it may be texts."""
        self.gone = True
        before = node.prev
        if before is not None and before.tag == "-text":
            self.split = True

    def __post_init__(self) -> None:
        """Find the rules for images once."""
        self.images = unwrapper(self.options.images)


def parse(html: str) -> tuple[LexborHTMLParser, LexborNode]:
    """Return a tree and its body; the caller must hold the tree while it uses the body."""
    tree = LexborHTMLParser("<body>" + html)
    body = tree.body
    if body is None:  # a parser always makes one
        raise ValueError("no body")
    return tree, body


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
            if limit_breaks(child):
                state.gone = state.split = True
            else:
                state.breaks = True
        elif tag in _PLAIN and not state.doomed:  # nothing to be mended but what they hold
            attributes = child.attributes
            if attributes and (reason := _unwanted(attributes)):
                _take_out(child, reason, state)
            else:
                shows += _container(child, tag, state)
        else:
            shows += _visit(child, tag, state)
        child = following
    return shows


def _visit(node: LexborNode, tag: str, state: Walk) -> int:
    """Mend one element and all in it, or take it out; return how much shows."""
    mend = _SPECIAL.get(tag)
    if mend is None and (tag in _DEAD or tag[:1] in {"-", ""}):
        return _drop(node, state)
    if state.doomed and node.mem_id in state.doomed:
        return _take_out(node, "related", state)
    attributes = node.attributes
    if attributes and (reason := _unwanted(attributes)):
        return _take_out(node, reason, state)
    if tag not in ALLOWED:
        state.loose = True
    return mend(node, attributes, state) if mend else _container(node, tag, state)


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
        if tag not in EMPTY:
            state.note_gap(node)
            drop_empty(node, tag)
        return int(tag in {"hr", "td", "th"})
    if tag not in BLOCKS:
        return shows
    if state.links != links and (gone := _drop_calls(node, state)):
        shows -= gone
        if not shows:
            return _drop(node, state)
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
            _take_out(node, "call", state)
            node = last_shown(block)
        else:
            node = last_shown(node)
    return gone


def shown(node: LexborNode) -> int:
    """Return how much of a node shows, as `walk` counts it."""
    nodes = (child for child in node.traverse(include_text=True) if child.tag == "-text")
    texts = (text.text_content or "" for text in nodes)
    return sum(len(text) for text in texts if not text.isspace())


def _judge_block(node: LexborNode, text: str, shows: int, state: Walk) -> int:
    text = collapse(text)
    if reason := judge(node, text):
        return _take_out(node, reason, state)
    if after := related_after(node, text):
        # They come next in the walk, which takes them out when it gets there.
        state.doomed.update(one.mem_id for one in after)
        return _take_out(node, "related", state)
    return shows


def _take_out(node: LexborNode, reason: str, state: Walk) -> int:
    state.removed.append(taken(node, reason))
    return _drop(node, state)


def _drop(node: LexborNode, state: Walk) -> int:
    """Take an element out of which nothing needs to be known."""
    state.note_gap(node)
    node.decompose()
    return 0


def taken(node: LexborNode, reason: str) -> Step:
    """Return what is to be known of an element that goes: its text, else its source."""
    text = node.text_lexbor()[:_LONGEST_TOLD]
    return Step(reason, collapse(text) or (node.html or "")[:_LONGEST_TOLD], "")


def _unwanted(attributes: Attributes) -> str:
    classes = attributes.get("class")
    if classes and not _CLASSES.isdisjoint(classes.split()):
        return "class"
    if "id" in attributes and attributes["id"] in _IDS:
        return "class"
    if "hidden" in attributes:
        return "hidden"
    style = attributes.get("style")
    return "hidden" if style and _HIDDEN.search(style) else ""


def _image(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    image = media.read_image(attributes, state.base, state.images)
    if image is None or image.url in state.seen:
        return _take_out(node, "image" if image is None else "twin", state)
    if image.pixel or media.is_tiny(attributes):
        return _take_out(node, "pixel", state)
    state.seen[image.url] = None
    attrs = node.attrs
    if image.url != attributes.get("src"):
        attrs["src"] = image.url
        state.mended.append(("image", image.written, image.url))
    if image.srcset:
        attrs["srcset"] = image.srcset
    elif "srcset" in attributes:
        del attrs["srcset"]
    for side in ("width", "height"):
        if side in attributes and not media.is_length(attributes[side]):
            del attrs[side]
    attrs["referrerpolicy"] = "no-referrer"
    attrs["loading"] = "lazy"
    return 1


def _link(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Mend a link; one that leads nowhere loses its address, and `tidy` unwraps it."""
    written = attributes.get("href") or ""
    led = follow(
        written if len(written) <= LONGEST else "", state.base, state.options.links, state.images
    )
    if led is None:
        return _take_out(node, "share", state)
    state.links += 1
    shows = walk(node, state)
    if not shows:
        return _drop(node, state)
    seen, target = led
    if not target or target != written:
        if target:
            node.attrs["href"] = target
            state.mended.append(("link", seen, target))
        else:
            state.loose = True
            if "href" in attributes:
                del node.attrs["href"]
    return shows


def _noscript(node: LexborNode, _: Attributes, state: Walk) -> int:
    """Use the image that stands in for a lazy one; the rest of a noscript shows nothing."""
    before = node.prev
    while before is not None and is_void(before):
        before = before.prev
    twin = before is not None and before.tag in {"img", "picture", "figure"}
    if twin or node.css_first("img") is None:
        return _drop(node, state)
    return _unwrap(node, walk(node, state), state)


def _unwrap(node: LexborNode, shows: int, state: Walk) -> int:
    if not shows:
        return _drop(node, state)
    state.gone = state.split = True
    node.unwrap()
    return shows


def _picture(node: LexborNode, _: Attributes, state: Walk) -> int:
    """Keep of a picture its image, with the address of a source where it has none of its own."""
    image = node.css_first("img")
    if image is None:
        return _drop(node, state)
    if media.read_image(image.attributes, state.base, state.images) is None:
        sources = [source.attributes for source in node.css("source")]
        names = ("srcset", "data-srcset", "src")
        written = [value for source in sources for name in names if (value := source.get(name))]
        if written:
            image.attrs["srcset"] = written[0]
    for source in reversed(node.css("source")):
        source.decompose()
    return _unwrap(node, walk(node, state), state)


def _player(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Keep a video or audio that names a file; else leave what it holds for other readers."""
    playable = _set_address(node, attributes, state)
    if "poster" in attributes:
        poster = absolute(state.base, attributes["poster"] or "")
        poster = state.images.unwrap(poster)
        if is_web(poster):
            node.attrs["poster"] = poster
        else:
            del node.attrs["poster"]
    for source in reversed(node.css("source")):
        if _set_address(source, source.attributes, state):
            playable = True
        else:
            _drop(source, state)
    node.attrs["controls"] = ""
    node.attrs["preload"] = "none"
    shows = walk(node, state)
    return max(shows, 1) if playable else _unwrap(node, shows, state)


def _set_address(node: LexborNode, attributes: Attributes, state: Walk) -> bool:
    address = media.play_address(attributes, state.base)
    if address:
        node.attrs["src"] = address
    elif "src" in attributes:
        del node.attrs["src"]
    return bool(address)


def _source(node: LexborNode, _: Attributes, state: Walk) -> int:
    """Keep a source within a player, which has judged it; elsewhere it shows nothing."""
    parent = node.parent
    if parent is None or parent.tag not in {"video", "audio"}:
        return _drop(node, state)
    return 0


def _pre(node: LexborNode, _: Attributes, state: Walk) -> int:
    shows = _container(node, "pre", state)
    if shows:
        strip_start(node)
    return shows


def _frame(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Put a link in place of a frame or an embedded object."""
    link = None if media.is_tiny(attributes) else media.embed_link(attributes, state.base)
    within = node.parent is not None and node.parent.tag not in _HOLDS_BLOCKS
    page = LexborHTMLParser(link).body if link else None
    made = page.first_child if page is not None else None
    made = made.first_child if made is not None and within else made
    if made is not None:
        node.insert_before(made)
        _drop(node, state)
        return 1
    return _unwrap(node, walk(node, state) if node.tag == "object" else 0, state)


_SPECIAL: dict[str, Callable[[LexborNode, Attributes, Walk], int]] = {
    "a": _link,
    "img": _image,
    "source": _source,
    "noscript": _noscript,
    "pre": _pre,
    "picture": _picture,
    "video": _player,
    "audio": _player,
    "iframe": _frame,
    "frame": _frame,
    "embed": _frame,
    "object": _frame,
}
_PLAIN = ALLOWED - _SPECIAL.keys()
