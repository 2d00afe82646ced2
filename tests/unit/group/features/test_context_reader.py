"""What is kept of the window does what the whole would do."""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal

from hypothesis import given
from hypothesis import settings as sized
from hypothesis import strategies as st

from aggregator.core.ids import story_id
from aggregator.core.model import Decision, GroupContext, Grouping, StoredEntry, Story
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.extraction import extract_features
from aggregator.group.features.feature_rows import FeatureSources
from aggregator.group.features.features import extract, words_by_hash
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group, reader_for
from tests.builders import NOW, at, make_story
from tests.unit.group.news import FERRY, remember, tell, week

WHOLE = week()


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


def group_lean(
    new: tuple[StoredEntry, ...], context: GroupContext, settings: StorySettings
) -> Grouping:
    """Group with a context whose features are condensed; whole features and stories are loaded."""
    reader = reader_for(new, settings)
    features = {one.key: one.features for one in context.entries}
    entries = tuple(
        dataclasses.replace(one, features=reader.condense(one.key, one.published, one.features))
        for one in context.entries
    )
    assert not reader.stale
    assert all(len(one.features) < len(features[one.key]) for one in entries)

    def load_features(keys: Sequence[str]) -> dict[str, bytes]:
        """Give the features of some entries."""
        return {key: features[key] for key in keys}

    def load_stories(keys: Iterable[str]) -> list[Story]:
        """Give the stories that hold some entries, and one that is out of sight."""
        asked = set(keys)
        found = [one for one in context.stories if not asked.isdisjoint(_keys(one))]
        return [*found, make_story("out of sight")]

    named = {id_ for id_, _ in context.journal.values()}
    journal = tuple(one for one in context.stories if one.id in named)
    lean = dataclasses.replace(context, entries=entries, stories=journal)
    given = GroupingContext(
        settings=settings,
        now=NOW,
        past=lean,
        features=FeatureSources(reader=reader, load=load_features),
        load_stories=load_stories,
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
    context = GroupContext(decisions=decisions, journal=journal)
    for begin, end in itertools.pairwise([0, *sorted(cuts), len(WHOLE)]):
        known = {one.key for one in context.entries}
        changed = [WHOLE[n] for n in again if WHOLE[n].key in known]
        new = tuple(sorted((*WHOLE[begin:end], *changed), key=lambda one: (one.published, one.key)))
        past = near(context, new, settings.window)
        done = group(new, GroupingContext(settings=settings, now=NOW, past=past))
        assert group_lean(new, past, settings) == done
        context = remember(context, done, new)


def test_what_is_gone_meanwhile_is_like_nothing() -> None:
    """Another process may forget an entry after the window was read."""
    settings = StorySettings()
    past, new = WHOLE[:6], WHOLE[6:]
    done = group(past, GroupingContext(settings=settings, now=NOW))
    context = remember(GroupContext(), done, past)
    entries = tuple(
        dataclasses.replace(one, features=packing.condense(one.features)) for one in context.entries
    )
    lean = dataclasses.replace(context, entries=entries)
    sources = FeatureSources(reader=reader_for(new, settings), load=lambda _: {})
    grouping = group(new, GroupingContext(settings=settings, now=NOW, past=lean, features=sources))
    old = {one.key for one in past}
    joined = {frozenset(member.key for member in story.members) for story in grouping.stories}
    assert {one.key for one in new} <= {key for keys in joined for key in keys}
    assert not any(keys & old for keys in joined)


def test_features_of_another_form_are_noted_and_left_alone() -> None:
    reader = reader_for(WHOLE[:2], StorySettings())
    other = bytes([packing.VERSION + 1]) + b"of a later version"
    assert reader.condense("k", NOW, other) == other
    assert reader.stale


def test_a_brief_part_gives_the_same_keys_and_links() -> None:
    linked = [
        tell(FERRY[0], n, "one.example", n, cites=tuple(f"https://x.example/{m}" for m in range(n)))
        for n in range(4)
    ]
    done = group(tuple(linked), GroupingContext(settings=StorySettings(), now=NOW))
    packed = [features for _, features in done.features]
    heads, condensed = packing.headers(packed), [packing.condense(one) for one in packed]
    assert all(packing.is_condensed(one) and not packing.readable(one) for one in condensed)
    assert not any(packing.is_condensed(one) for one in (*packed, b""))
    ids, values = packing.keys(condensed, packing.headers(condensed))
    cites = packing.cites(condensed, packing.headers(condensed))
    for found, name, most in (
        (ids, "word_ids", packing.KEYS),
        (packing.Ragged(flat=values, starts=ids.starts), "word_values", packing.KEYS),
        (cites, "cites", 255),
    ):
        wanted = packing.ragged(packed, heads, name, most)
        assert found.starts.tolist() == wanted.starts.tolist()
        assert found.flat.tolist() == wanted.flat.tolist()
    whole = [packing.ragged(packed[:1], heads[:1], name) for name in ("word_ids", "bigram_ids")]
    assert packing.term_bytes(packed[0]) == b"".join(one.flat.tobytes() for one in whole)


def test_the_words_that_were_met_come_with_the_features() -> None:
    odd = tell(("扎卡维亚山谷", "瓦尔多尔村的居民看见了彗星。"), 1, "a.example")
    features, words = extract_features([odd])
    (taken,) = features
    assert taken.words.ids.tolist() == extract(odd).words.ids.tolist()
    assert words.items() <= words_by_hash(odd).items()
    assert extract_features([odd])[1] == {}
