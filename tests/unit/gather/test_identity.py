"""An entry keeps its key and is never published twice, whatever its source does to it."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import Entry
from aggregator.gather import identity, revision
from aggregator.gather.identity import Known, Name
from tests.builders import NOW, at, make_entry, make_publisher

HOUR = timedelta(hours=1)


class Shelf:
    """What a store would remember of one source, kept in memory."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.known: dict[str, Known] = {}

    def see(
        self, *entries: Entry, now: datetime = NOW, apart: bool = False
    ) -> list[tuple[str, str]]:
        """Take one document (or dumps, if apart); return key and verdict of each entry."""
        named = [identity.names("s", entry, apart=apart) for entry in entries]
        digests = {name.digest for own in named for name in own}
        aliases = {one: key for one, key in self.aliases.items() if one in digests}
        matching = identity.match(entries, named, aliases, self.known, apart=apart)
        result = [
            (sight.key, "double" if sight.double else self._keep(entry, sight.key, now))
            for entry, sight in zip(entries, matching.sights, strict=True)
        ]
        self.aliases.update((name.digest, key) for name, key in matching.learned)
        self.aliases.update((name.digest, identity.AMBIGUOUS) for name in matching.spent)
        return result

    def keys(self, *entries: Entry, **kw: Any) -> list[str]:
        """Take one document; return the keys."""
        return [key for key, _ in self.see(*entries, **kw)]

    def verdicts(self, *entries: Entry, **kw: Any) -> list[str]:
        """Take one document; return the verdicts."""
        return [verdict for _, verdict in self.see(*entries, **kw)]

    def _keep(self, entry: Entry, key: str, now: datetime) -> str:
        before = self.known.get(key)
        verdict = "new" if before is None else revision.judge(before, entry, now)
        if before is None or verdict in ("modified", "refreshed"):
            texts = () if before is None else revision.variants(before, entry.material, now)
            self.known[key] = Known(
                key=key,
                title=entry.title,
                link=entry.link,
                fingerprint=entry.fingerprint,
                material=entry.material,
                claim=entry.published,
                stamp=revision.stamp(entry, now),
                gathered=entry.gathered,
                variants=texts,
            )
        elif verdict == "same" and revision.should_touch(before, now):
            texts = revision.variants(before, entry.material, now)
            self.known[key] = replace(before, variants=texts)
        return verdict


def edited(n: int, words: str, **kw: Any) -> Entry:
    """Make entry n with another text."""
    return make_entry(n, text=f"Quite another text of entry {n}: {words}. " * 4, **kw)


# --- names ---------------------------------------------------------------------------------


def kinds(entry: Entry, **kw: Any) -> list[str]:
    """Return the kinds of names that an entry has."""
    return [name.kind for name in identity.names("s", entry, **kw)]


@pytest.mark.parametrize(
    ("entry", "apart", "expected"),
    [
        pytest.param(make_entry(), False, ["guid", "link", "fingerprint", "all"], id="full"),
        pytest.param(make_entry(guid=""), False, ["link", "fingerprint", "all"], id="no guid"),
        pytest.param(make_entry(link=""), False, ["guid", "fingerprint", "all"], id="no link"),
        pytest.param(
            make_entry(guid="", link="", fingerprint=""), False, ["all"], id="nothing at all"
        ),
        pytest.param(make_entry(guid=""), True, ["link", "all"], id="dump"),
        pytest.param(
            make_entry(guid="", link=""), True, ["fingerprint", "all"], id="dump without link"
        ),
    ],
)
def test_names_are_what_an_entry_has(entry: Entry, apart: bool, expected: list[str]) -> None:
    assert kinds(entry, apart=apart) == expected


def name(entry: Entry, kind: str) -> str:
    """Return the digest of one name."""
    return next(one.digest for one in identity.names("s", entry) if one.kind == kind)


@pytest.mark.parametrize(
    ("kind", "one", "two", "same"),
    [
        pytest.param(
            "link",
            {"link": "http://www.example.org/a/"},
            {"link": "https://example.org/a"},
            True,
            id="scheme and www do not matter",
        ),
        pytest.param(
            "link",
            {"link": "https://example.org/a"},
            {"link": "https://example.org/b"},
            False,
            id="pages do",
        ),
        pytest.param(
            "fingerprint",
            {"publisher": make_publisher("a.example", stated=True)},
            {"publisher": make_publisher("b.example", stated=True)},
            False,
            id="a text counts within one publisher",
        ),
        pytest.param(
            "fingerprint",
            {"publisher": make_publisher("example")},
            {"publisher": make_publisher("a.example")},
            True,
            id="a publisher that is found out later changes no name",
        ),
        pytest.param(
            "fingerprint",
            {"published": at(1)},
            {"published": at(2)},
            False,
            id="a short text counts with its date",
        ),
        pytest.param(
            "fingerprint",
            {"text": "long " * 40, "published": at(1)},
            {"text": "long " * 40, "published": at(2)},
            True,
            id="a long text counts alone",
        ),
        pytest.param(
            "fingerprint", {"published": None}, {"published": None}, True, id="undated text"
        ),
    ],
)
def test_names_are_equal(kind: str, one: dict[str, Any], two: dict[str, Any], same: bool) -> None:
    equal = name(make_entry(1, **one), kind) == name(make_entry(1, **two), kind)
    assert equal is same


