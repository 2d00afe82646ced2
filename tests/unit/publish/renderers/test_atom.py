"""The Atom document."""

from typing import Any

from lxml import etree

from aggregator.core import ids
from aggregator.core.model import Author, Enclosure, FeedInfo, ShownStory
from aggregator.publish.renderers import _content, atom
from tests.builders import (
    NOW,
    at,
    make_edition,
    make_publisher,
    make_shown,
    make_stored,
    make_tombstone,
)

_NS = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "story": _content.NAMESPACE,
    "xml": "http://www.w3.org/XML/1998/namespace",
}


def render(*stories: ShownStory, **kw: object) -> etree._Element:
    return etree.fromstring(atom.render(make_edition(*stories, **kw)))


def texts(element: etree._Element, path: str) -> list[str]:
    found: Any = element.xpath(path, namespaces=_NS)
    return [str(one) for one in found]


def test_the_feed_says_what_it_is() -> None:
    feed = render(links=(("hub", "https://hub.example.org/"),))
    assert texts(feed, "a:id/text()") == [ids.feed_id("merged")]
    assert texts(feed, "a:title/text()") == ["Merged news"]
    assert texts(feed, "a:updated/text()") == [NOW.isoformat()]
    assert texts(feed, "a:generator/text()") == ["storyfold"]
    assert texts(feed, "a:icon/text()") == ["http://127.0.0.1:8080/icon.png"]
    assert texts(feed, "a:logo/text()") == ["http://127.0.0.1:8080/logo.png"]
    assert texts(feed, "a:link/@rel") == ["self", "alternate", "hub"]
    assert texts(feed, "a:link/@href") == [
        "http://127.0.0.1:8080/feeds/merged.atom",
        "http://127.0.0.1:8080/",
        "https://hub.example.org/",
    ]


def test_an_entry_has_everything_of_a_story() -> None:
    lead = make_stored(
        1,
        published=at(-2),
        revised=at(-1),
        summary="In short",
        rights="© Example",
        via="https://original.org/1",
        image="https://example.org/i.png",
        authors=(Author(name="Jane", email="j@example.org", url="https://example.org/jane"),),
        categories=("world",),
        enclosures=(
            Enclosure(url="https://example.org/a.mp3", type="audio/mpeg", length=7, title="A"),
        ),
        publisher=make_publisher(feed_id="tag:example.org,2026:f"),
    )
    other = make_stored(2, link="https://b.org/", publisher=make_publisher("b.org", title="B"))
    info = FeedInfo(id="tag:example.org,2026:f", self_url="https://example.org/f", rights="© Feed")
    shown = make_shown(lead, other)
    (entry,) = render(shown, sources={"example": info}).findall("a:entry", _NS)

    assert texts(entry, "@xml:lang") == ["en"]
    assert texts(entry, "a:id/text()") == [shown.story.id]
    assert texts(entry, "a:title/text()") == ["Headline 1"]
    assert texts(entry, "a:published/text()") == [at(-2).isoformat()]
    assert texts(entry, "a:author/a:name/text()") == ["Jane", "Example.Org"]
    assert texts(entry, "a:author/a:email/text()") == ["j@example.org"]
    assert texts(entry, "a:author/a:uri/text()") == [
        "https://example.org/jane",
        "https://example.org/",
    ]
    assert texts(entry, "a:category/@term") == ["world"]
    assert texts(entry, "a:summary/text()") == ["In short"]
    assert texts(entry, "a:rights/text()") == ["© Example"]
    assert texts(entry, "a:content/@type") == ["html"]
    assert [dict(link.attrib.items()) for link in entry.findall("a:link", _NS)] == [
        {"rel": "alternate", "href": "https://example.org/1", "type": "text/html"},
        {"rel": "related", "href": "https://b.org/", "title": "B"},
        {"rel": "via", "href": "https://original.org/1"},
        {
            "rel": "enclosure",
            "href": "https://example.org/a.mp3",
            "type": "audio/mpeg",
            "length": "7",
            "title": "A",
        },
    ]
    assert texts(entry, "a:source/a:id/text()") == ["tag:example.org,2026:f"]
    assert texts(entry, "a:source/a:title/text()") == ["Example.Org"]
    assert texts(entry, "a:source/a:updated/text()") == [at(-1).isoformat()]
    assert texts(entry, "a:source/a:rights/text()") == ["© Feed"]
    assert texts(entry, "a:source/a:link/@href") == [
        "https://example.org/",
        "https://example.org/f",
    ]
    assert texts(entry, "media:thumbnail/@url") == ["https://example.org/i.png"]
    assert texts(entry, "story:publishers/text()") == ["2"]
    assert texts(entry, "story:entries/text()") == ["2"]
    assert texts(entry, "story:page/text()")[0].startswith("http://127.0.0.1:8080/stories/")


def test_what_is_unknown_is_left_out() -> None:
    (entry,) = render(make_shown(make_stored(1, link="", language=""))).findall("a:entry", _NS)
    assert texts(entry, "@xml:lang | a:link | a:summary | a:rights | media:*") == []
    assert texts(entry, "a:content/text()") == [
        "<p>The text of entry number 1, long enough to be material.</p>"
    ]


def test_tombstones_stand_before_the_first_entry() -> None:
    feed = render(make_shown(), tombstones=(make_tombstone("urn:x:a", "urn:x:b"),))
    names = [etree.QName(child).localname for child in feed]
    assert names.index("deleted-entry") < names.index("entry")
    assert texts(feed, "at:deleted-entry/@ref") == ["urn:x:a"]
    assert texts(feed, "at:deleted-entry/@when") == [NOW.isoformat()]
    assert texts(feed, "at:deleted-entry/at:comment/text()") == ["merged into urn:x:b"]


def test_entries_keep_the_order_of_the_edition() -> None:
    stories = [make_shown(make_stored(n)) for n in (3, 1, 2)]
    feed = render(*stories)
    assert texts(feed, "a:entry/a:id/text()") == [shown.story.id for shown in stories]


def test_browsers_are_told_of_a_style_sheet() -> None:
    document = atom.render(make_edition(home_url="http://127.0.0.1:8080/a/"))
    style = b'<?xml-stylesheet type="text/css" href="http://127.0.0.1:8080/a/feed.css"?>'
    assert document.splitlines()[1] == style
    assert document.startswith(b"<?xml version")
    etree.fromstring(document)
    assert b"xml-stylesheet" not in atom.render(make_edition(home_url=""))


def test_a_page_of_the_archive_says_so() -> None:
    feed = render(links=(("current", "http://127.0.0.1:8080/feeds/merged.atom"),))
    assert feed.find("{http://purl.org/syndication/history/1.0}archive") is not None
