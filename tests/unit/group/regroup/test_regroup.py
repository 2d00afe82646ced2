"""Regrouping: ids stay, what moves is told, what does not move is left alone."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core import ids
from aggregator.core.model import (
    Decision,
    GroupContext,
    Grouping,
    Member,
    Reason,
    StoredEntry,
    Story,
)
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.regroup.regroup import Move, Regrouping, RegroupResult, unchanged
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from tests.builders import NOW, at, make_decision
from tests.unit.group.news import BRIDGE, FLOOD, STANDING_ALONE, remember, tell, week

LATER = NOW + timedelta(days=1)
SETTINGS = StorySettings()
BRIDGES = tuple(tell(one, n, f"p{n}.example", n) for n, one in enumerate(BRIDGE, 1))


@dataclass
class History:
    """A store that is a list; a page holds so many entries."""

    entries: tuple[StoredEntry, ...]
    context: GroupContext = field(default_factory=GroupContext)
    page: int = 1000

    def __post_init__(self) -> None:
        """Group the entries as they come."""
        done = group(self.entries, GroupingContext(settings=SETTINGS, now=NOW, past=self.context))
        self.context = remember(self.context, done, self.entries)

    def pages(self) -> Iterator[tuple[tuple[StoredEntry, ...], GroupContext]]:
        """Yield the entries page by page."""
        known = {one.key: one for one in self.context.entries}
        for begin in range(0, len(self.entries), self.page):
            some = self.entries[begin : begin + self.page]
            here = tuple(known[one.key] for one in some)
            held = {one.story_id for one in here}
            found = tuple(one for one in self.context.stories if one.id in held)
            yield (
                some,
                GroupContext(
                    entries=here,
                    stories=found,
                    decisions=self.context.decisions,
                    journal={
                        key: value
                        for key, value in self.context.journal.items()
                        if key in {one.key for one in some}
                    },
                ),
            )

    def regroup(
        self, wanted: StorySettings = SETTINGS, **kw: object
    ) -> tuple[RegroupResult, Grouping]:
        """Regroup and remember; all that is to be stored as one."""
        work = Regrouping(wanted, now=LATER, **kw)  # type: ignore[arg-type]
        done = list(work.run(self.pages()))
        whole = Grouping(
            stories=tuple(story for one in done for story in one.stories),
            tombstones=tuple(dead for one in done for dead in one.tombstones),
            features=tuple(pair for one in done for pair in one.features),
        )
        self.context = remember(self.context, whole, ())
        return work.outcome, whole

    def decide(self, *decisions: Decision) -> None:
        """Keep corrections."""
        kept = (*self.context.decisions, *decisions)
        self.context = dataclasses.replace(self.context, decisions=kept)

    def tear(self, *cuts: Sequence[int]) -> None:
        """Cut the stories as a run with other weights would have; numbers of entries."""
        times = {one.key: n for n, one in enumerate(self.entries)}
        torn = []
        for number, cut in enumerate(cuts):
            keys = sorted((self.entries[n].key for n in cut), key=lambda key: times[key])
            torn.append(made(*keys, hours=number))
        features = {one.key: one.features for one in self.context.entries}
        grouping = Grouping(stories=tuple(torn), features=tuple(features.items()))
        bare = GroupContext(decisions=self.context.decisions)
        self.context = remember(bare, grouping, self.entries)

    def story(self, number: int) -> Story:
        """Return the story of an entry."""
        key = self.entries[number].key
        return next(one for one in self.context.stories if key in keys_of(one))


def made(*keys: str, hours: float = 0) -> Story:
    """Return a story as an earlier run made it, so many hours after another."""
    members = tuple(Member(key=key, reason=Reason(kind="founder")) for key in keys)
    return Story(
        id=ids.story_id(keys[0]),
        founder=keys[0],
        representative=keys[0],
        members=members,
        first_published=at(hours, days=-20),
        updated=at(hours, days=-20),
    )


def keys_of(story: Story) -> list[str]:
    """Return the keys of a story's members."""
    return [member.key for member in story.members]


def test_what_is_as_it_was_is_left_alone() -> None:
    history = History(week())
    before = history.context.stories
    outcome, done = history.regroup()
    assert done == Grouping(stories=())
    assert outcome == RegroupResult(
        entries=11, stories_before=len(before), stories_after=len(before)
    )
    assert history.context.stories == before


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 12), st.sampled_from(["strict", "normal", "loose"]))
def test_the_size_of_pages_makes_no_difference(size: int, match: str) -> None:
    wanted = StorySettings(match=match)  # type: ignore[arg-type]
    whole, parts = History(week()), History(week(), page=size)
    assert whole.regroup(wanted)[0].moves == parts.regroup(wanted)[0].moves
    found = [{one.id: one for one in each.context.stories} for each in (whole, parts)]
    assert found[0] == found[1]


