"""What every output format keeps: its names, the same bytes, and sound documents from unsound texts."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aggregator.core import plugins
from aggregator.core.model import Author, Edition, Enclosure, Publisher, StoredEntry
from aggregator.core.ports import Renderer
from tests.builders import (
    at,
    make_edition,
    make_entry,
    make_publisher,
    make_shown,
    make_spec,
    make_stored,
    make_tombstone,
)

FORMATS = plugins.names("aggregator.publish.renderers")
FEEDS = [name for name in FORMATS if name != "dump"]  # what a reader subscribes to

_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.sampled_from(["<b>x</b>", "&lt;i&gt;", "]]>", "a\x00b", "\ud800", "\ufffe", "\u202e", " "]),
)
_LINKS = st.one_of(
    _TEXTS,
    _TEXTS.map(lambda end: f"https://example.org/{end}"),
    _TEXTS.map(lambda host: f"http://{host}/"),
    st.sampled_from(["javascript:alert(1)", "http://[::1]:80/", "https://a:b@example.org:/[x]%"]),
)


@st.composite
def entries(draw: st.DrawFn) -> StoredEntry:
    """Draw an entry of which every part is as bad as it gets."""
    number = draw(st.integers(1, 20))
    entry = replace(
        make_entry(number),
        title=draw(_TEXTS),
        link=draw(_LINKS),
        via=draw(_LINKS),
        image=draw(_LINKS),
        html=draw(st.sampled_from(["", "<p>text</p>", "a\x0bb\ud800"])),
        text=draw(_TEXTS),
        summary=draw(_TEXTS),
        rights=draw(_TEXTS),
        language=draw(_TEXTS),
        categories=tuple(draw(st.lists(_TEXTS, max_size=2))),
        authors=tuple(
            draw(st.lists(st.builds(Author, name=_TEXTS, email=_TEXTS, url=_LINKS), max_size=2))
        ),
        enclosures=tuple(
            draw(
                st.lists(
                    st.builds(
                        Enclosure, url=_LINKS, type=_TEXTS, length=st.integers(), title=_TEXTS
                    ),
                    max_size=2,
                )
            )
        ),
        publisher=draw(
            st.builds(Publisher, id=_TEXTS, title=_TEXTS, url=_LINKS, feed_id=st.one_of(_LINKS))
        ),
    )
    return make_stored(number, entry=entry)


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    """Draw an edition of a few bad stories."""
    stories = [
        make_shown(*held)
        for held in draw(
            st.lists(
                st.lists(entries(), min_size=1, max_size=3, unique_by=lambda one: one.key),
                max_size=2,
                unique_by=lambda held: held[0].key,
            )
        )
    ]
    return make_edition(*stories, spec=make_spec(title=draw(_TEXTS)))


def renderer(name: str) -> Renderer:
    """Return the module of a format."""
    found: Renderer = plugins.load("aggregator.publish.renderers", name)
    return found


def parse(name: str, document: bytes) -> None:
    """Raise if a document is not what its format says."""
    if name == "json":
        json.loads(document)
    elif name == "dump":
        assert zipfile.ZipFile(io.BytesIO(document)).testzip() is None
    else:
        etree.fromstring(document)


def full_edition() -> Edition:
    """Make an edition that has one of everything."""
    lead = make_stored(
        1,
        published=at(-2),
        summary="In short",
        authors=(Author(name="Jane"),),
        categories=("world",),
        image="https://example.org/i.png",
        enclosures=(Enclosure(url="https://example.org/a.mp3", type="audio/mpeg", length=7),),
        language="zh-Hans",
        html="<p>第一段 &amp; more</p>",
    )
    other = make_stored(2, link="https://b.org/2", publisher=make_publisher("b.org", title="B"))
    return make_edition(
        make_shown(lead, other),
        make_shown(make_stored(3)),
        tombstones=(make_tombstone("urn:x:a", "urn:x:b"),),
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_its_names(name: str) -> None:
    module = renderer(name)
    assert module.EXTENSION.strip(".") == module.EXTENSION
    assert module.MEDIA_TYPE.count("/") == 1


def test_no_two_formats_write_the_same_file() -> None:
    assert len({renderer(name).EXTENSION for name in FORMATS}) == len(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_edition_gives_the_same_bytes(name: str) -> None:
    assert renderer(name).render(full_edition()) == renderer(name).render(full_edition())


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_edition_is_a_document_too(name: str) -> None:
    parse(name, renderer(name).render(make_edition()))


@pytest.mark.parametrize("name", FORMATS)
@given(edition=editions())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_gives_a_sound_document(name: str, edition: Edition) -> None:
    parse(name, renderer(name).render(edition))


@pytest.mark.parametrize("name", FEEDS)
def test_every_story_and_publisher_is_there(name: str) -> None:
    edition = full_edition()
    document = renderer(name).render(edition).decode()
    for shown in edition.stories:
        assert shown.story.id in document
        for stored in shown.entries:
            assert stored.entry.link in document
            assert stored.entry.publisher.title in document


@pytest.mark.parametrize("name", FEEDS)
def test_a_change_of_one_story_leaves_the_others_as_they_are(name: str) -> None:
    before = full_edition()
    changed = replace(before.stories[1], story=replace(before.stories[1].story, updated=at(1)))
    after = replace(before, stories=(before.stories[0], changed))
    first, second = (items(name, renderer(name).render(one)) for one in (before, after))
    assert first[0] == second[0]
    assert first[1] != second[1]


def items(name: str, document: bytes) -> list[Any]:
    """Return the entries of a document, comparable."""
    if name == "json":
        return list(json.loads(document)["items"])
    root = etree.fromstring(document)
    found = root.iter("item", "{http://www.w3.org/2005/Atom}entry")
    return [etree.tostring(one, method="c14n") for one in found]


def tags(name: str, document: bytes) -> list[list[str]]:
    """Return the categories of each entry of a document."""
    if name == "json":
        return [item.get("tags", []) for item in json.loads(document)["items"]]
    found = feedparser.parse(io.BytesIO(document)).entries
    return [[tag.term for tag in entry.get("tags", ())] for entry in found]


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize(
    ("own", "of_sources", "wanted"),
    [
        ((), {}, []),
        ((), {"a": "world"}, ["world"]),
        (("Politics",), {"a": "world"}, ["world", "Politics"]),
        (("World", "x"), {"a": "world"}, ["world", "x"]),
        ((), {"a": "world", "b": "china"}, ["world", "china"]),
        (("x",), {"b": "china"}, ["china", "x"]),
        (tuple(f"own {n}" for n in range(40)), {"b": "china"}, ["china"]),
        ((), {"somebody else": "sport"}, []),
        ((), {"a": "Arts & letters"}, ["Arts & letters"]),
    ],
)
def test_the_categories_of_the_sources_come_first(
    name: str, own: tuple[str, ...], of_sources: dict[str, str], wanted: list[str]
) -> None:
    lead = make_stored(1, source_id="a", categories=own)
    other = make_stored(2, source_id="b", link="https://b.org/2")
    edition = make_edition(make_shown(lead, other), categories=of_sources)
    (found,) = tags(name, renderer(name).render(edition))
    assert found[: len(wanted)] == wanted
    assert len(found) == min(30, len({one.casefold() for one in (*own, *wanted)}))


@pytest.mark.parametrize("name", ["atom", "rss"])
def test_feedparser_reads_every_field(name: str) -> None:
    edition = full_edition()
    feed = feedparser.parse(io.BytesIO(renderer(name).render(edition)))
    assert not feed.bozo
    assert feed.feed.title == "Merged news"
    entry = feed.entries[0]
    assert entry.id == edition.stories[0].story.id
    assert entry.title == "Headline 1"
    assert entry.link == "https://example.org/1"
    assert entry.published_parsed[:5] == (2026, 3, 2, 7, 30)
    assert entry.summary == "In short"
    assert "其他报道" in entry.content[0].value
    assert [tag.term for tag in entry.tags] == ["world"]
    assert entry.enclosures[0].href == "https://example.org/a.mp3"
    assert {link.href for link in entry.links if link.rel == "related"} == {"https://b.org/2"}
    assert entry.source.title == "Example.Org"
    assert entry.media_thumbnail[0]["url"] == "https://example.org/i.png"
