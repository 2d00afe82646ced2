"""Which stories a feed holds."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from aggregator import ids, selection
from aggregator.errors import ConfigError
from aggregator.model import ShownStory
from tests.builders import (
    NOW,
    at,
    make_publisher,
    make_shown,
    make_source,
    make_spec,
    make_stored,
)


def chosen(*stories: ShownStory, **kw: Any) -> list[int]:
    """Return the places of the stories that a feed with these conditions holds."""
    sources = kw.pop("sources_known", ())
    found = selection.select(stories, make_spec(**kw), now=NOW, sources=sources)
    return [stories.index(one) for one in found]


def pair(n: int, **kw: Any) -> ShownStory:
    """Make a story of two publishers; what is given holds for the second."""
    return make_shown(make_stored(n), make_stored(n + 1, publisher=make_publisher("b.org"), **kw))


def test_without_conditions_everything_is_held_in_the_order_given() -> None:
    stories = [make_shown(make_stored(n)) for n in (3, 1, 2)]
    assert chosen(*stories) == [0, 1, 2]
    assert chosen() == []


def test_reading_stops_at_the_limit() -> None:
    read = []

    def stories() -> Iterator[ShownStory]:
        for n in range(1, 100):
            read.append(n)
            yield make_shown(make_stored(n))

    assert len(selection.select(stories(), make_spec(limit=5), now=NOW)) == 5
    assert len(read) == 5


@pytest.mark.parametrize(
    ("fields", "conditions"),
    [
        ({"source_id": "dw"}, {"sources": ("dw",)}),
        ({"source_id": "old"}, {"sources": ("new",)}),
        ({"categories": ("World",)}, {"categories": ("world",)}),
        ({"source_id": "old"}, {"categories": ("Politics",)}),
        ({"language": "zh-Hans"}, {"languages": ("zh",)}),
        ({"language": "zh-Hans-CN"}, {"languages": ("zh-hans",)}),
        ({"language": "zh_TW"}, {"languages": ("zh-Hant",)}),
        ({"title": "布林肯访华"}, {"include": ("習近平", "布林肯")}),
        ({"text": "A word about elections"}, {"include": ("/election(s)/",)}),
    ],
)
def test_one_member_that_fits_brings_the_story(
    fields: dict[str, Any], conditions: dict[str, Any]
) -> None:
    sources = (
        make_source(id="new", formerly=("old",), category="politics"),
        make_source(id="dw", category="other"),
    )
    fitting, other = pair(1, **fields), pair(5)
    assert chosen(other, fitting, sources_known=sources, **conditions) == [1]


def test_a_language_is_more_than_its_first_letters() -> None:
    assert chosen(make_shown(make_stored(1, language="zhx")), languages=("zh",)) == []


def test_exclude_judges_what_is_shown() -> None:
    stories = (
        pair(1, title="All about football"),
        pair(3, text="A word about football"),
        make_shown(make_stored(5, text="Football is the text shown")),
    )
    assert chosen(*stories, exclude=("football",)) == [1]


def test_publishers_are_counted_not_entries() -> None:
    same = make_shown(make_stored(1), make_stored(2))
    assert chosen(same, pair(3), min_publishers=2) == [1]


def test_age_is_that_of_the_newest_report() -> None:
    def aged(n: int, hours: float, first: float = 0) -> ShownStory:
        return make_shown(make_stored(n, published=at(-hours)), first_published=at(-first))

    stories = (aged(1, 1), aged(2, 30), aged(3, 23))
    assert chosen(*stories, max_age=timedelta(days=1)) == [0, 2]


def test_reading_stops_where_all_that_follows_is_too_old() -> None:
    read = []

    def stories() -> Iterator[ShownStory]:
        for n in range(1, 100):
            read.append(n)
            yield make_shown(make_stored(n, published=at(days=-n)), first_published=at(days=-n))

    spec = make_spec(max_age=timedelta(days=2))
    assert len(selection.select(stories(), spec, now=NOW)) == 2
    assert len(read) == 10


def test_entries_by_themselves_are_ordered_by_first_sight() -> None:
    old = make_shown(
        make_stored(1, key="a", first_seen=at(-9)), make_stored(2, key="b", first_seen=at(-1))
    )
    new = make_shown(make_stored(3, key="c", first_seen=at(-2)))
    found = selection.select([new, old], make_spec(group="none"), now=NOW)
    assert [unit.lead.key for unit in found] == ["b", "c", "a"]
    assert [unit.story.id for unit in found] == [ids.entry_id(key) for key in "bca"]
    limited = selection.select([new, old], make_spec(group="none", limit=1), now=NOW)
    assert [unit.lead.key for unit in limited] == ["c"]


def test_copies_are_one_entry() -> None:
    shown = pair(1)
    found = selection.select([shown], make_spec(group="duplicates"), now=NOW)
    assert len(found) == 2


def test_a_condition_that_cannot_be_used_is_told_with_its_key() -> None:
    selection.check(make_spec(include=("a",), exclude=("/b/",)))
    with pytest.raises(ConfigError, match=r"^exclude: "):
        selection.check(make_spec(exclude=("/(/",)))
