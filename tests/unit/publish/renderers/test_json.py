"""The JSON document."""

import json
from typing import Any

import pytest

from aggregator.core import ids
from aggregator.core.model import Author, Enclosure, ShownStory
from aggregator.publish.renderers import json as renderer
from tests.builders import (
    NOW,
    at,
    make_edition,
    make_publisher,
    make_shown,
    make_stored,
    make_tombstone,
)


def render(*stories: ShownStory, **kw: object) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(renderer.render(make_edition(*stories, **kw)))
    return document


def test_the_feed_says_what_it_is() -> None:
    stone = make_tombstone("urn:x:a", "urn:x:b")
    feed = render(
        tombstones=(stone,),
        links=(("hub", "https://hub.example.org/"), ("next", "https://example.org/2")),
    )
    assert feed == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Merged news",
        "home_page_url": "http://127.0.0.1:8080/",
        "feed_url": "http://127.0.0.1:8080/feeds/merged.atom",
        "icon": "http://127.0.0.1:8080/icon.png",
        "favicon": "http://127.0.0.1:8080/favicon.ico",
        "hubs": [{"type": "WebSub", "url": "https://hub.example.org/"}],
        "_story": {
            "id": ids.feed_id("merged"),
            "deleted": [{"id": "urn:x:a", "when": NOW.isoformat(), "into": "urn:x:b"}],
        },
        "items": [],
    }


def test_an_item_has_everything_of_a_story() -> None:
    lead = make_stored(
        1,
        published=at(-2),
        summary="In short",
        rights="© Example",
        via="https://original.org/1",
        image="https://example.org/i.png",
        authors=(Author(name="Jane"),),
        categories=("world",),
        enclosures=(Enclosure(url="https://example.org/a.mp3", length=7, title="A"),),
        html="<p>文</p>",
    )
    other = make_stored(
        2, link="https://b.org/", published=at(-1), publisher=make_publisher("b.org", title="B")
    )
    shown = make_shown(lead, other)
    (item,) = render(shown)["items"]
    assert item.pop("content_html").startswith("<p><img src=")
    assert item.pop("date_modified") >= NOW.isoformat()
    story = item.pop("_story")
    assert item == {
        "id": shown.story.id,
        "url": "https://example.org/1",
        "external_url": "https://original.org/1",
        "title": "Headline 1",
        "summary": "In short",
        "image": "https://example.org/i.png",
        "date_published": at(-2).isoformat(),
        "authors": [{"name": "Jane"}, {"name": "Example.Org", "url": "https://example.org/"}],
        "tags": ["world"],
        "language": "en",
        "attachments": [
            {
                "url": "https://example.org/a.mp3",
                "mime_type": "audio/mpeg",
                "title": "A",
                "size_in_bytes": 7,
            }
        ],
    }
    assert story == {
        "publishers": 2,
        "entries": 2,
        "page": f"http://127.0.0.1:8080/stories/{shown.story.id.removeprefix('urn:uuid:')}",
        "rights": "© Example",
        "source": {
            "id": "https://example.org/",
            "title": "Example.Org",
            "url": "https://example.org/",
        },
        "related": [
            {
                "publisher": "B",
                "title": "Headline 2",
                "url": "https://b.org/",
                "date_published": at(-1).isoformat(),
            }
        ],
    }


def test_letters_stay_letters() -> None:
    assert "布林肯".encode() in renderer.render(
        make_edition(make_shown(make_stored(title="布林肯")))
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [("a\x01b", "ab"), ("a\ufffeb", "ab"), ("\ud800a", "a"), ("C:\\u0041", "C:\\u0041")],
    ids=["control", "non-character", "surrogate", "only looks like one"],
)
def test_what_readers_stumble_over_is_left_out(title: str, shown: str) -> None:
    stored = make_stored(title=title, html=f"<p>{title}</p>")
    (item,) = render(make_shown(stored))["items"]
    assert item["title"] == shown
    assert item["content_html"] == f"<p>{shown}</p>"


def test_an_item_is_a_line() -> None:
    stories = [make_shown(make_stored(n)) for n in (1, 2, 3)]
    lines = renderer.render(make_edition(*stories)).decode().splitlines()
    assert len([line for line in lines if line.startswith('{"id"')]) == 3
