"""Which of several links is the article, the feed, the hub, a media file."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from aggregator.core.model import Enclosure
from aggregator.gather.parsers import _text
from aggregator.text.urls import host

_PAGES: Final = {"text/html", "application/xhtml+xml"}


# What a link is to its feed or entry; other words (nofollow) are said of the article's own.
RELATIONS: Final = frozenset(
    "alternate self hub enclosure via related replies edit first last next previous prev next-archive"
    " prev-archive current up license search icon thumbnail image payment service".split()
)


class Link(NamedTuple):
    """A link of a feed or an entry, absolute if a base was known; a tuple, being made so often."""

    href: str
    rel: str = "alternate"
    type: str = ""
    title: str = ""
    length: str = ""


def relation(written: str | None) -> str:
    """Return a relation in its short form; none means alternate."""
    return (written or "alternate").strip().rpartition("/")[2].lower()


def is_web(url: str) -> bool:
    """Say whether an address leads to a page."""
    return url[:8].lower().startswith(("https://", "http://"))


def home(site: str, document: str) -> str:
    """Return the base of relative addresses: the site's, where its feed lies on another host."""
    if not document or not is_web(site) or host(site) in ("", host(document)):
        return document
    return site


def article(links: Iterable[Link]) -> str:
    """Return the page that the entry is about: an alternate in HTML, else any alternate."""
    other = ""
    for link in links:
        if link.rel == "alternate" and link.href:
            if not link.type or link.type.partition(";")[0].strip() in _PAGES:
                return link.href
            other = other or link.href
    return other


def related(links: Iterable[Link], relation: str) -> str:
    """Return the first address of a relation, '' if there is none."""
    for link in links:
        if link.rel == relation and link.href:
            return link.href
    return ""


def enclosure(url: str, kind: str = "", length: str = "", title: str = "") -> Enclosure:
    """Return a media file; a length that is no number is unknown."""
    digits = length.strip()
    known = digits.isascii() and digits.isdigit() and len(digits) < 16
    return Enclosure(
        url=url,
        type=_text.cut(kind, 100).lower(),
        length=int(digits) if known else 0,
        title=_text.line(title, _text.WORD_MOST),
    )


def once(found: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    """Return each media file once, in order, a bounded number."""
    seen: dict[str, Enclosure] = {}
    for each in found:
        if each.url:
            seen.setdefault(each.url, each)
            if len(seen) >= _text.MANY:
                break
    return tuple(seen.values())
