"""Feeds of every kind, each with what should be read from it beside it."""

import contextlib
import dataclasses
import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Author, Document, FeedInfo, ParsedFeed
from aggregator.gather.parsers import _repair, feed, parse
from tests.builders import gzipped
from tests.waiting import cpu_time

FEEDS = Path(__file__).parents[4] / "fixtures" / "feeds"
CASES = sorted(path for path in FEEDS.iterdir() if not path.name.endswith(".expected.json"))
URL = "https://feeds.example.org/dir/feed"


def read(content: str | bytes, url: str = "") -> ParsedFeed:
    """Read a feed from its text."""
    raw = content.encode() if isinstance(content, str) else content
    return feed.parse(Document(name="feed", content=raw, url=url))


def rss(entries: str, head: str = "") -> str:
    """Return an RSS feed around some entries."""
    return f'<rss version="2.0"><channel><title>T</title>{head}{entries}</channel></rss>'


def said(value: Any) -> Any:
    """Return a value with all that it leaves open left out, as JSON writes it."""
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        plain = {name: said(found) for name, found in fields.items() if found}
        return {name: found for name, found in plain.items() if found}
    if isinstance(value, tuple):
        return [said(one) for one in value]
    return value.total_seconds() if isinstance(value, timedelta) else value


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_reads_as_expected(path: Path) -> None:
    document = Document(name=path.name, content=path.read_bytes(), url=URL)
    expected = json.loads(Path(f"{path}.expected.json").read_text(encoding="utf-8"))
    assert said(parse(document)) == expected


PAGES = [
    "<!doctype html><html><head><title>Log in</title></head><body></body></html>",
    "<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>",
    "\n<HTML><p>Hello",
    "<opml version='2.0'><body><outline text='x'/></body></opml>",
    "<kml xmlns='http://www.opengis.net/kml/2.2'><Document/></kml>",
    "<kml><Document></kml>",
    "just < words",
]


@pytest.mark.parametrize("text", PAGES)
def test_other_documents_are_no_feeds(text: str) -> None:
    with pytest.raises(NotAFeed):
        read(text)


@pytest.mark.parametrize(
    "content", ["", " \n ", "<?xml version='1.0'?>", "<!DOCTYPE rss", "<!-- x"]
)
def test_an_empty_document_is_an_error(content: str) -> None:
    with pytest.raises(ParseError):
        read(content)


def test_a_feed_without_entries_is_a_feed() -> None:
    assert read("<feed xmlns='http://www.w3.org/2005/Atom'/>").entries == ()
    assert read(rss("")).info.title == "T"
    assert read("<rss version=2.0><channel></rss>").entries == ()


def test_entries_stand_in_document_order_wherever_they_are() -> None:
    found = read(
        "<rss><item><title>1</title></item><channel><items><item><title>2</title></item></items>"
        "<item><title>3</title></item></channel><item><title>4</title></item></rss>"
    )
    assert [entry.title for entry in found.entries] == ["1", "2", "3", "4"]
    assert [entry.where for entry in found.entries] == [f"entry {n}" for n in (1, 2, 3, 4)]


def test_an_entry_alone_is_a_feed_of_one() -> None:
    found = read("<entry xmlns='http://www.w3.org/2005/Atom'><title>Alone</title></entry>")
    assert [entry.title for entry in found.entries] == ["Alone"]


def test_reads_a_compressed_document() -> None:
    packed = gzipped(rss("<item><title>Packed</title></item>").encode())
    assert parse(Document(name="x", content=packed)).entries[0].title == "Packed"


@pytest.mark.parametrize(
    "content",
    [
        gzipped(b"a" * (feed.MAX_INFLATED_BYTES + 10)),
        b"\x1f\x8b\x08\xff\xff\xff broken, by all that is known" * 9,
    ],
    ids=["too large", "broken"],
)
def test_a_bad_compressed_document_is_an_error(content: bytes) -> None:
    with pytest.raises(ParseError):
        read(content)


