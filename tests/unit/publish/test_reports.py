"""Which entries of a story are reports of their own."""

import json

import pytest
from lxml import etree

from aggregator.core.model import ShownStory, StoredEntry
from aggregator.core.ports import Renderer
from aggregator.publish.renderers import atom, rss
from aggregator.publish.renderers import json as json_feed
from aggregator.publish.reports import reports
from tests.builders import make_edition, make_publisher, make_shown, make_stored

PAGE = "https://www.example.org/news/1"


def entry(n: int, link: str, publisher: str = "example.org") -> StoredEntry:
    """Make entry n, of a source of its own."""
    return make_stored(n, source_id=f"s{n}", link=link, publisher=make_publisher(publisher))


def numbers(shown: ShownStory) -> list[str]:
    """Return the sources whose entries are reports."""
    return [one.source_id for one in reports(shown)]


@pytest.mark.parametrize(
    ("second", "wanted"),
    [
        pytest.param(entry(2, PAGE), ["s1"], id="the same page"),
        pytest.param(entry(2, "http://m.example.org/news/1/"), ["s1"], id="another form of it"),
        pytest.param(entry(2, PAGE, "b.example"), ["s1", "s2"], id="of another publisher"),
        pytest.param(entry(2, "https://www.example.org/news/2"), ["s1", "s2"], id="another page"),
        pytest.param(entry(2, ""), ["s1", "s2"], id="no page"),
    ],
)
def test_a_page_of_a_publisher_is_one_report(second: StoredEntry, wanted: list[str]) -> None:
    assert numbers(make_shown(entry(1, PAGE), second)) == wanted


def test_entries_without_links_are_reports_each() -> None:
    assert numbers(make_shown(entry(1, ""), entry(2, ""), entry(3, ""))) == ["s1", "s2", "s3"]


def test_copies_among_the_others_are_one_report_too() -> None:
    shown = make_shown(entry(1, PAGE), *(entry(n, "https://b.org/1", "b.org") for n in (2, 3)))
    assert numbers(shown) == ["s1", "s2"]


def leads_to(renderer: Renderer, shown: ShownStory) -> tuple[str, int, list[str]]:
    """Return the link of the only entry, how many reports it counts and all other links."""
    document = renderer.render(make_edition(shown))
    if renderer.EXTENSION == "json":
        (item,) = json.loads(document)["items"]
        extra = item["_story"]
        related = [one.get("url", "") for one in extra.get("related", ())]
        return item["url"], extra["entries"], [*filter(None, related), item["content_html"]]
    root = etree.fromstring(document)
    (item,) = root.iter("item", "{http://www.w3.org/2005/Atom}entry")
    own = [item.findtext("link", ""), *hrefs(item, "alternate")]
    body = item.findtext("{*}content", "") + item.findtext("{*}encoded", "")
    count = int(item.findtext("{*}entries", "0"))
    return "".join(own), count, [*hrefs(item, "related"), body]


def hrefs(item: etree._Element, rel: str) -> list[str]:
    """Return the addresses of an entry's links of a kind."""
    return [one.get("href", "") for one in item.iterfind(f"{{*}}link[@rel='{rel}']")]


@pytest.mark.parametrize("renderer", [atom, rss, json_feed], ids=["atom", "rss", "json"])
@pytest.mark.parametrize(
    ("others", "count"),
    [
        pytest.param([entry(2, PAGE)], 1, id="a section feed of the same paper"),
        pytest.param([entry(2, "http://example.org/news/1")], 1, id="the page in another form"),
        pytest.param([entry(2, PAGE, "hub.example")], 2, id="a hub that links to the page"),
        pytest.param([entry(2, PAGE), entry(3, "https://b.org/3", "b.org")], 2, id="and another paper"),
    ],
)  # fmt: skip
def test_no_entry_links_to_itself(
    renderer: Renderer, others: list[StoredEntry], count: int
) -> None:
    own, reported, related = leads_to(renderer, make_shown(entry(1, PAGE), *others))
    assert own == PAGE
    assert reported == count
    assert not [one for one in related if "example.org/news/1" in one]
