"""Images and players as their attributes describe them: which address is the best."""

import re
from dataclasses import dataclass
from functools import lru_cache

from aggregator.gather.cleaning.images import Unwrapper
from aggregator.gather.cleaning.noise import pixel_evidence
from aggregator.text.urls import absolute, is_web, strip

Attributes = dict[str, str | None]

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
_FILE = re.compile(r"(?:^|/)([^/?]+)\.(?:gif|png|svg|jpe?g|webp)(?:$|\?)", re.IGNORECASE)
_SHORT_NAME = re.compile(r"(?:^|/)[^/?]{1,2}\.(?:gif|svg)(?:$|\?)", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"placeholder|spacer|blank|loading|loader|lazy|grey|gray|transparent|1x1|pixel|missing|dummy"
    r"|fallback|default|preload|spinner|empty|no[-_]?(?:image|photo|img|pic)|^null|^none",
    re.IGNORECASE,
)
# An image that is shown small, or out of focus, until the true one is there: by name or size.
_THUMBNAIL = re.compile(
    r"(?:^|[/_.=-])(?:thumb(?:nail)?s?|lqip|blur(?:red|ry|hash)?|tiny|lowres|low[-_]?quality|preview|ph)(?:[/_.=\d-]|$)"
    r"|[-_](?:[1-3]?\d{1,2})x(?:[1-3]?\d{1,2})\.[a-z]{3,4}(?:$|\?)|[?&](?:blur|blurred)=|[?&](?:w|width|h|height|resize|size|imwidth)=\d{1,2}(?:\D|$)"
    r"|[/,]w_\d{1,2}[,/]|/w\d{1,2}(?:-h\d+)?/|/s\d{2}(?:-c)?/|e_blur",
    re.IGNORECASE,
)
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|avif|gif|bmp|jfif)(?:$|[?#!@:/])", re.IGNORECASE)
_IMAGE_NAME = re.compile(
    r"src|img|image|orig|lazy|photo|pic|thumb|file|full|large|url", re.IGNORECASE
)
_BEST_NAME = re.compile(r"orig|full|large|big|high|hi-?res|max|zoom|xl|hd|retina|2x", re.IGNORECASE)
_POOR_NAME = re.compile(
    r"thumb|small|medium|low|tiny|mini|lqip|placeholder|blur|avatar|icon|preview", re.IGNORECASE
)
_BLURRED = re.compile(r"filter\s*:\s*blur|(?:^|\s)[\w-]*blur(?!hash)[\w-]*(?:\s|$)", re.IGNORECASE)
_CANDIDATE = re.compile(r"[\s,]*([^\s,]\S*)(?:\s+([^,]*))?(?:,|$)")
_WEIGHT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)[wxh]")
_RARE_TYPES = frozenset(["image/avif", "image/jxl", "image/heic"])  # not every reader shows them
_LONGEST_SET = 20_000
_MOST_CANDIDATES = 30


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its address and set, out of the proxy, and the address as seen from the base."""

    url: str
    written: str
    pixel: int = 0  # how much says that it only counts readers
    srcset: str = ""


def read_image(attributes: Attributes, base: str, images: Unwrapper) -> Image | None:
    """Return the image that attributes describe, wherever they hide its address; None if none."""
    if "srcset" not in attributes and not _has_lazy(attributes):  # like most
        return _image_at(_own_source(attributes), base, images)
    lazy = not _ALL_LAZY.isdisjoint(attributes)
    written = (_lazy_source(attributes) if lazy else "") or _own_source(attributes)
    value = _set_value(attributes) if lazy or "srcset" in attributes else ""
    best, entries = _set_at(value[:_LONGEST_SET], base, images) if value else ("", ())
    if best and (len(entries) == 1 and not entries[0][1].endswith("x")):
        written = best  # what every browser shows
    elif is_blurred(attributes, written):
        written = best or _data_source(attributes, written) or written
    image = _image_at(written, base, images)
    return image and Image(image.url, image.written, image.pixel, _set_of(entries, image.url))


def _has_lazy(attributes: Attributes) -> bool:
    for name in attributes:  # noqa: SIM110  quicker than any()
        if name[:5] == "data-" or name in _ALL_LAZY:
            return True
    return False


@lru_cache(maxsize=8192)
def is_stand_in(written: str) -> bool:
    """Whether an address is none, or of an image that only keeps the place of another."""
    if not written:
        return True
    named = any(_PLACEHOLDER.search(match[1]) for match in _FILE.finditer(written))
    return named or bool(_THUMBNAIL.search(written) or _SHORT_NAME.search(written))


def is_blurred(attributes: Attributes, written: str) -> bool:
    """Whether what an image shows is only there until a sharper one is."""
    if is_stand_in(written):
        return True
    looks = f"{attributes.get('class') or ''} {attributes.get('style') or ''}"
    return "blur" in looks.lower() and bool(_BLURRED.search(looks))


def best_source(sources: list[Attributes]) -> str:
    """Return the set of the best of a picture's sources, as written; '' if they have none."""
    names = ("srcset", "data-srcset", "data-lazy-srcset", "src", "data-src")
    found = [
        (one.get("type") not in _RARE_TYPES, _heaviest(value), value)
        for one in sources
        for name in names
        if (value := one.get(name)) and not value.startswith("data:")
    ]
    return max(found, key=lambda one: one[:2], default=(False, 0.0, ""))[2]


def _heaviest(value: str) -> float:
    return max((_weight(what) for _, what in parse_srcset(value)), default=0.0)


def _data_source(attributes: Attributes, written: str) -> str:
    """Return the best address of an image that any attribute `data-*` holds; '' if there is none."""
    found: list[tuple[int, str]] = []
    for name, value in attributes.items():
        if not name.startswith("data-") or not value or value.startswith("data:"):
            continue
        address = strip(value)
        if " " in address or not _ADDRESS.match(address) or address == written:
            continue
        file, named = bool(_IMAGE_FILE.search(address)), bool(_IMAGE_NAME.search(name))
        if not file and not (named and is_web(address)):
            continue
        rank = 2 * bool(_BEST_NAME.search(name)) + named + file
        rank -= 3 * bool(_POOR_NAME.search(name)) + 3 * is_stand_in(address)
        found.append((rank, address))
    return max(found, key=lambda one: one[0], default=(0, ""))[1]


# A feed brings most of its entries again and again.
@lru_cache(maxsize=8192)
def _image_at(written: str, base: str, images: Unwrapper) -> Image | None:
    """Return the image itself that an address leads to; None if that is none of the web."""
    seen = absolute(base, written)
    url = images.unwrap(seen).replace(" ", "%20") if is_web(seen) else ""
    if not is_web(url):
        return None
    evidence = pixel_evidence(url)
    return Image(url, seen, evidence if seen == url else max(evidence, pixel_evidence(seen)))


@lru_cache(maxsize=2048)
def _set_at(value: str, base: str, images: Unwrapper) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the best address of a set as written, and the images of the set with what they are for."""
    candidates = parse_srcset(value)
    best = max(candidates, key=lambda candidate: _weight(candidate[1]), default=("", ""))[0]
    found = ((_image_at(address, base, images), what) for address, what in candidates)
    entries = {image.url: what for image, what in found if image is not None}
    return best, tuple(entries.items())


def _set_of(entries: tuple[tuple[str, str], ...], shown: str) -> str:
    """Return a set as an attribute; '' if it says no more than the address of the image itself."""
    if not entries or (len(entries) == 1 and entries[0][0] == shown):
        return ""
    return ", ".join(f"{_for_set(url)} {what}".strip() for url, what in entries)


def _for_set(url: str) -> str:
    return (
        url.replace(",", "%2C")
        if url.endswith(",") or url.startswith(",")
        else url.replace(" ", "%20")
    )


def _lazy_source(attributes: Attributes) -> str:
    """Return the address in the attribute that is most likely to hold the image itself."""
    for name in _LAZY:
        value = strip(attributes.get(name) or "")
        if value and _ADDRESS.match(value) and not value.startswith("data:"):
            return value
    return ""


def _own_source(attributes: Attributes) -> str:
    own = strip((attributes.get("src") or "")[:20_000])
    return "" if own.startswith(("data:", "about:", "#")) else own


def _set_value(attributes: Attributes) -> str:
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


def play_address(attributes: Attributes, base: str) -> str:
    """Return the absolute address of a video or audio file; '' if it names none."""
    for name in ("src", "data-src"):
        url = absolute(base, attributes.get(name) or "")
        if is_web(url):
            return url
    return ""