LINKS = [
    (
        "<link>https://example.org/a</link><link>https://example.org/b</link>",
        "https://example.org/a",
    ),
    ("<link>\n https://example.org/a\n b </link>", "https://example.org/ab"),
    ("<link href='/a'/>", "https://feeds.example.org/a"),
    ("<link>//example.org/a</link>", "https://example.org/a"),
    ("<link>http://[bad</link>", "http://[bad"),
    ("<link>[bad</link>", "https://feeds.example.org/dir/[bad"),
    ("<link>//[bad</link>", "//[bad"),
    (f"<link>https://example.org/{'a' * 9000}</link>", ""),
    ("<link/><guid>https://example.org/g</guid>", "https://example.org/g"),
    ("<link/><guid isPermaLink='false'>https://example.org/g</guid>", ""),
    ("<guid>g</guid>", ""),
    (
        (
            "<x:origLink xmlns:x='http://rssnamespace.org/feedburner/ext/1.0'>no link</x:origLink>"
            "<link>https://example.org/a</link>"
        ),
        "https://example.org/a",
    ),
    (
        (
            "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='self' href='https://example.org/s'/>"
            "<a:link xmlns:a='http://www.w3.org/2005/Atom' href='https://example.org/a'/>"
        ),
        "https://example.org/a",
    ),
]


@pytest.mark.parametrize(("inside", "link"), LINKS)
def test_the_link_of_an_entry(inside: str, link: str) -> None:
    assert read(rss(f"<item>{inside}</item>"), URL).entries[0].link == link


TITLES = [
    ("plain", "plain", False),
    ("a &lt; b", "a < b", False),
    ("the &lt;canvas&gt; element", "the <canvas> element", False),
    ("&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>", True),
    ("one&lt;br /&gt;two", "one<br />two", True),
    ("AT&amp;amp;T", "AT&amp;T", True),
    ("R&amp;D; more", "R&D; more", False),
    ("&amp;#8220;x", "&#8220;x", True),
    ("two\n  lines\t here", "two lines here", False),
    ("<b>naked</b> &amp; <i>x</i>", "<b>naked</b> &amp; <i>x</i>", True),
    ("x" * 5000, "x" * 1000, False),
]


@pytest.mark.parametrize(("written", "title", "is_html"), TITLES)
def test_the_title_of_an_entry(written: str, title: str, is_html: bool) -> None:
    entry = read(rss(f"<item><title>{written}</title></item>")).entries[0]
    assert (entry.title, entry.title_is_html) == (title, is_html)


BODIES = [
    ("<content type='text'>a &lt; b</content>", "a &lt; b"),
    ("<content type='text/plain'>a\nb</content>", "a<br>\nb"),
    ("<content type='html'>&lt;p&gt;a</content>", "<p>a"),
    ("<content type='xhtml'>a &amp; b</content>", "a &amp; b"),
    ("<content type='application/xml'><x xmlns='urn:x'>a</x></content>", "<x>a</x>"),
    ("<content type='image/png'>iVBORw0KGgo=</content>", "iVBORw0KGgo="),
    ("<content mode='base64'>bm90IDxiPm1hcmt1cDwvYj4=</content>", "not <b>markup</b>"),
    ("<content type='html'/><content type='html'>second</content>", "second"),
    (
        "<content type='xhtml'>x<div xmlns='http://www.w3.org/1999/xhtml'>a</div></content>",
        "x<div>a</div>",
    ),
]


@pytest.mark.parametrize(("written", "content"), BODIES)
def test_the_text_of_an_atom_entry(written: str, content: str) -> None:
    found = read(f"<feed xmlns='http://www.w3.org/2005/Atom'><entry>{written}</entry></feed>")
    assert found.entries[0].content == content


