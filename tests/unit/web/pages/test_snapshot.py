"""The newest stories in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from aggregator.core.model import ShownStory
from aggregator.web.pages.snapshot import StoryIndex
from tests.builders import at, make_publisher, make_shown, make_source, make_stored
from tests.fakes import FakeClock
from tests.unit.web.fakes import FakeReader

AGE = timedelta(seconds=11)


class Counting(FakeReader):
    """Reads stories from a list that may change, and notes which ones were read."""

    def __init__(self, *stories: ShownStory) -> None:
        super().__init__()
        self.held = list(stories)
        self.read: list[str] = []
        self.generation_ = "1"

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield what is there by now."""
        yield from self.held

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return stories, and note their ids."""
        wanted = list(ids)
        self.read += wanted
        return tuple(one for one in self.held if one.story.id in wanted)


def titles(index: StoryIndex, clock: FakeClock) -> list[str]:
    return [card.title for card in index.current(clock()).cards]


def test_only_what_changed_is_read_again() -> None:
    stories = [make_shown(make_stored(n)) for n in (1, 2, 3)]
    store, clock = Counting(*stories), FakeClock()
    index = StoryIndex(store, ())
    assert titles(index, clock) == ["Headline 3", "Headline 2", "Headline 1"]
    assert len(store.read) == 3
    changed = replace(stories[1], entries=(make_stored(2, title="Better"),))
    store.held, store.read, store.generation_ = [stories[0], changed], [], "2"
    assert titles(index, clock) == ["Headline 3", "Headline 2", "Headline 1"]  # seconds old
    clock.pass_(AGE)
    assert titles(index, clock) == ["Better", "Headline 1"]
    assert store.read == [changed.story.id]


def test_nothing_is_read_while_the_store_is_as_it_was() -> None:
    store, clock = Counting(make_shown()), FakeClock()
    index = StoryIndex(store, ())
    before = index.current(clock())
    store.held, store.read = [], []
    clock.pass_(AGE)
    assert index.current(clock()) is before
    assert index.fresh(clock()) is before
    assert store.read == []


def test_a_clock_that_was_set_back_does_not_keep_old_news() -> None:
    store, clock = Counting(make_shown()), FakeClock()
    index = StoryIndex(store, ())
    index.current(clock())
    clock.pass_(-timedelta(days=1))
    assert index.fresh(clock()) is None


def test_what_can_be_chosen_is_counted() -> None:
    sources = (
        make_source(id="a", category="world", priority=2),
        make_source(id="b", category="sport"),
    )
    stories = (
        make_shown(
            make_stored(1, source_id="a", publisher=make_publisher("a.org")),
            make_stored(2, source_id="b", publisher=make_publisher("b.org"), language="zh-Hans"),
        ),
        make_shown(make_stored(3, source_id="a", publisher=make_publisher("a.org"), language="")),
        make_shown(make_stored(4, source_id="gone", publisher=make_publisher("c.org"))),
    )
    snapshot = StoryIndex(Counting(*stories), sources).current(at())
    assert snapshot.categories == (("world", 2), ("sport", 1))
    assert snapshot.languages == (("en", 2), ("zh", 1))
    assert snapshot.publishers == (("a.org", 2), ("b.org", 1), ("c.org", 1))
    assert snapshot.names["a.org"] == "A.Org"
    assert snapshot.sources_of == {"a.org": {"a"}, "c.org": {"gone"}}
    assert max(card.priority for card in snapshot.cards) == 2
