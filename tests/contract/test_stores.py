"""Every store keeps these promises, whatever database is under it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.core import ids
from aggregator.core.figures import SourceFigures, Totals
from aggregator.core.model import (
    Author,
    Change,
    Enclosure,
    Entry,
    FeedInfo,
    Reason,
    StoredEntry,
    Story,
    Validators,
)
from aggregator.core.ports import Store
from aggregator.store import SqlStore, open_store
from aggregator.store.journal import EntryLine, Journal
from aggregator.store.opening import JOURNAL
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_entries,
    make_entry,
    make_folder,
    make_grouping,
    make_key,
    make_lease,
    make_member,
    make_publisher,
    make_source,
    make_state,
    make_story,
    make_tombstone,
)
from tests.stores import gather

SOURCE = make_source()
DAY = timedelta(days=1)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[SqlStore]:
    """Open an empty store."""
    one = open_store(url, data=tmp_path, now=NOW)
    yield one
    one.close()


def keys(changes: tuple[Change, ...]) -> list[str]:
    """Return the keys of changes."""
    return [change.key for change in changes]


def kinds(changes: tuple[Change, ...]) -> list[str]:
    """Return the kinds of changes."""
    return [change.kind for change in changes]


def group_each(store: Store, **kw: Any) -> None:
    """Make a story of each entry that is not grouped."""
    new = store.ungrouped(1000)
    stories = tuple(make_story(entry.key, **kw) for entry in new)
    store.save_grouping(make_grouping(*stories, features=features(*(one.key for one in new))))


def features(*keys: str) -> tuple[tuple[str, bytes], ...]:
    """Return features of entries; each its key."""
    return tuple((key, key.encode()) for key in keys)


def only(store: Store, n: int) -> StoredEntry:
    """Return entry number n."""
    (entry,) = store.entries([make_key(n)])
    return entry


# --- states --------------------------------------------------------------------------------


def test_a_state_comes_back_as_it_was(store: Store) -> None:
    state = make_state(
        validators=Validators(etag='W/"a"', last_modified="x", documents=(("f", "1"),)),
        due=at(1),
        failures=3,
        error="no 错误",
        wait_until=at(2),
        arrivals=(at(-1), at(-2)),
        info=FeedInfo(title="T", authors=(Author(name="A"),)),
    )
    store.save_states({"s": state})
    store.save_states({"t": make_state(gone=True)})
    assert store.source_states() == {"s": state, "t": make_state(gone=True)}


def test_a_state_is_saved_with_what_was_gathered(store: Store) -> None:
    gather(store, make_entry(1), state=make_state(validators=Validators(etag="1")))
    assert store.source_states()["example"].validators.etag == "1"


# --- entries -------------------------------------------------------------------------------


def test_an_entry_comes_back_as_it_was(store: Store) -> None:
    entry = make_entry(
        1,
        title="标题 é 😀 & <b>",
        authors=(Author(name="A", url="https://a.example/"),),
        categories=("x", "y"),
        enclosures=(Enclosure(url="https://a.example/a.mp3", length=5),),
        modified=at(-1),
        blocks=(1, 2**62),
        removed=("rule",),
        publisher=make_publisher("p.example", feed_id="f"),
    )
    (change,) = gather(store, entry)
    assert change == Change(kind="new", key=make_key(1), material=True)
    assert store.entries([change.key]) == (
        StoredEntry(
            key=change.key,
            source_id="example",
            entry=entry,
            first_seen=NOW,
            published=at(-23),
            revised=at(-23),
        ),
    )


@pytest.mark.parametrize("text", ["\ud800 alone", "nul \0 byte", "\U0010ffff", "\x1b[0m"])
def test_odd_characters_are_stored(store: Store, text: str) -> None:
    entry = make_entry(1, title=text, guid=text, fingerprint=text, claimed=text)
    gather(store, replace(entry, publisher=make_publisher(text)))
    assert kinds(gather(store, replace(entry, publisher=make_publisher(text)))) == ["unchanged"]
    assert store.ungrouped(1)[0].entry.title == text


def test_entries_come_in_the_order_asked_for(store: Store) -> None:
    found = keys(gather(store, *make_entries(range(1, 700))))
    asked = [*found[::-1], "unknown", found[0]]
    assert [one.key for one in store.entries(asked)] == [*found[::-1], found[0]]


def test_what_is_the_same_is_not_written(store: Store) -> None:
    gather(store, *make_entries([1, 2]))
    before = store.entries([make_key(1)])
    again = make_entry(1, text="", html=before[0].entry.html, digest=before[0].entry.digest)
    assert gather(store, again, now=at(1))[0] == Change(kind="unchanged", key=make_key(1))
    assert store.entries([make_key(1)]) == before


def test_what_says_nothing_new_is_shown_all_the_same(store: Store) -> None:
    gather(store, make_entry(1))
    group_each(store)
    (before,) = store.entries([make_key(1)])
    marked = make_entry(
        1, html=before.entry.html + "<img src='b.png'>", authors=(Author(name="A"),)
    )
    assert gather(store, marked, now=at(1))[0] == Change(kind="modified", key=make_key(1))
    (after,) = store.entries([make_key(1)])
    assert after.entry == marked
    assert after.revised == before.revised
    assert store.ungrouped(1) == ()


def test_an_edit_keeps_the_key_and_the_date(store: Store) -> None:
    gather(store, make_entry(1))
    group_each(store)
    edited = make_entry(1, title="Edited", published=at(1))
    (change,) = gather(store, edited, now=at(2))
    assert change == Change(kind="modified", key=make_key(1), material=True)
    (entry,) = store.ungrouped(9)
    assert (entry.key, entry.entry.title) == (make_key(1), "Edited")
    assert (entry.first_seen, entry.published, entry.revised) == (NOW, at(-23), at(2))


def test_texts_that_alternate_are_calm(store: Store) -> None:
    one, two = make_entry(1, published=None), make_entry(1, text="Other.", published=None)
    found = [kinds(gather(store, (one, two)[n % 2], now=at(n)))[0] for n in range(40)]
    assert found == ["new", *["modified"] * 3, *["unchanged"] * 36]


def test_an_older_copy_is_passed_over_with_its_reason(store: Store) -> None:
    gather(store, make_entry(1, title="New", modified=at(-1)))
    (change,) = gather(store, make_entry(1, title="Old"))
    assert (change.kind, change.material) == ("unchanged", False)
    assert "older copy" in change.skipped
    assert only(store, 1).entry.title == "New"


def test_an_emptied_feed_that_is_filled_again_brings_nothing(store: Store) -> None:
    entries = make_entries(range(1, 4))
    gather(store, *entries, initial=50)
    assert gather(store, initial=50) == ()
    assert kinds(gather(store, *entries, initial=50)) == ["unchanged"] * 3


def test_one_guid_of_two_sources_names_two_entries(store: Store) -> None:
    one = gather(store, make_entry(1))
    two = gather(store, make_entry(1), source=make_source(id="other"))
    assert kinds(two) == ["new"]
    assert keys(one) != keys(two)


def test_a_source_that_moved_keeps_its_entries(store: Store) -> None:
    gather(store, make_entry(1))
    moved = make_source(id="moved", url="https://new.example/feed", formerly=("example",))
    assert kinds(gather(store, make_entry(1), source=moved)) == ["unchanged"]


def test_guids_that_never_stay_do_not_pile_up(store: Store) -> None:
    for n in range(30):
        assert len(gather(store, make_entry(1, guid=f"{n}"), now=at(n))) == 1
    assert len(store.ungrouped(9)) == 1
    gather(store, make_entry(1, guid="0", link="https://example.org/9", text="x"), now=at(40))
    assert len(store.ungrouped(9)) == 1  # the first guid is never forgotten


def test_empty_entries_are_passed_over(store: Store) -> None:
    empty = make_entry(1, guid="", link="", fingerprint="")
    for _ in range(2):
        assert [bool(change.skipped) for change in gather(store, empty, empty)] == [True] * 2
    assert store.ungrouped(9) == ()


def test_undated_entries_keep_the_time_they_were_first_seen(store: Store) -> None:
    undated = make_entry(1, published=None)
    gather(store, undated)
    gather(store, replace(undated, title="Edited", digest="m"), now=at(50))
    assert only(store, 1).published == NOW


def test_dumps_with_one_link(store: Store, tmp_path: Path) -> None:
    folder = make_folder(tmp_path)

    def dump(n: int, hours: float, **kw: Any) -> Entry:
        return make_entry(n, guid="", published=None, gathered=at(hours), **kw)

    found = gather(store, dump(1, -2), dump(1, -1, text="Later."), dump(2, -3), source=folder)
    assert kinds(found) == ["unchanged", "new", "new"]
    assert found[0].skipped
    (older,) = gather(store, dump(1, -5, text="Oldest."), source=folder)
    assert older.skipped
    assert kinds(gather(store, dump(1, 1, text="Latest."), source=folder, now=at(2))) == [
        "modified"
    ]
    texts = {one.key: one.entry.text for one in store.ungrouped(9)}
    assert texts[found[1].key] == "Latest."
    assert [one.published for one in store.ungrouped(9)] == [at(-3), at(-1)]


@pytest.mark.parametrize(
    ("initial", "shown"), [(None, [True] * 4), (2, [False, False, True, True]), (9, [True] * 4)]
)
def test_a_new_source_shows_its_newest(
    store: Store, initial: int | None, shown: list[bool]
) -> None:
    gather(store, *make_entries([4, 2, 1, 3]), initial=initial)
    assert [one.shown for one in store.ungrouped(9)] == shown


def test_only_the_first_fetch_is_bounded(store: Store) -> None:
    gather(store, make_entry(1), initial=1)
    gather(store, *make_entries(range(1, 6)), initial=1)
    assert [one.shown for one in store.ungrouped(9)] == [True] * 5


def test_a_source_that_failed_before_is_new(store: Store) -> None:
    store.save_states({"example": make_state(last_success=None, failures=2)})
    gather(store, *make_entries(range(1, 6)), initial=1)
    assert [one.shown for one in store.ungrouped(9)] == [False] * 4 + [True]


def test_new_entries_come_with_the_features_they_were_gathered_with(store: Store) -> None:
    gather(store, *make_entries([1, 2]), extracted=[b"one", b"two"])
    assert [one.extracted for one in store.ungrouped(9)] == [b"one", b"two"]

    gather(store, make_entry(2, text="Something else altogether.", published=at(-1)), now=at(9))
    assert [one.extracted for one in store.ungrouped(9)] == [b"one", b""]
    gather(store, make_entry(3), extracted=[b"three"])
    store.save_grouping(make_grouping(make_story(make_key(1)), make_story(make_key(2))))
    assert [one.extracted for one in store.ungrouped(9)] == [b"three"]


def test_what_is_in_memory_reads_as_it_is_stored(url: str, tmp_path: Path) -> None:
    with closing(open_store(url, data=tmp_path, now=NOW)) as store:
        gather(store, *make_entries(range(1, 9)), initial=3)
        gather(store, make_entry(2, text="Something else altogether."), now=at(9))
        held = store.ungrouped(9)
    with closing(open_store(url, data=tmp_path, now=NOW)) as store:
        assert store.ungrouped(9) == held


def test_nothing_of_a_failed_gathering_is_kept(store: Store) -> None:
    broken = replace(make_entry(2), publisher=None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        gather(store, make_entry(1), broken)
    assert store.ungrouped(9) == ()
    assert store.source_states() == {}


# --- boilerplate ---------------------------------------------------------------------------


def with_blocks(n: int, *blocks: int, name: str = "p") -> Entry:
    """Make entry n with these blocks, six hours after the one before."""
    when = at(6 * n, days=-30)
    return make_entry(n, blocks=blocks, publisher=make_publisher(name), published=when)


def test_blocks_that_recur_are_learned(store: Store) -> None:
    entries = [with_blocks(n, 7, 100 + n, *([8] if n % 5 == 0 else [])) for n in range(12)]
    gather(store, *entries[:6])
    assert store.learned_blocks() == {}
    gather(store, *entries)
    assert store.learned_blocks() == {"p": frozenset({7})}
    assert store.learned_blocks(["p", "q"]) == {"p": frozenset({7})}
    assert store.learned_blocks(["q"]) == {}


def test_blocks_count_once_an_entry_and_for_new_entries_alone(store: Store) -> None:
    for _ in range(9):
        gather(store, with_blocks(1, 7, 7, 7), with_blocks(9, 7))
    assert store.learned_blocks() == {}


def test_the_news_of_a_day_are_no_boilerplate(store: Store) -> None:
    gather(store, *(replace(with_blocks(n, 7), published=at(-n)) for n in range(20)))
    assert store.learned_blocks() == {}


def test_what_is_no_longer_used_is_forgotten(store: SqlStore) -> None:
    gather(store, *(with_blocks(n, 7) for n in range(20)))
    assert store.learned_blocks()["p"] == {7}
    for start in range(20, 420, 20):
        gather(store, *(with_blocks(n, 8, n) for n in range(start, start + 20)), now=at(start))
    assert store.learned_blocks()["p"] == {8}


def test_the_user_may_veto_a_block(store: SqlStore) -> None:
    gather(store, *(with_blocks(n, 7, 8) for n in range(20)))
    store.veto_block("p", 7)
    assert store.learned_blocks()["p"] == {8}
    gather(store, *(with_blocks(n, 7, 8) for n in range(20, 300)), now=at(1))
    assert store.learned_blocks()["p"] == {8}


# --- grouping ------------------------------------------------------------------------------


def test_ungrouped_entries_come_oldest_first(store: Store) -> None:
    gather(store, *make_entries([3, 1, 2, 5, 4]))
    assert [one.key for one in store.ungrouped(3)] == [make_key(n) for n in (1, 2, 3)]
    group_each(store)
    assert store.ungrouped(3) == ()


def test_ungrouped_entries_come_without_what_grouping_does_not_look_at(store: Store) -> None:
    gather(store, make_entry(1, html="<p>A quake.</p>", text="A quake."))
    (found,) = store.ungrouped(9)
    assert (found.entry.html, found.entry.text) == ("", "A quake.")
    assert store.entries([found.key]) == (
        replace(found, entry=replace(found.entry, html="<p>A quake.</p>")),
    )


def test_a_story_comes_back_as_it_was(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]))
    reason = Reason(
        kind="same event",
        score=0.93,
        nearest=make_key(1),
        weights=(("cosine", 2.5), ("time", -0.25)),
        shared=("地震", "quake"),
    )
    story = replace(
        make_story(make_key(1), representative=make_key(2), updated=at(3)),
        members=(
            make_member(make_key(1)),
            replace(make_member(make_key(2)), reason=reason),
            make_member(make_key(3), "same event"),
        ),
    )
    store.save_grouping(make_grouping(story, features=features(make_key(1))))
    (shown,) = store.newest_stories()
    assert shown.story == story
    assert [one.key for one in shown.entries] == [make_key(n) for n in (2, 1, 3)]
    assert store.stories_of([make_key(3), make_key(1), "unknown"]) == (story,)
    assert store.ungrouped(9) == ()


def test_the_context_is_the_span_with_whole_stories(store: Store) -> None:
    gather(store, *make_entries([1, 2, 10, 20]))
    pair = make_story(make_key(2), make_key(10))
    stories = (make_story(make_key(1)), pair, make_story(make_key(20)))
    named = [make_key(n) for n in (1, 2, 10, 20)]
    store.save_grouping(make_grouping(*stories, features=features(*named)))
    context = store.group_context(at(5, days=-1), at(15, days=-1))
    assert [(one.key, one.story_id, one.features) for one in context.entries] == [
        (make_key(10), pair.id, make_key(10).encode())
    ]
    assert context.entries[0].published == at(10, days=-1)
    assert context.stories == (pair,)
    assert context.decisions == ()
    assert context.journal == {}


def test_a_context_of_named_entries_leaves_the_others_to_the_window(store: Store) -> None:
    gather(store, *make_entries([1, 2, 20]))
    named = [make_key(n) for n in (1, 2, 20)]
    stories = [make_story(key) for key in named]
    store.save_grouping(make_grouping(*stories, features=features(*named)))
    store.decide(make_decision("join", make_key(1), make_key(20)))
    context = store.group_context(at(0, days=-1), at(3, days=-1), named_only=True)
    assert {one.key: one.features for one in context.entries} == {
        key: key.encode() for key in (make_key(1), make_key(20))
    }
    assert context.stories == ()
    span = store.grouped(at(0, days=-1), at(3, days=-1))
    assert {(one.key, one.published, one.story_id, one.features) for one in span} == {
        (make_key(n), at(n, days=-1), make_story(make_key(n)).id, make_key(n).encode())
        for n in (1, 2)
    }
    asked = [make_key(n) for n in (2, 20, 30)]
    assert {one.key for one in store.grouped_of(asked)} == {make_key(2), make_key(20)}
    ids_ = [one.id for one in stories]
    assert store.existing_stories([*ids_, "unknown"]) == set(ids_)


def test_changes_of_features_are_known_since_a_mark(store: Store) -> None:
    """What is grouped, refreshed, dropped or forgotten is read again; corrections change nothing."""
    gather(store, *make_entries([1, 2, 3]))
    first = store.feature_changes("")
    assert first.keys is None
    one, two, three = (make_key(n) for n in (1, 2, 3))
    store.save_grouping(make_grouping(make_story(one, two), features=features(one, two)))
    second = store.feature_changes(first.mark)
    assert set(second.keys or ()) == {one, two}
    assert store.feature_changes(second.mark) == replace(second, keys=())
    store.save_features([(two, b"other")])
    store.decide(make_decision("never", one, two))
    assert store.feature_changes(second.mark).keys == (two,)
    third = store.feature_changes(second.mark)
    store.save_grouping(make_grouping(make_story(one)))
    assert store.feature_changes(third.mark).keys == (two,)
    fourth = store.feature_changes(third.mark)
    store.save_grouping(make_grouping(make_story(two), features=features(two)))
    fifth = store.feature_changes(fourth.mark)
    assert fifth.keys == (two,)
    assert store.forget(at(days=400)) == 1  # the story of the first has no members left
    assert store.feature_changes(fifth.mark).keys == (two,)
    assert store.grouped_of([two, three]) == ()
    assert store.feature_changes("elsewhere/1").keys is None
    number, _, token = fifth.mark.partition(":")
    assert store.feature_changes(f"{number}:{int(token) + 1}").keys is None


def test_a_change_tells_the_features_from_before(store: Store) -> None:
    """Of several changes since a mark those before the first count."""
    gather(store, *make_entries([1, 2]))
    one, two = (make_key(n) for n in (1, 2))
    start = store.feature_changes("").mark
    story = make_story(one, two)
    store.save_grouping(make_grouping(story, features=features(one, two)))
    grouped = store.feature_changes(start)
    assert grouped.before == {}
    for packed in (b"second", b"third"):
        store.save_grouping(make_grouping(story, features=((one, packed),)))
    assert store.feature_changes(grouped.mark).before == dict(features(one))
    store.save_grouping(make_grouping(make_story(one)))
    left = store.feature_changes(grouped.mark)
    assert left.before == dict(features(one, two))


def test_features_are_read_by_key(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]))
    named = [make_key(n) for n in (1, 2)]
    stories = [make_story(key) for key in named]
    store.save_grouping(make_grouping(*stories, features=features(*named)))
    assert store.features([make_key(n) for n in (2, 3)]) == {make_key(2): make_key(2).encode()}
    assert store.features(()) == {}


def test_the_context_has_what_journal_and_decisions_speak_of(store: Store) -> None:
    gather(store, *make_entries([1, 2, 20]))
    group_each(store)
    assert store.group_context(at(15, days=-1), at(30)).entries[0].key == make_key(20)
    store.decide(make_decision("join", make_key(1), make_key(20)))
    context = store.group_context(at(15, days=-1), at(30))
    assert [one.key for one in context.entries] == [make_key(1), make_key(20)]
    assert {one.founder for one in context.stories} == {make_key(1), make_key(20)}


def test_an_entry_that_a_grouping_drops_is_grouped_again(store: Store) -> None:
    gather(store, *make_entries([1, 2]))
    story = make_story(make_key(1), make_key(2))
    store.save_grouping(make_grouping(story))
    store.save_grouping(make_grouping(make_story(make_key(1))))
    assert [one.key for one in store.ungrouped(9)] == [make_key(2)]


def test_entries_move_between_stories(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]))
    store.save_grouping(make_grouping(make_story(make_key(1), make_key(2), make_key(3))))
    left = make_story(make_key(1), make_key(3), updated=at(1))
    store.save_grouping(make_grouping(left, make_story(make_key(2), updated=at(1))))
    assert {one.story.id: len(one.entries) for one in store.newest_stories()} == {
        left.id: 2,
        ids.story_id(make_key(2)): 1,
    }


def test_a_founder_that_left_leaves_the_id(store: Store) -> None:
    gather(store, *make_entries([1, 2]))
    story = make_story(make_key(1), make_key(2))
    store.save_grouping(make_grouping(story))
    rest = replace(story, members=(make_member(make_key(2), "same event"),))
    new = make_story(make_key(1), id=ids.story_id("another"))
    store.save_grouping(make_grouping(rest, new))
    assert {one.story.id: [e.key for e in one.entries] for one in store.newest_stories()} == {
        story.id: [make_key(2)],
        new.id: [make_key(1)],
    }


def test_a_story_whose_members_all_went_is_gone(store: Store) -> None:
    gather(store, *make_entries([1, 2]))
    one, two = make_story(make_key(1)), make_story(make_key(2))
    store.save_grouping(make_grouping(one, two))
    store.save_grouping(make_grouping(make_story(make_key(1), make_key(2))))
    assert [shown.story.id for shown in store.newest_stories()] == [one.id]


def test_dead_stories_lead_to_the_living(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]))
    one, two, three = (make_story(make_key(n)) for n in (1, 2, 3))
    store.save_grouping(make_grouping(one, two, three))
    graves = (make_tombstone(three.id, two.id), make_tombstone(two.id, one.id, at(1)))
    merged = make_story(make_key(1), make_key(2), make_key(3))
    store.save_grouping(make_grouping(merged, tombstones=graves))
    assert store.tombstones(NOW) == (graves[1], graves[0])
    assert store.tombstones(at(0.5)) == (graves[1],)
    found = store.stories([three.id, one.id, "unknown"])
    assert [shown.story.id for shown in found] == [one.id]

    store.save_grouping(make_grouping(make_story(make_key(1), make_key(2)), three))
    assert store.tombstones(NOW) == (graves[1],)
    assert [shown.story.id for shown in store.stories([three.id])] == [three.id]


def test_decisions_are_kept_and_their_entries_grouped_again(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]))
    group_each(store)
    first = make_decision("join", make_key(1), make_key(2), at(1))
    second = make_decision("never", make_key(3), make_key(2), at(2))
    store.decide(first)
    assert [one.key for one in store.ungrouped(9)] == [make_key(1), make_key(2)]
    store.decide(second)
    assert store.decisions() == (first, second)
    assert store.group_context(NOW, NOW).decisions == (first, second)


# --- reading -------------------------------------------------------------------------------


def test_stories_come_newest_first_page_by_page(store: Store) -> None:
    gather(store, *make_entries(range(1, 800)))
    new = store.ungrouped(1000)
    stories = [
        make_story(entry.key, first_published=at((n * 7) % 13)) for n, entry in enumerate(new)
    ]
    published = {entry.key: entry.published for entry in new}
    store.save_grouping(make_grouping(*stories))
    found = [shown.story for shown in store.newest_stories()]
    assert found == sorted(
        stories,
        key=lambda one: (one.first_published, published[one.founder], one.id),
        reverse=True,
    )
    assert next(store.newest_stories()).story == found[0]


def test_marks_differ_after_what_readers_see(store: SqlStore) -> None:
    gather(store, *make_entries([1, 2, 3]))
    for n in (1, 2, 3):
        story = make_story(make_key(n), first_published=at(n))
        store.save_grouping(make_grouping(story))
    before = store.story_marks(9)
    ids_ = [make_story(make_key(n)).id for n in (3, 2, 1)]
    assert [id_ for id_, _ in before] == ids_
    assert store.story_marks(2) == before[:2]
    assert store.story_marks(9) == before
    gather(store, make_entry(2, title="Another headline"))
    changed = store.story_marks(9)
    assert [a == b for a, b in zip(before, changed, strict=True)] == [True, False, True]
    joined = make_story(make_key(3), make_key(1), first_published=at(3))
    store.save_grouping(make_grouping(joined, tombstones=(make_tombstone(ids_[2], ids_[0]),)))
    assert [id_ for id_, _ in store.story_marks(9)] == ids_[:2]
    assert store.story_marks(9)[0] != changed[0]


def test_figures_of_sources(store: SqlStore) -> None:
    other = make_source(id="other", url="https://b.example/")
    gather(store, make_entry(9, published=at(days=-21)), source=other, now=at(days=-20))
    gather(store, make_entry(1, published=at(days=-4)), now=at(days=-3))
    gather(store, *make_entries([2, 3]), source=other)
    keys_ = (make_key(1), make_key(2, "other"), make_key(3, "other"))
    alone = make_story(keys_[2])
    store.save_grouping(make_grouping(make_story(*keys_[:2]), alone))
    found = store.source_figures(NOW)
    assert found["example"] == SourceFigures(
        days=(0,) * 10 + (1, 0, 0, 0), grouped=1, later=0, first=1
    )
    assert found["other"] == SourceFigures(days=(0,) * 13 + (2,), grouped=2, later=1, first=0)
    assert found["other"].share_later == 0.5
    assert store.source_figures(at(days=40)) == {}
    totals = store.totals()
    assert (totals.entries, totals.stories, totals.shared) == (4, 2, 1)
    assert totals.oldest == at(days=-20)


def test_the_latest_entries_of_a_source(store: SqlStore) -> None:
    gather(store, *make_entries([1, 2]), now=at(-1))
    gather(store, make_entry(3), source=make_source(id="other"))
    gather(store, make_entry(4))
    story = make_story(make_key(2))
    store.save_grouping(make_grouping(story))
    found = store.latest_entries("example", 9)
    assert [one.stored.key for one in found] == [make_key(n) for n in (4, 2, 1)]
    assert [one.story_id for one in found] == ["", story.id, ""]
    assert len(store.latest_entries("example", 1)) == 1
    assert store.latest_entries("unknown", 9) == ()


def test_an_empty_store_has_figures(store: SqlStore) -> None:
    assert store.source_figures(NOW) == {}
    assert store.totals() == Totals(entries=0, stories=0, shared=0, oldest=None)


def test_stories_come_oldest_first_from_a_place_on(store: Store) -> None:
    gather(store, *make_entries(range(1, 300)))
    new = store.ungrouped(1000)
    stories = [
        make_story(entry.key, first_published=at((n * 7) % 13), updated=at((n * 7) % 13))
        for n, entry in enumerate(new)
    ]
    store.save_grouping(make_grouping(*stories))
    newest = list(store.newest_stories())
    found = list(store.oldest_stories())
    assert [shown for _, shown in found] == newest[::-1]
    places = [place for place, _ in found]
    assert places == sorted(places)
    assert list(store.oldest_stories(places[99])) == found[100:]
    assert list(store.oldest_stories(places[-1])) == []
    later = replace(found[5][1].story, updated=at(20))
    store.save_grouping(make_grouping(later))
    again = [shown.story.id for _, shown in store.oldest_stories(places[-2], at(19))]
    assert again == [later.id, found[-1][1].story.id]
    assert list(store.oldest_stories(places[-1], at(20))) == []


def test_entries_come_in_the_order_they_were_first_seen(store: Store) -> None:
    gather(store, *make_entries(range(1, 250)))
    gather(store, make_entry(301), source=make_source(id="b"), now=at(1))
    gather(store, make_entry(300), now=at(2))
    joined = make_story(make_key(1), make_key(300), make_key(301, "b"))
    group_each(store)
    store.save_grouping(make_grouping(joined))
    found = list(store.newest_entries())
    assert len(found) == 251
    assert [id_ for id_, _ in found[:2]] == [
        ids.entry_id(make_key(300)),
        ids.entry_id(make_key(301, "b")),
    ]
    assert [shown.story.id for _, shown in found[:2]] == [joined.id] * 2
    up = list(store.oldest_entries())
    assert [(place[2], shown) for place, shown in up] == found[::-1]
    places = [place for place, _ in up]
    assert places == sorted(places)
    assert list(store.oldest_entries(places[-3])) == up[-2:]
    gather(store, make_entry(7, text="Quite another text, which is long enough."), now=at(3))
    changed = store.oldest_entries(places[-1], at(2.5))
    assert [place[2] for place, _ in changed] == [ids.entry_id(make_key(7))]


def test_hidden_and_ungrouped_entries_are_not_in_that_order(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]), initial=2)
    store.save_grouping(make_grouping(make_story(make_key(1), make_key(2))))
    assert [id_ for id_, _ in store.newest_entries()] == [ids.entry_id(make_key(2))]
    assert [place[2] for place, _ in store.oldest_entries()] == [ids.entry_id(make_key(2))]


def test_stories_of_hidden_entries_alone_are_not_shown(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]), initial=1)
    pair = make_story(make_key(2), make_key(3))
    store.save_grouping(make_grouping(make_story(make_key(1)), pair))
    assert [shown.story.id for shown in store.newest_stories()] == [pair.id]
    assert [shown.story.id for shown in store.stories([ids.story_id(make_key(1))])]


def test_a_story_stays_where_it_was_when_an_older_entry_joins(store: Store) -> None:
    gather(store, *make_entries([5, 6]))
    group_each(store)
    gather(store, make_entry(1))
    store.save_grouping(make_grouping(make_story(make_key(6), make_key(1))))
    assert [one.story.founder for one in store.newest_stories()] == [make_key(6), make_key(5)]


@pytest.mark.parametrize(
    "text",
    [
        make_key(2),
        f" {make_key(2)} ",
        ids.entry_id(make_key(2)),
        "https://example.org/2",
        "http://www.example.org/2/?utm_source=x",
    ],
)
def test_an_entry_is_found_by_key_id_or_link(store: Store, text: str) -> None:
    gather(store, *make_entries([1, 2]))
    found = store.find_entry(text)
    assert found is not None
    assert found.key == make_key(2)


@pytest.mark.parametrize("text", ["", "urn:uuid:0", "https://example.org/9", "x" * 5000])
def test_what_is_not_there_is_not_found(store: Store, text: str) -> None:
    gather(store, make_entry(1))
    assert store.find_entry(text) is None


def test_of_one_link_in_two_sources_the_older_entry_is_found(store: Store) -> None:
    gather(store, make_entry(1, published=at(-1)))
    gather(store, make_entry(1, published=at(-5)), source=make_source(id="b"))
    found = store.find_entry("https://example.org/1")
    assert found is not None
    assert found.source_id == "b"


# --- keeping -------------------------------------------------------------------------------


def test_old_stories_are_let_go_and_not_taken_for_new(store: SqlStore) -> None:
    gather(store, *make_entries([1, 2]))
    old = make_story(make_key(1), first_published=at(days=-90), updated=at(days=-90))
    store.save_grouping(make_grouping(old, make_story(make_key(2))))
    assert store.forgotten() is None
    assert store.forget(at(days=-30)) == 1
    assert store.forgotten() == at(days=-30)
    assert [shown.story.founder for shown in store.newest_stories()] == [make_key(2)]
    assert store.entries([make_key(1)]) == ()
    assert kinds(gather(store, *make_entries([1, 2]), now=at(1))) == ["unchanged"] * 2
    assert store.ungrouped(9) == ()
    edited = make_entry(1, title="Edited after all", published=at(0.5))
    assert kinds(gather(store, edited, now=at(1))) == ["modified"]
    assert [one.entry.title for one in store.ungrouped(9)] == ["Edited after all"]
    assert store.group_context(at(-99), at(99)).journal == {make_key(1): (old.id, at(days=-90))}


def make_old(store: Store, numbers: Sequence[int]) -> list[Story]:
    """Store an old story of each of these entries."""
    gather(store, *make_entries(numbers))
    stories = [
        make_story(make_key(n), first_published=at(n, days=-90), updated=at(n, days=-90))
        for n in numbers
    ]
    store.save_grouping(make_grouping(*stories))
    return stories


def test_what_a_feed_shows_is_not_forgotten(store: Store) -> None:
    one, _, _, _ = make_old(store, [1, 2, 3, 4])
    assert store.forget(NOW, [one.id, ids.entry_id(make_key(2)), "urn:uuid:unknown"]) == 2
    left = {shown.story.founder for shown in store.newest_stories()}
    assert left == {make_key(1), make_key(2)}
    assert store.forget(NOW) == 2


def test_what_waits_to_be_grouped_is_not_forgotten(store: Store) -> None:
    make_old(store, [1, 2])
    edited = make_entry(1, title="Edited", published=at(0.5))
    assert kinds(gather(store, edited, now=at(1))) == ["modified"]
    assert store.forget(NOW) == 1
    assert [one.key for one in store.ungrouped(9)] == [make_key(1)]


def test_a_decision_on_a_forgotten_entry_breaks_nothing(store: Store) -> None:
    make_old(store, [1, 2])
    store.forget(NOW)
    store.decide(make_decision("join", make_key(1), make_key(2)))
    assert store.ungrouped(9) == ()
    assert store.find_entry(make_key(1)) is None


def test_many_stories_are_forgotten_one_batch_after_the_other(store: Store) -> None:
    make_old(store, range(1, 2_003))
    assert store.forget(NOW) == 2_000
    assert store.forgotten() is None
    assert [one.story.founder for one in store.newest_stories()] == [
        make_key(2_002),
        make_key(2_001),
    ]
    assert store.forget(NOW) == 2
    assert store.forgotten() == NOW


def test_a_journal_that_is_lost_is_written_anew_with_what_was_forgotten(
    url: str, tmp_path: Path
) -> None:
    store = open_store(url, data=tmp_path, now=NOW)
    old, young = make_old(store, [1])[0], make_story(make_key(2))
    gather(store, make_entry(2))
    store.save_grouping(make_grouping(young))
    store.forget(at(days=-30))
    store.close()
    before = {(one.key, one.story) for one in lines(tmp_path)}
    (tmp_path / JOURNAL).unlink()
    open_store(url, data=tmp_path, now=NOW).close()
    assert {(one.key, one.story) for one in lines(tmp_path)} == before
    assert before == {(make_key(1), old.id), (make_key(2), young.id)}
    assert all(one.title and one.link and one.publisher.id for one in lines(tmp_path))


def lines(data: Path) -> list[EntryLine]:
    """Return what the journal says of entries."""
    return [one for one in Journal(data / JOURNAL).read() if isinstance(one, EntryLine)]


# --- leases --------------------------------------------------------------------------------


def test_a_lease_comes_back_as_it_was(store: Store) -> None:
    lease = make_lease()
    other = replace(lease, path="two", state="leaving", tries=3, since=NOW, until=at(99))
    assert store.leases() == ()
    store.save_lease(other)
    store.save_lease(lease)
    assert store.leases() == (lease, other)
    live = replace(lease, since=NOW, until=at(1))
    store.save_lease(live)
    store.drop_lease("two")
    store.drop_lease("unknown")
    assert store.leases() == (live,)


def test_a_store_opens_again_as_it_was(url: str, tmp_path: Path) -> None:
    one = open_store(url, data=tmp_path, now=NOW)
    gather(one, *make_entries([1, 2]))
    group_each(one)
    before = list(one.newest_stories())
    one.close()
    two = open_store(url, data=tmp_path, now=at(1))
    assert list(two.newest_stories()) == before
    assert not two.rebuilt
    two.close()


# --- clocks --------------------------------------------------------------------------------


def test_times_of_a_clock_that_was_ahead_are_taken_back(url: str, tmp_path: Path) -> None:
    store = open_store(url, data=tmp_path, now=NOW)
    gather(store, make_entry(1))
    group_each(store)
    ahead = at(days=730)
    gather(store, make_entry(2, published=None), make_entry(3), now=ahead)
    group_each(store, first_published=ahead, updated=ahead)
    gather(store, make_entry(4), now=at(1))
    assert [only(store, n).first_seen for n in (1, 2, 3, 4)] == [NOW, at(1), at(1), at(1)]
    assert only(store, 2).published == at(1)
    assert only(store, 3).published == at(3, days=-1)
    assert all(one.story.first_published <= at(1) for one in store.newest_stories())
    store.close()


def test_times_are_taken_back_when_the_store_opens(url: str, tmp_path: Path) -> None:
    store = open_store(url, data=tmp_path, now=NOW)
    gather(store, make_entry(1))
    group_each(store, first_published=at(days=99), updated=at(days=99))
    store.close()
    store = open_store(url, data=tmp_path, now=at(1))
    (shown,) = store.newest_stories()
    assert (shown.story.first_published, shown.story.updated) == (at(1), at(1))
    store.close()


def test_a_clock_that_is_behind_spoils_nothing(store: Store) -> None:
    gather(store, *make_entries(range(1, 9)))
    group_each(store)
    before = list(store.newest_stories())
    gather(store, make_entry(9, published=at(-1)), now=at(days=-730))
    assert list(store.newest_stories()) == before
    (late,) = store.ungrouped(9)
    assert (late.first_seen, late.published) == (NOW, at(-1))


def test_times_of_a_clock_that_was_behind_from_the_start_are_brought_forward(
    store: Store,
) -> None:
    wrong = at(days=-2000)
    gather(store, *make_entries([1, 2, 3]), now=wrong)
    group_each(store, first_published=wrong, updated=wrong)
    assert only(store, 1).published == wrong
    gather(store, make_entry(4), now=NOW)
    assert [only(store, n).published for n in (1, 2, 3)] == [at(n, days=-1) for n in (1, 2, 3)]
    assert {one.story.first_published for one in store.newest_stories()} == {NOW}


def test_a_pause_is_no_wrong_clock(store: Store) -> None:
    gather(store, *make_entries([1, 2, 3]))
    before = store.ungrouped(9)
    gather(store, now=at(days=40))
    assert store.ungrouped(9) == before


# --- threads -------------------------------------------------------------------------------


def test_others_read_while_one_writes(store: Store) -> None:
    gather(store, *make_entries(range(100)))
    group_each(store)
    problems: list[BaseException] = []
    stop = threading.Event()

    def watch(look: Callable[[], object]) -> None:
        try:
            while not stop.wait(0.005):
                look()
        except BaseException as error:  # noqa: BLE001  told to the test
            problems.append(error)

    looks = (
        lambda: list(store.newest_stories()),
        store.source_states,
        lambda: store.find_entry(make_key(3)),
        store.learned_blocks,
    )
    readers = [threading.Thread(target=watch, args=(look,)) for look in looks]
    for reader in readers:
        reader.start()
    for n in range(10):
        gather(store, *make_entries(range(100 + 10 * n, 110 + 10 * n)), now=at(n))
        group_each(store)
    stop.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert len(list(store.newest_stories())) == 200


def test_two_threads_may_write(store: Store) -> None:
    def work(name: str) -> None:
        for n in range(20):
            gather(store, make_entry(n), source=make_source(id=name))

    writers = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(store.ungrouped(99)) == 40


def test_activity_counts_days_and_duplicates(store: Store) -> None:
    """By the date of the entries; those outside the last two weeks do not count."""
    dates = [at(-1), at(-2), at(days=-1.5), at(days=-13.5), at(days=-15), at(days=1)]
    entries = [make_entry(n, published=when) for n, when in enumerate(dates)]
    first, second, *_ = [one.key for one in gather(store, *entries)]
    gather(store, make_entry(9, published=at(-1)), source=make_source(id="other"))
    assert store.source_activity(NOW)["other"].days == (0,) * 13 + (1,)
    story = make_story(first, members=(make_member(first), make_member(second)))
    store.save_grouping(make_grouping(story))
    found = store.source_activity(NOW)["example"]
    assert found.days == (1, *(0,) * 11, 1, 3)  # the one of tomorrow counts as of now
    assert found.duplicates == 1
