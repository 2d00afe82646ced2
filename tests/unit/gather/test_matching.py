"""An entry keeps its key and is never published twice, whatever its source does to it."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import Entry
from tests.builders import NOW, at, make_entry, make_publisher
from tests.unit.gather.shelf import Shelf, edited

# --- churn -------------------------------------------------------------------------------------


def plain(n: int, _c: int) -> Entry:
    """Make entry n of fetch c; nothing changes."""
    return make_entry(n)


def new_guid(n: int, c: int) -> Entry:
    """Make an entry whose guid is another one at each fetch."""
    return make_entry(n, guid=f"{c}-{n}")


def new_link(n: int, c: int) -> Entry:
    """Make an entry whose link is another one at each fetch."""
    return make_entry(n, link=f"https://example.org/{n}?session={c}")


def both_new(n: int, c: int) -> Entry:
    """Make an entry of which only the text stays."""
    return make_entry(n, guid=f"{c}-{n}", link=f"https://example.org/{c}/{n}")


def link_alone(n: int, c: int) -> Entry:
    """Make an entry with a link and changing text."""
    return make_entry(n, guid="", text=f"Version {c} of a text about {n}.")


def text_alone(n: int, _c: int) -> Entry:
    """Make an entry with neither guid nor link nor date."""
    return make_entry(n, guid="", link="", published=None)


def edited_twice(n: int, c: int) -> Entry:
    """Make an entry whose title, text and date change at each fetch."""
    return make_entry(n, title=f"Edition {c}", text=f"Edition {c}.", published=at(c))


def secure(n: int, c: int) -> Entry:
    """Make an entry whose site moves to https, guid included."""
    address = f"{'https' if c else 'http'}://example.org/{n}"
    return make_entry(n, guid=address, link=address)


def same_home(n: int, _c: int) -> Entry:
    """Make an entry that links to the front page like all others."""
    return make_entry(n, link="https://example.org/")


def same_guid(n: int, _c: int) -> Entry:
    """Make an entry whose guid is that of all others."""
    return make_entry(n, guid="g")


def same_text(n: int, _c: int) -> Entry:
    """Make an entry with the title and text of all others."""
    return make_entry(n, title="Column", text="", fingerprint="f")


CHURN = [
    plain,
    new_guid,
    new_link,
    both_new,
    link_alone,
    text_alone,
    edited_twice,
    secure,
    same_home,
    same_guid,
    same_text,
]


@pytest.mark.parametrize("make", CHURN, ids=lambda make: make.__name__)
@pytest.mark.parametrize("order", [1, -1], ids=["in order", "reversed"])
def test_each_entry_keeps_one_key(make: Any, order: int) -> None:
    shelf = Shelf()
    seen: dict[int, set[str]] = {n: set() for n in range(1, 5)}
    for fetch in range(5):
        numbers = list(seen)[:: order if fetch % 2 else 1]
        for n, key in zip(numbers, shelf.keys(*(make(n, fetch) for n in numbers)), strict=True):
            seen[n].add(key)
    assert [len(keys) for keys in seen.values()] == [1] * 4
    assert len(set.union(*seen.values())) == 4


@pytest.mark.parametrize("make", CHURN, ids=lambda make: make.__name__)
def test_a_window_that_rotates_brings_nothing_twice(make: Any) -> None:
    shelf = Shelf()
    shelf.see(*(make(n, 0) for n in range(1, 13)))  # all at once, so that spent names are known
    keys: dict[int, str] = {}
    for fetch in range(12):
        numbers = [(fetch * 3 + i) % 12 + 1 for i in range(5)]
        found = shelf.keys(*(make(n, 0) for n in numbers))
        for n, key in zip(numbers, found, strict=True):
            assert keys.setdefault(n, key) == key
    assert len(set(keys.values())) == 12


@given(
    st.lists(st.lists(st.integers(1, 6), unique=True, max_size=6), min_size=1, max_size=6),
    st.sampled_from([plain, new_guid, new_link, both_new, edited_twice]),
)
def test_any_order_and_window_gives_one_key(documents: list[list[int]], make: Any) -> None:
    shelf = Shelf()
    keys: dict[int, str] = {}
    for fetch, numbers in enumerate(documents):
        found = shelf.keys(*(make(n, fetch) for n in numbers))
        assert len(set(found)) == len(numbers)
        for n, key in zip(numbers, found, strict=True):
            assert keys.setdefault(n, key) == key
    assert len(set(keys.values())) == len(keys)


# --- names that stand for several --------------------------------------------------------------


def test_one_guid_for_two_entries_keeps_both_for_ever() -> None:
    shelf = Shelf()
    both = (make_entry(1, guid="g"), make_entry(2, guid="g"))
    one, two = shelf.keys(*both)
    assert one != two
    assert shelf.see(*reversed(both)) == [(two, "same"), (one, "same")]
    assert shelf.see(both[1]) == [(two, "same")]  # alone, its guid might be taken at its word


def test_a_guid_that_turns_out_to_be_shared_stays_with_no_one() -> None:
    shelf = Shelf()
    first = make_entry(1, guid="g")
    (one,) = shelf.keys(first)
    assert shelf.keys(first, make_entry(2, guid="g"))[0] == one
    (other,) = shelf.keys(make_entry(3, guid="g"))
    assert other != one


def test_guids_that_count_places_are_seen_through() -> None:
    shelf = Shelf()
    keys = shelf.keys(*(make_entry(n, guid=str(3 - n)) for n in (2, 1)))
    found = shelf.see(*(make_entry(n, guid=str(4 - n)) for n in (3, 2, 1)))
    assert [verdict for _, verdict in found] == ["new", "same", "same"]
    assert [key for key, _ in found[1:]] == keys


def test_news_that_follow_each_other_on_one_page_are_new() -> None:
    shelf = Shelf()
    page = "https://example.org/today"
    keys = [
        shelf.keys(make_entry(n, link=page, text=f"Story {n}. " * 30), now=at(n))[0]
        for n in range(1, 5)
    ]
    assert len(set(keys)) == 4


def test_an_edit_that_comes_with_a_new_guid_is_an_edit() -> None:
    shelf = Shelf()
    shelf.see(*(make_entry(n) for n in (1, 2, 3)))
    edit = edited(2, "more", guid="tag:example.org,2026:2#1", title="Rewritten", published=at(1))
    found = shelf.see(make_entry(1), edit, make_entry(3), now=at(2))
    assert [verdict for _, verdict in found] == ["same", "modified", "same"]


def test_one_page_without_guids_is_one_entry_while_its_title_stays() -> None:
    page: dict[str, Any] = {"guid": "", "link": "https://example.org/live"}
    live, news = Shelf(), Shelf()
    same = {live.keys(make_entry(n, title="Live", **page), now=at(n))[0] for n in range(1, 4)}
    others = {
        news.keys(make_entry(n, published=at(9 * n), **page), now=at(99))[0] for n in range(1, 4)
    }
    assert (len(same), len(others)) == (1, 3)


def test_a_column_with_the_same_words_each_week_is_new_each_week() -> None:
    shelf = Shelf()
    found = [
        shelf.verdicts(
            make_entry(n, title="Letters", text="", fingerprint="f", published=at(days=7 * n)),
            now=at(days=60),
        )
        for n in range(3)
    ]
    assert found == [["new"]] * 3


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        pytest.param({}, {}, 1, id="all the same"),
        pytest.param({}, {"text": "Other words."}, 1, id="guid and link"),
        pytest.param({}, {"link": "https://example.org/x"}, 1, id="guid and text"),
        pytest.param({}, {"guid": "other"}, 1, id="link and text"),
        pytest.param(
            {"guid": "", "link": ""}, {"guid": "", "link": ""}, 1, id="text is all they have"
        ),
        pytest.param({}, {"link": "https://example.org/x", "text": "Other."}, 2, id="guid alone"),
        pytest.param({}, {"guid": "other", "text": "Other."}, 2, id="link alone"),
        pytest.param({}, {"guid": "other", "link": "https://example.org/x"}, 2, id="text alone"),
    ],
)
def test_listed_twice_in_one_document(one: Any, two: Any, expected: int) -> None:
    shelf = Shelf()
    pair = (make_entry(1, **one), make_entry(1, **two))
    found = shelf.see(*pair)
    assert len({key for key, _ in found}) == expected
    assert [verdict for _, verdict in found].count("new") == expected
    assert {key for key, _ in shelf.see(*pair)} == {key for key, _ in found}


def test_of_an_entry_listed_twice_the_later_stays() -> None:
    old = make_entry(1, modified=at(-2))
    new = make_entry(1, text="Rewritten.", modified=at(-1))
    assert Shelf().verdicts(old, new) == ["double", "new"]


def test_entries_that_share_each_name_with_another_are_kept_apart() -> None:
    shelf = Shelf()
    page, other = "https://example.org/1", "https://example.org/2"
    three = (
        make_entry(1, guid="a", link=page, fingerprint="f"),
        make_entry(2, guid="a", link=other, fingerprint="g"),
        make_entry(3, guid="b", link=page, fingerprint="g"),
    )
    keys = shelf.keys(*three)
    assert len(set(keys)) == 3
    assert shelf.keys(*three[::-1]) == keys[::-1]


def test_empty_entries_are_one() -> None:
    shelf = Shelf()
    empty = make_entry(1, guid="", link="", fingerprint="", title="", text="", published=None)
    assert shelf.verdicts(empty, empty) == ["new", "double"]
    assert shelf.verdicts(empty) == ["same"]


# --- names that are none -------------------------------------------------------------------


def worded(n: int, **kw: Any) -> Entry:
    """Make entry n, published n days after NOW, with a text that says so at length."""
    return make_entry(
        n, **{"text": f"On day {n} this happened. " * 9, "published": at(days=n)} | kw
    )


HOME, PAGE = "https://example.org/", "https://example.org/status"


@pytest.mark.parametrize("alone", [False, True], ids=["together", "one at a time"])
@pytest.mark.parametrize("dated", [False, True], ids=["undated", "dated"])
@pytest.mark.parametrize(
    ("guid", "link"),
    [
        pytest.param("N/A", "", id="N/A"),
        pytest.param("", "", id="nothing"),
        pytest.param("{{ guid }}", HOME, id="a template"),
        pytest.param(HOME, HOME, id="the home page"),
        pytest.param(f"{HOME}#", f"{HOME}#", id="the home page with a mark"),
        pytest.param(PAGE, PAGE, id="one page"),
        pytest.param("", PAGE, id="one page, without guids"),
    ],
)
def test_names_that_are_none_cost_no_entry(
    guid: str, link: str, *, dated: bool, alone: bool
) -> None:
    shelf = Shelf()
    when = {} if dated else {"published": None}
    entries = [worded(n, guid=guid, link=link, **when) for n in range(1, 5)]
    documents = [(one,) for one in entries] if alone else [tuple(entries)]
    found = [key for document in documents for key in shelf.keys(*document, now=at(days=9))]
    assert len(set(found)) == 4
    if not alone:
        assert shelf.keys(*entries[::-1], now=at(days=9)) == found[::-1]


@pytest.mark.parametrize("form", ["{}", "{:03}", "item-{}", "https://example.org/#{}"])
@pytest.mark.parametrize("link", ["", HOME], ids=["without links", "home page"])
@pytest.mark.parametrize("title", ["Note {}", "Update"], ids=["titles", "one title"])
@given(steps=st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_guids_that_count_places_move_no_text(
    form: str, link: str, title: str, steps: list[int]
) -> None:
    shelf, newest = Shelf(), 3
    keys: dict[int, str] = {}
    for step in [0, *steps]:
        newest += step
        numbers = range(newest, newest - 4, -1)
        document = [
            worded(n, guid=form.format(place), link=link, title=title.format(n))
            for place, n in enumerate(numbers)
        ]
        for n, key in zip(numbers, shelf.keys(*document, now=at(days=99)), strict=True):
            assert keys.setdefault(n, key) == key
    assert len(set(keys.values())) == len(keys)


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        pytest.param("g{}", "https://example.org/{}", id="names of its own"),
        pytest.param("g{}", "", id="guid"),
        pytest.param("", "https://example.org/{}", id="link"),
        pytest.param("g{}", PAGE, id="one page"),
        pytest.param("", HOME, id="home page"),
        pytest.param("1", "", id="a place"),
        pytest.param("", "", id="no name"),
    ],
)
def test_the_same_words_on_another_day_are_another_entry(guid: str, link: str) -> None:
    shelf = Shelf()
    days = [
        worded(n, guid=guid.format(n), link=link.format(n), title="The harbour", text="Tide. " * 40)
        for n in range(1, 5)
    ]
    keys = [key for one in days for key in shelf.keys(one, now=at(days=9))]
    assert len(set(keys)) == 4
    assert shelf.verdicts(days[3], now=at(days=9)) == ["same"]


@pytest.mark.parametrize("guids", ["own", "link", "none"])
@pytest.mark.parametrize("alone", [False, True])
def test_two_editions_that_come_to_share_a_page_stay_two(guids: str, *, alone: bool) -> None:
    def edition(n: int, page: str) -> Entry:
        guid = {"own": f"edition {n} of an article", "link": page, "none": ""}[guids]
        return worded(n, guid=guid, link=page, published=NOW)

    one, other = "https://example.org/hans/1", "https://example.org/hant/1"
    shelf = Shelf()
    keys = shelf.keys(edition(1, one), edition(2, other))
    moved = (edition(2, one),) if alone else (edition(1, one), edition(2, one))
    assert shelf.keys(*moved) == keys[2 - len(moved) :]
    assert shelf.keys(edition(2, one), edition(1, one)) == keys[::-1]


def test_an_entry_without_names_may_be_corrected() -> None:
    shelf = Shelf()
    bare = worded(1, guid="", link="")
    (key,) = shelf.keys(bare)
    corrected = worded(1, guid="", link="", text="Something else was the case. " * 9)
    assert shelf.see(corrected, now=at(1)) == [(key, "modified")]


@given(st.permutations(range(8)), st.sampled_from(CHURN))
def test_keys_do_not_depend_on_the_order_of_a_document(order: list[int], make: Any) -> None:
    one, other = Shelf(), Shelf()
    for fetch in range(2):
        entries = [make(n, fetch) for n in range(1, 9)]
        keys = one.keys(*entries)
        assert other.keys(*(entries[place] for place in order)) == [keys[place] for place in order]


@given(st.floats(0, 9000), st.sampled_from(CHURN))
def test_keys_do_not_depend_on_the_time_of_day(hours: float, make: Any) -> None:
    one, other = Shelf(), Shelf()
    for fetch in range(3):
        entries = [make(n, fetch) for n in range(1, 5)]
        assert one.keys(*entries) == other.keys(*entries, now=at(hours + fetch))


# --- dumps -------------------------------------------------------------------------------------


def dump(n: int, stamp: float | None, **kw: Any) -> Entry:
    """Make a dump gathered so many hours after NOW."""
    given = {"guid": "", "gathered": None if stamp is None else at(stamp)}
    return make_entry(n, **given | kw)


def test_of_dumps_with_one_link_the_later_stamp_wins() -> None:
    shelf = Shelf()
    old, new = dump(1, 1), dump(1, 2, text="Later words.")
    found = shelf.see(old, new, dump(2, 1), standalone=True)
    assert [verdict for _, verdict in found] == ["double", "new", "new"]
    assert found[0][0] == found[1][0]
    assert shelf.entries[found[0][0]] == new


def test_the_choice_does_not_hang_on_the_order() -> None:
    copies = [dump(1, None, text=text) for text in ("one", "three", "fours")]
    kept = set()
    for order in (copies, copies[::-1], copies[1:] + copies[:1]):
        shelf = Shelf()
        shelf.see(*order, standalone=True)
        kept.add(next(iter(shelf.known.values())).digest)
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(1, 2, "modified", id="later"),
        pytest.param(2, 1, "older", id="earlier"),
        pytest.param(1, 1, "modified", id="file edited"),
        pytest.param(None, 1, "modified", id="stamped after all"),
    ],
)
def test_a_dump_of_another_run(first: float | None, second: float | None, expected: str) -> None:
    shelf = Shelf()
    shelf.see(dump(1, first), standalone=True)
    assert shelf.verdicts(dump(1, second, text="Other words."), standalone=True) == [expected]


def test_two_publishers_may_dump_one_text() -> None:
    shelf = Shelf()
    copies = [
        dump(1, 1, link=f"https://{host}/1", publisher=make_publisher(host), fingerprint="f")
        for host in ("a.example", "b.example")
    ]
    assert shelf.verdicts(*copies, standalone=True) == ["new", "new"]


# --- all at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_fifty_fetches_of_a_restless_feed(seed: int) -> None:
    """Each fetch shows some of the entries in any order; up to two names of each are new."""
    chance = random.Random(seed)
    shelf = Shelf()
    state = {
        n: {"guid": f"g{n}", "link": f"https://example.org/{n}", "text": f"{n} " * 99}
        for n in range(30)
    }
    keys: dict[int, set[str]] = {n: set() for n in state}
    for fetch in range(50):
        shown = chance.sample(sorted(state), 20)
        for n in shown:
            for name in chance.sample(["guid", "link", "text"], chance.choice([0, 0, 1, 2])):
                mark = f"{name}{n}-{fetch}"
                new = {"guid": mark, "link": f"https://example.org/{mark}", "text": f"{mark} " * 50}
                state[n][name] = new[name]
        entries = [make_entry(n, title=f"Title {n}", **state[n]) for n in shown]
        for n, key in zip(shown, shelf.keys(*entries, now=at(fetch)), strict=True):
            keys[n].add(key)
    seen = [found for found in keys.values() if found]
    assert [len(found) for found in seen] == [1] * len(seen)
    assert len(set.union(*seen)) == len(seen)
