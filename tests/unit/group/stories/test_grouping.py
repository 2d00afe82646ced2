"""Grouping: one event one story, the same however a stream is cut, ids that stay, corrections that hold."""

import dataclasses
import itertools
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core import ids
from aggregator.core.model import Decision, GroupContext, Grouping, StoredEntry, Story
from aggregator.core.settings import StorySettings
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from tests.builders import NOW, at, make_decision
from tests.unit.group.news import (
    BRIDGE,
    FLOOD,
    MATCH,
    PORT,
    STANDING_ALONE,
    groups,
    remember,
    tell,
    week,
)

Kind = Literal["join", "split", "never"]


def run(
    new: tuple[StoredEntry, ...],
    context: GroupContext | None = None,
    **kw: tuple[tuple[str, str], ...] | tuple[str, ...] | timedelta | str,
) -> Grouping:
    """Group with the settings given."""
    settings = StorySettings(**kw)  # type: ignore[arg-type]
    past = context or GroupContext()
    return group(new, GroupingContext(settings=settings, now=NOW, past=past))


def run_in_parts(parts: list[tuple[StoredEntry, ...]]) -> GroupContext:
    """Group part after part and return what is known at the end."""
    context = GroupContext()
    for part in parts:
        context = remember(context, run(part, context), part)
    return context


def only(grouping: Grouping) -> Story:
    """Return the one story of a grouping."""
    (story,) = grouping.stories
    return story


BRIDGES = tuple(tell(one, n, f"p{n}.example", n) for n, one in enumerate(BRIDGE, 1))


def test_each_event_is_one_story() -> None:
    told = {one.key: one.entry.title for one in week()}
    found = {frozenset(told[key] for key in some) for some in groups(run(week()))}
    assert found == {
        frozenset(title for title, _ in event)
        for event in (BRIDGE, FLOOD, MATCH, PORT, STANDING_ALONE)
    } | {frozenset({"Ferry runs aground off Calder Island, all 180 passengers safe"})}


def test_nothing_new_gives_nothing() -> None:
    assert run(()) == Grouping(stories=())


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(1, len(week()) - 1), max_size=4))
def test_the_same_however_the_stream_is_cut(cuts: set[int]) -> None:
    whole, edges = week(), [0, *sorted(cuts), len(week())]
    parts = [whole[a:b] for a, b in itertools.pairwise(edges)]
    once, cut = run_in_parts([whole]), run_in_parts(parts)
    assert {one.id: [m.key for m in one.members] for one in once.stories} == {
        one.id: [m.key for m in one.members] for one in cut.stories
    }
    assert {one.key: one.features for one in once.entries} == {
        one.key: one.features for one in cut.entries
    }
    assert {one.representative for one in once.stories} == {
        one.representative for one in cut.stories
    }


def test_a_latecomer_joins_the_story_of_its_time() -> None:
    context = run_in_parts([BRIDGES[1:]])
    grouping = run(BRIDGES[:1], context)
    assert [one.key for one in only(grouping).members] == [one.key for one in BRIDGES]
    assert only(grouping).id == ids.story_id(BRIDGES[1].key)


def test_what_is_further_apart_than_the_window_does_not_meet() -> None:
    late = tell(BRIDGE[1], 2, "two.example", 80)
    assert len(run((BRIDGES[0], late)).stories) == 2
    assert len(run((BRIDGES[0], late), window=timedelta(hours=90)).stories) == 1


def test_ids_and_times_of_a_new_story() -> None:
    story = only(run(BRIDGES))
    assert story.id == ids.story_id(BRIDGES[0].key)
    assert story.founder == BRIDGES[0].key
    assert story.first_published == NOW
    assert story.updated == BRIDGES[2].revised


def test_a_story_is_never_updated_after_now() -> None:
    future = tell(BRIDGE[0], 1, "one.example", revised=at(5))
    assert only(run((future,))).updated == NOW


def test_updated_moves_when_a_publisher_joins() -> None:
    context = run_in_parts([BRIDGES[:1]])
    grouping = run(BRIDGES[1:2], context)
    assert only(grouping).updated == NOW
    assert (grouping.new, grouping.changed) == (0, 1)


def test_updated_stays_when_a_publisher_repeats_itself() -> None:
    context = run_in_parts([BRIDGES[:1]])
    again = tell(BRIDGE[0], 9, "p1.example", 1.2)
    story = only(run((again,), context))
    assert len(story.members) == 2
    assert story.updated < NOW