def test_an_address_without_form_is_its_own_name() -> None:
    assert identity.link_name("odd:thing") == "odd:thing"


def test_names_differ_between_sources() -> None:
    one, two = identity.names("a", make_entry()), identity.names("b", make_entry())
    assert not {name.digest for name in one} & {name.digest for name in two}


# --- churn ---------------------------------------------------------------------------------


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


def test_the_first_name_gives_the_key() -> None:
    entry = make_entry()
    assert Shelf().keys(entry) == [name(entry, "guid")]
    assert Shelf().keys(replace(entry, guid="")) == [name(entry, "link")]


# --- names that stand for several ----------------------------------------------------------


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


def test_one_page_without_guids_is_one_entry() -> None:
    shelf = Shelf()
    page = "https://example.org/live"
    keys = {shelf.keys(make_entry(n, guid="", link=page), now=at(n))[0] for n in range(1, 4)}
    assert len(keys) == 1


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
    assert [verdict for _, verdict in found] == ["new", "new" if expected == 2 else "double"]
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


# --- dumps ---------------------------------------------------------------------------------


def dump(n: int, stamp: float | None, **kw: Any) -> Entry:
    """Make a dump gathered so many hours after NOW."""
    given = {"guid": "", "gathered": None if stamp is None else at(stamp)}
    return make_entry(n, **given | kw)


def test_of_dumps_with_one_link_the_later_stamp_wins() -> None:
    shelf = Shelf()
    old, new = dump(1, 1), dump(1, 2, text="Later words.")
    found = shelf.see(old, new, dump(2, 1), apart=True)
    assert [verdict for _, verdict in found] == ["double", "new", "new"]
    assert found[0][0] == found[1][0]
    assert shelf.known[found[0][0]].material == new.material


def test_the_choice_does_not_hang_on_the_order() -> None:
    copies = [dump(1, None, text=text) for text in ("one", "three", "fours")]
    kept = set()
    for order in (copies, copies[::-1], copies[1:] + copies[:1]):
        shelf = Shelf()
        shelf.see(*order, apart=True)
        kept.add(next(iter(shelf.known.values())).material)
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
    shelf.see(dump(1, first), apart=True)
    assert shelf.verdicts(dump(1, second, text="Other words."), apart=True) == [expected]


def test_two_publishers_may_dump_one_text() -> None:
    shelf = Shelf()
    copies = [
        dump(1, 1, link=f"https://{host}/1", publisher=make_publisher(host), fingerprint="f")
        for host in ("a.example", "b.example")
    ]
    assert shelf.verdicts(*copies, apart=True) == ["new", "new"]


# --- change --------------------------------------------------------------------------------


def history(*sights: tuple[float, Entry]) -> list[str]:
    """Return the verdicts on sights of one entry, each so many hours after NOW."""
    shelf = Shelf()
    return [shelf.verdicts(entry, now=at(hours))[0] for hours, entry in sights]


A, B, C = make_entry(1), edited(1, "b"), edited(1, "c")


@pytest.mark.parametrize(
    ("sights", "expected"),
    [
        pytest.param([(0, A), (1, A), (2, A)], ["new", "same", "same"], id="the same"),
        pytest.param([(0, A), (1, B), (2, C)], ["new", "modified", "modified"], id="edited"),
        pytest.param(
            [(0, A), (1, B), (2, A), (3, B), (4, A)],
            ["new", "modified", "older", "same", "older"],
            id="two texts in turn",
        ),
        pytest.param(
            [(0, A), (1, B), (2, A), (20, A), (26, A), (27, A)],
            ["new", "modified", "older", "older", "modified", "same"],
            id="taken back for good",
        ),
        pytest.param(
            [(h, (A, B)[h % 8 > 0]) for h in range(0, 80, 4)],
            ["new", "modified", *["older", "same"] * 9],
            id="in turn for days",
        ),
        pytest.param(
            [(0, A), (1, B), (2, replace(A, modified=at(1.5)))],
            ["new", "modified", "modified"],
            id="taken back, and says so",
        ),
        pytest.param(
            [(0, replace(B, modified=at(-1))), (1, replace(A, modified=at(-2)))],
            ["new", "older"],
            id="older by modified",
        ),
        pytest.param(
            [(0, replace(B, modified=at(-1))), (1, A)], ["new", "older"], id="older by published"
        ),
        pytest.param(
            [(0, replace(A, modified=at(days=900))), (1, B)],
            ["new", "modified"],
            id="a claim in the future is none",
        ),
        pytest.param(
            [(0, replace(A, published=None)), (1, replace(B, published=None))],
            ["new", "modified"],
            id="undated",
        ),
    ],
)
def test_verdicts(sights: list[tuple[float, Entry]], expected: list[str]) -> None:
    assert history(*sights) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"link": "https://example.org/1?session=7"}, "same", id="a session"),
        pytest.param({"link": "http://www.example.org/1"}, "same", id="another form"),
        pytest.param({"link": "https://example.org/elsewhere"}, "modified", id="another page"),
        pytest.param(
            {"link": "https://example.org/1?session=7", "title": "Other"}, "modified", id="title"
        ),
        pytest.param(
            {"link": "https://example.org/1?session=7", "text": "Other"}, "modified", id="text"
        ),
        pytest.param({"material": "other rules"}, "same", id="the rules changed, not the words"),
    ],
)
def test_an_address_may_carry_a_session(change: Any, expected: str) -> None:
    assert history((0, make_entry(1)), (1, make_entry(1, **change))) == ["new", expected]


