"""Addresses as people write them: read, compared, and made into the id of a source.

The id of a source that has none of its own is the readable part of the address as it stands in the
configuration, before environment variables are put in, and eight digits of its hash:
`https://example.org/news/feed.xml` gives `example.org-news-feed.xml-` and the digits. A user name
and password take no part, nor does the query in the readable part, so no secret gets into an id
and a new password changes none.
"""

import hashlib
import re
from collections.abc import Container
from urllib.parse import quote, unquote, urlsplit

_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*://)[^/?#]*@")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://(?:www\.)?")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_SLUG = 48  # characters of the readable part
_READABLE = 40  # characters of an id that is made of a title
# schemes that say "this is a feed" in front of an address, or in place of http
_FEED = re.compile(r"(?:feeds?|rss|atom|pcast|podcast|itpc):(?://)?", re.IGNORECASE)
_HTTP = re.compile(r"https?://", re.IGNORECASE)
_BARE = re.compile(
    r"(?://)?(?:[\w\-]+(?:\.[\w\-]+)*\.[^\W\d_]{2,}|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])"
    r"\.?(?::\d{1,5})?(?:[/?#]|$)",
    re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}


def source_id(written: str) -> str:
    """Return the id of an address or path as written: stable, at most 57 characters."""
    known = _USER.sub(r"\1", written.strip())
    place = re.split(r"[?#]", _SCHEME.sub("", known), maxsplit=1)[0]
    words = re.findall(r"[\w.]+", _VARIABLE.sub("", place).lower())
    slug = "-".join(word.strip(".") for word in words if word.strip("."))[:_SLUG].strip("-.")
    digits = hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug}-{digits}" if slug else digits


def readable_id(title: str, url: str, taken: Container[str]) -> str:
    """Return an id for a new source that people can read: of its title, else of its host."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    for text in (title, host, "source"):
        words = re.findall(r"\w+", text.lower().replace("_", "-").replace("'", ""))
        slug = "-".join(words)
        if len(slug) > _READABLE:
            slug = slug[:_READABLE].rpartition("-")[0] or slug[:_READABLE]
        if slug.strip("-"):
            break
    numbered = (slug if n == 1 else f"{slug}-{n}" for n in range(1, 10_000))
    return next((one for one in numbered if one not in taken), source_id(url))


def candidates(text: str) -> tuple[str, ...]:
    """Return the addresses that a text may mean, the likeliest first; http comes last.

    Takes `feed:` in front of an address, none but a host, and blanks, which a browser would
    encode. ValueError says why a text is no address.
    """
    written = text.strip().strip("<>\"'").strip()
    inner = _FEED.sub("", written, count=1) if _FEED.match(written) else written
    made = (
        quote(" ".join(inner.split()), safe="!#$%&'()*+,/:;=?@[]~", encoding="utf-8")
        if any(mark.isspace() for mark in inner)
        else inner
    )
    if _HTTP.match(made):
        return (made,)
    if not made:
        raise ValueError("there is no address")
    if inner != written or _BARE.match(made):
        place = made.lstrip("/")
        if not _BARE.match(place):
            raise ValueError("there is no host in this address")
        return f"https://{place}", f"http://{place}"
    if re.match(r"[a-z][a-z0-9+.\-]*:", made, re.IGNORECASE):
        scheme = made.partition(":")[0].lower()
        raise ValueError(f"{scheme}: is not a web address: only http and https are followed")
    raise ValueError("this is no web address: it begins with https://")


def same_key(url: str) -> str:
    """Return what two spellings of one address share: scheme, `www.`, case and a last slash aside."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    host = _ascii((parts.hostname or "").rstrip(".")).removeprefix("www.")
    place = f":{port}" if port and port != _PORTS.get(parts.scheme.lower()) else ""
    user = parts.netloc.rpartition("@")[0]
    path = quote(unquote(parts.path), safe="/%:@!$&'()*+,;=~").rstrip("/")
    return f"{user}@{host}{place}{path}?{parts.query}"


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return host