def test_stories_that_turn_out_to_be_one_keep_the_id_that_was_published_first() -> None:
    history = History(BRIDGES)
    history.tear([0], [1, 2])
    first, second = history.story(0), history.story(1)
    outcome, done = history.regroup()
    (story,) = done.stories
    assert story.id == first.id
    assert story.founder == first.founder
    assert story.first_published == first.first_published
    assert story.updated == LATER
    assert keys_of(story) == [one.key for one in BRIDGES]
    assert [(one.id, one.into, one.when) for one in done.tombstones] == [
        (second.id, first.id, LATER)
    ]
    assert outcome.moves == tuple(
        Move(key=one.key, title=one.entry.title, before=second.id, after=first.id)
        for one in BRIDGES[1:]
    )
    assert (outcome.stories_before, outcome.stories_after) == (2, 1)


def test_a_story_that_falls_apart_keeps_its_id_where_most_of_it_is() -> None:
    alone = tell(STANDING_ALONE[0], 9, "nine.example", 0)
    history = History((alone, *BRIDGES))
    history.tear([0, 1, 2, 3])
    before = history.story(0)
    outcome, done = history.regroup()
    kept, parted = history.story(1), history.story(0)
    assert kept.id == before.id
    assert kept.founder == alone.key
    assert kept.representative in keys_of(kept)
    assert parted.id == ids.story_id(alone.key + "+")
    assert parted.first_published == before.first_published, "it is not new to readers"
    assert parted.updated == LATER
    assert [(one.key, one.before, one.after) for one in outcome.moves] == [
        (alone.key, before.id, parted.id)
    ]
    assert not done.tombstones
    assert history.regroup()[1] == Grouping(stories=()), "and it is stable"


def test_a_dead_id_lives_again() -> None:
    flood = tell(FLOOD[0], 7, "seven.example", 2)
    history = History((BRIDGES[0], flood))
    history.tear([0], [1])
    dead = history.story(1).id
    history.decide(make_decision("join", BRIDGES[0].key, flood.key))
    _, joined = history.regroup()
    assert [one.id for one in joined.tombstones] == [dead]
    history.decide(make_decision("split", BRIDGES[0].key, flood.key))
    _, parted = history.regroup()
    assert history.story(1).id == dead
    assert not parted.tombstones


def test_an_entry_that_goes_over_leaves_both_ids_where_they_were() -> None:
    floods = tuple(tell(one, n, f"p{n}.example", n) for n, one in enumerate(FLOOD, 11))
    history = History((*BRIDGES, *floods))
    history.tear([0, 1], [2, 3, 4])
    first, second = history.story(0), history.story(3)
    outcome, done = history.regroup()
    assert {one.id for one in done.stories} == {first.id, second.id}
    assert second.founder == BRIDGES[2].key
    assert history.story(3).founder == BRIDGES[2].key, "who founded it is history"
    assert [one.key for one in outcome.moves] == [BRIDGES[2].key]
    assert not done.tombstones


@pytest.mark.parametrize("days", [0, 40], ids=["near", "far apart in time"])
def test_corrections_hold(days: float) -> None:
    flood = tell(FLOOD[0], 7, "seven.example", 24 * days + 9)
    history = History((*BRIDGES, flood), page=1)
    history.decide(
        make_decision("join", BRIDGES[0].key, flood.key),
        make_decision("never", BRIDGES[0].key, BRIDGES[1].key),
    )
    history.regroup()
    assert history.story(0).id == history.story(3).id
    assert history.story(0).id != history.story(1).id


def test_corrections_of_the_configuration_hold_far_apart_in_time() -> None:
    flood = tell(FLOOD[0], 7, "seven.example", 24 * 40)
    history = History((BRIDGES[0], flood), page=1)
    pair = (BRIDGES[0].entry.link, ids.entry_id(flood.key))
    history.regroup(StorySettings(join=(pair,)))
    assert history.story(0).id == history.story(1).id


def test_what_the_journal_alone_knows_stays_where_it_was() -> None:
    blank = tell(("Something else", ""), 8, "eight.example", 3)
    history = History((*BRIDGES, blank))
    history.tear([0, 1, 2, 3])
    story = history.story(0)
    journal = {blank.key: (story.id, story.first_published)}
    history.context = dataclasses.replace(history.context, journal=journal)
    _, done = history.regroup()
    assert len(done.stories) == 1
    assert keys_of(done.stories[0]) == keys_of(story)


