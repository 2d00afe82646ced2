"""A view of the stories: which ones, in which order, on which page, and how it is addressed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from itertools import groupby
from typing import Literal
from urllib.parse import urlencode

from aggregator.publish.selection.ranking import importance
from aggregator.web.pages.cards import Card
from aggregator.web.pages.snapshot import Snapshot

PAGE_STORIES = 40
LARGE_PUBLISHERS = 3  # from which a story is shown larger
_MAX_VALUE_CHARS, _MAX_PAGE = 100, 1000
_FILTERS = ("category", "language", "publisher")

Tab = Literal["top", "newest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a reader asked for."""

    tab: Tab = "top"
    category: str = ""
    language: str = ""
    publisher: str = ""
    page: int = 1

    @property
    def query(self) -> str:
        """The canonical query of its URL; empty for the first page without filters."""
        tab = (("tab", self.tab),) if self.tab != "top" else ()
        named = tuple((name, getattr(self, name)) for name in _FILTERS if getattr(self, name))
        page = (("page", str(self.page)),) if self.page > 1 else ()
        return urlencode((*tab, *named, *page))

    def turned(self, step: int) -> "View":
        """Return the view some pages further."""
        return replace(self, page=self.page + step)

    def having(self, **changes: str) -> "View":
        """Return the first page of another view."""
        return replace(self, page=1, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The stories of one day."""

    date: date
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a view."""

    view: View
    days: tuple[Day, ...]
    total: int
    has_older: bool


def parse_view(query: Mapping[str, str]) -> View:
    """Return the view that a query asks for; what is not understood is ignored."""
    page = query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    values = {name: query.get(name, "").strip()[:_MAX_VALUE_CHARS] for name in _FILTERS}
    tab: Tab = "newest" if query.get("tab") == "newest" else "top"
    return View(tab=tab, page=min(max(number, 1), _MAX_PAGE), **values)


def list_stories(snapshot: Snapshot, view: View, zone: tzinfo) -> Listing:
    """Return one page of a view: days with the newest first; in `top` by weight within a day."""
    cards = [card for card in snapshot.cards if _is_wanted(card, view)]
    if view.tab == "top":
        cards.sort(key=lambda one: (-one.when.astimezone(zone).toordinal(), -_weight(one)))
    start = (view.page - 1) * PAGE_STORIES
    shown = cards[start : start + PAGE_STORIES]
    return Listing(
        view=view,
        days=tuple(_days(shown, zone)),
        total=len(cards),
        has_older=len(cards) > start + PAGE_STORIES,
    )


def _weight(card: Card) -> float:
    return importance(card.publishers, card.priority, card.when)


def _is_wanted(card: Card, view: View) -> bool:
    return (
        (not view.category or view.category in card.categories)
        and (not view.language or view.language in card.languages)
        and (not view.publisher or any(chip.id == view.publisher for chip in card.chips))
    )


def _days(cards: Iterable[Card], zone: tzinfo) -> Iterator[Day]:
    for day, held in groupby(cards, key=lambda one: one.when.astimezone(zone).date()):
        yield Day(date=day, cards=tuple(held))