def test_a_modified_entry_keeps_its_story() -> None:
    context = run_in_parts([BRIDGES])
    changed = dataclasses.replace(
        tell(FLOOD[0], 2, "p2.example", 2), key=BRIDGES[1].key, revised=NOW
    )
    grouping = run((changed,), context)
    assert [one.key for one in only(grouping).members] == [one.key for one in BRIDGES]
    assert only(grouping).updated == NOW
    assert dict(grouping.features)[changed.key] != context.entries[1].features


def test_an_entry_seen_again_without_change_moves_nothing() -> None:
    context = run_in_parts([BRIDGES])
    grouping = run(BRIDGES[:1], context)
    assert only(grouping).updated == context.stories[0].updated


def test_the_reason_says_why() -> None:
    first, second, third = only(run(BRIDGES)).members
    assert first.reason.kind == "founder"
    assert second.reason.kind == third.reason.kind == "same event"
    assert second.reason.nearest == BRIDGES[0].key
    assert second.reason.score > 0.5
    assert "跨海大桥" in second.reason.shared
    assert second.reason.weights


def test_a_copy_is_shown_as_the_same_text() -> None:
    copy = tell(BRIDGE[0], 7, "copy.example", 3)
    story = only(run((BRIDGES[0], copy)))
    assert [one.reason.kind for one in story.members] == ["founder", "same text"]


def test_an_unreadable_form_of_features_is_passed_over() -> None:
    context = run_in_parts([BRIDGES[:1]])
    old = dataclasses.replace(context.entries[0], features=b"\xff")
    grouping = run(BRIDGES[1:2], dataclasses.replace(context, entries=(old,)))
    assert grouping.new == 1


def test_an_entry_whose_story_is_out_of_sight_is_passed_over() -> None:
    context = dataclasses.replace(run_in_parts([BRIDGES[:1]]), stories=())
    assert run(BRIDGES[1:2], context).new == 1


# --- links and series ----------------------------------------------------------------------


def test_two_sources_on_one_address_meet() -> None:
    page = "https://one.example/bridge"
    full = tell(BRIDGE[0], 1, "one.example", 0, link=page)
    note = tell(("Worth a look", ""), 2, "notes.example", 1, link=page)
    story = only(run((full, note)))
    assert [one.reason.kind for one in story.members] == ["founder", "same link"]


def test_many_entries_on_one_address_stay_apart() -> None:
    page = "https://one.example/live"
    texts = (BRIDGE[0], FLOOD[0], MATCH[0], PORT[0], STANDING_ALONE[0])
    new = tuple(tell(one, n, f"p{n % 2}.example", n, link=page) for n, one in enumerate(texts, 1))
    assert len(run(new).stories) == len(texts)


def test_numbers_of_a_column_stay_apart() -> None:
    title = "海岚读书会：本周推荐"
    new = (
        tell((title, STANDING_ALONE[0][1]), 1, "one.example", 0),
        tell((title, FLOOD[0][1]), 2, "one.example", 24),
        tell((title, MATCH[0][1]), 3, "one.example", 48),
    )
    assert len(run(new).stories) == 3


def test_the_pages_of_one_newspaper_stay_apart() -> None:
    guest = "27日上午在海岚市政厅会见到访的岚国总理奥尔松。{}表示，海岚愿同岚国加强港口和渔业合作。"
    hosts = ("市长林远峰", "议长赵立群", "商会会长苏明浩")
    paper, other = (
        tuple(
            tell((f"{page}{host[2:]}会见岚国总理奥尔松", host + guest.format(host)), n, place, 0)
            for n, host in enumerate(hosts, start)
        )
        for start, place, page in ((1, "paper.example", "01版 - "), (11, "other.example", ""))
    )
    for told in (paper, other):  # by the page; by who was the host
        assert len(run(told).stories) == 3


def test_market_reports_of_two_days_stay_apart() -> None:
    text = "海岚股市周{}收盘上涨，海岚指数升{}点，报{}点，成交额{}亿元。岚湾建设集团股价领涨，银行股走强。"
    new = (
        tell(("海岚股市收盘上涨 岚湾建设领涨", text.format("一", 31, 4120, 88)), 1, "a.example", 0),
        tell(("海岚股市收盘走高 银行股走强", text.format("二", 12, 4132, 91)), 2, "b.example", 24),
    )
    assert len(run(new).stories) == 2


def test_a_story_without_end_is_closed() -> None:
    new = tuple(tell(BRIDGE[n % 3], n, f"p{n}.example", n * 12) for n in range(20))
    times = {one.key: one.published for one in new}
    found = run(new, window=timedelta(hours=48)).stories
    assert len(found) > 1
    for story in found:
        first, last = story.members[0].key, story.members[-1].key
        assert times[last] - times[first] <= timedelta(hours=2 * 48 + 12)