EXTENDED = (
    '<rss xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><item>{}</item></channel></rss>'
)
FIELDS = [
    ("<dc:source>https://wire.example.com/1</dc:source>", "via", "https://wire.example.com/1"),
    ("<dc:source>The Wire</dc:source>", "via", ""),
    ("<source/>", "source", None),
    ("<source url='/wire'/>", "source", FeedInfo(self_url="https://feeds.example.org/wire")),
    ("<image><url>/i.png</url></image>", "image", "https://feeds.example.org/i.png"),
    ("<image/><media:thumbnail url='/t.png'/>", "image", "https://feeds.example.org/t.png"),
    (
        "<media:content url='/v.mp4'><media:thumbnail/><media:thumbnail url='/t.png'/></media:content>",
        "image",
        "https://feeds.example.org/t.png",
    ),
    ("<media:group><media:title>T</media:title></media:group>", "title", "T"),
    ("<media:group><media:description>D</media:description></media:group>", "summary", "D"),
    ("<itunes:title>T</itunes:title>", "title", "T"),
    ("<title/><dc:title>T</dc:title>", "title", "T"),
    ("<guid>a<!-- c -->b</guid>", "guid", "ab"),
    ("<guid>a<b>c</b></guid>", "guid", "ac"),
    (
        "<author>&lt;ada@example.org&gt;</author>",
        "authors",
        (Author(name="", email="ada@example.org"),),
    ),
    ("<dc:identifier>urn:x</dc:identifier>", "guid", "urn:x"),
    ("<dc:rights>&lt;b&gt;©&lt;/b&gt; me</dc:rights>", "rights", "© me"),
    ("<category/><category domain='x'/>", "categories", ()),
    ("<itunes:category text='Arts'/>", "categories", ("Arts",)),
]


@pytest.mark.parametrize(("inside", "field", "value"), FIELDS)
def test_a_field_of_an_entry(inside: str, field: str, value: Any) -> None:
    assert getattr(read(EXTENDED.format(inside), URL).entries[0], field) == value


LOOSE = [  # as above, but for feedparser
    ("<dc:source>https://wire.example.com/1</dc:source>", "via", "https://wire.example.com/1"),
    ("<image><url>/i.png</url></image>", "image", ""),
    ("<media:thumbnail url='/t.png'/>", "image", "https://feeds.example.org/t.png"),
    ("<media:content url='/v.png' medium='image'/>", "image", "https://feeds.example.org/v.png"),
    ("<media:title>T</media:title>", "title", "T"),
    ("<media:description>a & b</media:description>", "summary", "a &amp; b"),
    (
        "<source url='/wire'>Wire</source>",
        "source",
        FeedInfo(title="Wire", self_url="https://feeds.example.org/wire"),
    ),
    ("<dc:rights>© me</dc:rights>", "rights", "© me"),
    ("<dc:language>fr</dc:language>", "language", "fr"),
    ("<dc:date>2026</dc:date>", "published", "2026"),
    ("<guid>/a</guid>", "link", "https://feeds.example.org/a"),
    (
        "<feedburner:origLink>https://example.org/o</feedburner:origLink>",
        "link",
        "https://example.org/o",
    ),
]


@pytest.mark.parametrize(("inside", "field", "value"), LOOSE)
def test_a_field_of_an_entry_in_a_loose_feed(inside: str, field: str, value: Any) -> None:
    content = EXTENDED.format(inside).replace("<item>", "<item><b odd=1>").encode()
    assert getattr(feed.loose(_repair.repair(content), URL).entries[0], field) == value


def test_the_same_text_twice_stands_once() -> None:
    entry = read(
        '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/"><item>'
        "<description>same</description><content:encoded>same</content:encoded></item></rss>"
    ).entries[0]
    assert (entry.content, entry.summary) == ("same", "")


TIMES = [
    ("<pubDate>a</pubDate>", "a", ""),
    ("<dc:date>b</dc:date>", "b", ""),
    ("<pubDate>a</pubDate><dc:date>b</dc:date>", "a", "b"),
    ("<pubDate/><dc:date>b</dc:date>", "b", ""),
    ("<dcterms:issued>c</dcterms:issued><dcterms:modified>d</dcterms:modified>", "c", "d"),
    ("<created>e</created>", "e", ""),
    ("<dcterms:modified>d</dcterms:modified>", "d", "d"),
]


@pytest.mark.parametrize(("written", "published", "updated"), TIMES)
def test_the_times_of_an_entry(written: str, published: str, updated: str) -> None:
    found = read(
        "<rss xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:dcterms='http://purl.org/dc/terms/'>"
        f"<item>{written}</item></rss>"
    )
    assert (found.entries[0].published, found.entries[0].updated) == (published, updated)


