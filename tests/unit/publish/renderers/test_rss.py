"""The RSS document."""

from typing import Any

from lxml import etree

from aggregator.core.model import Author, Enclosure, ShownStory
from aggregator.publish.renderers import _content, rss
from tests.builders import at, make_edition, make_publisher, make_shown, make_stored

_NS = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
    "story": _content.NAMESPACE,
}
_SELF = "http://127.0.0.1:8080/feeds/merged.rss"


def render(*stories: ShownStory, **kw: object) -> etree._Element:
    document = etree.fromstring(rss.render(make_edition(*stories, self_url=_SELF, **kw)))
    channel = document.find("channel")
    assert channel is not None
    return channel


def texts(element: etree._Element, path: str) -> list[str]:
    found: Any = element.xpath(path, namespaces=_NS)
    return [str(one) for one in found]


def test_the_channel_says_what_it_is() -> None:
    channel = render(links=(("hub", "https://hub.example.org/"),))
    for name in ("title", "description"):
        assert texts(channel, f"{name}/text()") == ["Merged news"]
    assert texts(channel, "link/text()") == ["http://127.0.0.1:8080/"]
    assert texts(channel, "lastBuildDate/text()") == ["Mon, 02 Mar 2026 09:30:00 +0000"]
    assert texts(channel, "image/*/text()") == [
        "http://127.0.0.1:8080/icon.png",
        "Merged news",
        "http://127.0.0.1:8080/",
        "128",
        "128",
    ]
    assert texts(channel, "a:link/@href") == [_SELF, "https://hub.example.org/"]


def test_an_item_has_everything_of_a_story() -> None:
    files = [
        Enclosure(url="https://example.org/a.mp3"),
        Enclosure(url="https://example.org/b.mp4", length=9),
        Enclosure(url="https://example.org/c.mp4"),
    ]
    lead = make_stored(
        1,
        published=at(-2),
        summary="1 < 2",
        rights="© Example",
        via="https://original.org/1",
        image="https://example.org/i.png",
        authors=(Author(name="Jane"),),
        categories=("world",),
        enclosures=tuple(files),
    )
    other = make_stored(2, link="https://b.org/", publisher=make_publisher("b.org", title="B"))
    shown = make_shown(lead, other)
    (item,) = render(shown).findall("item")

    assert texts(item, "guid/text()") == [shown.story.id]
    assert texts(item, "guid/@isPermaLink") == ["false"]
    assert texts(item, "title/text()") == ["Headline 1"]
    assert texts(item, "link/text()") == ["https://example.org/1"]
    assert texts(item, "pubDate/text()") == ["Mon, 02 Mar 2026 07:30:00 +0000"]
    assert texts(item, "dc:creator/text()") == ["Jane", "Example.Org"]
    assert texts(item, "dc:language/text()") == ["en"]
    assert texts(item, "dc:rights/text()") == ["© Example"]
    assert texts(item, "category/text()") == ["world"]
    assert texts(item, "source/text()") == ["Example.Org"]
    assert texts(item, "source/@url") == ["https://example.org/"]
    assert texts(item, "description/text()") == ["1 &lt; 2"]
    assert "Also reported by" in texts(item, "content:encoded/text()")[0]
    (enclosure,) = item.findall("enclosure")
    assert dict(enclosure.attrib.items()) == {
        "url": "https://example.org/a.mp3",
        "type": "audio/mpeg",
        "length": "0",
    }
    assert [dict(found.attrib.items()) for found in item.findall("media:content", _NS)] == [
        {"url": "https://example.org/b.mp4", "type": "video/mp4", "fileSize": "9"},
        {"url": "https://example.org/c.mp4", "type": "video/mp4"},
    ]
    assert texts(item, "media:thumbnail/@url") == ["https://example.org/i.png"]
    assert texts(item, "a:link/@rel") == ["related", "via"]
    assert texts(item, "a:link/@title") == ["B"]
    assert texts(item, "story:publishers/text()") == ["2"]


def test_what_is_unknown_is_left_out() -> None:
    publisher = make_publisher(url="")
    (item,) = render(make_shown(make_stored(1, link="", language="", publisher=publisher))).findall(
        "item"
    )
    assert (
        texts(item, "link | source | dc:language | dc:rights | enclosure | media:* | a:link") == []
    )


def test_the_description_stands_before_the_whole_text() -> None:
    (item,) = render(make_shown()).findall("item")
    names = [etree.QName(child).localname for child in item]
    assert names.index("description") < names.index("encoded")
