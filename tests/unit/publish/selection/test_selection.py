"""Which stories a feed holds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.core import ids
from aggregator.core.errors import ConfigError
from aggregator.core.model import Member, Reason, ShownStory
from aggregator.publish import selection
from tests.builders import NOW, at, make_publisher, make_shown, make_source, make_spec, make_stored
from tests.fakes import FakeReader


def chosen(*stories: ShownStory, **kw: Any) -> list[int]:
    """Return the places of the stories that a feed with these conditions holds."""
    sources = kw.pop("sources_known", ())
    found = selection.choose(FakeReader(*stories), make_spec(**kw), now=NOW, sources=sources)
    return [stories.index(one) for one in found]


def pair(n: int, **kw: Any) -> ShownStory:
    """Make a story of two publishers; what is given holds for the second."""
    return make_shown(make_stored(n), make_stored(n + 1, publisher=make_publisher("b.org"), **kw))


def test_without_conditions_everything_is_held_in_the_order_given() -> None:
    stories = [make_shown(make_stored(n)) for n in (3, 1, 2)]
    assert chosen(*stories) == [0, 1, 2]
    assert chosen() == []


class Counting(FakeReader):
    """Counts how many stories were read."""

    read = 0

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield the stories in the order given."""
        for shown in super().newest_stories():
            self.read += 1
            yield shown


def test_reading_stops_at_the_limit() -> None:
    reader = Counting(*(make_shown(make_stored(n)) for n in range(1, 100)))
    assert len(selection.choose(reader, make_spec(limit=5), now=NOW)) == 5
    assert reader.read == 5
    assert len(selection.choose(reader, make_spec(), now=NOW, most=20)) == 20


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
    reader = Counting(
        *(
            make_shown(make_stored(n, published=at(days=-n)), first_published=at(days=-n))
            for n in range(1, 100)
        )
    )
    spec = make_spec(max_age=timedelta(days=2))
    assert len(selection.choose(reader, spec, now=NOW)) == 2
    assert reader.read == 10


def units(*stories: ShownStory, **kw: Any) -> list[str]:
    """Return the keys of the shown entries of a feed that does not show whole stories."""
    found = selection.choose(FakeReader(*stories), make_spec(**kw), now=NOW)
    for unit in found:
        assert unit.story.id == ids.entry_id(unit.story.founder)
    return [unit.lead.key for unit in found]


def test_entries_by_themselves_are_ordered_by_first_sight() -> None:
    old = make_shown(
        make_stored(1, key="a", first_seen=at(-9)), make_stored(2, key="b", first_seen=at(-1))
    )
    new = make_shown(make_stored(3, key="c", first_seen=at(-2)))
    assert units(new, old, group="none") == ["b", "c", "a"]


def test_a_latecomer_of_an_old_story_is_not_missed() -> None:
    """However many newer stories there are."""
    old = make_shown(make_stored(1, key="a", first_seen=at(-90)), make_stored(2, key="late"))
    new = [make_shown(make_stored(n, first_seen=at(-n))) for n in range(3, 50)]
    assert units(*new, old, group="none", limit=1) == ["late"]
    assert units(*new, old, group="duplicates", limit=1) == ["late"]


def test_what_is_not_shown_is_no_entry_by_itself() -> None:
    shown = make_shown(make_stored(1, shown=False), make_stored(2, key="b"))
    assert units(shown, group="none") == ["b"]


def test_a_story_that_does_not_fit_brings_none_of_its_entries() -> None:
    assert units(pair(1), make_shown(make_stored(5)), group="none", min_publishers=3) == []
    assert len(units(pair(1), make_shown(make_stored(5)), group="none", min_publishers=2)) == 2


def copied(**kw: Any) -> ShownStory:
    """Make a story of an entry `a` and, first seen later, its copy `b`."""
    first = make_stored(1, key="a", first_seen=at(-5), **kw)
    shown = make_shown(first, make_stored(2, key="b", first_seen=at(-1)))
    copy = Member(key="b", reason=Reason(kind="same text", nearest="a"))
    members = (shown.story.members[0], copy)
    return replace(shown, story=replace(shown.story, members=members))


def test_copies_are_one_entry_in_the_place_of_the_first() -> None:
    between = make_shown(make_stored(3, key="c", first_seen=at(-2)))
    assert units(copied(), between, group="duplicates") == ["c", "a"]
    assert len(units(pair(1), group="duplicates")) == 2


def test_the_copy_of_a_hidden_entry_gives_the_place() -> None:
    between = make_shown(make_stored(3, key="c", first_seen=at(-2)))
    assert units(between, copied(shown=False), group="duplicates") == ["a", "c"]


def test_a_condition_that_cannot_be_used_is_told_with_its_key() -> None:
    selection.check(make_spec(include=("a",), exclude=("/b/",)))
    with pytest.raises(ConfigError, match=r"^exclude: "):
        selection.check(make_spec(exclude=("/(/",)))
