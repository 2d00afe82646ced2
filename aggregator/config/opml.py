"""Read subscription lists exported by other feed readers; their content is untrusted."""

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

MAX_FILE_BYTES = 10_000_000
_MAX_SUBSCRIPTIONS = 20_000
_MAX_TITLE_CHARACTERS = 200
_MAX_URL_CHARACTERS = 4000
_MAX_FOLDER_DEPTH = 50  # nested folders that become part of a category


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed in a list."""

    url: str
    title: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedOutline:
    """An outline that is not a usable feed: its name and the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionList:
    """The feeds of a list, each URL once, and the skipped outlines."""

    feeds: tuple[Subscription, ...]
    skipped: tuple[SkippedOutline, ...] = ()


def read_list(content: bytes, path: Path | None = None) -> SubscriptionList:
    """Return the http and https feeds of an OPML list (or FOAF, or iGoogle).

    Tolerates documents that are not well-formed; entities and DTDs are never read. Accepts URLs
    with `feed:`, without a scheme, or in `url` instead of `xmlUrl`. Raises ConfigError if the
    content is not a list or contains no feed.
    """
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"is larger than {MAX_FILE_BYTES} bytes", path=path)
    text = decode(content)
    if "<!entity" in text.lower():
        raise ConfigError("declares entities, which are not allowed", path=path)
    found: dict[str, Subscription] = {}
    skipped: list[SkippedOutline] = []
    for attributes, category in _outlines(text) or _other_formats(text):
        title = _line(attributes.get("text") or attributes.get("title"))
        written = _first(attributes, "xmlurl", "url", "feedurl")[:_MAX_URL_CHARACTERS]
        try:
            url = fields.web_address(addresses.candidates(written)[-1])
        except ValueError as error:
            name = " ".join(part for part in (title, _line(written)) if part)
            name = name or "an outline without a name"
            skipped.append(SkippedOutline(name=name, reason=str(error)))
            continue
        if len(found) < _MAX_SUBSCRIPTIONS:
            found.setdefault(url, Subscription(url=url, title=title, category=category))
        elif url not in found:
            reason = f"over the limit of {_MAX_SUBSCRIPTIONS} feeds per list"
            skipped.append(SkippedOutline(name=title or url, reason=reason))
    if not found:
        reason = f": {skipped[0].name}: {skipped[0].reason}" if skipped else ""
        raise ConfigError(f"contains no feed with an http or https URL{reason}", path=path)
    return SubscriptionList(feeds=tuple(found.values()), skipped=tuple(skipped))


_Attributes = Mapping[str, str | None]
_Outline = tuple[_Attributes, str]


def _first(attributes: _Attributes, *names: str) -> str:
    return next((value for name in names if (value := (attributes.get(name) or "").strip())), "")


def _outlines(text: str) -> list[_Outline]:
    """Return the outlines of an OPML list that are or claim to be feeds, with their category."""
    reader = _Reader()
    with suppress(AssertionError):  # a declaration that the parser does not know
        reader.feed(text)
        reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Collects outlines; tolerates bare ampersands, unclosed elements and upper-case names."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Outline] = []
        self._folders: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add an outline that may contain others."""
        if tag == "outline":
            self._add(dict(reversed(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add an outline without content."""
        if tag == "outline":
            self._add(dict(reversed(attrs)))
            self._folders.pop()

    def handle_endtag(self, tag: str) -> None:
        """Leave a folder."""
        if tag == "outline" and self._folders:
            self._folders.pop()

    def _add(self, attributes: _Attributes) -> None:
        title = _first(attributes, "text", "title")
        if not _is_feed(attributes):
            self._folders.append(title)
            return
        folders = [name for name in self._folders[:_MAX_FOLDER_DEPTH] if name]
        own = _first(attributes, "category").split(",")[0].strip("/ ")
        category = " / ".join(folders) or " / ".join(part.strip() for part in own.split("/"))
        self.found.append((attributes, _line(category)))
        self._folders.append("")


def _is_feed(attributes: _Attributes) -> bool:
    """Return whether an outline is a feed, by its attributes and type."""
    kind = (attributes.get("type") or "").strip().lower()
    if kind in ("link", "include", "source"):  # a page, or another list
        return False
    known = any(name in attributes for name in ("xmlurl", "url", "feedurl"))
    return known or kind in ("rss", "atom", "feed", "json", "rdf")


def _other_formats(text: str) -> Iterator[_Outline]:
    """Yield the feeds of lists in other formats."""
    # ASCII, so that the parser does not guess an encoding; bytes, since it may take text for a URL.
    found = listparser.parse(text.encode("ascii", "xmlcharrefreplace"))
    for feed in found["feeds"]:
        categories = feed.get("categories") or [[]]
        category = _line(" / ".join(str(part) for part in categories[0]))
        yield {"text": str(feed.get("title") or ""), "url": str(feed.get("url") or "")}, category


def _line(text: Any) -> str:
    shown = "".join(mark if mark.isprintable() else " " for mark in str(text or ""))
    return " ".join(shown.split())[:_MAX_TITLE_CHARACTERS]