# --- merging -------------------------------------------------------------------------------


def test_twin_stories_become_one_and_the_younger_gets_a_tombstone() -> None:
    first = run_in_parts([BRIDGES[:1]])
    apart = run(BRIDGES[1:2], GroupContext())
    # Two groupings that did not see each other have made two stories.
    both = remember(first, apart, BRIDGES[1:2])
    older, younger = (ids.story_id(one.key) for one in BRIDGES[:2])
    grouping = run(BRIDGES[2:], both)
    assert [one.key for one in only(grouping).members] == [one.key for one in BRIDGES]
    assert only(grouping).id == older
    assert [(one.id, one.into, one.when) for one in grouping.tombstones] == [(younger, older, NOW)]


def test_twins_that_the_user_keeps_apart_stay_apart() -> None:
    first = run_in_parts([BRIDGES[:1]])
    both = remember(first, run(BRIDGES[1:2]), BRIDGES[1:2])
    rule = make_decision("never", BRIDGES[0].key, BRIDGES[1].key)
    grouping = run(BRIDGES[2:], dataclasses.replace(both, decisions=(rule,)))
    assert not grouping.tombstones
    assert len(only(grouping).members) == 2


# --- the user ------------------------------------------------------------------------------


def decided(context: GroupContext, *decisions: Decision) -> GroupContext:
    """Return the context with these decisions."""
    return dataclasses.replace(context, decisions=decisions)


FLOODS = (tell(FLOOD[0], 11, "p1.example", 1.5), tell(FLOOD[1], 12, "p2.example", 2.5))


def test_join_makes_one_story_of_two() -> None:
    context = run_in_parts([BRIDGES + FLOODS])
    rule = make_decision("join", BRIDGES[0].key, FLOODS[0].key)
    grouping = run((BRIDGES[0], FLOODS[0]), decided(context, rule))
    story = only(grouping)
    assert {one.key for one in story.members} == {one.key for one in BRIDGES + FLOODS}
    assert story.id == ids.story_id(BRIDGES[0].key)
    assert [one.id for one in grouping.tombstones] == [ids.story_id(FLOODS[0].key)]
    assert story.updated == NOW


def test_join_holds_for_what_is_new() -> None:
    context = run_in_parts([BRIDGES])
    rule = make_decision("join", BRIDGES[0].key, FLOODS[0].key)
    story = only(run(FLOODS[:1], decided(context, rule)))
    assert story.members[-1].key == FLOODS[0].key or FLOODS[0].key in {
        one.key for one in story.members
    }
    assert {one.reason.kind for one in story.members if one.key == FLOODS[0].key} == {"user"}


@pytest.mark.parametrize("kind", ["split", "never"])
def test_an_entry_taken_out_has_a_story_of_its_own(kind: Kind) -> None:
    context = run_in_parts([BRIDGES])
    rule = make_decision(kind, BRIDGES[0].key, BRIDGES[2].key)
    grouping = run((BRIDGES[0], BRIDGES[2]), decided(context, rule))
    stay, gone = sorted(grouping.stories, key=lambda one: -len(one.members))
    assert [one.key for one in stay.members] == [one.key for one in BRIDGES[:2]]
    assert stay.id == ids.story_id(BRIDGES[0].key)
    assert gone.id == ids.story_id(BRIDGES[2].key)
    assert gone.members[0].reason.kind == "user"


def test_a_founder_that_is_split_off_leaves_the_id() -> None:
    context = run_in_parts([BRIDGES])
    rule = make_decision("split", BRIDGES[1].key, BRIDGES[0].key)
    grouping = run(BRIDGES[:2], decided(context, rule))
    by_size = sorted(grouping.stories, key=lambda one: -len(one.members))
    assert by_size[0].id == ids.story_id(BRIDGES[0].key)
    assert {one.key for one in by_size[0].members} == {one.key for one in BRIDGES[1:]}
    assert by_size[0].representative != BRIDGES[0].key
    assert [one.key for one in by_size[1].members] == [BRIDGES[0].key]
    assert by_size[1].id != by_size[0].id


def test_a_split_holds_when_everything_is_grouped_anew() -> None:
    rule = make_decision("never", BRIDGES[0].key, BRIDGES[1].key)
    found = groups(run(BRIDGES, GroupContext(decisions=(rule,))))
    assert not any({BRIDGES[0].key, BRIDGES[1].key} <= some for some in found)


def test_the_last_word_counts() -> None:
    rules = (
        make_decision("never", BRIDGES[0].key, BRIDGES[1].key),
        make_decision("join", BRIDGES[1].key, BRIDGES[0].key),
    )
    assert len(run(BRIDGES, GroupContext(decisions=rules)).stories) == 1


