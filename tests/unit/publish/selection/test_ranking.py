"""What matters most, and whose report a feed shows."""

from datetime import timedelta

import pytest

from aggregator.core.model import ShownStory
from aggregator.publish import selection
from aggregator.publish.selection.ranking import arranger, score
from tests.builders import NOW, at, make_publisher, make_shown, make_source, make_spec, make_stored
from tests.fakes import FakeReader


def story(n: int, publishers: int, hours: float = 0, **kw: str) -> ShownStory:
    """Make a story of so many publishers, first published hours before now."""
    entries = [
        make_stored(n * 100 + one, publisher=make_publisher(f"p{one}.org"), **kw)
        for one in range(publishers)
    ]
    return make_shown(*entries, first_published=at(-hours))


def test_many_publishers_outweigh_some_age() -> None:
    stories = [story(1, 1), story(2, 2, 6), story(3, 4, 20), story(4, 8, 70), story(5, 1, 1)]
    spec = make_spec(order="top")
    chosen = selection.choose(FakeReader(*stories), spec, now=NOW)
    assert [stories.index(one) + 1 for one in chosen] == [2, 3, 1, 5, 4]
    shorter = selection.choose(FakeReader(*stories), make_spec(order="top", limit=2), now=NOW)
    assert shorter == chosen[:2]


def test_the_order_stays_as_time_goes_by() -> None:
    stories = [story(1, 1), story(2, 2, 11), story(3, 2, 13), story(4, 5, 30)]
    spec = make_spec(order="top", max_age=timedelta(days=30))
    orders = {
        tuple(one.story.id for one in selection.choose(FakeReader(*stories), spec, now=at(hours)))
        for hours in (0, 1, 24, 200)
    }
    assert len(orders) == 1


def test_priority_counts_within_bounds() -> None:
    one = story(1, 1)
    assert score(one, {"example": 2}) == pytest.approx(score(one, {}) + 1)
    assert score(one, {"example": 1000}) == score(one, {"example": 4})


def test_without_an_age_it_looks_back_three_days() -> None:
    old = make_shown(make_stored(1, published=at(days=-4)), first_published=at(days=-4))
    new = make_shown(make_stored(2), first_published=at(-1))
    chosen = selection.choose(FakeReader(new, old), make_spec(order="top"), now=NOW)
    assert chosen == (new,)
    assert list(selection.expiries(make_spec(order="top"), chosen))


MIXED = make_shown(
    make_stored(1, language="en", publisher=make_publisher("bbc.co.uk")),
    make_stored(2, language="zh-TW", source_id="paper-tw", publisher=make_publisher("paper.tw")),
    make_stored(3, language="zh-CN", publisher=make_publisher("DW"), revised=at(5)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("prefer", "shown"),
    [
        ((), 1),
        (("fr",), 1),
        (("zh",), 2),
        (("zh-Hans",), 3),
        (("zh-hant", "zh"), 2),
        (("DW", "zh"), 3),
        (("paper",), 2),
        (("fr", "bbc.co.uk"), 1),
    ],
)
def test_a_feed_shows_the_report_that_it_prefers(prefer: tuple[str, ...], shown: int) -> None:
    source = make_source(id="paper", formerly=("paper-tw",))
    arranged = arranger(make_spec(prefer=prefer), [source])(MIXED)
    assert arranged.lead is MIXED.entries[shown - 1]
    assert arranged.story.representative == arranged.lead.key or arranged is MIXED
    assert sorted(one.key for one in arranged.entries) == sorted(one.key for one in MIXED.entries)
    assert arranged.story.id == MIXED.story.id
    assert arranged.story.updated == (at(5) if shown == 3 else NOW)
