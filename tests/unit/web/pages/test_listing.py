"""Views of the stories."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.pages.cards import Card, Chip
from aggregator.web.pages.listing import PAGE_STORIES, View, list_stories, parse_view
from aggregator.web.pages.snapshot import Snapshot
from tests.builders import NOW, at

values = st.text(max_size=20).map(str.strip)
views = st.builds(
    View,
    tab=st.sampled_from(["top", "newest"]),
    category=values,
    language=values,
    publisher=values,
    page=st.integers(1, 1000),
)


def card(slug: str, when: datetime = NOW, publishers: int = 1, **kw: object) -> Card:
    chips = tuple(Chip(id=f"p{n}", name=f"P{n}", link="", title="") for n in range(publishers))
    given_: dict[str, object] = {
        "slug": slug,
        "title": slug,
        "language": "en",
        "excerpt": "",
        "image": "",
        "when": when,
        "chips": chips,
        "publishers": publishers,
        "reports": publishers,
        "priority": 0,
        "sources": frozenset({"s"}),
        "categories": frozenset({"world"}),
        "languages": frozenset({"en"}),
    }
    return Card(**given_ | kw)  # type: ignore[arg-type]


def slugs(view: View, *cards: Card) -> list[list[str]]:
    listing = list_stories(Snapshot(1, cards), view, UTC)
    return [[one.slug for one in day.cards] for day in listing.days]


@given(views)
def test_an_address_leads_to_its_view(view: View) -> None:
    assert parse_view(dict(parse_qsl(view.query))) == view


@given(st.dictionaries(st.sampled_from(["tab", "page", "category", "language", "publisher", "x"]), st.text()))  # fmt: skip
def test_any_query_is_a_view(query: dict[str, str]) -> None:
    view = parse_view(query)
    assert 1 <= view.page <= 1000
    assert len(view.category) <= 100


def test_the_newest_come_day_by_day() -> None:
    cards = (card("a", at(-1)), card("b", at(-2), 5), card("c", at(-10)), card("d", at(-40), 9))
    assert slugs(View(tab="newest"), *cards) == [["a", "b"], ["c"], ["d"]]


def test_top_stories_come_first_on_their_day() -> None:
    cards = (card("a", at(-1)), card("b", at(-2), 5), card("c", at(-10)), card("d", at(-11), 9))
    assert slugs(View(), *cards) == [["b", "a"], ["d", "c"]]


def test_days_are_those_of_the_time_zone() -> None:
    cards = (card("a", at(-8)), card("b", at(-10)))  # 01:30 and 23:30 in UTC
    assert len(list_stories(Snapshot(1, cards), View(), UTC).days) == 2
    assert len(list_stories(Snapshot(1, cards), View(), ZoneInfo("Asia/Shanghai")).days) == 1


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (card("a", publishers=4), card("b", publishers=3)),
        (card("a", at(-1)), card("b", at(-3))),
        (card("a", priority=1), card("b")),
        (card("a", publishers=6, priority=-1), card("b")),
        (card("a", publishers=32), card("b", priority=1000)),
    ],
)
def test_what_makes_a_story_weigh_more(more: Card, less: Card) -> None:
    for cards in ((more, less), (less, more)):
        assert slugs(View(), *cards) == [["a", "b"]]


@pytest.mark.parametrize(
    ("view", "found"),
    [
        (View(category="world"), ["a", "b"]),
        (View(category="sport"), []),
        (View(language="zh"), ["b"]),
        (View(publisher="p1"), ["b"]),
        (View(category="world", language="en", publisher="p0"), ["a"]),
    ],
)
def test_views_are_filtered(view: View, found: list[str]) -> None:
    cards = (card("a"), card("b", publishers=2, languages=frozenset({"zh"})))
    assert sorted(one for day in slugs(view, *cards) for one in day) == found


def test_views_are_read_page_by_page() -> None:
    cards = tuple(card(str(n), at(-n / 60)) for n in range(PAGE_STORIES + 3))
    first = list_stories(Snapshot(1, cards), View(tab="newest"), UTC)
    second = list_stories(Snapshot(1, cards), replace(first.view, page=2), UTC)
    assert first.has_older
    assert not second.has_older
    shown = [one for page in (first, second) for day in page.days for one in day.cards]
    assert shown == list(cards)
