"""A window of columns groups as complete features and stories do."""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import settings as sized
from hypothesis import strategies as st

from aggregator.core.ids import story_id
from aggregator.core.model import Decision, GroupContext, Grouped, Grouping, StoredEntry, Story
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.columns import Columns
from aggregator.group.features.extraction import extract_features
from aggregator.group.features.feature_rows import FeatureSources
from aggregator.group.features.features import extract, words_by_hash
from aggregator.group.features.window import Window
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from tests.builders import NOW, at
from tests.unit.group.news import FERRY, remember, tell, week

WHOLE = week()
LINKED = tell(FERRY[0], 30, "one.example", cites=tuple(f"https://x.example/{m}" for m in range(3)))
PACKED = [
    features
    for _, features in group(
        (*WHOLE, LINKED), GroupingContext(settings=StorySettings(), now=NOW)
    ).features
]


def near(context: GroupContext, new: Sequence[StoredEntry], window: timedelta) -> GroupContext:
    """Return the context without what is out of reach of new entries."""
    first, last = new[0].published - window, new[-1].published + window
    entries = tuple(one for one in context.entries if first <= one.published <= last)
    held = {one.story_id for one in entries}
    return dataclasses.replace(
        context,
        entries=entries,
        stories=tuple(one for one in context.stories if one.id in held),
    )


