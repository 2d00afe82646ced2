"""Handlers of elements with rules of their own: images, links, players, formulas, SVG, inputs."""

import re
from collections.abc import Callable
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.gather.cleaning import embeds, media, substitutes
from aggregator.gather.cleaning.link_urls import resolve_href
from aggregator.gather.cleaning.math_markup import formula_html, is_formula_script
from aggregator.gather.cleaning.noise import NOISE, collapse, is_blank
from aggregator.gather.cleaning.sizes import Size, measure
from aggregator.gather.cleaning.tidy import remove_empty, strip_leading_breaks
from aggregator.gather.cleaning.walk_state import (
    Attributes,
    WalkState,
    drop,
    remove,
    unwrap_element,
)
from aggregator.text.urls import MAX_URL_CHARACTERS, absolute, host, is_web

_BLOCK_CONTAINERS = frozenset(
    ["body", "div", "section", "article", "main", "figure", "li", "td", "blockquote"]
)
_EMOJI = re.compile(
    r"[^\w\s!-~]{1,3}[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*(?:[^\w\s!-~]{1,3}){0,10}|[0-9#*]\ufe0f?\u20e3"
)
_EMOJI_MAX_CHARS = 16
_EMOJI_NAME = re.compile(r"emoji|twemoji|smil", re.IGNORECASE)
# Alternative text made of these words alone describes a decorative image.
_DECORATIVE_WORDS = frozenset(
    (
        "presentational transparent white blank empty clear tracking dotted gray grey web space spacer"
        " line lines pixel pixels gif image img tracker separator divider"
    ).split()
)
_FLASH = re.compile(r"\.swf(?:$|[?#])", re.IGNORECASE)


