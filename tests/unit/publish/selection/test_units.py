"""What is one entry of a feed that does not show whole stories."""

from dataclasses import replace
from typing import Any

from aggregator.core import ids
from aggregator.core.model import Member, Reason, ShownStory
from aggregator.publish.selection.units import alone, copies
from tests.builders import NOW, at, make_shown, make_stored


def story(*members: tuple[str, Any, str], **kw: Any) -> ShownStory:
    """Make a story of (key, kind of reason, nearest), the first shown; number n came n hours late."""
    entries = tuple(
        make_stored(n, key=key, first_seen=at(n), published=at(-9), revised=at(-9))
        for n, (key, *_) in enumerate(members)
    )
    shown = make_shown(*entries, **kw)
    held = tuple(
        Member(key=key, reason=Reason(kind=kind, nearest=nearest)) for key, kind, nearest in members
    )
    return replace(shown, story=replace(shown.story, members=held))


def keys(units: list[ShownStory]) -> list[list[str]]:
    return [[stored.key for stored in unit.entries] for unit in units]


def test_alone_each_entry_keeps_its_own_id() -> None:
    units = list(alone(story(("a", "founder", ""), ("b", "same event", "a"))))
    assert keys(units) == [["a"], ["b"]]
    assert [unit.story.id for unit in units] == [ids.entry_id("a"), ids.entry_id("b")]
    assert [unit.story.first_published for unit in units] == [at(0), at(1)]
    assert [unit.story.updated for unit in units] == [at(-9), at(-9)]
    assert units[1].story.members[0].reason.kind == "same event"


def test_copies_fold_into_their_original_and_others_stay_apart() -> None:
    units = list(
        copies(
            story(
                ("a", "founder", ""),
                ("b", "same text", "a"),
                ("c", "same event", "a"),
                ("d", "same link", "b"),
                ("e", "same text", "not here"),
            )
        )
    )
    assert keys(units) == [["a", "b", "d"], ["c"], ["e"]]
    assert units[0].story.id == ids.entry_id("a")
    assert units[0].story.first_published == NOW
    assert units[0].story.updated == at(3)


def test_the_shown_one_leads_but_the_original_gives_the_id() -> None:
    shown = story(("b", "same text", "a"), ("a", "founder", ""))
    (unit,) = copies(shown)
    assert unit.lead.key == unit.story.representative == "b"
    assert unit.story.id == ids.entry_id("a")
    assert unit.story.founder == "a"


def test_the_original_leads_where_the_shown_one_is_elsewhere() -> None:
    shown = story(("x", "founder", ""), ("b", "same text", "a"), ("a", "same event", "x"))
    assert keys(list(copies(shown))) == [["x"], ["a", "b"]]


def test_copies_in_a_ring_are_one() -> None:
    shown = story(("c", "same text", "b"), ("b", "same text", "a"), ("a", "same text", "c"))
    (unit,) = copies(shown)
    assert unit.story.id == ids.entry_id("a")


def test_a_member_without_a_reason_is_its_own_founder() -> None:
    shown = story(("a", "founder", ""), ("b", "same event", "a"))
    bare = replace(shown, story=replace(shown.story, members=()))
    assert [unit.story.members[0].reason.kind for unit in alone(bare)] == ["founder", "founder"]
