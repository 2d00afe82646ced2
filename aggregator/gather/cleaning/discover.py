"""Finds the feeds that a web page links to."""

import re
import warnings
from typing import Final
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.filter import SoupStrainer

_PAGE_MOST: Final = 1_000_000  # characters that are looked at; feeds are named in the head
_FEEDS_MOST: Final = 20
_TYPES: Final = {
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
_PLAIN_TYPES: Final = {"application/xml", "text/xml", "application/json"}
_COMMENTS: Final = re.compile(r"comment|评论|評論|reply|回复", re.IGNORECASE)
_LOOKS: Final = re.compile(
    r"(?:^|[/._?&=-])(?:rss2?|atom|feeds?|rdf)(?:[/._?&=-]|$)|\.(?:rss|atom|rdf)$|/index\.xml$"
    r"|/feed\.(?:xml|json)$",
    re.IGNORECASE,
)


def feeds_in_page(html: str, base: str) -> tuple[str, ...]:
    """Return the absolute addresses of the feeds that a page offers, the likeliest first.

    Those that its head names come first, feeds of comments last; without any, links in the
    text whose address looks like a feed's. Only http and https; 20 at most. Never raises.
    """
    wanted = SoupStrainer(["base", "link", "a"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # it is links that we want
        soup = BeautifulSoup(html[:_PAGE_MOST], "lxml", parse_only=wanted)
    base = _join(base, next((_said(tag, "href") for tag in soup.find_all("base", limit=1)), ""))
    named = [tag for tag in soup.find_all("link", limit=2_000) if _is_feed(tag)]
    named.sort(
        key=lambda tag: bool(_COMMENTS.search(f"{_said(tag, 'title')} {_said(tag, 'href')}"))
    )
    tags = named or [tag for tag in soup.find_all("a", limit=5_000) if _looks_like_feed(tag)]
    found = (_join(base, _said(tag, "href")) for tag in tags)
    return tuple(dict.fromkeys(url for url in found if _is_web(url)))[:_FEEDS_MOST]


def _said(tag: Tag, name: str) -> str:
    """Return an attribute as one text."""
    value = tag.get(name) or ""
    return (value if isinstance(value, str) else " ".join(value)).strip()


def _is_feed(tag: Tag) -> bool:
    """Say whether a `link` names a feed: `rel=feed`, or an alternate of a feed's type."""
    relations = _said(tag, "rel").lower().split()
    kind = _said(tag, "type").lower().partition(";")[0].strip()
    if not _said(tag, "href") or "stylesheet" in relations:
        return False
    if "feed" in relations:
        return True
    if kind in _PLAIN_TYPES:  # of everything, from oEmbed to a site's API
        return "alternate" in relations and _LOOKS.search(_said(tag, "href")) is not None
    return "alternate" in relations and kind in _TYPES


def _looks_like_feed(tag: Tag) -> bool:
    href = _said(tag, "href")
    return len(href) < 2_000 and _LOOKS.search(href.partition("#")[0]) is not None


def _join(base: str, href: str) -> str:
    """Return an absolute address; `feed:` in front of one is dropped."""
    for prefix in ("feed://", "feed:"):
        if href.lower().startswith(prefix):
            rest = href[len(prefix) :]
            href = rest if _is_web(rest) else f"https://{rest.lstrip('/')}"
    try:
        return urljoin(base, href)
    except ValueError:  # brackets that are no address
        return base if not href else ""


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("http://", "https://"))
