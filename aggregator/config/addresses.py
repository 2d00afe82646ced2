"""URLs as people write them: parse them, compare them, derive the id of a source from them.

A source without an `id` gets a slug of its URL and eight digits of the URL's hash:
`https://example.org/news/feed.xml` gives `example.org-news-feed.xml-` and the digits. The URL is
taken as written in the file, before environment variables are expanded. User name and password
are removed first, and the slug ignores the query: no secret gets into an id, and a new password
does not change it.
"""

import hashlib
import re
from collections.abc import Container
from urllib.parse import quote, unquote, urlsplit

_USER_INFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*://)[^/?#]*@")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://(?:www\.)?")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_MAX_SLUG_CHARACTERS = 48  # of an id derived from a URL
_MAX_TITLE_ID_CHARACTERS = 40  # of an id derived from a title
# Schemes that mark a feed, before the URL or in place of http.
_FEED_SCHEME = re.compile(r"(?:feeds?|rss|atom|pcast|podcast|itpc):(?://)?", re.IGNORECASE)
_HTTP_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_HOST_WITHOUT_SCHEME = re.compile(
    r"(?://)?(?:[\w\-]+(?:\.[\w\-]+)*\.[^\W\d_]{2,}|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])"
    r"\.?(?::\d{1,5})?(?:[/?#]|$)",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def source_id(written: str) -> str:
    """Return the id of a URL or path as written: stable, at most 57 characters."""
    known = _USER_INFO.sub(r"\1", written.strip())
    place = re.split(r"[?#]", _SCHEME.sub("", known), maxsplit=1)[0]
    words = re.findall(r"[\w.]+", _VARIABLE.sub("", place).lower())
    slug = "-".join(word.strip(".") for word in words if word.strip("."))[
        :_MAX_SLUG_CHARACTERS
    ].strip("-.")
    digits = hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug}-{digits}" if slug else digits


def readable_id(title: str, url: str, taken: Container[str]) -> str:
    """Return a readable id for a new source, from its title or else from its host."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    for text in (title, host, "source"):
        words = re.findall(r"\w+", text.lower().replace("_", "-").replace("'", ""))
        slug = "-".join(words)
        if len(slug) > _MAX_TITLE_ID_CHARACTERS:
            slug = (
                slug[:_MAX_TITLE_ID_CHARACTERS].rpartition("-")[0]
                or slug[:_MAX_TITLE_ID_CHARACTERS]
            )
        if slug.strip("-"):
            break
    numbered = (slug if n == 1 else f"{slug}-{n}" for n in range(1, 10_000))
    return next((one for one in numbered if one not in taken), source_id(url))


def candidates(text: str) -> tuple[str, ...]:
    """Return the URLs that a text may mean, the most likely first; http comes last.

    Accepts `feed:` before a URL, a host without a scheme, and spaces, which are percent-encoded
    as a browser does. Raises ValueError, with the reason, if the text is not a URL.
    """
    written = text.strip().strip("<>\"'").strip()
    inner = _FEED_SCHEME.sub("", written, count=1) if _FEED_SCHEME.match(written) else written
    made = (
        quote(" ".join(inner.split()), safe="!#$%&'()*+,/:;=?@[]~", encoding="utf-8")
        if any(mark.isspace() for mark in inner)
        else inner
    )
    if _HTTP_SCHEME.match(made):
        return (made,)
    if not made:
        raise ValueError("the URL is empty")
    if inner != written or _HOST_WITHOUT_SCHEME.match(made):
        place = made.lstrip("/")
        if not _HOST_WITHOUT_SCHEME.match(place):
            raise ValueError("the URL has no host")
        return f"https://{place}", f"http://{place}"
    if re.match(r"[a-z][a-z0-9+.\-]*:", made, re.IGNORECASE):
        scheme = made.partition(":")[0].lower()
        raise ValueError(f"{scheme}: is not supported: only http and https URLs are")
    raise ValueError("not a web URL: write one that begins with https://")


def comparison_key(url: str) -> str:
    """Return a key that ignores the scheme, `www.`, the case of the host and a trailing slash."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    host = _ascii((parts.hostname or "").rstrip(".")).removeprefix("www.")
    place = f":{port}" if port and port != _DEFAULT_PORTS.get(parts.scheme.lower()) else ""
    user = parts.netloc.rpartition("@")[0]
    path = quote(unquote(parts.path), safe="/%:@!$&'()*+,;=~").rstrip("/")
    return f"{user}@{host}{place}{path}?{parts.query}"


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return host
