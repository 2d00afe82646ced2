"""Feed discovery: finds the feeds that a web page links to."""

import re
import warnings
from typing import Final
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.filter import SoupStrainer

_PAGE_MAX_CHARS: Final = 1_000_000  # feeds are declared in the head, so the start is enough
_MAX_FEEDS: Final = 20
_FEED_TYPES: Final = {
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/x.atom+xml",
    "application/x-atom+xml",
    "application/xml",
    "text/xml",
    "application/json",
}
_GENERIC_TYPES: Final = {"application/xml", "text/xml", "application/json"}
_COMMENT_FEED: Final = re.compile(r"comment|评论|評論|reply|回复", re.IGNORECASE)
_FEED_URL: Final = re.compile(
    r"(?:^|[/._?&=-])(?:rss2?|atom|feeds?|rdf)(?:[/._?&=-]|$)|\.(?:rss|atom|rdf)$|/index\.xml$"
    r"|/feed\.(?:xml|json)$",
    re.IGNORECASE,
)


def feeds_in_page(html: str, base: str) -> tuple[str, ...]:
    """Return the absolute URLs of the feeds that a page links to, the most likely first.

    `link` elements come first, comment feeds last. If there are none, `a` elements whose URL
    looks like a feed are returned. Only http and https, 20 at most. Never raises.
    """
    wanted = SoupStrainer(["base", "link", "a"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # only the links matter
        soup = BeautifulSoup(html[:_PAGE_MAX_CHARS], "lxml", parse_only=wanted)
    base = _absolute_url(
        base, next((_attribute(tag, "href") for tag in soup.find_all("base", limit=1)), "")
    )
    named = [tag for tag in soup.find_all("link", limit=2_000) if _is_feed_link(tag)]
    named.sort(
        key=lambda tag: bool(
            _COMMENT_FEED.search(f"{_attribute(tag, 'title')} {_attribute(tag, 'href')}")
        )
    )
    tags = named or [tag for tag in soup.find_all("a", limit=5_000) if _is_feed_anchor(tag)]
    found = (_absolute_url(base, _attribute(tag, "href")) for tag in tags)
    return tuple(dict.fromkeys(url for url in found if _is_web(url)))[:_MAX_FEEDS]


def _attribute(tag: Tag, name: str) -> str:
    """Return an attribute as one string."""
    value = tag.get(name) or ""
    return (value if isinstance(value, str) else " ".join(value)).strip()


def _is_feed_link(tag: Tag) -> bool:
    """Return whether a `link` element declares a feed: `rel=feed`, or an alternate of a feed type."""
    relations = _attribute(tag, "rel").lower().split()
    kind = _attribute(tag, "type").lower().partition(";")[0].strip()
    if not _attribute(tag, "href") or "stylesheet" in relations:
        return False
    if "feed" in relations:
        return True
    if kind in _GENERIC_TYPES:  # also used for oEmbed and APIs
        return "alternate" in relations and _FEED_URL.search(_attribute(tag, "href")) is not None
    return "alternate" in relations and kind in _FEED_TYPES


def _is_feed_anchor(tag: Tag) -> bool:
    href = _attribute(tag, "href")
    return len(href) < 2_000 and _FEED_URL.search(href.partition("#")[0]) is not None


def _absolute_url(base: str, href: str) -> str:
    """Return the absolute URL; a `feed:` prefix is dropped."""
    for prefix in ("feed://", "feed:"):
        if href.lower().startswith(prefix):
            rest = href[len(prefix) :]
            href = rest if _is_web(rest) else f"https://{rest.lstrip('/')}"
    try:
        return urljoin(base, href)
    except ValueError:  # invalid brackets
        return base if not href else ""


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("http://", "https://"))
