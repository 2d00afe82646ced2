"""Images and players as their attributes describe them: which address is the best, how large they are."""

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
_SIZE = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", re.IGNORECASE)
_LENGTH = re.compile(r"\s*\d{1,5}(?:\.\d+)?\s*(?:px|%)?\s*")
_STYLED = re.compile(
    r"(?:^|;)\s*((?:max-)?(?:width|height)|vertical-align)\s*:\s*(-?\d{0,5}(?:\.\d{1,6})?)\s*([a-z%]*)",
    re.IGNORECASE,
)
_SIZES = ("height", "width")
_TEXT_UNITS = {"em": 16, "rem": 16, "ex": 8, "ch": 8, "lh": 20}  # in pixels, as browsers have it
_HIDDEN_SIDE, _SEEN_SIDE = 2, 8
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


def is_stand_in(written: str) -> bool:
    """Whether an address is none, or of an image that only keeps the place of another."""
    if not written:
        return True
    named = any(_PLACEHOLDER.search(match[1]) for match in _FILE.finditer(written))
    return named or bool(_THUMBNAIL.search(written) or _SHORT_NAME.search(written))


def is_blurred(attributes: Attributes, written: str) -> bool:
    """Whether what an image shows is only there until a sharper one is."""
    return is_stand_in(written) or bool(_BLURRED.search(_looks(attributes)))


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


def _looks(attributes: Attributes) -> str:
    return f"{attributes.get('class') or ''} {attributes.get('style') or ''}"


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
    url = images.unwrap(seen) if is_web(seen) else ""
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


def is_length(value: str | None) -> bool:
    """Whether an attribute is a length in pixels or per cent."""
    if not value:
        return False
    return (value.isdecimal() and len(value) <= 5) or _LENGTH.fullmatch(value) is not None


def is_tiny(attributes: Attributes) -> bool:
    """Whether an element is too small to be seen: a line that is long enough is seen."""
    sides = [side for side in _sides(attributes) if side is not None]
    return bool(sides) and (min(sides) == 0 or max(sides) <= _HIDDEN_SIDE)


def is_seen(attributes: Attributes) -> bool:
    """Whether an element has a size that can be seen."""
    sides = [side for side in _sides(attributes) if side is not None]
    return bool(sides) and min(sides) >= _SEEN_SIDE


def _sides(attributes: Attributes) -> tuple[float | None, float | None]:
    """Return width and height in pixels, None where unknown; what is relative counts as large."""
    style = attributes.get("style")
    styled = _styled(style) if style else {}
    width, height = (_side(attributes.get(name), styled.get(name)) for name in ("width", "height"))
    return width, height


def _side(value: str | None, styled: tuple[float, str] | None) -> float | None:
    if styled is not None:
        return styled[0] * _TEXT_UNITS.get(styled[1], 1) if styled[1] != "%" else 1000.0
    if not value:
        return None
    match = _SIZE.match(value)
    if match:
        return float(match[1])
    return 1000.0 if value.rstrip().endswith("%") else None


def _styled(style: str) -> dict[str, tuple[float, str]]:
    """Return the sizes that a style sets, with their units."""
    return {
        name.lower(): (float(number), unit.lower())
        for name, number, unit in _STYLED.findall(style)
        if number.strip("-.")
    }


def text_size(attributes: Attributes) -> dict[str, str]:
    """Return the attributes of an image whose size goes by the letters around it; {} of any other."""
    given = {name: (attributes.get(name) or "").strip() for name in _SIZES}
    written = "".join(f";{name}:{value}" for name, value in given.items() if value)
    found = _styled(written + ";" + (attributes.get("style") or ""))
    sizes = {name: found.get(name) or found.get(f"max-{name}") for name in _SIZES}
    kept = {
        name: size
        for name, size in sizes.items()
        if size and size[1] in _TEXT_UNITS and size[0] > 0
    }
    if not kept:
        return {}
    pixels = {
        name: str(max(1, round(number * _TEXT_UNITS[unit])))
        for name, (number, unit) in kept.items()
        if not given[name].isdecimal()
    }
    lowered = found.get("vertical-align", (0.0, ""))
    if lowered[1] in _TEXT_UNITS:
        kept["vertical-align"] = lowered
    style = ";".join(f"{name}:{number:g}{unit}" for name, (number, unit) in kept.items())
    return {"style": style, **pixels}


def pixel_size(attributes: Attributes) -> dict[str, str]:
    """Return the sizes that a style sets in pixels, as attributes."""
    styled = _styled(attributes.get("style") or "")
    return {
        name: str(round(size[0]))
        for name in _SIZES
        if (size := styled.get(name)) and size[1] in {"px", ""} and size[0] > 0
    }


def play_address(attributes: Attributes, base: str) -> str:
    """Return the absolute address of a video or audio file; '' if it names none."""
    for name in ("src", "data-src"):
        url = absolute(base, attributes.get(name) or "")
        if is_web(url):
            return url
    return ""
