"""Features of one entry: what counts, where it stands, what is left out."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import StoredEntry
from aggregator.group.features import english
from aggregator.group.features.features import (
    SHINGLE,
    extract,
    hashes,
    link_hashes,
    shingles_of,
    split_sentences,
    wide_hash,
    words_by_hash,
)
from aggregator.group.features.terms import MARKED
from tests.unit.group.news import BRIDGE, PORT, tell

ONE = tell(BRIDGE[0], 1, "one.example")


def held(stored: StoredEntry) -> dict[str, int]:
    """Return the places of each word of an entry."""
    found, words = extract(stored), words_by_hash(stored)
    return {
        words[number]: places
        for number, places in zip(
            found.words.ids.tolist(), found.words.places.tolist(), strict=True
        )
    }


def test_places_say_where_a_word_stands() -> None:
    places = held(ONE)
    assert places["跨海大桥"] & 1
    assert places["市政厅"] == 4  # the second sentence
    assert places["白海豚"] & 1 == 0


def test_both_scripts_give_the_same_terms() -> None:
    simple, old = extract(tell(BRIDGE[0], 1, "a.example")), extract(tell(BRIDGE[2], 2, "b.example"))
    assert len(set(simple.bigrams.ids.tolist()) & set(old.bigrams.ids.tolist())) > 20
    assert (simple.script, old.script) == ("Hans", "Hant")
    assert simple.chinese
    assert old.chinese


def test_english_names_are_marked_and_function_words_left_out() -> None:
    places = held(tell(PORT[0], 1, "a.example"))
    assert places["harwick"] & MARKED
    assert places["delmar"] & MARKED
    assert not places["cranes"] & MARKED
    assert "the" not in places
    assert not extract(tell(PORT[0], 1, "a.example")).chinese


def test_what_stands_around_the_content_does_not_count() -> None:
    plain = extract(tell(("海岚宣布修建跨海大桥", "林远峰说大桥五年完成。"), 1, "a.example"))
    marked = extract(
        tell(
            (
                "【快讯】海岚宣布修建跨海大桥 - 海岚晚报",
                "（海岚社青礁5日电）林远峰说大桥五年完成。",
            ),
            1,
            "a.example",
        )
    )
    assert marked.title == plain.title
    assert marked.words.ids.tolist() == plain.words.ids.tolist()


def test_the_rest_of_an_entry() -> None:
    entry = dataclasses.replace(
        ONE.entry, cites=("https://x.example/a?utm_source=b",), canonical="https://one.example/1"
    )
    found = extract(dataclasses.replace(ONE, entry=entry))
    assert found.publisher == wide_hash("one.example")
    assert found.url == wide_hash("https://one.example/1")
    assert found.cites.tolist() == link_hashes(["https://x.example/a"]).tolist()
    assert found.dated
    assert found.length > 100
    assert len(found.shingles) > 5


def test_an_entry_without_date_came_when_it_was_first_seen() -> None:
    undated = dataclasses.replace(ONE, entry=dataclasses.replace(ONE.entry, published=None))
    assert extract(undated).dates == extract(ONE).dates != ()
    assert extract(undated).dated


def test_where_no_time_is_known_no_weekday_is_resolved() -> None:
    undated = dataclasses.replace(ONE, entry=dataclasses.replace(ONE.entry, published=None))
    found = extract(undated, ignore_first_seen=True)
    assert not found.dates
    assert not found.dated
    assert extract(ONE, ignore_first_seen=True).dated


def test_an_empty_entry() -> None:
    found = extract(tell(("", ""), 1, "a.example"))
    assert len(found.words.ids) == len(found.shingles) == found.length == 0


@given(st.text(max_size=60), st.text(max_size=300))
def test_no_text_is_too_odd(title: str, text: str) -> None:
    found = extract(tell((title, text), 1, "a.example"))
    assert len(found.words.ids) == len(found.words.places)


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("甲。乙!丙", ["甲。", "乙!", "丙"]),
        ("one is here. two is there", ["one is here.", "two is there"]),
        ("line\n\nline", ["line", "line"]),
        ("", []),
    ],
)
def test_sentences(body: str, parts: list[str]) -> None:
    assert split_sentences(body) == parts


def test_the_rest_is_one_sentence() -> None:
    assert len(split_sentences("甲。" * 40)) == 7


def test_hashes_are_distinct_and_sorted() -> None:
    assert hashes(["a", "b", "a"]).tolist() == sorted(hashes(["b", "a"]).tolist())
    assert wide_hash("") == 0


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("the", ""),
        ("cities", "city"),
        ("raised", "rais"),
        ("raises", "rais"),
        ("raising", "rais"),
        ("votes", "vot"),
        ("glass", "glass"),
        ("bus", "bus"),
        ("string", "string"),
        ("2026", "2026"),
        ("größe", "größe"),
    ],
)
def test_stem(word: str, stem: str) -> None:
    assert english.stem(word) == stem


@pytest.mark.parametrize(
    ("title", "body", "names"),
    [
        ("Mayor of Harwick resigns", "", {"harwick"}),
        ("Every Word Has One Here", "", set()),
        ("", "he met Petra Oakes in Harwick, then left. Nobody saw", {"petra", "oak", "harwick"}),
        ("", "", set()),
    ],
)
def test_names(title: str, body: str, names: set[str]) -> None:
    assert english.names(title, body) == names


@pytest.mark.parametrize(
    ("canonical", "has_address"),
    [
        ("https://news.example/one", True),
        ("https://news.example/?id=3", True),
        ("https://news.example/", False),
        ("https://news.example", False),
        ("", False),
    ],
)
def test_a_home_page_is_no_address_of_an_entry(canonical: str, *, has_address: bool) -> None:
    """Entries of several sources that link to one home page have nothing in common by that."""
    entry = dataclasses.replace(ONE.entry, canonical=canonical)
    stored = dataclasses.replace(ONE, entry=entry)
    assert bool(extract(stored).url) is has_address


@given(st.text("ab 水", max_size=60), st.integers(1, 30))
def test_shingles_are_those_of_one_by_one(text: str, times: int) -> None:
    body = text * times
    letters, codes = "".join(body.split()), set[int]()
    for start in range(len(letters) - SHINGLE + 1):
        code = 0
        for letter in letters[start : start + SHINGLE]:
            code = (code * 0x9E3779B97F4A7C15 + ord(letter)) % 2**64
        code = (code ^ code >> 29) * 0xBF58476D1CE4E5B9 % 2**64
        if code >> 32 < 0xFFFFFFFF // 8:
            codes.add(code >> 32)
    assert shingles_of(body).tolist() == sorted(codes)[:64]