def test_a_later_split_revives_the_dead_id() -> None:
    context = run_in_parts([BRIDGES[:1] + FLOODS[:1]])
    join = make_decision("join", BRIDGES[0].key, FLOODS[0].key)
    joined = run((BRIDGES[0], FLOODS[0]), decided(context, join))
    after = remember(context, joined, ())
    split = make_decision("split", BRIDGES[0].key, FLOODS[0].key)
    grouping = run((BRIDGES[0], FLOODS[0]), decided(after, join, split))
    assert {one.id for one in grouping.stories} == {
        ids.story_id(BRIDGES[0].key),
        ids.story_id(FLOODS[0].key),
    }


@pytest.mark.parametrize("name", ["id", "link", "key"])
def test_the_configuration_may_keep_entries_apart(name: str) -> None:
    names = [
        {"id": ids.entry_id(one.key), "link": one.entry.link, "key": one.key}[name]
        for one in BRIDGES[:2]
    ]
    found = groups(run(BRIDGES, never=((names[0], names[1]),)))
    assert not any({BRIDGES[0].key, BRIDGES[1].key} <= some for some in found)


def test_the_configuration_may_join_and_split() -> None:
    a, b = (ids.entry_id(one.key) for one in (BRIDGES[0], FLOODS[0]))
    assert len(run((BRIDGES[0], FLOODS[0]), join=((a, b),)).stories) == 1
    a, b = (ids.entry_id(one.key) for one in BRIDGES[:2])
    assert len(run(BRIDGES[:2], split=((a, b),)).stories) == 2
    assert len(run(BRIDGES[:2], never=(("https://elsewhere.example/", "what"),)).stories) == 1


# --- the journal ---------------------------------------------------------------------------


def test_the_journal_puts_entries_back_where_they_were() -> None:
    old = ids.story_id("f" * 32)
    journal = {BRIDGES[0].key: (old, at(days=-9)), FLOODS[0].key: (old, at(days=-9))}
    story = only(run((BRIDGES[0], FLOODS[0]), GroupContext(journal=journal)))
    assert story.id == old
    assert story.first_published == at(days=-9)
    assert [one.reason.kind for one in story.members] == ["journal", "journal"]


def test_what_the_journal_does_not_know_joins_the_restored_story() -> None:
    old = ids.story_id("f" * 32)
    journal = {BRIDGES[0].key: (old, at(days=-9))}
    story = only(run(BRIDGES, GroupContext(journal=journal)))
    assert story.id == old
    assert len(story.members) == 3


# --- the representative --------------------------------------------------------------------


def test_the_reader_s_priority_decides_who_is_shown() -> None:
    context = GroupingContext(settings=StorySettings(), now=NOW, priorities={"p3.example": 5})
    assert only(group(BRIDGES, context)).representative == BRIDGES[2].key


def test_the_reader_s_language_decides_who_is_shown() -> None:
    assert only(run(BRIDGES, languages=("zh-Hant", "zh"))).representative == BRIDGES[2].key
    assert only(run(BRIDGES, languages=("zh", "zh-Hant"))).representative == BRIDGES[0].key


def test_the_representative_stays_when_another_is_as_good() -> None:
    assert only(run(BRIDGES)).representative == BRIDGES[0].key


def test_a_whole_text_replaces_a_bare_title() -> None:
    bare = tell((BRIDGE[0][0], ""), 1, "one.example", 0)
    context = run_in_parts([(bare,)])
    long = tell((BRIDGE[1][0], BRIDGE[1][1] * 3), 2, "two.example", 1)
    story = only(run((long,), context))
    assert story.representative == long.key
    assert story.updated == NOW


def test_strict_asks_for_more_than_loose() -> None:
    new = week()
    strict, loose = (len(run(new, match=match).stories) for match in ("strict", "loose"))
    assert strict >= loose


def test_members_out_of_sight_are_kept_in_their_place() -> None:
    context = run_in_parts([BRIDGES])
    in_sight = dataclasses.replace(context, entries=context.entries[1:])
    new = tell(BRIDGE[0], 8, "new.example", 2.5)
    story = only(run((new,), in_sight))
    assert [one.key for one in story.members] == [
        BRIDGES[0].key,
        BRIDGES[1].key,
        new.key,
        BRIDGES[2].key,
    ]


def test_a_story_most_of_which_is_out_of_sight_takes_no_more() -> None:
    context = run_in_parts([BRIDGES])
    in_sight = dataclasses.replace(context, entries=context.entries[2:])
    new = tell(BRIDGE[0], 8, "new.example", 3.5)
    assert run((new,), in_sight).new == 1
