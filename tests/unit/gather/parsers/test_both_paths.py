"""What people write in odd ways, read by the fast path and by feedparser: both say the same."""

from collections.abc import Callable

import pytest

from aggregator.core.model import Document, ParsedFeed, RawEntry
from aggregator.gather.parsers import _repair, feed

ATOM = "http://www.w3.org/2005/Atom"
MEDIA = "http://search.yahoo.com/mrss/"
URL = "https://feeds.example.net/dir/feed"
Path = Callable[[str], ParsedFeed]


def fast(text: str) -> ParsedFeed:
    """Read a document as the aggregator does."""
    return feed.parse(Document(name="feed", content=text.encode(), url=URL))


def loose(text: str) -> ParsedFeed:
    """Read a document as if no repair had made it well-formed."""
    return feed.loose(_repair.repair(text.encode()), URL)


@pytest.fixture(params=[fast, loose], ids=["fast", "loose"])
def path(request: pytest.FixtureRequest) -> Path:
    """Return one way to read a feed after the other."""
    found: Path = request.param
    return found


def atom(entry: str, head: str = "") -> str:
    """Return an Atom feed of one entry, with Atom's namespace under two prefixes too."""
    return (
        f'<feed xmlns="{ATOM}" xmlns:a="{ATOM}" xmlns:atom="{ATOM}" xmlns:media="{MEDIA}"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink"><title>T</title><id>t</id>{head}'
        f"<entry><id>1</id><title>One</title>{entry}</entry></feed>"
    )


def rss(item: str, head: str = "<link>https://feeds.example.net/</link>") -> str:
    """Return an RSS feed of one item."""
    return (
        f'<rss version="2.0" xmlns:atom="{ATOM}" xmlns:media="{MEDIA}" xmlns:m="{MEDIA}">'
        f"<channel><title>T</title>{head}<item><title>One</title>{item}</item></channel></rss>"
    )


def one(found: ParsedFeed) -> RawEntry:
    """Return the only entry."""
    (entry,) = found.entries
    return entry


LINKS = [
    atom('<link a:href="https://q.example/1" a:rel="alternate"/>'),
    atom('<link atom:href="https://q.example/1"/>'),
    atom('<a:link a:href="https://q.example/1" a:type="text/html"/>'),
    atom('<link HREF="https://q.example/1" REL="alternate"/>'),
    atom('<link Href="https://q.example/1"/>'),
    atom('<link rel="self" a:href="https://q.example/f"/><link href="https://q.example/1"/>'),
    atom('<link rel="enclosure">https://i.example/s.jpg</link><link href="https://q.example/1"/>'),
    atom('<link rel="hub">https://h.example/</link><link href="https://q.example/1"/>'),
    atom('<link rel="alternate">https://q.example/1</link>'),
    atom("<link>https://q.example/1</link>"),
    atom('<link href="https://q.example/1" a:href="https://other.example/"/>'),
    rss("<link>https://q.example/1</link>"),
    rss("<link><![CDATA[https://q.example/1]]></link>"),
    rss('<link rel="nofollow">https://q.example/1</link>'),
    rss('<atom:link rel="related">https://r.example/</atom:link><link>https://q.example/1</link>'),
    rss('<guid ISPERMALINK="true">https://q.example/1</guid>'),
    rss('<guid isPermalink="false">https://no.example/1</guid><link>https://q.example/1</link>'),
    rss("<link>https://q.example/1\n<pubDate>Tue, 08 Jul 2025 10:00:00 GMT</pubDate>"),
    rss("<pubDate>Tue, 08 Jul 2025 10:00:00 GMT<link>https://q.example/1"),
    rss("<guid>https://q.example/1<description>x</description>"),
]


@pytest.mark.parametrize("text", LINKS)
def test_the_link_of_an_entry(text: str, path: Path) -> None:
    assert one(path(text)).link == "https://q.example/1"


def test_a_link_behind_its_element_is_one() -> None:
    assert (
        one(fast(rss("<link/>https://q.example/1\n<guid>1</guid>"))).link == "https://q.example/1"
    )


ENCLOSURES = [
    atom('<link rel="enclosure" type="image/jpeg">https://i.example/s.jpg</link>'),
    atom('<link a:rel="enclosure" a:type="image/jpeg" a:href="https://i.example/s.jpg"/>'),
    atom('<link REL="enclosure" TYPE="image/jpeg" HREF="https://i.example/s.jpg"/>'),
    rss('<enclosure type="image/jpeg">https://i.example/s.jpg</enclosure>'),
    rss('<enclosure URL="https://i.example/s.jpg" TYPE="image/jpeg"/>'),
    rss('<atom:link rel="enclosure" type="image/jpeg">https://i.example/s.jpg</atom:link>'),
    rss('<media:content media:url="https://i.example/s.jpg" media:type="image/jpeg"/>'),
    rss('<media:content m:url="https://i.example/s.jpg" m:type="image/jpeg"/>'),
    rss('<media:content URL="https://i.example/s.jpg" Type="image/jpeg"/>'),
]


@pytest.mark.parametrize("text", ENCLOSURES)
def test_the_media_file_of_an_entry(text: str, path: Path) -> None:
    (file,) = one(path(text)).enclosures
    assert (file.url, file.type) == ("https://i.example/s.jpg", "image/jpeg")


