"""One walk over the tree of an entry: dead elements out, addresses repaired, embeds made links."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.cleaning import media
from aggregator.cleaning.images import unwrap_image
from aggregator.cleaning.links import clean_link
from aggregator.cleaning.noise import BLANK, BLOCKS, NOISE, is_void
from aggregator.settings import CleanOptions
from aggregator.urls import absolute, is_web, strip

_DEAD = frozenset(
    [
        *("script", "style", "template", "textarea", "select", "option", "svg", "math", "xmp"),
        *("noembed", "noframes", "plaintext", "title", "input", "meta", "link", "base", "head"),
        *("canvas", "applet", "datalist", "keygen", "param", "area", "track", "col-ad"),
    ]
)
_REMOVABLE = frozenset(
    [
        *("a", "b", "i", "em", "strong", "u", "s", "small", "big", "span", "font", "sub", "sup"),
        *("p", "div", "section", "article", "aside", "header", "footer", "main", "nav", "center"),
        *("blockquote", "figure", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"),
        *("li", "dl", "dt", "dd", "cite", "q", "code", "pre", "mark", "picture", "form", "label"),
        *("button", "fieldset", "address", "details", "summary", "ins", "del", "strike", "tt"),
        *("noscript", "map", "object", "hgroup"),
    ]
)
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)
_MAIL = re.compile(r"(?:mailto|tel|magnet|geo|sms|xmpp):", re.IGNORECASE)


@dataclass(slots=True)
class Walk:
    """What a walk knows and gathers: the options, images seen, rules that took something out."""

    base: str
    options: CleanOptions
    seen: dict[str, None] = field(default_factory=dict)  # in document order
    removed: list[str] = field(default_factory=list)


def parse(html: str) -> tuple[LexborHTMLParser, LexborNode]:
    """Return a tree and its body; the caller must hold the tree while it uses the body."""
    tree = LexborHTMLParser("<body>" + html)
    body = tree.body
    if body is None:  # a parser always makes one
        raise ValueError("no body")
    return tree, body


def walk(parent: LexborNode, state: Walk) -> bool:
    """Mend all below a node; return whether it still shows anything."""
    shows = False
    child = parent.first_child
    while child is not None:
        following = child.next
        tag = child.tag
        if tag == "-text":
            shows = shows or bool((child.text_content or "").strip(BLANK))
        elif tag == "br":
            _limit_breaks(child)
        elif _visit(child, tag or "", state):
            shows = True
        child = following
    return shows


def _visit(node: LexborNode, tag: str, state: Walk) -> bool:
    """Mend one element and what is in it; return whether it shows anything, or took itself out."""
    if tag[:1] == "-" or tag in _DEAD:
        node.decompose()
        return False
    attributes = node.attributes
    if attributes and (reason := _unwanted(attributes)):
        state.removed.append(reason)
        node.decompose()
        return False
    if tag == "img":
        return _image(node, attributes, state)
    if tag == "a":
        return _link(node, attributes, state)
    if tag in _SPECIAL:
        return _SPECIAL[tag](node, attributes, state)
    shows = walk(node, state)
    if not shows and tag in _REMOVABLE:
        node.decompose()
    return shows or tag in {"hr", "td", "th"}


def _unwanted(attributes: dict[str, str | None]) -> str:
    classes = attributes.get("class")
    if classes and not NOISE.classes.isdisjoint(classes.split()):
        return "class"
    if attributes.get("id") in NOISE.ids:
        return "class"
    if "hidden" in attributes:
        return "hidden"
    style = attributes.get("style")
    return "hidden" if style and _HIDDEN.search(style) else ""


def _limit_breaks(node: LexborNode) -> None:
    """Take a line break out where two come before it, or where a block begins or ends with it."""
    before, count = node.prev, 0
    while before is not None and is_void(before):
        count += before.tag == "br"
        before = before.prev
    if count >= 2 or (before is None and _is_block(node.parent)) or _ends(node):
        node.decompose()


def _ends(node: LexborNode) -> bool:
    after = node.next
    while after is not None and is_void(after) and after.tag != "br":
        after = after.next
    return after is None and _is_block(node.parent)


def _is_block(node: LexborNode | None) -> bool:
    return node is not None and node.tag in BLOCKS and node.tag not in {"td", "th", "pre"}


def _image(node: LexborNode, attributes: dict[str, str | None], state: Walk) -> bool:
    image = media.read_image(attributes, state.base, state.options.images)
    if image is None or image.url in state.seen:
        state.removed.append("image" if image is None else "twin")
        node.decompose()
        return False
    if (
        NOISE.pixels.match(image.url)
        or NOISE.pixels.match(image.written)
        or media.is_tiny(attributes)
    ):
        state.removed.append("pixel")
        node.decompose()
        return False
    state.seen[image.url] = None
    attrs = node.attrs
    attrs["src"] = image.url
    if image.srcset:
        attrs["srcset"] = image.srcset
    elif "srcset" in attributes:
        del attrs["srcset"]
    for side in ("width", "height"):
        if side in attributes and not media.is_length(attributes[side]):
            del attrs[side]
    return True


def _link(node: LexborNode, attributes: dict[str, str | None], state: Walk) -> bool:
    href = strip(attributes.get("href") or "")
    if NOISE.share_links.match(href):
        state.removed.append("share")
        node.decompose()
        return False
    shows = walk(node, state)
    if not shows:
        node.decompose()
        return False
    target = page_address(href, state)
    if not target:
        node.unwrap()
    elif target != href or target != attributes.get("href"):
        node.attrs["href"] = target
    return True


def page_address(href: str, state: Walk) -> str:
    """Return where a link leads to, absolute and without wrappers; '' if nowhere."""
    if not href or href[0] == "#":
        return ""
    if _MAIL.match(href):
        return href
    url = absolute(state.base, href)
    if not is_web(url):
        return ""
    opened = clean_link(url, state.options.links)
    options = state.options.images
    if opened == url and options.proxy == "strip":
        opened = unwrap_image(url, options)
    return opened


def _noscript(node: LexborNode, _: dict[str, str | None], state: Walk) -> bool:
    """Use the image that stands in for a lazy one; the rest of a noscript shows nothing."""
    images = node.css("img")
    before = node.prev
    while before is not None and is_void(before):
        before = before.prev
    if not images or (before is not None and before.tag in {"img", "picture", "figure"}):
        node.decompose()
        return False
    shows = walk(node, state)
    node.unwrap() if shows else node.decompose()
    return shows


def _picture(node: LexborNode, _: dict[str, str | None], state: Walk) -> bool:
    """Keep of a picture its image, with the address of a source where it has none of its own."""
    image = node.css_first("img")
    if image is None:
        node.decompose()
        return False
    if media.read_image(image.attributes, state.base, state.options.images) is None:
        sources = [source.attributes for source in node.css("source")]
        names = ("srcset", "data-srcset", "src")
        written = [w for source in sources for name in names if (w := source.get(name))]
        if written:
            image.attrs["srcset"] = written[0]
    for source in reversed(node.css("source")):
        source.decompose()
    shows = walk(node, state)
    node.unwrap() if shows else node.decompose()
    return shows


def _player(node: LexborNode, attributes: dict[str, str | None], state: Walk) -> bool:
    """Keep a video or audio that names a file of its own; else leave what it holds."""
    own = media.play_address(attributes, state.base)
    attrs = node.attrs
    if own:
        attrs["src"] = own
    elif "src" in attributes:
        del attrs["src"]
    if "poster" in attributes:
        poster = absolute(state.base, attributes["poster"] or "")
        poster = unwrap_image(poster, state.options.images)
        if is_web(poster):
            attrs["poster"] = poster
        else:
            del attrs["poster"]
    playable = bool(own)
    for source in reversed(node.css("source")):
        if address := media.play_address(source.attributes, state.base):
            source.attrs["src"] = address
            playable = True
        else:
            source.decompose()
    shows = _player_content(node, state)
    if not playable:
        node.unwrap() if shows else node.decompose()
        return shows
    return True


def _player_content(node: LexborNode, state: Walk) -> bool:
    shows = False
    child = node.first_child
    while child is not None:
        following = child.next
        if child.tag == "-text":
            shows = shows or bool((child.text_content or "").strip(BLANK))
        elif child.tag != "source":
            shows = _visit(child, child.tag or "", state) or shows
        child = following
    return shows


def _frame(node: LexborNode, attributes: dict[str, str | None], state: Walk) -> bool:
    """Put a link in place of a frame or an embedded object."""
    link = media.embed_link(attributes, state.base)
    if link is None or media.is_tiny(attributes):
        if node.tag == "object" and walk(node, state):
            node.unwrap()
            return True
        node.decompose()
        return False
    holder = LexborHTMLParser(link)
    made = holder.css_first("p")
    if made is not None:
        node.insert_before(made)
    node.decompose()
    return True


_SPECIAL = {
    "noscript": _noscript,
    "picture": _picture,
    "video": _player,
    "audio": _player,
    "iframe": _frame,
    "frame": _frame,
    "embed": _frame,
    "object": _frame,
}
