"""Lists of subscriptions that other readers export; what they hold is untrusted."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import listparser

from aggregator.config import addresses, fields
from aggregator.core.errors import ConfigError
from aggregator.text.charset import decode

LARGEST = 10_000_000  # bytes of a list
_MOST = 20_000  # subscriptions of a list
_TITLE = 200
_ADDRESS = 4000
_DEEPEST = 50  # folders in folders that make a category


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed that a list names."""

    url: str
    title: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a list names and nobody can follow: what it is called, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list holds: the feeds, each address once, and what was left out."""

    feeds: tuple[Subscription, ...]
    left_out: tuple[LeftOut, ...] = ()


def read(content: bytes, path: Path | None = None) -> tuple[Subscription, ...]:
    """Return the feeds of a list, each address once; see `survey`."""
    return survey(content, path).feeds


def survey(content: bytes, path: Path | None = None) -> Listing:
    """Return what an OPML list (or FOAF, or iGoogle) holds, http and https alone.

    Tolerant of what is not well-formed; entities and DTDs are never read. Addresses with `feed:`,
    without a scheme, or in `url` in place of `xmlUrl` are taken as they are meant. Raises
    ConfigError for what is no list, or holds no feed.
    """
    if len(content) > LARGEST:
        raise ConfigError(f"is larger than {LARGEST} bytes", path=path)
    text = decode(content)
    if "<!entity" in text.lower():
        raise ConfigError("declares entities: such a list is not read", path=path)
    found: dict[str, Subscription] = {}
    left_out: list[LeftOut] = []
    for attributes, category in _outlines(text) or _others(text):
        what = _line(attributes.get("text") or attributes.get("title"))
        written = _first(attributes, "xmlurl", "url", "feedurl")[:_ADDRESS]
        try:
            url = fields.web_address(addresses.candidates(written)[-1])
        except ValueError as error:
            shown = " ".join(part for part in (what, _line(written)) if part)
            left_out.append(LeftOut(what=shown or "an outline without a name", why=str(error)))
            continue
        if len(found) < _MOST:
            found.setdefault(url, Subscription(url=url, title=what, category=category))
        elif url not in found:
            left_out.append(LeftOut(what=what or url, why=f"a list holds {_MOST} feeds at most"))
    if not found:
        whys = f": {left_out[0].what}: {left_out[0].why}" if left_out else ""
        raise ConfigError(f"names no feed with an http or https address{whys}", path=path)
    return Listing(feeds=tuple(found.values()), left_out=tuple(left_out))


_Attributes = Mapping[str, str | None]
_Outline = tuple[_Attributes, str]


def _first(attributes: _Attributes, *names: str) -> str:
    return next((value for name in names if (value := (attributes.get(name) or "").strip())), "")


def _outlines(text: str) -> list[_Outline]:
    """Return the outlines of an OPML list that are feeds, or claim to be, with their folders."""
    reader = _Reader()
    with suppress(AssertionError):  # a declaration that the parser does not know
        reader.feed(text)
        reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Collects outlines; it bears bare ampersands, unclosed elements and capitals."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Outline] = []
        self._folders: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in an outline that holds others, or may."""
        if tag == "outline":
            self._take(dict(reversed(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in an outline that holds none."""
        if tag == "outline":
            self._take(dict(reversed(attrs)))
            self._folders.pop()

    def handle_endtag(self, tag: str) -> None:
        """Leave a folder."""
        if tag == "outline" and self._folders:
            self._folders.pop()

    def _take(self, attributes: _Attributes) -> None:
        title = _first(attributes, "text", "title")
        if not _is_feed(attributes):
            self._folders.append(title)
            return
        folders = [name for name in self._folders[:_DEEPEST] if name]
        own = _first(attributes, "category").split(",")[0].strip("/ ")
        category = " / ".join(folders) or " / ".join(part.strip() for part in own.split("/"))
        self.found.append((attributes, _line(category)))
        self._folders.append("")


def _is_feed(attributes: _Attributes) -> bool:
    """Say whether an outline is meant to be a feed: by its address, or by its type."""
    kind = (attributes.get("type") or "").strip().lower()
    if kind in ("link", "include", "source"):  # a page, or another list
        return False
    known = any(name in attributes for name in ("xmlurl", "url", "feedurl"))
    return known or kind in ("rss", "atom", "feed", "json", "rdf")


def _others(text: str) -> Iterator[_Outline]:
    """Yield the feeds of lists of other kinds."""
    # as plain ASCII, so that no parser need guess; bytes, since text may be taken for an address
    found = listparser.parse(text.encode("ascii", "xmlcharrefreplace"))
    for feed in found["feeds"]:
        categories = feed.get("categories") or [[]]
        category = _line(" / ".join(str(part) for part in categories[0]))
        yield {"text": str(feed.get("title") or ""), "url": str(feed.get("url") or "")}, category


def _line(text: Any) -> str:
    shown = "".join(mark if mark.isprintable() else " " for mark in str(text or ""))
    return " ".join(shown.split())[:_TITLE]