HUBS = [
    atom("", '<link rel="hub">https://h.example/</link>'),
    atom("", '<link a:rel="hub" a:href="https://h.example/"/>'),
    atom("", '<link REL="hub" HREF="https://h.example/"/>'),
    rss("", '<atom:link rel="hub">https://h.example/</atom:link>'),
    rss("", '<atom:link atom:rel="hub" atom:href="https://h.example/"/>'),
]


@pytest.mark.parametrize("text", HUBS)
def test_the_hub_of_a_feed(text: str, path: Path) -> None:
    assert path(text).info.hub == "https://h.example/"


BODY = "&lt;p&gt;How many &lt;b&gt;fish&lt;/b&gt;?&lt;/p&gt;"
AS_HTML = [
    f'<content a:type="html">{BODY}</content>',
    f'<content TYPE="html">{BODY}</content>',
    f'<content type="text/html; charset=utf-8">{BODY}</content>',
    f'<content type="TEXT/HTML;charset=UTF-8">{BODY}</content>',
    f'<summary type="text/html; charset=utf-8">{BODY}</summary>',
    f"<content>{BODY}</content>",
    "<content><![CDATA[<p>How many <b>fish</b>?</p>]]></content>",
    f"<summary>{BODY}</summary>",
]


@pytest.mark.parametrize("body", AS_HTML)
def test_a_body_in_html(body: str, path: Path) -> None:
    entry = one(path(atom(body)))
    assert (entry.content or entry.summary) == "<p>How many <b>fish</b>?</p>"


AS_TEXT = [
    ("<content>Keep &lt;job_id&gt; intact</content>", "Keep &lt;job_id&gt; intact"),
    (f'<content type="text">{BODY}</content>', BODY),
    (f'<content type="text/plain">{BODY}</content>', BODY),
    (f'<content a:type="text">{BODY}</content>', BODY),
    ("<content>1 &lt; 2 and 3 &gt; 2</content>", "1 &lt; 2 and 3 &gt; 2"),
    (
        "<content>Close a &lt;p&gt; with &lt;/p&gt; .</content>",
        "Close a &lt;p&gt; with &lt;/p&gt; .",
    ),
]


@pytest.mark.parametrize(("body", "shown"), AS_TEXT)
def test_a_body_in_plain_words(body: str, shown: str, path: Path) -> None:
    assert one(path(atom(body))).content == shown


def test_foreign_attributes_are_not_ours(path: Path) -> None:
    entry = one(path(atom('<link xlink:href="https://no.example/" href="https://q.example/1"/>')))
    assert entry.link == "https://q.example/1"
    entry = one(path(atom('<link rel="alternate" xlink:href="https://no.example/"/>')))
    assert entry.link == ""


UNCLOSED = """<?xml version="1.0"?><rss version="2.0"><channel><title>S<link>https://s.example/
<item><title>One<link>https://s.example/one/
<pubDate>Tue, 08 Jul 2025 10:00:00 +0000<guid isPermaLink="false">1</guid><category>a<category>b
<description><![CDATA[First <link> of all]]></description></item>
<item><title><![CDATA[Two]]><link>https://s.example/two/<author>Ann
<pubDate>Wed, 09 Jul 2025 10:00:00 +0000</pubDate><description>Second</item></channel></rss>"""


def test_elements_that_nobody_closed_end_at_the_next(path: Path) -> None:
    found = path(UNCLOSED)
    assert (found.info.title, found.info.link) == ("S", "https://s.example/")
    told = [(e.title, e.link, e.published, e.categories) for e in found.entries]
    assert told == [
        ("One", "https://s.example/one/", "Tue, 08 Jul 2025 10:00:00 +0000", ("a", "b")),
        ("Two", "https://s.example/two/", "Wed, 09 Jul 2025 10:00:00 +0000", ()),
    ]
    assert [entry.content or entry.summary for entry in found.entries] == [
        "First <link> of all",
        "Second",
    ]


SITE = "<link>https://site.example/home/</link>"
RELATIVE = [
    ("<link>/2017/one</link>", SITE, "https://site.example/2017/one"),
    ("<link>one</link>", SITE, "https://site.example/home/one"),
    ("<guid>/2017/one</guid>", SITE, "https://site.example/2017/one"),
    (
        "<link>/one</link>",
        "<link>https://feeds.example.net/</link>",
        "https://feeds.example.net/one",
    ),
    (
        "<link>one</link>",
        "<link>https://feeds.example.net/</link>",
        "https://feeds.example.net/dir/one",
    ),
    ("<link>/one</link>", "<link>/</link>", "https://feeds.example.net/one"),
    ("<link>/one</link>", "", "https://feeds.example.net/one"),
    ("<link>www.site.example/x</link>", SITE, "https://www.site.example/x"),
    ("<link>//cdn.example/x</link>", SITE, "https://cdn.example/x"),
    ("<link>www.page.html</link>", SITE, "https://site.example/home/www.page.html"),
]


@pytest.mark.parametrize(("link", "head", "url"), RELATIVE)
def test_relative_addresses_belong_to_the_site(link: str, head: str, url: str, path: Path) -> None:
    assert one(path(rss(link, head))).link == url


def test_a_base_that_is_stated_is_kept(path: Path) -> None:
    text = atom('<link href="one"/>', '<link href="https://site.example/"/>').replace(
        "<entry>", '<entry xml:base="https://base.example/a/">'
    )
    assert one(path(text)).link == "https://base.example/a/one"
