"""Select links by relation: the article, the feed, the hub, media files."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from aggregator.core.model import Enclosure
from aggregator.gather.parsers import _text
from aggregator.text.urls import host

_PAGES: Final = {"text/html", "application/xhtml+xml"}


# Relations of a link to its feed or entry; others (nofollow) are attributes of an article's link.
RELATIONS: Final = frozenset(
    "alternate self hub enclosure via related replies edit first last next previous prev next-archive"
    " prev-archive current up license search icon thumbnail image payment service".split()
)


class Link(NamedTuple):
    """A link of a feed or an entry, absolute if the base is known; a tuple, for speed."""

    href: str
    rel: str = "alternate"
    type: str = ""
    title: str = ""
    length: str = ""


def relation(written: str | None) -> str:
    """Return the short form of a relation; the default is `alternate`."""
    return (written or "alternate").strip().rpartition("/")[2].lower()


def is_web(url: str) -> bool:
    """Return whether a URL is http or https."""
    return url[:8].lower().startswith(("https://", "http://"))


def home(site: str, document: str) -> str:
    """Return the base of relative URLs: the document's URL, or the site's if on another host."""
    if not document or not is_web(site) or host(site) in ("", host(document)):
        return document
    return site


def article(links: Iterable[Link]) -> str:
    """Return the URL of the article: an HTML alternate, else any alternate."""
    other = ""
    for link in links:
        if link.rel == "alternate" and link.href:
            if not link.type or link.type.partition(";")[0].strip() in _PAGES:
                return link.href
            other = other or link.href
    return other


def related(links: Iterable[Link], relation: str) -> str:
    """Return the first URL with this relation, '' if there is none."""
    for link in links:
        if link.rel == relation and link.href:
            return link.href
    return ""


def enclosure(url: str, kind: str = "", length: str = "", title: str = "") -> Enclosure:
    """Return a media file; an invalid length becomes 0, unknown."""
    digits = length.strip()
    known = digits.isascii() and digits.isdigit() and len(digits) < 16
    return Enclosure(
        url=url,
        type=_text.cut(kind, 100).lower(),
        length=int(digits) if known else 0,
        title=_text.line(title, _text.MAX_NAME_CHARACTERS),
    )


def deduplicate(found: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    """Return each media file once, in order, at most `MAX_ITEMS`."""
    seen: dict[str, Enclosure] = {}
    for each in found:
        if each.url:
            seen.setdefault(each.url, each)
            if len(seen) >= _text.MAX_ITEMS:
                break
    return tuple(seen.values())
