"""Elements that need more than a look inside: images, links, players, formulas, drawings, boxes."""

import re
from collections.abc import Callable
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.gather.cleaning import embeds, media, substitutes
from aggregator.gather.cleaning.formulas import formula, is_script
from aggregator.gather.cleaning.link_urls import follow
from aggregator.gather.cleaning.noise import NOISE, collapse, is_void
from aggregator.gather.cleaning.sizes import Size, measure
from aggregator.gather.cleaning.tidy import drop_empty, strip_start
from aggregator.gather.cleaning.walking import Attributes, Walk, drop, take_out, unwrap
from aggregator.text.urls import LONGEST, absolute, host, is_web

_HOLDS_BLOCKS = frozenset(
    ["body", "div", "section", "article", "main", "figure", "li", "td", "blockquote"]
)
_EMOJI = re.compile(
    r"[^\w\s!-~]{1,3}[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*(?:[^\w\s!-~]{1,3}){0,10}|[0-9#*]\ufe0f?\u20e3"
)
_LONGEST_EMOJI = 16
_EMOJI_FILE = re.compile(r"emoji|twemoji|smil", re.IGNORECASE)
# Of these alone are the words for an image that shows nothing.
_ORNAMENTS = frozenset(
    (
        "presentational transparent white blank empty clear tracking dotted gray grey web space spacer"
        " line lines pixel pixels gif image img tracker separator divider"
    ).split()
)
_FLASH = re.compile(r"\.swf(?:$|[?#])", re.IGNORECASE)


