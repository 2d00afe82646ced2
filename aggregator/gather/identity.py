"""What an entry is known by: its names, and what is remembered of those that are stored."""

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

AMBIGUOUS = ""  # in place of a key: the name stands for more than one entry
ORDER: tuple[Kind, ...] = ("guid", "link", "fingerprint", "headline", "all")
SHORT_TEXT = 120  # letters; a text below it names an entry only together with its date
ALIASES_KEPT = 8  # of one kind and entry, the newest
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)  # dates before it are no dates
_PLACES = re.compile(r"\D{0,8}\d{1,4}\D{0,2}|.{1,3}", re.DOTALL)  # guids that may count places
_HOME = re.compile(
    r"[^/]*(?:/[a-z]{2}(?:-[a-z]{2})?)?(?:/(?:index|home)(?:\.\w+)?)?/?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Name:
    """One thing that an entry is known by; `digest` is the key that it would give."""

    kind: Kind
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is remembered of a stored entry, as far as it decides what a fetched one is.

    `digest` is that of all it shows. `variants` are its texts and when each was last seen, the
    present one last. `blank`: its true text is not here, so the next one is taken silently.
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


def names(identity: str, entry: Entry, *, apart: bool = False) -> tuple[Name, ...]:
    """Return what an entry of a source is known by, the best name first.

    With `apart` it is a document of its own, whose link is its only name if it has one:
    two publishers may bring one text. Texts count within one publisher.
    """
    values: dict[Kind, str] = {}
    if is_guid(entry.guid):
        values["guid"] = entry.guid
    if page := page_name(entry):
        values["link"] = page
    if entry.fingerprint and not (apart and values):
        values["fingerprint"] = _text_name(identity, entry)
    if values and entry.published is not None and not apart:
        values["headline"] = _headline(identity, entry)
    values["all"] = f"{entry.guid}\0{entry.canonical}\0{entry.fingerprint}"
    return tuple(Name(kind, ids.entry_key(identity, kind, values[kind])) for kind in values)


def is_guid(guid: str) -> bool:
    """Whether a guid can tell one entry from another: not `N/A`, not the address of a home page."""
    if is_placeholder(guid):
        return False
    return not (_is_address(guid) and "#" not in guid and _is_home(link_name(guid)))


def page_name(entry: Entry) -> str:
    """Return what all forms of the address of an entry's page share; empty if it has no page."""
    page = link_name(entry.canonical or entry.link)
    return "" if _is_home(page) or is_placeholder(page.rpartition("/")[2]) else page


def repeats_link(entry: Entry) -> bool:
    """Whether the guid is the address of the page once more, so that both are one name."""
    if entry.guid == entry.link:
        return True
    return _is_address(entry.guid) and link_name(entry.guid) == page_name(entry)


def may_count_places(guid: str) -> bool:
    """Whether a guid looks like the place of an entry in its document: 1, item-2, home page#3."""
    if _PLACES.fullmatch(guid):
        return True
    return _is_address(guid) and "#" in guid and _is_home(link_name(guid))


@lru_cache(maxsize=8192)
def link_name(address: str) -> str:
    """Return what all forms of a page's address share; the address itself if there is no form."""
    return urls.same_key(address) or address


def _is_address(text: str) -> bool:
    return text[:4].lower() == "http" and urls.is_web(text)


def _is_home(page: str) -> bool:
    return "?" not in page and "#" not in page and _HOME.fullmatch(page) is not None


def _text_name(identity: str, entry: Entry) -> str:
    name = f"{_writer(identity, entry)}\0{entry.fingerprint}"
    if entry.letters < SHORT_TEXT and entry.published is not None:
        return f"{name}\0{entry.published.isoformat()}"
    return name


def _headline(identity: str, entry: Entry) -> str:
    date = "" if entry.published is None else entry.published.isoformat()
    return f"{_writer(identity, entry)}\0{entry.title.casefold()}\0{date}"


def _writer(identity: str, entry: Entry) -> str:
    # A publisher that the document does not state may be found out later, or change with it.
    return entry.publisher.id if entry.publisher.stated else identity


def surplus_aliases(key: str, aliases: Iterable[tuple[Name, datetime]]) -> tuple[Name, ...]:
    """Return the names of an entry that are too many, the oldest of each kind.

    The name that gave the key stays: it would give that key again.
    """
    kinds: dict[Kind, list[tuple[datetime, str, Name]]] = {}
    for name, seen in aliases:
        if name.digest != key:
            kinds.setdefault(name.kind, []).append((seen, name.digest, name))
    return tuple(
        name
        for found in kinds.values()
        for _, _, name in sorted(found, key=lambda one: one[:2], reverse=True)[ALIASES_KEPT:]
    )