def test_what_came_back_without_its_text_takes_it_without_a_word() -> None:
    blank = Known(key="k", title="", material="", blank=True)
    assert revision.judge(blank, A, NOW) == "refreshed"


def test_texts_are_remembered_in_bounds() -> None:
    known = Known(key="k", title="", material="0")
    for n in range(1, 40):
        texts = revision.variants(known, str(n), at(n))
        known = replace(known, material=str(n), variants=texts)
    assert [text for text, _ in known.variants] == [str(n) for n in range(32, 40)]


@pytest.mark.parametrize(
    ("variants", "hours", "expected"),
    [
        pytest.param((), 100, False, id="one text"),
        pytest.param((("a", NOW), ("b", NOW)), 1, False, id="seen lately"),
        pytest.param((("a", NOW), ("b", NOW)), 3, True, id="some time ago"),
    ],
)
def test_the_last_sight_is_written_now_and_then(
    variants: Any, hours: float, expected: bool
) -> None:
    known = Known(key="k", title="", material="b", variants=variants)
    assert revision.should_touch(known, at(hours)) is expected


def test_worn_names_are_the_oldest_of_a_kind_but_the_first() -> None:
    held = [(Name("guid", str(n)), at(n)) for n in range(12)] + [(Name("link", "l"), at(-9))]
    assert [name.digest for name in identity.surplus_aliases("0", held)] == ["3", "2", "1"]


# --- times ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param({"published": at(-5)}, at(-5), id="as claimed"),
        pytest.param({"published": at(5)}, NOW, id="never after first seen"),
        pytest.param({"published": None}, NOW, id="no date"),
        pytest.param({"published": datetime(1970, 1, 1, tzinfo=UTC)}, NOW, id="no true date"),
        pytest.param({"published": None, "gathered": at(-9)}, at(-9), id="the stamp of a dump"),
        pytest.param({"published": at(-9), "gathered": at(-5)}, at(-9), id="written before"),
    ],
)
def test_effective_date(claims: Any, expected: datetime) -> None:
    assert revision.published(make_entry(1, **claims), NOW) == expected


@pytest.mark.parametrize(
    ("hours", "most", "expected"),
    [
        pytest.param([1, 3, 2], 2, {1, 2}, id="newest"),
        pytest.param([1, 1, 1], 2, {0, 1}, id="of equals the first"),
        pytest.param([1, 2], None, {0, 1}, id="all"),
        pytest.param([1, 2], 0, set(), id="none"),
    ],
)
def test_newest(hours: Sequence[float], most: int | None, expected: set[int]) -> None:
    assert revision.newest([at(hour) for hour in hours], most) == expected


@pytest.mark.parametrize(
    ("now", "latest", "claims", "expected"),
    [
        pytest.param(NOW, None, [], NOW, id="nothing known"),
        pytest.param(NOW, at(-1), [at(5)] * 9, NOW, id="clock goes on"),
        pytest.param(NOW, NOW + timedelta(minutes=2), [at(5)] * 9, NOW, id="a small step back"),
        pytest.param(NOW, at(days=700), [at(-5)] * 9, NOW, id="was ahead"),
        pytest.param(at(days=-700), NOW, [at(-5)] * 9, NOW, id="is behind"),
        pytest.param(at(days=-700), NOW, [], at(days=-700), id="no witness"),
    ],
)
def test_which_clock_to_trust(
    now: datetime, latest: datetime | None, claims: list[datetime], expected: datetime
) -> None:
    assert revision.trusted(now, latest, claims) == expected


# --- all at once ---------------------------------------------------------------------------


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
