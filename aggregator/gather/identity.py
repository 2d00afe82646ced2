"""The names that identify an entry, and what is stored about known entries."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from aggregator.core import ids
from aggregator.core.model import Entry
from aggregator.text import urls
from aggregator.text.placeholders import is_placeholder

Kind = Literal["guid", "link", "fingerprint", "headline", "all"]

AMBIGUOUS = ""  # in place of a key: the name belongs to several entries
ORDER: tuple[Kind, ...] = ("guid", "link", "fingerprint", "headline", "all")
SHORT_TEXT_LETTERS = 120  # a shorter text identifies an entry only together with its date
MAX_ALIASES_PER_KIND = 8  # of one entry; the oldest are discarded
MIN_DATE = datetime(1990, 1, 1, tzinfo=UTC)  # earlier dates are ignored
# Guids that may be positions in the document.
_POSITION = re.compile(r"\D{0,8}\d{1,4}\D{0,2}|.{1,3}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Name:
    """One name of an entry; `digest` is the key of a new entry with this name."""

    kind: Kind
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The part of a stored entry that is needed to match and compare a fetched one.

    `digest` covers all that readers see. `variants` are its texts, with the time each was last seen,
    the current one last. `blank`: its text is missing, so the next one is stored as a silent change.
    """

    key: str
    title: str
    link: str = ""
    fingerprint: str = ""
    digest: str
    claim: datetime | None = None
    stamp: datetime | None = None
    gathered: datetime | None = None
    variants: tuple[tuple[str, datetime], ...] = ()
    blank: bool = False


# --- names ---------------------------------------------------------------------------------


def names(identity: str, entry: Entry, *, standalone: bool = False) -> tuple[Name, ...]:
    """Return the names of an entry of a source, the most reliable first.

    With `standalone` it is a document of its own. Its text is a name only if it has neither guid nor
    link, since two publishers may publish the same text. Otherwise texts are names within one publisher.
    """
    values: dict[Kind, str] = {}
    if is_guid(entry.guid):
        values["guid"] = entry.guid
    if page := page_name(entry):
        values["link"] = page
    if entry.fingerprint and not (standalone and values):
        values["fingerprint"] = _text_name(identity, entry)
    if values and entry.published is not None and not standalone:
        values["headline"] = _headline(identity, entry)
    values["all"] = f"{entry.guid}\0{entry.canonical}\0{entry.fingerprint}"
    return tuple(Name(kind, ids.entry_key(identity, kind, values[kind])) for kind in values)


def is_guid(guid: str) -> bool:
    """Return whether a guid can identify an entry: not `N/A`, not the URL of a home page."""
    if is_placeholder(guid):
        return False
    return not (_is_url(guid) and "#" not in guid and urls.is_home_page(link_name(guid)))


def page_name(entry: Entry) -> str:
    """Return the name of an entry's page, equal for all forms of its URL; empty without a page."""
    page = link_name(entry.canonical or entry.link)
    return "" if urls.is_home_page(page) or is_placeholder(page.rpartition("/")[2]) else page


def repeats_link(entry: Entry) -> bool:
    """Return whether the guid is the URL of the page, so that both are one name."""
    if entry.guid == entry.link:
        return True
    return _is_url(entry.guid) and link_name(entry.guid) == page_name(entry)


def looks_like_position(guid: str) -> bool:
    """Return whether a guid looks like a position in the document: 1, item-2, home page#3."""
    if _POSITION.fullmatch(guid):
        return True
    return _is_url(guid) and "#" in guid and urls.is_home_page(link_name(guid))


@lru_cache(maxsize=8192)
def link_name(url: str) -> str:
    """Return the name of a page, equal for all forms of its URL; the text itself if it is no URL."""
    return urls.same_key(url) or url


def _is_url(text: str) -> bool:
    return text[:4].lower() == "http" and urls.is_web(text)


def _text_name(identity: str, entry: Entry) -> str:
    name = f"{_publisher_scope(identity, entry)}\0{entry.fingerprint}"
    if entry.letters < SHORT_TEXT_LETTERS and entry.published is not None:
        return f"{name}\0{entry.published.isoformat()}"
    return name


def _headline(identity: str, entry: Entry) -> str:
    date = "" if entry.published is None else entry.published.isoformat()
    return f"{_publisher_scope(identity, entry)}\0{entry.title.casefold()}\0{date}"


def _publisher_scope(identity: str, entry: Entry) -> str:
    # A publisher that the document does not state may be detected later, or change.
    return entry.publisher.id if entry.publisher.stated else identity


def surplus_aliases(key: str, aliases: Iterable[tuple[Name, datetime]]) -> tuple[Name, ...]:
    """Return the names of an entry over the limit, the oldest of each kind.

    The name that the key was made from is kept: a new entry would get the same key from it.
    """
    kinds: dict[Kind, list[tuple[datetime, str, Name]]] = {}
    for name, seen in aliases:
        if name.digest != key:
            kinds.setdefault(name.kind, []).append((seen, name.digest, name))
    return tuple(
        name
        for found in kinds.values()
        for _, _, name in sorted(found, key=lambda one: one[:2], reverse=True)[
            MAX_ALIASES_PER_KIND:
        ]
    )
