"""Images and players: picks the best URL from their attributes."""

import re
from dataclasses import dataclass
from functools import lru_cache

from aggregator.gather.cleaning.images import Unwrapper
from aggregator.gather.cleaning.noise import tracker_evidence
from aggregator.text.urls import absolute, is_web, strip

Attributes = dict[str, str | None]

# Attributes with the URL of a lazily loaded image, best first.
_LAZY_ATTRIBUTES = (
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
_LAZY_SRCSET_ATTRIBUTES = ("data-srcset", "data-lazy-srcset", "data-original-set", "data-srcs")
_ALL_LAZY_ATTRIBUTES = frozenset(_LAZY_ATTRIBUTES + _LAZY_SRCSET_ATTRIBUTES)
_SRCSET_ATTRIBUTES = (*_LAZY_SRCSET_ATTRIBUTES, "srcset")
_URL = re.compile(
    r"(?:https?:)?//[^\s/]|/[^/\s]|\.{1,2}/|[^\s:?#]+\.(?:jpe?g|png|gif|webp|avif)\b", re.IGNORECASE
)
_FILE_NAME = re.compile(r"(?:^|/)([^/?]+)\.(?:gif|png|svg|jpe?g|webp)(?:$|\?)", re.IGNORECASE)
_SHORT_NAME = re.compile(r"(?:^|/)[^/?]{1,2}\.(?:gif|svg)(?:$|\?)", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"placeholder|spacer|blank|loading|loader|lazy|grey|gray|transparent|1x1|pixel|missing|dummy"
    r"|fallback|default|preload|spinner|empty|no[-_]?(?:image|photo|img|pic)|^null|^none",
    re.IGNORECASE,
)
# A small or blurred preview of a lazily loaded image, by name or size.
_THUMBNAIL = re.compile(
    r"(?:^|[/_.=-])(?:thumb(?:nail)?s?|lqip|blur(?:red|ry|hash)?|tiny|lowres|low[-_]?quality|preview|ph)(?:[/_.=\d-]|$)"
    r"|[-_](?:[1-3]?\d{1,2})x(?:[1-3]?\d{1,2})\.[a-z]{3,4}(?:$|\?)|[?&](?:blur|blurred)=|[?&](?:w|width|h|height|resize|size|imwidth)=\d{1,2}(?:\D|$)"
    r"|[/,]w_\d{1,2}[,/]|/w\d{1,2}(?:-h\d+)?/|/s\d{2}(?:-c)?/|e_blur",
    re.IGNORECASE,
)
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|avif|gif|bmp|jfif)(?:$|[?#!@:/])", re.IGNORECASE)
_IMAGE_ATTRIBUTE = re.compile(
    r"src|img|image|orig|lazy|photo|pic|thumb|file|full|large|url", re.IGNORECASE
)
_LARGE_ATTRIBUTE = re.compile(
    r"orig|full|large|big|high|hi-?res|max|zoom|xl|hd|retina|2x", re.IGNORECASE
)
_SMALL_ATTRIBUTE = re.compile(
    r"thumb|small|medium|low|tiny|mini|lqip|placeholder|blur|avatar|icon|preview", re.IGNORECASE
)
_BLURRED = re.compile(r"filter\s*:\s*blur|(?:^|\s)[\w-]*blur(?!hash)[\w-]*(?:\s|$)", re.IGNORECASE)
_CANDIDATE = re.compile(r"[\s,]*([^\s,]\S*)(?:\s+([^,]*))?(?:,|$)")
_DESCRIPTOR = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)[wxh]")
_UNCOMMON_TYPES = frozenset(
    ["image/avif", "image/jxl", "image/heic"]
)  # not supported by every reader
_SRCSET_MAX_CHARS = 20_000
_SRCSET_MAX_CANDIDATES = 30


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its unwrapped URL and srcset; `source_url` is the URL before unwrapping."""

    url: str
    source_url: str
    tracker_evidence: int = 0  # see `noise.tracker_evidence`
    srcset: str = ""


def read_image(attributes: Attributes, base: str, images: Unwrapper) -> Image | None:
    """Return the image that the attributes describe, lazy ones included; None if there is no URL."""
    if "srcset" not in attributes and not _has_lazy_attribute(attributes):  # the usual case
        return _image_from_url(_src_url(attributes), base, images)
    lazy = not _ALL_LAZY_ATTRIBUTES.isdisjoint(attributes)
    written = (_lazy_url(attributes) if lazy else "") or _src_url(attributes)
    value = _srcset_value(attributes) if lazy or "srcset" in attributes else ""
    best, entries = _read_srcset(value[:_SRCSET_MAX_CHARS], base, images) if value else ("", ())
    if best and (len(entries) == 1 and not entries[0][1].endswith("x")):
        written = best  # every browser shows it
    elif is_blurred(attributes, written):
        written = best or _data_attribute_url(attributes, written) or written
    image = _image_from_url(written, base, images)
    return image and Image(
        image.url, image.source_url, image.tracker_evidence, _format_srcset(entries, image.url)
    )


def _has_lazy_attribute(attributes: Attributes) -> bool:
    for name in attributes:  # noqa: SIM110  faster than any()
        if name[:5] == "data-" or name in _ALL_LAZY_ATTRIBUTES:
            return True
    return False


@lru_cache(maxsize=8192)
def is_placeholder_image(written: str) -> bool:
    """Whether a URL is empty or that of a placeholder image."""
    if not written:
        return True
    is_named = any(_PLACEHOLDER.search(match[1]) for match in _FILE_NAME.finditer(written))
    return is_named or bool(_THUMBNAIL.search(written) or _SHORT_NAME.search(written))


def is_blurred(attributes: Attributes, written: str) -> bool:
    """Whether an image is only a preview of a lazily loaded one."""
    if is_placeholder_image(written):
        return True
    styling = f"{attributes.get('class') or ''} {attributes.get('style') or ''}"
    return "blur" in styling.lower() and bool(_BLURRED.search(styling))


def best_srcset(sources: list[Attributes]) -> str:
    """Return the srcset of the best `source` of a `picture`, as written; '' if there is none."""
    names = ("srcset", "data-srcset", "data-lazy-srcset", "src", "data-src")
    found = [
        (one.get("type") not in _UNCOMMON_TYPES, _max_descriptor(value), value)
        for one in sources
        for name in names
        if (value := one.get(name)) and not value.startswith("data:")
    ]
    return max(found, key=lambda one: one[:2], default=(False, 0.0, ""))[2]


def _max_descriptor(value: str) -> float:
    return max(
        (_descriptor_value(descriptor) for _, descriptor in parse_srcset(value)), default=0.0
    )


def _data_attribute_url(attributes: Attributes, written: str) -> str:
    """Return the best image URL in any `data-*` attribute; '' if there is none."""
    found: list[tuple[int, str]] = []
    for name, value in attributes.items():
        if not name.startswith("data-") or not value or value.startswith("data:"):
            continue
        url = strip(value)
        if " " in url or not _URL.match(url) or url == written:
            continue
        file, is_named = bool(_IMAGE_FILE.search(url)), bool(_IMAGE_ATTRIBUTE.search(name))
        if not file and not (is_named and is_web(url)):
            continue
        rank = 2 * bool(_LARGE_ATTRIBUTE.search(name)) + is_named + file
        rank -= 3 * bool(_SMALL_ATTRIBUTE.search(name)) + 3 * is_placeholder_image(url)
        found.append((rank, url))
    return max(found, key=lambda one: one[0], default=(0, ""))[1]


# Each fetch of a feed repeats most of its entries.
@lru_cache(maxsize=8192)
def _image_from_url(written: str, base: str, images: Unwrapper) -> Image | None:
    """Return the image at a URL, unwrapped; None if the URL is not http or https."""
    source_url = absolute(base, written)
    url = images.unwrap(source_url).replace(" ", "%20") if is_web(source_url) else ""
    if not is_web(url):
        return None
    evidence = tracker_evidence(url)
    return Image(
        url,
        source_url,
        evidence if source_url == url else max(evidence, tracker_evidence(source_url)),
    )


@lru_cache(maxsize=2048)
def _read_srcset(
    value: str, base: str, images: Unwrapper
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the best URL of a srcset as written, and the (unwrapped URL, descriptor) pairs."""
    candidates = parse_srcset(value)
    best = max(candidates, key=lambda candidate: _descriptor_value(candidate[1]), default=("", ""))[
        0
    ]
    found = ((_image_from_url(url, base, images), descriptor) for url, descriptor in candidates)
    entries = {image.url: descriptor for image, descriptor in found if image is not None}
    return best, tuple(entries.items())


def _format_srcset(entries: tuple[tuple[str, str], ...], visible_chars: str) -> str:
    """Return a srcset attribute; '' if the image itself is its only candidate."""
    if not entries or (len(entries) == 1 and entries[0][0] == visible_chars):
        return ""
    return ", ".join(
        f"{_escape_for_srcset(url)} {descriptor}".strip() for url, descriptor in entries
    )


def _escape_for_srcset(url: str) -> str:
    return (
        url.replace(",", "%2C")
        if url.endswith(",") or url.startswith(",")
        else url.replace(" ", "%20")
    )


def _lazy_url(attributes: Attributes) -> str:
    """Return the URL in the first lazy-loading attribute that has one."""
    for name in _LAZY_ATTRIBUTES:
        value = strip(attributes.get(name) or "")
        if value and _URL.match(value) and not value.startswith("data:"):
            return value
    return ""


def _src_url(attributes: Attributes) -> str:
    own = strip((attributes.get("src") or "")[:20_000])
    return "" if own.startswith(("data:", "about:", "#")) else own


def _srcset_value(attributes: Attributes) -> str:
    return next((value for name in _SRCSET_ATTRIBUTES if (value := attributes.get(name))), "")


def parse_srcset(value: str) -> list[tuple[str, str]]:
    """Return the (URL, descriptor) pairs of a srcset; commas inside URLs are kept."""
    found: list[tuple[str, str]] = []
    position, value = 0, value[:_SRCSET_MAX_CHARS]
    while len(found) < _SRCSET_MAX_CANDIDATES and (match := _CANDIDATE.match(value, position)):
        url, descriptor = match[1], (match[2] or "").strip()
        position = match.end()
        if url.endswith(","):
            url, descriptor, position = url.rstrip(","), "", match.end(1)
        if (
            url
            and (not descriptor or _descriptor_value(descriptor))
            and not url.startswith("data:")
        ):
            found.append((url, descriptor))
        if position >= len(value):
            break
    return found


def _descriptor_value(descriptor: str) -> float:
    match = _DESCRIPTOR.match(descriptor)
    if match is None:
        return 0.0 if descriptor else 1.0
    return float(match[1]) * (1000 if match[0][-1] == "x" and float(match[1]) > 0 else 1)


def media_url(attributes: Attributes, base: str) -> str:
    """Return the absolute URL of a video or audio file; '' if there is none."""
    for name in ("src", "data-src"):
        url = absolute(base, attributes.get(name) or "")
        if is_web(url):
            return url
    return ""
