"""Feeds that are opened in a browser."""

from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.core.model import ShownStory
from aggregator.publish import files
from aggregator.publish.renderers import atom, rss
from aggregator.web._browser_feed import for_browsers
from tests.builders import make_edition, make_shown, make_spec, make_stored
from tests.unit.web.fakes import make_site, visit

XHTML = {"h": "http://www.w3.org/1999/xhtml"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def shown(*stories: ShownStory, renderer: Any = atom) -> Any:
    return etree.fromstring(for_browsers(renderer.render(make_edition(*stories)), "/feed.css"))


@pytest.mark.parametrize("renderer", [atom, rss])
def test_titles_are_links_and_dates_readable(renderer: Any) -> None:
    tree = shown(make_shown(make_stored(1)), make_shown(make_stored(2, link="")), renderer=renderer)
    links = tree.xpath("//h:a", namespaces=XHTML)
    assert ("https://example.org/1", "Headline 1") in [(one.get("href"), one.text) for one in links]
    assert "Headline 2" not in [one.text for one in links if "/2" in one.get("href")]
    assert "2026-03-01 10:30 UTC" in tree.xpath("//h:time/text()", namespaces=XHTML)


@pytest.mark.parametrize("renderer", [atom, rss])
def test_it_stays_the_same_feed_for_readers(renderer: Any) -> None:
    content = renderer.render(make_edition(make_shown(make_stored(1)), make_shown(make_stored(2))))
    plain, styled = (feedparser.parse(one) for one in (content, for_browsers(content, "/feed.css")))
    assert not styled.bozo
    assert styled.version == plain.version
    for before, after in zip(plain.entries, styled.entries, strict=True):
        for key in ("id", "title", "link", "published"):
            assert after[key] == before[key]


def test_rss_gets_the_style_sheet() -> None:
    content = rss.render(make_edition(make_shown()))
    assert b'<?xml-stylesheet type="text/css" href="/news/feed.css"?>' in for_browsers(
        content, "/news/feed.css"
    )


def test_hostile_titles_and_links_are_text() -> None:
    entry = make_stored(1, title=HOSTILE, link="javascript:alert(1)")
    tree = shown(make_shown(entry))
    assert not tree.xpath("//h:script | //h:img | //@onerror", namespaces=XHTML)
    hrefs = tree.xpath("//h:a/@href", namespaces=XHTML)
    assert all(one.startswith("http") for one in hrefs)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b"<feed>",
        b"<feed/>",
        b"<html><body/></html>",
        b"<rss/>",
        b'<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]><other>&a;</other>',
        b"{}",
    ],
)
def test_other_documents_are_left_alone(content: bytes) -> None:
    assert for_browsers(content, "/feed.css") == content


@given(st.binary(max_size=200))
def test_any_bytes_pass(content: bytes) -> None:
    assert isinstance(for_browsers(content, "/feed.css"), bytes)


@pytest.mark.parametrize(("name", "renderer"), [("atom", atom), ("rss", rss)])
def test_browsers_and_readers_get_their_own_form(tmp_path: Path, name: str, renderer: Any) -> None:
    site = make_site(tmp_path, feeds=(make_spec(formats=(name,)),))
    files.write(tmp_path / f"merged.{name}", renderer.render(make_edition(make_shown())))
    client, url = visit(site), f"/feeds/merged.{name}"
    reader, browser = client.get(url), client.get(url, BROWSER)
    assert b"xhtml" not in reader.content
    assert b"http://www.w3.org/1999/xhtml" in browser.content
    assert browser.headers["content-type"] == "application/xml; charset=utf-8"
    assert browser.headers["etag"] != reader.headers["etag"]
    assert "Accept" in reader.headers["vary"].split(", ")
    assert "Accept" in browser.headers["vary"].split(", ")
    again = client.get(url, {**BROWSER, "If-None-Match": browser.headers["etag"]})
    assert again.status_code == 304