def test_features_of_an_older_form_are_made_anew() -> None:
    history = History(week(), page=4)
    before = history.context
    old = tuple(
        dataclasses.replace(one, features=bytes([packing.VERSION + 1]) + one.features[1:])
        for one in before.entries
    )
    history.context = dataclasses.replace(before, entries=old)
    outcome, done = history.regroup()
    assert not outcome.moves
    assert dict(done.features).keys() == {one.key for one in history.entries}
    assert all(packing.readable(packed) for _, packed in done.features)
    assert {one.id: keys_of(one) for one in history.context.stories} == {
        one.id: keys_of(one) for one in before.stories
    }


def test_features_that_are_readable_are_not_made_anew() -> None:
    _, done = History(week()).regroup()
    assert not done.features


def test_learned_boilerplate_is_left_out_of_what_is_compared() -> None:
    notice = "关注青礁晚报公众号，每天早晨七点获取最新岚湾新闻与深度评论。"
    loud = tuple(
        dataclasses.replace(
            one, entry=dataclasses.replace(one.entry, text=notice + "\n" + one.entry.text)
        )
        for one in BRIDGES
    )

    def strip(stored: StoredEntry) -> StoredEntry:
        """Take the notice out, except from the first entry."""
        if stored.key == loud[0].key:
            return unchanged(stored)
        text = stored.entry.text.removeprefix(notice + "\n")
        return dataclasses.replace(stored, entry=dataclasses.replace(stored.entry, text=text))

    history = History(loud)
    before = {one.key: one.features for one in history.context.entries}
    _, done = history.regroup(strip=strip)
    assert dict(done.features).keys() == {one.key for one in loud[1:]}
    assert all(packed != before[key] for key, packed in done.features)
    again = history.regroup(strip=strip)[1]
    assert again == Grouping(stories=()), "the second time finds it as it is"


def test_a_better_source_is_shown_though_nothing_moves() -> None:
    history = History(BRIDGES)
    before = history.story(0)
    outcome, done = history.regroup(priorities={BRIDGES[2].source_id: 5})
    (story,) = done.stories
    assert story.representative == BRIDGES[2].key
    assert story.updated == LATER
    assert dataclasses.replace(
        story, representative=before.representative, updated=before.updated
    ) == (before)
    assert (outcome.rewritten, outcome.moves) == (1, ())


def test_other_reasons_are_kept_without_a_change_to_readers() -> None:
    history = History(BRIDGES)
    whole = history.story(0)
    history.tear([0, 1, 2])
    outcome, done = history.regroup()
    (story,) = done.stories
    assert [one.reason for one in story.members] == [one.reason for one in whole.members]
    assert story.updated == at(0, days=-20)
    assert (outcome.rewritten, outcome.moves) == (1, ())


def test_an_empty_history_is_no_trouble() -> None:
    work = Regrouping(SETTINGS, now=LATER)
    assert set(work.run([((), GroupContext())])) == {Grouping(stories=())}
    assert work.outcome == RegroupResult()


def test_stories_that_are_joined_by_a_third_become_one() -> None:
    flood, alone = tell(FLOOD[0], 7, "seven.example", 1), tell(STANDING_ALONE[0], 8, "x.example", 2)
    last = tell(BRIDGE[1], 9, "nine.example", 3)
    history = History((BRIDGES[0], flood, alone, last), page=1)
    ids_before = [history.story(n).id for n in range(3)]
    history.decide(
        make_decision("join", BRIDGES[0].key, alone.key),
        make_decision("join", flood.key, alone.key),
    )
    _, done = history.regroup()
    assert {history.story(n).id for n in range(3)} == {ids_before[0]}
    assert {one.id for one in done.tombstones} == set(ids_before[1:])


def test_what_is_out_of_reach_is_settled_on_the_way() -> None:
    again = tuple(tell(one, n, f"q{n}.example", 24 * 40 + n) for n, one in enumerate(BRIDGE, 21))
    history = History((*BRIDGES, *again), page=2)
    history.tear([0, 1, 2], [3, 4], [5])
    first = history.story(0)
    work = Regrouping(SETTINGS, now=LATER)
    pieces = [[one.id for one in done.stories] for done in work.run(history.pages())]
    assert pieces[:2] == [[], []]
    assert pieces[2] == [first.id], "its reasons are new and it is told at once"
    assert pieces[-1] == [history.story(3).id]
    assert not work._known.keys() & {one.key for one in BRIDGES}, "nothing of it is held"
