"""Discovery of the feeds that a web page links to."""

import pytest

from aggregator.gather.cleaning.discover import feeds_in_page
from tests.waiting import cpu_time

BASE = "https://example.org/news/"
RSS = 'rel="alternate" type="application/rss+xml"'

PAGES = [
    (f'<link {RSS} href="/feed.xml">', ("https://example.org/feed.xml",)),
    (
        f'<base href="https://other.example.org/x/"><link {RSS} href="f">',
        ("https://other.example.org/x/f",),
    ),
    (f'<base href="/y/"><link {RSS} href="f">', ("https://example.org/y/f",)),
    (f'<link {RSS} title="Comments" href="c"><link {RSS} href="f">', (BASE + "f", BASE + "c")),
    (
        '<LINK REL="Alternate Home" TYPE="application/Atom+XML; charset=utf-8" HREF="a">',
        (BASE + "a",),
    ),
    ('<link rel="alternate" type="application/feed+json" href="j">', (BASE + "j",)),
    ('<link rel="feed" href="f">', (BASE + "f",)),
    (f'<link {RSS} href="f"><link {RSS} href="f">', (BASE + "f",)),
    ('<link rel="alternate" type="application/json" href="/wp-json/x">', ()),
    ('<link rel="alternate" type="text/xml" href="/rss">', ("https://example.org/rss",)),
    ('<link rel="alternate stylesheet" type="application/rss+xml" href="f">', ()),
    ('<link rel="alternate" type="text/html" hreflang="de" href="/de">', ()),
    (f"<link {RSS}>", ()),
    (f'<link {RSS} href="javascript:alert(1)"><link {RSS} href="file:///etc/passwd">', ()),
    (
        f'<link {RSS} href="feed://example.org/f"><link {RSS} href="feed:https://example.org/g">',
        ("https://example.org/f", "https://example.org/g"),
    ),
    (f'<link {RSS} href="//[bad">', ()),
    (
        '<a href="/index.xml">all</a> <a href="/feedback">no</a> <a href="#rss">no</a>',
        ("https://example.org/index.xml",),
    ),
    (
        '<a href="/blog/rss/">r</a><a href="https://x.example/?feed=rss2">s</a>',
        ("https://example.org/blog/rss/", "https://x.example/?feed=rss2"),
    ),
    (f'<a href="/rss">no</a><link {RSS} href="f">', (BASE + "f",)),
    ("<p>Nothing here</p>", ()),
    ("", ()),
]


@pytest.mark.parametrize(("html", "feeds"), PAGES)
def test_feeds_in_page(html: str, feeds: tuple[str, ...]) -> None:
    assert feeds_in_page(html, BASE) == feeds


def test_a_bounded_number() -> None:
    page = "".join(f'<link {RSS} href="{number}">' for number in range(500))
    assert len(feeds_in_page(page, BASE)) == 20


def test_without_a_base_only_absolute_addresses_count() -> None:
    page = f'<link {RSS} href="/a"><link {RSS} href="https://example.org/b">'
    assert feeds_in_page(page, "") == ("https://example.org/b",)


@pytest.mark.parametrize(
    "html",
    ["<div>" * 100_000, "<a href='" * 100_000, "<link rel=alternate " * 50_000, "<" * 900_000],
    ids=["deep", "quotes", "open", "signs"],
)
def test_hostile_pages_are_done_in_bounded_time(html: str) -> None:
    with cpu_time(20):
        feeds_in_page(html, BASE)


def test_xml_that_is_no_feed_raises_no_warning() -> None:
    assert (
        feeds_in_page('<?xml version="1.0"?><kml><Document/></kml>', "https://example.org/") == ()
    )
