"""Images, players and embedded objects as their attributes describe them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from aggregator.gather.cleaning.images import Unwrapper
from aggregator.gather.cleaning.noise import NOISE, collapse, is_pixel, is_share
from aggregator.text.urls import absolute, host, is_web, strip

# Where scripts look for the address of an image that is loaded late, best first.
_LAZY = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-actualsrc",
    "data-original-src",
    "data-orig-src",
    "data-lazy",
    "data-lazyload",
    "data-lazy-load",
    "data-lazyload-src",
    "data-url",
    "data-image",
    "data-img",
    "data-img-src",
    "data-image-src",
    "data-echo",
    "data-cfsrc",
    "data-hi-res-src",
    "data-src-retina",
    "data-srclarge",
    "data-src-large",
    "data-full-src",
    "data-fullsrc",
    "data-medium-file",
    "data-croporisrc",
    "data-backsrc",
    "data-runner-src",
    "data-td-src-property",
    "file",
    "zoomfile",
    "lowsrc",
    "dynsrc",
)
_LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-original-set", "data-srcs")
_ALL_LAZY = frozenset(_LAZY + _LAZY_SETS)
_SETS = (*_LAZY_SETS, "srcset")
_ADDRESS = re.compile(
    r"(?:https?:)?//[^\s/]|/[^/\s]|\.{1,2}/|[^\s:?#]+\.(?:jpe?g|png|gif|webp|avif)\b", re.IGNORECASE
)
_FILE = re.compile(r"(?:^|/)([^/?]+)\.(?:gif|png|svg|jpe?g)(?:$|\?)", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"placeholder|spacer|blank|loading|lazy|grey|gray|transparent|1x1|pixel", re.IGNORECASE
)
_CANDIDATE = re.compile(r"[\s,]*([^\s,]\S*)(?:\s+([^,]*))?(?:,|$)")
_WEIGHT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)[wxh]")
_SIZE = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", re.IGNORECASE)
_LENGTH = re.compile(r"\s*\d{1,5}(?:\.\d+)?\s*(?:px|%)?\s*")
_STYLE_SIZE = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|!|$)", re.IGNORECASE)
_TWIN = re.compile(r"/embed/?#\?secret=")  # WordPress frames a page whose link stands before it
_YOUTUBE = re.compile(r"(https?://(?:www\.)?youtube\.com/)embed/([\w-]{11})(?:[?#].*)?$")
_LONGEST_SET = 20_000
_MOST_CANDIDATES = 30


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its address and set, out of the proxy, and the address as seen from the base."""

    url: str
    written: str
    pixel: bool = False  # it only counts readers
    srcset: str = ""


def read_image(attributes: dict[str, str | None], base: str, images: Unwrapper) -> Image | None:
    """Return the image that attributes describe, wherever they hide its address; None if none."""
    lazy = not _ALL_LAZY.isdisjoint(attributes)
    written = (_lazy_source(attributes) if lazy else "") or _own_source(attributes)
    value = _set_value(attributes) if lazy or "srcset" in attributes else ""
    if not value:
        return _image_at(written, base, images)
    best, srcset = _set_at(value[:_LONGEST_SET], base, images)
    if best and (not written or _is_placeholder(written)):
        written = best
    image = _image_at(written, base, images)
    return image and Image(image.url, image.written, image.pixel, srcset)


# A feed brings most of its entries again and again.
@lru_cache(maxsize=8192)
def _image_at(written: str, base: str, images: Unwrapper) -> Image | None:
    """Return the image itself that an address leads to; None if that is none of the web."""
    seen = absolute(base, written)
    url = images.unwrap(seen) if is_web(seen) else ""
    if not is_web(url):
        return None
    return Image(url, seen, is_pixel(url) or (seen != url and is_pixel(seen)))


def _is_placeholder(written: str) -> bool:
    return any(_PLACEHOLDER.search(match[1]) for match in _FILE.finditer(written))