def test_many_of_everything_is_cut() -> None:
    categories = "".join(f"<category>c{n}</category>" for n in range(5_000))
    media = "".join(f"<enclosure url='https://example.org/{n}'/>" for n in range(1_000))
    people = "".join(f"<author>a{n}</author>" for n in range(2_000))
    entry = read(rss(f"<item>{categories}{media}{people}</item>")).entries[0]
    assert (len(entry.categories), len(entry.enclosures), len(entry.authors)) == (100, 100, 100)


def test_a_huge_text_is_cut() -> None:
    entry = read(rss(f"<item><description>{'word ' * 2_500_000}</description></item>")).entries[0]
    assert len(entry.summary) == 1_000_000


def test_deep_nesting_is_an_error() -> None:
    with pytest.raises(ParseError, match="deep"):
        read(rss(f"<item><title>x</title>{'<a>' * 100_000}{'</a>' * 100_000}</item>"))


HOSTILE = {
    "attributes": "<item><title>x</title><a "
    + " ".join(f"a{n}='1'" for n in range(100_000))
    + "/></item>",
    "attributes, loose": "<item><title>x</title><b><a "
    + " ".join(f"a{n}=1" for n in range(100_000))
    + "></item>",
    "namespaces": "<item><title>x</title>"
    + "".join(f"<n{n}:x xmlns:n{n}='urn:{n}'/>" for n in range(5_000))
    + "</item>",
    "ends in a section": "<item><title>x</title><b><![CDATA[" + "</rss>" * 150_000 + "</item>",
    "prefixes": "<item><title>x</title>" + "".join(f"<n{n}:x/>" for n in range(20_000)) + "</item>",
    "ampersands": "<item><title>x</title><description>" + "&" * 500_000 + "</description></item>",
    "less": "<item><title>x</title><description>" + "< " * 300_000 + "</description></item>",
    "sections": "<item><title>x</title><description>"
    + "<![CDATA[" * 50_000
    + "</description></item>",
    "comments": "<item><title>x</title><description>" + "<!--" * 100_000 + "</description></item>",
    "instructions": "<item><title>x</title><description>"
    + "<?x " * 100_000
    + "</description></item>",
    "open tags": "<item><title>x</title>" + "<b>" * 20_000 + "</item>",
    "ends": "<item><title>x</title><b>" + "</rss>" * 100_000 + "</item>",
    "references": "<item><title>x</title><b>" + "&#0;&#226;&#128;" * 100_000 + "</item>",
    "quotes": "<item><title>x</title><a b='" + '<a b="' * 20_000 + "</item>",
}


@pytest.mark.parametrize("entry", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_are_done_in_bounded_time(entry: str) -> None:
    found = None
    with cpu_time(30), contextlib.suppress(ParseError):
        found = read(rss(f"{entry}<item><title>last</title></item>"))
    assert found is None or found.entries


def test_entries_far_down_in_a_loose_feed_are_reported() -> None:
    many = "".join(f"<item><title>{n}<b></title></item>" for n in range(feed.MAX_LOOSE_ENTRIES + 5))
    found = read(rss(many))
    assert len(found.entries) == feed.MAX_LOOSE_ENTRIES
    assert found.skipped[0].reason.startswith("5 more")


def test_no_entity_reads_a_file_or_the_network() -> None:
    text = (
        '<?xml version="1.0"?><!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd" [<!ENTITY f SYSTEM '
        '"file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]>'
    )
    entry = read(text + rss("<item><title>&f;</title></item>")).entries[0]
    assert entry.title == "&f;"


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_raise_nothing_else(content: bytes) -> None:
    for document in (content, b"<rss><channel><item>" + content):
        with suppress(ParseError):
            parse(Document(name="x", content=document, url=URL))


WHOLE = (FEEDS / "rss20-full.xml").read_bytes()


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=6))
def test_a_damaged_feed_raises_nothing_else(start: int, end: int, patch: bytes) -> None:
    with suppress(ParseError):
        parse(Document(name="x", content=WHOLE[:start] + patch + WHOLE[end:], url=URL))
