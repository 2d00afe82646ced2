"""The stories while a grouping works on them."""

import pytest

from aggregator.core import ids
from aggregator.core.model import Reason, Story, Tombstone
from aggregator.group.stories.drafts import StoryDrafts
from tests.builders import NOW, at, make_key, make_story

A, B, C = (make_key(n) for n in (1, 2, 3))
TIMES = {key: float(n) for n, key in enumerate((A, B, C))}
JOINED = Reason(kind="same event", score=0.9)


def drafts(*stories: Story) -> StoryDrafts:
    """Return drafts of these stories; A, B and C were published in this order."""
    one = StoryDrafts(now=NOW)
    one.load(stories, TIMES.get)
    return one


def test_loaded_stories_come_back_unchanged() -> None:
    """What nobody touches is not changed, and would be written as it was read."""
    story = make_story(A, B)
    one = drafts(story)
    assert list(one.changed()) == []
    draft = one.story(B)
    assert draft is not None
    assert one.finish(draft) == story


def test_an_ungrouped_entry_is_in_no_story() -> None:
    """Entries in sight have their place before they have a story."""
    one = drafts()
    assert one.story(A) is None
    assert one.position(A) == (TIMES[A], A)


@pytest.mark.parametrize("keys", [("x", "y", A), (A, "x", "y"), ("y", A, B, "z")])
def test_members_out_of_sight_stay_where_they_stood(keys: tuple[str, ...]) -> None:
    """Before or after those in sight, in the order that the story had."""
    story = make_story(*keys)
    one = drafts(story)
    draft = one.draft(story.id)
    assert one.finish(draft) == story
    assert one.first_position(draft) == one.position(keys[0])


def test_start() -> None:
    """A new story has its founder's id; its times are not after now."""
    one = drafts()
    draft = one.start(A, Reason(kind="founder"), revised=at(5))
    story = one.finish(draft)
    assert (story.id, story.founder, story.representative) == (ids.story_id(A), A, A)
    assert (story.first_published, story.updated) == (NOW, NOW)
    assert list(one.changed()) == [draft]


def test_start_under_a_given_id() -> None:
    """What the journal knows is taken over."""
    id_ = ids.story_id("older")
    story = drafts().start(A, Reason(kind="journal"), revised=NOW, id_=id_, first=at(-9))
    assert (story.id, story.first_published) == (id_, at(-9))


def test_start_while_the_own_id_is_in_use() -> None:
    """A founder that left its story gets another id, the same every time."""
    found = set()
    for _ in range(2):
        one = drafts(make_story(A, B))
        one.remove(A)
        found.add(one.start(A, Reason(kind="user"), revised=NOW).id)
    assert len(found) == 1
    assert ids.story_id(A) not in found


def test_an_id_in_use_elsewhere_is_not_given_twice() -> None:
    """A story that nobody asks for keeps its id, a merged one gives it free."""
    one = StoryDrafts(now=NOW)
    one.load([make_story(B), make_story(C)], TIMES.get, [ids.story_id(key) for key in (A, B, C)])
    assert one.start(A, Reason(kind="founder"), revised=NOW).id != ids.story_id(A)
    one.merge(one.draft(ids.story_id(B)), one.draft(ids.story_id(C)))
    assert ids.story_id(C) not in one


def test_members_stand_in_order_of_publication() -> None:
    """An earlier entry that comes late stands first."""
    one = drafts(make_story(B))
    draft = one.story(B)
    assert draft is not None
    one.join(draft, C, JOINED)
    one.join(draft, A, JOINED)
    story = one.finish(draft)
    assert [member.key for member in story.members] == [A, B, C]
    assert story.founder == B


def test_mark_changed_moves_updated_but_never_back() -> None:
    """A story that was published changes now."""
    one = StoryDrafts(now=at(3))
    one.load([make_story(A)], TIMES.get)
    draft = one.story(A)
    assert draft is not None
    one.mark_changed(draft, at(-5))
    assert draft.updated == at(3)
    new = one.start(B, Reason(kind="founder"), revised=at(1))
    one.mark_changed(new, at(-5))
    assert new.updated == at(1)
    one.mark_changed(new, at(2))
    assert new.updated == at(2)


def test_remove_keeps_the_story() -> None:
    """The story goes on without the entry; one without entries is not given out."""
    one = drafts(make_story(A, B))
    one.remove(A)
    assert one.story(A) is None
    (left,) = one.changed()
    assert (left.id, list(left.members)) == (ids.story_id(A), [B])
    one.remove(B)
    assert list(one.changed()) == []


def test_merge_keeps_the_story_published_first() -> None:
    """The other one leaves a tombstone, whichever is named first."""
    elder, younger = make_story(B, first_published=at(-2)), make_story(A, first_published=at(-1))
    for turn in (1, -1):
        one = drafts(elder, younger)
        both = [one.draft(story.id) for story in (elder, younger)][::turn]
        kept = one.merge(*both)
        assert kept.id == elder.id
        assert one.story(A) is one.story(B) is kept
        assert one.tombstones == [Tombstone(id=younger.id, when=NOW, into=elder.id)]


def test_merge_with_a_story_that_nobody_saw() -> None:
    """A story of this grouping goes without a tombstone."""
    old = make_story(B, first_published=NOW)
    one = drafts(old)
    new = one.start(A, Reason(kind="founder"), revised=NOW, first=at(-9))
    assert one.merge(new, one.draft(old.id)).id == old.id
    assert one.tombstones == []


def test_changed_stories_come_in_order_of_their_founders() -> None:
    """The order does not depend on the order of the work."""
    one = drafts()
    for key in (C, A, B):
        one.start(key, Reason(kind="founder"), revised=NOW)
    assert [draft.founder for draft in one.changed()] == [A, B, C]