class Disk:
    """The features and stories of a context, as a store gives them by key."""

    def __init__(self, context: GroupContext) -> None:
        self._features = {one.key: one.features for one in context.entries}
        self._stories = context.stories

    def load_features(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the features of some entries."""
        return {key: self._features[key] for key in keys if key in self._features}

    def load_stories(self, keys: Iterable[str]) -> list[Story]:
        """Give the stories that contain some entries."""
        asked = set(keys)
        return [one for one in self._stories if not asked.isdisjoint(_keys(one))]

    def existing_ids(self, asked: Sequence[str]) -> set[str]:
        """Return which of these ids stories have."""
        return {one.id for one in self._stories} & set(asked)


def group_lean(
    new: tuple[StoredEntry, ...],
    context: GroupContext,
    window: Window,
    disk: Disk,
    settings: StorySettings,
) -> Grouping:
    """Group with a window; features and stories are loaded."""
    named = {key for one in context.decisions for key in (one.a, one.b)}
    of_journal = {id_ for id_, _ in context.journal.values()}
    given = GroupingContext(
        settings=settings,
        now=NOW,
        past=dataclasses.replace(
            context,
            entries=tuple(one for one in context.entries if one.key in named),
            stories=tuple(one for one in context.stories if one.id in of_journal),
        ),
        features=FeatureSources(window=window, load=disk.load_features),
        load_stories=disk.load_stories,
        existing_ids=disk.existing_ids,
    )
    return group(new, given)


def _keys(story: Story) -> set[str]:
    return {member.key for member in story.members}


@sized(max_examples=25, deadline=None)
@given(
    st.sets(st.integers(1, len(WHOLE) - 1), max_size=4),
    st.integers(2, 30),
    st.sets(st.integers(0, len(WHOLE) - 1), max_size=3),
    st.lists(
        st.tuples(
            st.sampled_from(("join", "split", "never")),
            st.integers(0, len(WHOLE) - 1),
            st.integers(0, len(WHOLE) - 1),
        ),
        max_size=3,
    ),
    st.none() | st.tuples(st.integers(1, len(WHOLE) - 1), st.integers(0, len(WHOLE) - 1)),
)
def test_a_part_in_memory_groups_as_the_whole(
    cuts: set[int],
    hours: int,
    again: set[int],
    said: list[tuple[Literal["join", "split", "never"], int, int]],
    lost: tuple[int, int] | None,
) -> None:
    """Whatever the user said, whatever has changed, and wherever the journal says that one was."""
    settings = StorySettings(window=timedelta(hours=hours))
    decisions = tuple(
        Decision(kind=kind, a=WHOLE[a].key, b=WHOLE[b].key, when=NOW) for kind, a, b in said
    )
    journal = {WHOLE[lost[0]].key: (story_id(WHOLE[lost[1]].key), at(-9))} if lost else {}
    context, kept = GroupContext(decisions=decisions, journal=journal), Window()
    for begin, end in itertools.pairwise([0, *sorted(cuts), len(WHOLE)]):
        known = {one.key for one in context.entries}
        changed = [WHOLE[n] for n in again if WHOLE[n].key in known]
        new = tuple(sorted((*WHOLE[begin:end], *changed), key=lambda one: (one.published, one.key)))
        past = near(context, new, settings.window)
        done = group(new, GroupingContext(settings=settings, now=NOW, past=past))
        disk = Disk(dataclasses.replace(context, stories=past.stories))
        assert group_lean(new, past, Window(past.entries), Disk(past), settings) == done
        assert group_lean(new, past, kept, disk, settings) == done
        context = remember(context, done, new)
        written = {key for key, _ in done.features}
        kept.add(one for one in context.entries if one.key in written)
        kept.remove_before(new[0].published.timestamp() - 2 * settings.window.total_seconds())


def test_what_is_gone_meanwhile_is_like_nothing() -> None:
    """Another process may forget an entry after the window was read."""
    settings = StorySettings()
    past, new = WHOLE[:6], WHOLE[6:]
    done = group(past, GroupingContext(settings=settings, now=NOW))
    context = remember(GroupContext(), done, past)
    sources = FeatureSources(window=Window(context.entries), load=lambda _: {})
    given = GroupingContext(settings=settings, now=NOW, features=sources)
    grouping = group(new, given)
    old = {one.key for one in past}
    joined = {frozenset(member.key for member in story.members) for story in grouping.stories}
    assert {one.key for one in new} <= {key for keys in joined for key in keys}
    assert not any(keys & old for keys in joined)


def test_features_of_another_form_are_noted_and_left_out() -> None:
    other = bytes([packing.VERSION + 1]) + b"of a later version"
    window = Window([Grouped(key="k", published=NOW, story_id="s", features=other)])
    assert window.stale
    assert len(window) == 0


TIMES = st.integers(0, 9)


@given(st.lists(st.tuples(st.integers(0, 30), TIMES, st.booleans()), max_size=60), TIMES, TIMES)
def test_a_window_is_in_order_whatever_was_added_and_removed(
    steps: list[tuple[int, int, bool]], begin: int, end: int
) -> None:
    window, known = Window(), dict[str, float]()
    for number, hours, removed in steps:
        key, when = f"{number:02}", at(hours)
        if removed:
            window.remove([key])
            known.pop(key, None)
        else:
            packed = PACKED[number % len(PACKED)]
            window.add([Grouped(key=key, published=when, story_id="", features=packed)])
            known[key] = when.timestamp()
    first, last = at(begin).timestamp(), at(end).timestamp()
    found = window.between(first, last).tolist()
    wanted = sorted((when, key) for key, when in known.items() if first <= when <= last)
    assert [(float(window.published[n]), window.keys[n]) for n in found] == wanted
    assert len(window) == len(known)
    expected = Columns.read([PACKED[int(key) % len(PACKED)] for _, key in wanted])
    assert same_columns(window.columns.take(np.array(found, np.int64)), expected)


def same_columns(one: Columns, other: Columns) -> bool:
    """Return whether two sets of columns are alike."""
    return one.heads.tobytes() == other.heads.tobytes() and all(
        a.tolist() == b.tolist()
        for a, b in (
            (one.words.ids.flat, other.words.ids.flat),
            (one.words.ids.starts, other.words.ids.starts),
            (one.words.values, other.words.values),
            (one.stems.ids.flat, other.stems.ids.flat),
            (one.stems.values, other.stems.values),
            (one.cites.flat, other.cites.flat),
            (one.cites.starts, other.cites.starts),
        )
    )


def test_the_words_that_were_met_come_with_the_features() -> None:
    odd = tell(("扎卡维亚山谷", "瓦尔多尔村的居民看见了彗星。"), 1, "a.example")
    features, words = extract_features([odd])
    (taken,) = features
    assert taken.words.ids.tolist() == extract(odd).words.ids.tolist()
    assert words.items() <= words_by_hash(odd).items()
    assert extract_features([odd])[1] == {}