@lru_cache(maxsize=2048)
def _set_at(value: str, base: str, images: Unwrapper) -> tuple[str, str]:
    """Return the best address of a set, and the set with the addresses of the images themselves.

    The set is '' if they are all the same.
    """
    candidates = parse_srcset(value)
    best = max(candidates, key=lambda candidate: _weight(candidate[1]), default=("", ""))[0]
    found = ((_image_at(address, base, images), what) for address, what in candidates)
    entries = {image.url: what for image, what in found if image is not None}
    if len(entries) < 2:
        return best, ""
    return best, ", ".join(f"{_for_set(url)} {what}".strip() for url, what in entries.items())


def _for_set(url: str) -> str:
    return (
        url.replace(",", "%2C")
        if url.endswith(",") or url.startswith(",")
        else url.replace(" ", "%20")
    )


def _lazy_source(attributes: dict[str, str | None]) -> str:
    """Return the address in the attribute that is most likely to hold the image itself."""
    for name in _LAZY:
        value = strip(attributes.get(name) or "")
        if value and _ADDRESS.match(value) and not value.startswith("data:"):
            return value
    return ""


def _own_source(attributes: dict[str, str | None]) -> str:
    own = strip((attributes.get("src") or "")[:20_000])
    return "" if own.startswith(("data:", "about:", "#")) else own


def _set_value(attributes: dict[str, str | None]) -> str:
    return next((value for name in _SETS if (value := attributes.get(name))), "")


def parse_srcset(value: str) -> list[tuple[str, str]]:
    """Return the (address, descriptor) pairs of a set; commas inside addresses stay."""
    found: list[tuple[str, str]] = []
    place, value = 0, value[:_LONGEST_SET]
    while len(found) < _MOST_CANDIDATES and (match := _CANDIDATE.match(value, place)):
        address, what = match[1], (match[2] or "").strip()
        place = match.end()
        if address.endswith(","):
            address, what, place = address.rstrip(","), "", match.end(1)
        if address and (not what or _weight(what)) and not address.startswith("data:"):
            found.append((address, what))
        if place >= len(value):
            break
    return found


def _weight(what: str) -> float:
    match = _WEIGHT.match(what)
    if match is None:
        return 0.0 if what else 1.0
    return float(match[1]) * (1000 if match[0][-1] == "x" and float(match[1]) > 0 else 1)


def is_length(value: str | None) -> bool:
    """Whether an attribute is a length in pixels or per cent."""
    if not value:
        return False
    return (value.isdecimal() and len(value) <= 5) or _LENGTH.fullmatch(value) is not None


def is_tiny(attributes: dict[str, str | None]) -> bool:
    """Whether an element is too small to be seen."""
    for side in ("width", "height"):
        value = attributes.get(side)
        match = _SIZE.match(value) if value else None
        if match and int(match[1]) <= 2:
            return True
    style = attributes.get("style")
    return bool(style and _STYLE_SIZE.search(style))


def play_address(attributes: dict[str, str | None], base: str) -> str:
    """Return the absolute address of a video or audio file; '' if it names none."""
    for name in ("src", "data-src"):
        url = absolute(base, attributes.get(name) or "")
        if is_web(url):
            return url
    return ""


def embed_link(attributes: dict[str, str | None], base: str) -> str | None:
    """Return a paragraph that links what a frame shows; None where nothing is worth a link."""
    for name in ("src", "data-src", "data-lazy-src", "data", "data-url"):
        url = absolute(base, attributes.get(name) or "")
        if is_web(url):
            break
    else:
        return None
    title = collapse(attributes.get("title") or "")[:200]
    if not title and not NOISE.embeds.match(host(url)):
        return None
    if is_pixel(url) or is_share(url) or _TWIN.search(url):
        return None
    url = _YOUTUBE.sub(r"\1watch?v=\2", url)
    return f'<p><a href="{escape(url)}">{escape(title or host(url))}</a></p>'
