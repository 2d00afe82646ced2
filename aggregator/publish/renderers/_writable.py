"""Makes stored texts, URLs and media types valid in a document."""

import re
from functools import lru_cache
from html import unescape

from aggregator.core.model import Enclosure
from aggregator.text import fold, urls

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_PLAIN_URI = re.compile(
    r"https?://(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,}"
    r"(?:[/?](?:[\w.~!$&'()*+,;=:@/?-]++|%[0-9A-Fa-f]{2})*+)?",
    re.ASCII,
)
_URI = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#@]*@)?"
    r"(?P<host>(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?):?(?P<rest>(?:[/?#].*)?)",
    re.ASCII | re.IGNORECASE,
)
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_ESCAPED = re.compile(r"&(?=(?:lt|gt|quot|#\d+|#x[\da-fA-F]+);)")
_MARKUP = re.compile(r"<(/?[A-Za-z][^<>]*)>")
_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
}
_TITLE_MOST = 500


@lru_cache(maxsize=4096)
def uri(link: str) -> str:
    """Return a web address as a URI, or ''."""
    if _PLAIN_URI.fullmatch(link):  # the common case, at a tenth of the cost
        return link
    written = urls.rfc3986(fold.xml_safe(link)) if link else ""
    match = _URI.fullmatch(written)
    if match is None or not urls.is_web(written):
        return ""
    return f"{match['scheme'].lower()}://{match['host']}{match['rest']}"  # never publish a password


@lru_cache(maxsize=4096)
def plain_title(title: str) -> str:
    """Return a title that is safe whether a reader takes titles for text or for HTML."""
    shown = fold.xml_safe(fold.shorten(fold.plain(title[: 4 * _TITLE_MOST]), _TITLE_MOST))
    while _ESCAPED.search(shown):
        shown = fold.xml_safe(fold.plain(unescape(shown)))
    return _MARKUP.sub(r"‹\1›", shown) if "<" in shown else shown


def media_type(enclosure: Enclosure) -> str:
    """Return the media type of a file, guessed from its name if unknown."""
    if _TYPE.fullmatch(enclosure.type):
        return enclosure.type.lower()
    suffix = enclosure.url.partition("?")[0].rpartition(".")[2].lower()
    return _TYPES.get(suffix, "application/octet-stream")


def line(written: str) -> str:
    """Return a text in one line."""
    return fold.xml_safe(fold.plain(written)) if written else ""


@lru_cache(maxsize=256)
def language(tag: str) -> str:
    """Return a language tag, or '' for an invalid one."""
    tag = tag.replace("_", "-")
    return tag if _TAG.fullmatch(tag) else ""


@lru_cache(maxsize=1024)
def public_uri(address: str) -> str:
    """Return the URL of a feed, or '' if it contains a secret."""
    return uri(address) if urls.redact(address) == address else ""