def _image(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    size = measure(attributes)
    if _is_emoji(attributes, size):
        return _replace(node, escape(collapse(attributes.get("alt") or ""), quote=False), state)
    image = media.read_image(attributes, state.base, state.images)
    if image is None:
        return _without_image(node, attributes, state)
    if size.tiny or (image.pixel and not _is_picture(image, attributes, size)):
        return take_out(node, "pixel", state)
    state.again |= image.url in state.seen
    state.seen[image.url] = None
    attrs = node.attrs
    if image.url != attributes.get("src"):
        attrs["src"] = image.url
        state.mended.append(("image", image.written, image.url))
    if image.srcset:
        attrs["srcset"] = image.srcset
    elif "srcset" in attributes:
        del attrs["srcset"]
    if size.odd or size.text or image.pixel or "style" in attributes:
        _resize(node, attributes, size, pixel=image.pixel > 0)
    attrs["referrerpolicy"] = "no-referrer"
    attrs["loading"] = "lazy"
    return 1


def _resize(node: LexborNode, attributes: Attributes, size: Size, *, pixel: bool) -> None:
    """Keep the size of an image: in pixels or per cent, or in the letters around it."""
    attrs = node.attrs
    for name in size.odd:
        if name in attributes:
            del attrs[name]
    if "style" in attributes and not size.text:
        del attrs["style"]
    # The size of what looks like a tracker speaks for it, the next time too.
    for name, value in (size.text or (size.pixels if pixel else {})).items():
        attrs[name] = value


def _is_picture(image: media.Image, attributes: Attributes, size: Size) -> bool:
    """Whether size or words speak for an image whose address is like a tracker's."""
    words = collapse(attributes.get("alt") or "")
    told = not _ORNAMENTS.issuperset(words.lower().split())
    if image.pixel > 1:
        return told and size.seen
    return size.seen or (told and "?" not in image.url)


def _is_emoji(attributes: Attributes, size: Size) -> bool:
    """Whether an image stands for a character: its alternative text, in a line's size or by name."""
    words = attributes.get("alt")
    if not words or len(words) > _LONGEST_EMOJI or words.isascii():
        return False
    if not _EMOJI.fullmatch(words.strip()):
        return False
    named = f"{attributes.get('class') or ''} {attributes.get('src') or ''}"
    return bool(size.text or _EMOJI_FILE.search(named))


def _without_image(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Put the words for an image in its place, where it is one that cannot come through."""
    words = collapse(attributes.get("alt") or "")
    inline = (attributes.get("src") or "").lstrip()[:11].lower() == "data:image/"
    if not words or not inline or measure(attributes).tiny or _comes_in_noscript(node):
        return take_out(node, "image", state)
    html = escape(substitutes.spaced(node, words), quote=False)
    state.split = True
    shows = substitutes.put(node, html)
    return take_out(node, "image", state) + shows


def _comes_in_noscript(node: LexborNode) -> bool:
    after = node.next
    while after is not None and is_void(after) and after.tag != "noscript":
        after = after.next
    return after is not None and after.tag == "noscript" and after.css_first("img") is not None


def _replace(node: LexborNode, html: str, state: Walk) -> int:
    """Put plain HTML in the place of an element; return how much of it shows."""
    shows = substitutes.put(node, html)
    state.split = True
    return drop(node, state) + shows


def _link(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Mend a link; one that leads nowhere loses its address, and `tidy` unwraps it."""
    written = attributes.get("href") or ""
    jump = "#" in written[:4] and state.page
    href = _own_page(written, state.page) if jump else written
    led = follow(
        href if len(written) <= LONGEST else "", state.base, state.options.links, state.images
    )
    if led is None:
        return take_out(node, "share", state)
    state.links += 1
    shows = state.descend(node, state)
    if not shows:
        state.note_gap(node)
        state.split = True
        drop_empty(node, "a")
        return 0
    seen, target = led
    target = target.replace(" ", "%20")
    if not target or target != written:
        if target:
            node.attrs["href"] = target
            state.mended.append(("link", seen, target))
        else:
            state.loose = True
            if "href" in attributes:
                del node.attrs["href"]
    return shows


def _own_page(href: str, page: str) -> str:
    """Return a jump within the article as an address on the article's own page."""
    jump = href.strip()
    return page.partition("#")[0] + jump if jump[:1] == "#" and len(jump) > 1 else href


def _noscript(node: LexborNode, _: Attributes, state: Walk) -> int:
    """Use the image that stands in for a lazy one; the rest of a noscript shows nothing."""
    before = node.prev
    while before is not None and is_void(before):
        before = before.prev
    image = node.css_first("img")
    if image is None:
        return _unless_all(node, state)
    if before is not None and before.tag in {"img", "picture", "figure"}:
        if before.tag != "img" or not media.is_stand_in(before.attributes.get("src") or ""):
            return drop(node, state)
        true = media.read_image(image.attributes, state.base, state.images)
        if true is None or media.is_stand_in(true.url):
            return drop(node, state)
        state.seen.pop(before.attributes.get("src") or "", None)
        drop(before, state)
    return unwrap(node, state.descend(node, state), state)


def _unless_all(node: LexborNode, state: Walk) -> int:
    """Take out what only readers without scripts see, unless there is no other text."""
    body = node
    while body.parent is not None and body.tag != "body":
        body = body.parent
    if collapse(body.text_lexbor()) != collapse(node.text_lexbor()):
        return drop(node, state)
    return unwrap(node, state.descend(node, state), state)


def _picture(node: LexborNode, _: Attributes, state: Walk) -> int:
    """Keep of a picture its image, with the best of its sources where that is a stand-in."""
    image = node.css_first("img")
    if image is None:
        return drop(node, state)
    read = media.read_image(image.attributes, state.base, state.images)
    if read is None or media.is_blurred(image.attributes, read.written):
        written = media.best_source([one.attributes for one in node.css("source")])
        if written:
            image.attrs["srcset"] = written
            if "src" in image.attributes:
                del image.attrs["src"]
    for source in reversed(node.css("source")):
        source.decompose()
    return unwrap(node, state.descend(node, state), state)


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
            drop(source, state)
    node.attrs["controls"] = ""
    node.attrs["preload"] = "none"
    shows = state.descend(node, state)
    return max(shows, 1) if playable else unwrap(node, shows, state)


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
        return drop(node, state)
    return 0


def _written(node: LexborNode, _: Attributes, state: Walk) -> int:
    """Leave the white space of preformatted text and code alone."""
    state.written += 1
    shows = state.descend(node, state)
    state.written -= 1
    if not shows and not state.written:
        state.note_gap(node)
        state.split = True
        drop_empty(node, node.tag or "")
    elif shows and node.tag == "pre":
        strip_start(node)
    return shows


def _frame(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Put a link in place of a frame or an embedded object."""
    link = None if measure(attributes).tiny else embeds.embed_link(attributes, state.base)
    return _put_link(node, link, state)


def _object(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Put a link in place of a player that is known; else leave what stands in for the object."""
    if "data" not in attributes:
        named = {
            one.attributes.get("name"): one.attributes.get("value") for one in node.css("param")
        }
        attributes = attributes | {"data": named.get("movie") or named.get("src")}
    link = None if measure(attributes).tiny else embeds.embed_link(attributes, state.base)
    known = NOISE.embeds.match(host(absolute(state.base, attributes.get("data") or "")))
    if link and (known or attributes.get("title")):
        return _put_link(node, link, state)
    if shows := state.descend(node, state):
        return unwrap(node, shows, state)
    return _put_link(node, link, state)


def _custom(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Put a link in place of an element of a player's own."""
    return _put_link(node, embeds.custom_link(node.tag or "", attributes, state.base), state)


def _put_link(node: LexborNode, link: str | None, state: Walk) -> int:
    within = node.parent is not None and node.parent.tag not in _HOLDS_BLOCKS
    page = LexborHTMLParser(link).body if link and not _FLASH.search(link.split('"')[1]) else None
    made = page.first_child if page is not None else None
    made = made.first_child if made is not None and within else made
    if made is None:
        return drop(node, state)
    node.insert_before(made)
    drop(node, state)
    return 1


def _math(node: LexborNode, _: Attributes, state: Walk) -> int:
    return _replace(node, formula(node), state)


def _script(node: LexborNode, _: Attributes, state: Walk) -> int:
    """Put a formula that waits for a script in its place; any other script shows nothing."""
    written = collapse(node.text_lexbor()) if is_script(node) else ""
    return _replace(node, escape(written, quote=False), state)


def _formula_box(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    gone, html = substitutes.rendering(node, attributes)
    return _replace(node, html, state) if gone else unwrap(node, state.descend(node, state), state)


def _drawing(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Put what a drawing says in its place, and the pictures that it holds."""
    shows = 0
    for address in substitutes.pictures(node)[:20]:
        image = node.parser.create_node("img")
        image.attrs["src"] = address
        node.insert_before(image)
        before = node.prev
        shows += _image(before, before.attributes, state) if before is not None else 0
    text = substitutes.spaced(node, substitutes.drawing(node, attributes))
    return _replace(node, text, state) + shows


def _input(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    return _replace(node, substitutes.spaced(node, substitutes.box(attributes)), state)


def _canvas(node: LexborNode, attributes: Attributes, state: Walk) -> int:
    """Leave what a canvas holds for readers that cannot draw, else its label."""
    if shows := state.descend(node, state):
        return unwrap(node, shows, state)
    label = collapse(attributes.get("aria-label") or attributes.get("title") or "")
    return _replace(node, escape(substitutes.spaced(node, label), quote=False), state)


SPECIAL: dict[str, Callable[[LexborNode, Attributes, Walk], int]] = {
    "a": _link,
    "img": _image,
    "source": _source,
    "noscript": _noscript,
    "pre": _written,
    "code": _written,
    "picture": _picture,
    "video": _player,
    "audio": _player,
    "iframe": _frame,
    "frame": _frame,
    "embed": _frame,
    "object": _object,
    "math": _math,
    "mjx-container": _formula_box,
    "script": _script,
    "svg": _drawing,
    "input": _input,
    "canvas": _canvas,
    **dict.fromkeys(embeds.CUSTOM, _custom),
}