def _clean_image(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    size = measure(attributes)
    if _is_emoji(attributes, size):
        return _replace_with_html(
            node, escape(collapse(attributes.get("alt") or ""), quote=False), state
        )
    image = media.read_image(attributes, state.base, state.unwrapper)
    if image is None:
        return _replace_unusable_image(node, attributes, state)
    if size.tiny or (image.tracker_evidence and not _is_visible_image(image, attributes, size)):
        return remove(node, "pixel", state)
    state.has_repeated_image |= image.url in state.image_urls
    state.image_urls[image.url] = None
    attrs = node.attrs
    if image.url != attributes.get("src"):
        attrs["src"] = image.url
        state.rewritten.append(("image", image.source_url, image.url))
    if image.srcset:
        attrs["srcset"] = image.srcset
    elif "srcset" in attributes:
        del attrs["srcset"]
    if size.invalid or size.text_size or image.tracker_evidence or "style" in attributes:
        _set_size(node, attributes, size, pixel=image.tracker_evidence > 0)
    attrs["referrerpolicy"] = "no-referrer"
    attrs["loading"] = "lazy"
    return 1


def _set_size(node: LexborNode, attributes: Attributes, size: Size, *, pixel: bool) -> None:
    """Keep the size of an image in pixels, per cent or units of the font size."""
    attrs = node.attrs
    for name in size.invalid:
        if name in attributes:
            del attrs[name]
    if "style" in attributes and not size.text_size:
        del attrs["style"]
    # If the URL looks like a tracker, the size must stay: cleaning again must keep the image too.
    for name, value in (size.text_size or (size.pixels if pixel else {})).items():
        attrs[name] = value


def _is_visible_image(image: media.Image, attributes: Attributes, size: Size) -> bool:
    """Whether size or alternative text prove that an image with a tracker-like URL is content."""
    words = collapse(attributes.get("alt") or "")
    descriptive = not _DECORATIVE_WORDS.issuperset(words.lower().split())
    if image.tracker_evidence > 1:
        return descriptive and size.visible
    return size.visible or (descriptive and "?" not in image.url)


def _is_emoji(attributes: Attributes, size: Size) -> bool:
    """Whether an image replaces an emoji: by alternative text, and by font-relative size or name."""
    words = attributes.get("alt")
    if not words or len(words) > _EMOJI_MAX_CHARS or words.isascii():
        return False
    if not _EMOJI.fullmatch(words.strip()):
        return False
    names = f"{attributes.get('class') or ''} {attributes.get('src') or ''}"
    return bool(size.text_size or _EMOJI_NAME.search(names))


def _replace_unusable_image(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Remove an image without a usable URL; a `data:` image is replaced with its alternative text."""
    words = collapse(attributes.get("alt") or "")
    inline = (attributes.get("src") or "").lstrip()[:11].lower() == "data:image/"
    if not words or not inline or measure(attributes).tiny or _has_noscript_image(node):
        return remove(node, "image", state)
    html = escape(substitutes.pad_with_spaces(node, words), quote=False)
    state.has_split_text = True
    visible = substitutes.insert_html_before(node, html)
    return remove(node, "image", state) + visible


def _has_noscript_image(node: LexborNode) -> bool:
    after = node.next
    while after is not None and is_blank(after) and after.tag != "noscript":
        after = after.next
    return after is not None and after.tag == "noscript" and after.css_first("img") is not None


def _replace_with_html(node: LexborNode, html: str, state: WalkState) -> int:
    """Replace an element with inline HTML; return the visible size."""
    visible = substitutes.insert_html_before(node, html)
    state.has_split_text = True
    return drop(node, state) + visible


def _clean_link(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Clean a link; one without a usable URL loses its href, and `tidy` unwraps it."""
    written = attributes.get("href") or ""
    is_fragment = "#" in written[:4] and state.page
    href = _absolute_fragment(written, state.page) if is_fragment else written
    resolved = resolve_href(
        href if len(written) <= MAX_URL_CHARACTERS else "",
        state.base,
        state.options.links,
        state.unwrapper,
    )
    if resolved is None:
        return remove(node, "share", state)
    state.link_count += 1
    visible = state.descend(node, state)
    if not visible:
        state.note_removal(node)
        state.has_split_text = True
        remove_empty(node, "a")
        return 0
    absolute_url, target = resolved
    target = target.replace(" ", "%20")
    if not target or target != written:
        if target:
            node.attrs["href"] = target
            state.rewritten.append(("link", absolute_url, target))
        else:
            state.has_unknown_tags = True
            if "href" in attributes:
                del node.attrs["href"]
    return visible


def _absolute_fragment(href: str, page: str) -> str:
    """Return a fragment link as an absolute URL on the page of the entry."""
    fragment = href.strip()
    return page.partition("#")[0] + fragment if fragment[:1] == "#" and len(fragment) > 1 else href


def _clean_noscript(node: LexborNode, _: Attributes, state: WalkState) -> int:
    """Use the image of a `noscript` in place of a lazy one before it; drop other content."""
    before = node.prev
    while before is not None and is_blank(before):
        before = before.prev
    image = node.css_first("img")
    if image is None:
        return _drop_unless_only_text(node, state)
    if before is not None and before.tag in {"img", "picture", "figure"}:
        if before.tag != "img" or not media.is_placeholder_image(
            before.attributes.get("src") or ""
        ):
            return drop(node, state)
        lazy = media.read_image(image.attributes, state.base, state.unwrapper)
        if lazy is None or media.is_placeholder_image(lazy.url):
            return drop(node, state)
        state.image_urls.pop(before.attributes.get("src") or "", None)
        drop(before, state)
    return unwrap_element(node, state.descend(node, state), state)


def _drop_unless_only_text(node: LexborNode, state: WalkState) -> int:
    """Drop the content for browsers without scripts, unless it is the only text."""
    body = node
    while body.parent is not None and body.tag != "body":
        body = body.parent
    if collapse(body.text_lexbor()) != collapse(node.text_lexbor()):
        return drop(node, state)
    return unwrap_element(node, state.descend(node, state), state)


def _clean_picture(node: LexborNode, _: Attributes, state: WalkState) -> int:
    """Reduce a `picture` to its image; a placeholder image gets the best of the sources."""
    image = node.css_first("img")
    if image is None:
        return drop(node, state)
    read = media.read_image(image.attributes, state.base, state.unwrapper)
    if read is None or media.is_blurred(image.attributes, read.source_url):
        written = media.best_srcset([one.attributes for one in node.css("source")])
        if written:
            image.attrs["srcset"] = written
            if "src" in image.attributes:
                del image.attrs["src"]
    for source in reversed(node.css("source")):
        source.decompose()
    return unwrap_element(node, state.descend(node, state), state)


def _clean_player(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Keep a video or audio element that has a file; else keep its fallback content."""
    playable = _set_src(node, attributes, state)
    if "poster" in attributes:
        poster = absolute(state.base, attributes["poster"] or "")
        poster = state.unwrapper.unwrap(poster)
        if is_web(poster):
            node.attrs["poster"] = poster
        else:
            del node.attrs["poster"]
    for source in reversed(node.css("source")):
        if _set_src(source, source.attributes, state):
            playable = True
        else:
            drop(source, state)
    node.attrs["controls"] = ""
    node.attrs["preload"] = "none"
    visible = state.descend(node, state)
    return max(visible, 1) if playable else unwrap_element(node, visible, state)


def _set_src(node: LexborNode, attributes: Attributes, state: WalkState) -> bool:
    url = media.media_url(attributes, state.base)
    if url:
        node.attrs["src"] = url
    elif "src" in attributes:
        del node.attrs["src"]
    return bool(url)


def _clean_source(node: LexborNode, _: Attributes, state: WalkState) -> int:
    """Keep a `source` of a player, already checked by `_clean_player`; drop any other."""
    parent = node.parent
    if parent is None or parent.tag not in {"video", "audio"}:
        return drop(node, state)
    return 0


def _clean_preformatted(node: LexborNode, _: Attributes, state: WalkState) -> int:
    """Clean preformatted text or code without changing its white space."""
    state.preformatted_depth += 1
    visible = state.descend(node, state)
    state.preformatted_depth -= 1
    if not visible and not state.preformatted_depth:
        state.note_removal(node)
        state.has_split_text = True
        remove_empty(node, node.tag or "")
    elif visible and node.tag == "pre":
        strip_leading_breaks(node)
    return visible


def _clean_frame(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Replace a frame or an embedded object with a link."""
    link = None if measure(attributes).tiny else embeds.embed_link(attributes, state.base)
    return _replace_with_link(node, link, state)


def _clean_object(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Replace an object of a known player with a link; else keep its fallback content."""
    if "data" not in attributes:
        names = {
            one.attributes.get("name"): one.attributes.get("value") for one in node.css("param")
        }
        attributes = attributes | {"data": names.get("movie") or names.get("src")}
    link = None if measure(attributes).tiny else embeds.embed_link(attributes, state.base)
    known = NOISE.embeds.match(host(absolute(state.base, attributes.get("data") or "")))
    if link and (known or attributes.get("title")):
        return _replace_with_link(node, link, state)
    if visible := state.descend(node, state):
        return unwrap_element(node, visible, state)
    return _replace_with_link(node, link, state)


def _clean_custom_player(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Replace a custom element of a player with a link."""
    return _replace_with_link(
        node, embeds.custom_link(node.tag or "", attributes, state.base), state
    )


def _replace_with_link(node: LexborNode, link: str | None, state: WalkState) -> int:
    inline = node.parent is not None and node.parent.tag not in _BLOCK_CONTAINERS
    page = LexborHTMLParser(link).body if link and not _FLASH.search(link.split('"')[1]) else None
    replacement = page.first_child if page is not None else None
    replacement = replacement.first_child if replacement is not None and inline else replacement
    if replacement is None:
        return drop(node, state)
    node.insert_before(replacement)
    drop(node, state)
    return 1


def _clean_math(node: LexborNode, _: Attributes, state: WalkState) -> int:
    return _replace_with_html(node, formula_html(node), state)


def _clean_script(node: LexborNode, _: Attributes, state: WalkState) -> int:
    """Replace a formula script with its source text; drop any other script."""
    written = collapse(node.text_lexbor()) if is_formula_script(node) else ""
    return _replace_with_html(node, escape(written, quote=False), state)


def _clean_rendered_formula(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    handled, html = substitutes.replace_rendering(node, attributes)
    return (
        _replace_with_html(node, html, state)
        if handled
        else unwrap_element(node, state.descend(node, state), state)
    )


def _clean_svg(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Replace an SVG with its text and its images."""
    visible = 0
    for url in substitutes.svg_images(node)[:20]:
        image = node.parser.create_node("img")
        image.attrs["src"] = url
        node.insert_before(image)
        before = node.prev
        visible += _clean_image(before, before.attributes, state) if before is not None else 0
    text = substitutes.pad_with_spaces(node, substitutes.svg_text(node, attributes))
    return _replace_with_html(node, text, state) + visible


def _clean_input(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    return _replace_with_html(
        node, substitutes.pad_with_spaces(node, substitutes.checkbox_sign(attributes)), state
    )


def _clean_canvas(node: LexborNode, attributes: Attributes, state: WalkState) -> int:
    """Replace a canvas with its fallback content, else with its label."""
    if visible := state.descend(node, state):
        return unwrap_element(node, visible, state)
    label = collapse(attributes.get("aria-label") or attributes.get("title") or "")
    return _replace_with_html(
        node, escape(substitutes.pad_with_spaces(node, label), quote=False), state
    )


HANDLERS: dict[str, Callable[[LexborNode, Attributes, WalkState], int]] = {
    "a": _clean_link,
    "img": _clean_image,
    "source": _clean_source,
    "noscript": _clean_noscript,
    "pre": _clean_preformatted,
    "code": _clean_preformatted,
    "picture": _clean_picture,
    "video": _clean_player,
    "audio": _clean_player,
    "iframe": _clean_frame,
    "frame": _clean_frame,
    "embed": _clean_frame,
    "object": _clean_object,
    "math": _clean_math,
    "mjx-container": _clean_rendered_formula,
    "script": _clean_script,
    "svg": _clean_svg,
    "input": _clean_input,
    "canvas": _clean_canvas,
    **dict.fromkeys(embeds.CUSTOM_PLAYERS, _clean_custom_player),
}
