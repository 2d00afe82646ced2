"""Lists of subscriptions that other readers export; what they hold is untrusted."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import listparser

from aggregator.config import fields
from aggregator.core.errors import ConfigError
from aggregator.text.charset import decode

LARGEST = 10_000_000  # bytes of a list
_MOST = 20_000  # subscriptions of a list
_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed that a list names."""

    url: str
    title: str = ""
    category: str = ""


def read(content: bytes, path: Path | None = None) -> tuple[Subscription, ...]:
    """Return the feeds of an OPML list, each address once, http and https alone.

    Tolerant of what is not well-formed; entities and DTDs are never read. Raises ConfigError for
    what is no list, or holds no feed.
    """
    if len(content) > LARGEST:
        raise ConfigError(f"is larger than {LARGEST} bytes", path=path)
    text = decode(content)
    if "<!entity" in text.lower():
        raise ConfigError("declares entities: such a list is not read", path=path)
    # as plain ASCII, so that no parser need guess; bytes, since text may be taken for an address
    found = listparser.parse(text.encode("ascii", "xmlcharrefreplace"))
    made = {one.url: one for one in _subscriptions(found["feeds"][:_MOST])}
    if not made:
        raise ConfigError("names no feed with an http or https address", path=path)
    return tuple(made.values())


def _subscriptions(feeds: Any) -> Iterator[Subscription]:
    for feed in feeds:
        try:
            url = fields.web_address(str(feed.get("url") or "").strip()[:4000])
        except ValueError:
            continue  # file:, exec: and the like have no place in a list of others
        categories = feed.get("categories") or [[]]
        category = " / ".join(str(part) for part in categories[0])
        yield Subscription(url=url, title=_line(feed.get("title")), category=_line(category))


def _line(text: Any) -> str:
    shown = "".join(mark if mark.isprintable() else " " for mark in str(text or ""))
    return " ".join(shown.split())[:_TITLE]
