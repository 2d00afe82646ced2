"""The list of sources."""

from pathlib import Path

import pytest
from lxml import etree

from aggregator.config.opml import read_list
from aggregator.publish.renderers._opml import render_sources
from tests.builders import make_folder, make_source


def test_sources_stand_in_their_categories_without_credentials() -> None:
    sources = (
        make_source(id="a", url="https://me:secret@a.org/f?x=1", category="world", language="zh"),
        make_source(id="b", url="https://b.org/f", title=""),
        make_source(id="c", url="https://c.org/f", category="world", title="C\x00"),
        make_folder(Path("dumps")),
    )
    document = render_sources(sources, title="Sources")
    assert document == render_sources(sources, title="Sources")
    root = etree.fromstring(document)
    assert root.findtext("head/title") == "Sources"
    assert [
        (str(node.getparent().get("text")), dict(node.attrib))  # type: ignore[union-attr]
        for node in root.iter("outline")
        if node.get("type")
    ] == [
        (
            "world",
            {
                "type": "rss",
                "text": "Example",
                "title": "Example",
                "xmlUrl": "https://a.org/f?x=1",
                "category": "/world",
                "language": "zh",
            },
        ),
        (
            "world",
            {
                "type": "rss",
                "text": "C",
                "title": "C",
                "xmlUrl": "https://c.org/f",
                "category": "/world",
            },
        ),
        ("None", {"type": "rss", "text": "b", "title": "b", "xmlUrl": "https://b.org/f"}),
    ]


@pytest.mark.parametrize(
    "category", ["", "world", "中文 新闻", "A/B", "arts, letters", "/x/", "a & b"]
)
def test_a_category_comes_back_from_the_list(category: str) -> None:
    document = render_sources([make_source(category=category)], title="Sources")
    assert [one.category for one in read_list(document).feeds] == [category]
