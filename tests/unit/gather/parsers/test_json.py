"""JSON Feed, and JSON that is none; the ordinary feeds stand among the fixtures."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Document, ParsedFeed
from aggregator.gather.parsers import json as jsonfeed
from aggregator.gather.parsers import parse

VERSION = "https://jsonfeed.org/version/1.1"


def read(feed: Any) -> ParsedFeed:
    """Read a feed that is given as a value, or as text."""
    text = feed if isinstance(feed, str) else json.dumps(feed)
    return jsonfeed.parse(Document(name="x", content=text.encode()))


@pytest.mark.parametrize("text", ['{"error": "rate limited"}', "[]", "[1]", '{"items": []}', '"x"'])
def test_other_json_is_no_feed(text: str) -> None:
    with pytest.raises(NotAFeed):
        read(text)


BROKEN = {
    "cut": '{"version": "',
    "words": "{no}",
    "deep": '{"version": "' + VERSION + '", "items": ' + "[" * 100_000,
    "deep and whole": '{"version": "'
    + VERSION
    + '", "items": '
    + "[" * 100_000
    + "]" * 100_000
    + "}",
    "no items": json.dumps({"version": VERSION}),
    "items are no list": json.dumps({"version": VERSION, "items": {}}),
    "empty": "",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_json_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


def test_odd_values_are_left_out() -> None:
    odd: dict[str, Any] = {
        "id": 1e400,
        "url": ["x"],
        "title": {"a": 1},
        "content_html": True,
        "content_text": None,
        "tags": "x",
        "authors": [1, "x", None, {"name": 5}],
        "attachments": {"url": "https://example.org/a", "size_in_bytes": -5},
        "image": 3.5,
        "date_published": False,
    }
    text = json.dumps({"version": VERSION, "title": 1, "items": [odd]})
    entry = read(text).entries[0]
    assert (entry.link, entry.title, entry.content, entry.categories) == ("", "", "", ("x",))
    assert [author.name for author in entry.authors] == ["x", "5"]
    assert [(media.url, media.length) for media in entry.enclosures] == [
        ("https://example.org/a", 0)
    ]


def test_huge_numbers_and_lone_surrogates_do_no_harm() -> None:
    items = f'[{{"id": {"9" * 9_999}, "title": "a\\ud800b"}}]'
    found = read(f'{{"version": "{VERSION}", "items": {items}}}')
    assert found.entries[0].guid.startswith("999")
    assert found.entries[0].title == "ab"


@pytest.mark.parametrize(
    ("content", "is_json"),
    [
        (b' \n{"a": 1}', True),
        (b'\xef\xbb\xbf{"a": 1}', True),
        ('{"a": 1}'.encode("utf-16"), True),
        (b"[{}]", True),
        (b"[Title](https://example.org)", False),
        (b"<rss/>", False),
    ],
)
def test_knows_json_by_its_beginning(content: bytes, is_json: bool) -> None:
    assert jsonfeed.accepts(Document(name="x", content=content)) is is_json


def test_is_found_without_being_named() -> None:
    content = json.dumps({"version": VERSION, "items": [{"title": "One"}]}).encode("utf-16")
    assert parse(Document(name="x", content=content)).entries[0].title == "One"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "id",
        "url",
        "external_url",
        "title",
        "summary",
        "content_html",
        "content_text",
        "tags",
        "authors",
        "author",
        "attachments",
        "image",
        "banner_image",
        "language",
        "date_published",
        "date_modified",
    ]
)


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=6) | VALUES, max_size=4))
def test_values_of_any_kind_raise_nothing_else(items: list[Any]) -> None:
    found = read({"version": VERSION, "items": items})
    assert len(found.entries) + len(found.skipped) == len(items)


@pytest.mark.parametrize(
    ("hubs", "expected"),
    [
        ([{"type": "WebSub", "url": "https://hub.example/"}], "https://hub.example/"),
        (
            [
                {"type": "rssCloud", "url": "https://cloud.example/"},
                {"type": "websub", "url": "https://hub.example/"},
            ],
            "https://hub.example/",
        ),
        ([{"url": "https://hub.example/"}], "https://hub.example/"),
        ([{"type": "rssCloud", "url": "https://cloud.example/"}], ""),
        ([{"type": "WebSub"}, 3, None], ""),
        ({"type": "WebSub", "url": ["x"]}, ""),
    ],
)
def test_hubs_of_our_protocol_are_found(hubs: Any, expected: str) -> None:
    feed = {"version": VERSION, "title": "t", "items": [], "hubs": hubs}
    assert read(feed).info.hub == expected


AUTHORS = [
    ({"author": "Ann"}, ["Ann"]),
    ({"authors": "Ann"}, ["Ann"]),
    ({"authors": ["Ann", "Bob"]}, ["Ann", "Bob"]),
    ({"authors": {"name": "Ann"}}, ["Ann"]),
    ({"author": {"name": "Ann"}}, ["Ann"]),
    ({"author": [{"name": "Ann"}, "Bob"]}, ["Ann", "Bob"]),
    ({"author": "Ann <ann@example.org>"}, ["Ann"]),
    ({"authors": [], "author": "Ann"}, ["Ann"]),
    ({"authors": None, "author": {"name": "Ann"}}, ["Ann"]),
    ({"authors": [7, True, None, []]}, []),
]


@pytest.mark.parametrize(("said", "names"), AUTHORS)
def test_authors_in_every_form(said: dict[str, Any], names: list[str]) -> None:
    found = read({"version": VERSION, "items": [{"id": "1", **said}]} | said)
    assert [author.name for author in found.entries[0].authors] == names
    assert [author.name for author in found.info.authors] == names


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("news", ("news",)),
        ("news, sport", ("news", "sport")),
        (["news", 5, None, {"name": "sport"}], ("news", "5", "sport")),
        ({"name": "news"}, ("news",)),
        (None, ()),
    ],
)
def test_tags_in_every_form(tags: Any, found: tuple[str, ...]) -> None:
    (entry,) = read({"version": VERSION, "items": [{"id": "1", "tags": tags}]}).entries
    assert entry.categories == found


def test_control_characters_may_stand_raw_in_strings() -> None:
    text = '{"version": "%s", "items": [{"id": "a\x08b", "title": "a\nb", "content_html": "<pre>a\tb\n\x0bc</pre>"}]}'
    (entry,) = read(text % VERSION).entries
    assert (entry.guid, entry.title, entry.content) == ("ab", "a b", "<pre>a\tb\nc</pre>")


@pytest.mark.parametrize(
    ("written", "guid"),
    [
        ("7", "7"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ("-3", "-3"),
        ("9" * 30, "9" * 30),
        ("true", ""),
    ],
)
def test_a_number_is_an_id_as_it_is_written(written: str, guid: str) -> None:
    text = f'{{"version": "{VERSION}", "items": [{{"id": {written}, "title": "x"}}]}}'
    assert read(text).entries[0].guid == guid
