"""Cleaning of a parsed entry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import Author, Document, Enclosure, FeedInfo, Publisher, RawEntry, Source
from aggregator.core.settings import CleanOptions
from aggregator.gather import parsers
from aggregator.gather.cleaning import clean
from aggregator.gather.cleaning.text_blocks import block_hash
from aggregator.gather.identity import names

INFO = FeedInfo(
    id="urn:feed", title="Example &amp; Co", link="https://news.example.org/", language="en-GB"
)
SOURCE = Source(id="example", url="https://feeds.example.org/rss")
DUMPS = Source(id="dumps", kind="dump")
TEXT = "<p>A first paragraph with enough words in it to count.</p><p>And a second one, about as long.</p>"
RAW = RawEntry(
    where="entry 1",
    guid="g1",
    link="/a/1?utm_source=rss#x",
    title="A <b>bold</b> title &amp; more",
    title_is_html=True,
    content=TEXT,
)
NOON = datetime(2024, 4, 20, 12, 0, tzinfo=UTC)


def test_ordinary_entry() -> None:
    entry = clean(RAW, INFO, SOURCE)
    assert entry.link == "https://news.example.org/a/1#x"
    assert entry.canonical == "https://news.example.org/a/1"
    assert entry.title == "A bold title & more"
    assert entry.html == TEXT
    assert entry.text.split("\n")[1] == "And a second one, about as long."
    assert entry.summary.startswith("A first paragraph")
    assert entry.language == "en-GB"
    assert entry.publisher == Publisher(
        id="example", title="Example & Co", url="https://news.example.org/", feed_id="urn:feed"
    )
    assert (entry.guid, entry.claimed, entry.published) == ("g1", "", None)
    assert len(entry.blocks) == 2


@pytest.mark.parametrize(
    ("title", "is_html", "wanted"),
    [
        ("A &amp; B", True, "A & B"),
        ("A &amp; B", False, "A &amp; B"),
        ("1 < 2 and 3 > 2", False, "1 < 2 and 3 > 2"),
        ("&lt;b&gt;x&lt;/b&gt;", True, "<b>x</b>"),
        ("<script>x</script>Title", True, "Title"),
        ("A\u202eB\u200b  C\n", False, "AB C"),
        ("", False, "A first paragraph with enough words in it to count."),
        ("&nbsp;", True, "A first paragraph with enough words in it to count."),
        ("<img src=x onerror=y>", True, "<img src=x onerror=y>"),
        ("x" * 9_000, False, "x" * 499 + "…"),
    ],
)
def test_titles(title: str, is_html: bool, wanted: str) -> None:
    assert clean(replace(RAW, title=title, title_is_html=is_html), INFO, SOURCE).title == wanted


def test_title_of_nothing_is_the_link_or_guid() -> None:
    bare = replace(RAW, title="", content="", link="https://a.example/1")
    assert clean(bare, FeedInfo(), SOURCE).title == "https://a.example/1"
    assert clean(replace(bare, link=""), FeedInfo(), SOURCE).title == "g1"
    assert clean(replace(bare, link="", guid=""), FeedInfo(), SOURCE).title == "?"


@pytest.mark.parametrize(
    ("own", "source", "link", "wanted"),
    [
        (FeedInfo(title="Own", link="https://www.own.example.co.uk/x"), SOURCE, "", ("own.example.co.uk"[4:], "Own")),
        (FeedInfo(self_url="https://own.example/feed"), SOURCE, "", ("own.example", "own.example")),
        (FeedInfo(title="Own"), SOURCE, "", ("own", "Own")),
        (FeedInfo(), SOURCE, "", ("example", "Example & Co")),
        (None, replace(SOURCE, title="Mine", formerly=("old",)), "", ("old", "Mine")),
        (None, DUMPS, "https://www.news.example.com/1", ("example.com", "example.com")),
        (None, DUMPS, "", ("dumps", "Example & Co")),
    ],
)  # fmt: skip
def test_publishers(
    own: FeedInfo | None, source: Source, link: str, wanted: tuple[str, str]
) -> None:
    info = replace(INFO, link="") if not link and source is DUMPS else INFO
    publisher = clean(replace(RAW, source=own, link=link), info, source).publisher
    assert (publisher.id, publisher.title) == wanted


def test_source_without_any_name_is_called_by_its_host_or_id() -> None:
    assert clean(RAW, FeedInfo(), SOURCE).publisher.title == "feeds.example.org"
    assert clean(RAW, FeedInfo(), Source(id="x")).publisher.title == "x"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "", "mailto:a@b.example", "http://[::1"])
def test_links_that_are_none(link: str) -> None:
    entry = clean(replace(RAW, link=link), FeedInfo(), Source(id="x"))
    assert (entry.link, entry.canonical) == ("", "")


def test_link_behind_a_gate() -> None:
    link = "https://www.google.com/url?sa=t&url=https%3A%2F%2Fa.example%2F1"
    assert clean(replace(RAW, link=link), INFO, SOURCE).link == "https://a.example/1"


@pytest.mark.parametrize(
    ("preamble", "gathered", "claimed", "published"),
    [
        ("2024-04-20T10:00:00Z", NOON, "2024-04-20T10:00:00Z", NOON - timedelta(hours=2)),
        (
            "2024-04-20 18:00",
            NOON,
            "2024-04-20 18:00",
            NOON,
        ),  # no zone: cannot be after it was read
        ("20/04/2024 - 11:00", NOON, "20/04/2024 - 11:00", NOON - timedelta(hours=1)),
        ("2024-04-20", NOON, "2024-04-20", NOON),
        ("2024-04-01", NOON, "2024-04-01", datetime(2024, 4, 1, tzinfo=UTC)),
        ("2031-04-20", NOON, "", None),
        ("1970-01-01", NOON, "", None),
        ("2024-04-20T10:00:00Z", None, "2024-04-20T10:00:00Z", NOON - timedelta(hours=2)),
    ],
)
def test_dates_of_preambles(
    preamble: str, gathered: datetime | None, claimed: str, published: datetime | None
) -> None:
    raw = replace(RAW, content=f"<div>{preamble}</div>{TEXT}", gathered=gathered)
    entry = clean(raw, INFO, DUMPS)
    assert (entry.claimed, entry.published, entry.gathered) == (claimed, published, gathered)
    assert entry.html == TEXT


@pytest.mark.parametrize(
    ("written", "hours"),
    [("2024-04-20 19:10", -0.8333), ("2024-04-20 14:30", 0), ("2024-04-20 11:00", -1)],
)
def test_time_of_the_place_where_the_language_is_at_home(written: str, hours: float) -> None:
    raw = replace(RAW, content=f"<div>{written}</div>{TEXT}", gathered=NOON, language="zh-CN")
    published = clean(raw, INFO, DUMPS).published
    assert published is not None
    assert abs(published - NOON - timedelta(hours=hours)) < timedelta(minutes=1)


def test_own_date_wins_over_the_preamble() -> None:
    raw = replace(
        RAW,
        content=f"<div>2024-04-01</div>{TEXT}",
        published=" 2024-04-20T12:00:00Z",
        updated="2024-04-21T12:00:00Z",
    )
    entry = clean(raw, INFO, SOURCE)
    assert (entry.claimed, entry.published) == ("2024-04-20T12:00:00Z", NOON)
    assert entry.modified == NOON + timedelta(days=1)


def test_authors_of_entry_and_preamble() -> None:
    authors = (
        Author(name="Jane Doe, Jane Doe", email="j@example.org", url="javascript:x"),
        Author(name="Doe, Jack"),
        Author(name="null"),
        Author(name="x" * 300),
    )
    raw = replace(RAW, authors=authors, content=f"<p>By John Roe</p>{TEXT}")
    entry = clean(raw, INFO, SOURCE)
    assert entry.authors == (
        Author(name="Jane Doe", email="j@example.org"),
        Author(name="Doe, Jack"),
        Author(name="John Roe"),
    )


def test_enclosures_images_categories() -> None:
    raw = replace(
        RAW,
        enclosures=(
            Enclosure(url="/a.mp3", type="audio/mpeg", length=-1, title="A\u202e"),
            Enclosure(url="/a.mp3"),
            Enclosure(url="https://wsrv.nl/?url=a.example/b.png", type="image/png", length=7),
            Enclosure(url="file:///etc/passwd"),
        ),
        categories=("A &amp; B", " ", "A & B", *(str(n) for n in range(99))),
        image="https://wsrv.nl/?url=a.example/lead.png",
        rights="&copy; Example",
        via="https://a.example/via",
    )
    entry = clean(raw, INFO, SOURCE)
    assert [one.url for one in entry.enclosures] == [
        "https://news.example.org/a.mp3",
        "https://a.example/b.png",
    ]
    assert entry.enclosures[0].length == 0
    assert entry.enclosures[0].title == "A"
    assert entry.categories[:2] == ("A & B", "0")
    assert len(entry.categories) == 30
    assert entry.image == "https://a.example/lead.png"
    assert (entry.rights, entry.via) == ("© Example", "https://a.example/via")


def test_first_image_leads_where_none_is_named() -> None:
    raw = replace(RAW, image="x:y", content='<img src="/b.png"><img src="/c.png">' + TEXT)
    assert clean(raw, INFO, SOURCE).image == "https://news.example.org/b.png"


def test_summary_of_its_own() -> None:
    raw = replace(RAW, summary="<p>Short &amp; plain.</p>")
    assert clean(raw, INFO, SOURCE).summary == "Short & plain."
    assert clean(replace(raw, summary="<img src=x>"), INFO, SOURCE).summary[:7] == "A first"
    long = clean(replace(RAW, content="<p>" + "长" * 900 + "</p>"), INFO, SOURCE).summary
    assert len(long) == 300


def test_cites_other_hosts() -> None:
    links = "".join(f'<a href="https://b{n}.example/p?utm_id=1">{n}</a>' for n in range(30))
    own = '<a href="/x">x</a><a href="https://www.example.org/y">y</a><a href="https://c.example/">c</a>'
    cites = clean(replace(RAW, content=own + links), INFO, SOURCE).cites
    assert len(cites) == 20
    assert cites[0] == "https://b0.example/p"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("美国国务卿布林肯访问中国，会见外长", "zh-Hans"),
        ("美國國務卿訪問中國，會見外長", "zh-Hant"),
        ("Plain English words", ""),
        ("日本語のニュースです", "ja"),
    ],
)
def test_languages_by_script(text: str, language: str) -> None:
    raw = replace(RAW, title=text, content=f"<p>{text}</p>")
    assert clean(raw, FeedInfo(), SOURCE).language == language


def test_language_as_stated() -> None:
    assert clean(replace(RAW, language="zh_CN"), INFO, SOURCE).language == "zh-CN"
    assert clean(RAW, FeedInfo(), replace(SOURCE, language="de")).language == "de"


def test_digests() -> None:
    first = clean(RAW, INFO, SOURCE)
    again = clean(replace(RAW, guid="g2", where="elsewhere"), INFO, SOURCE)
    assert (again.fingerprint, again.digest, again.sent) == (
        first.fingerprint,
        first.digest,
        first.sent,
    )
    longer = clean(replace(RAW, content=TEXT + "<p>7 comments today</p>"), INFO, SOURCE)
    assert longer.fingerprint != first.fingerprint
    for change in ({"link": "/b"}, {"categories": ("x",)}, {"image": "https://i.example/x.png"}):
        other = clean(replace(RAW, **change), INFO, SOURCE)
        assert other.fingerprint == first.fingerprint
        assert other.digest != first.digest


def test_entries_without_text_are_told_by_their_images() -> None:
    one, other = (
        clean(
            replace(RAW, title="Strip", content=f"<img src=https://i.example/{n}.png>"),
            INFO,
            SOURCE,
        )
        for n in "12"
    )
    assert one.fingerprint != other.fingerprint


def test_learned_boilerplate_stays_out_of_the_text() -> None:
    first = clean(RAW, INFO, SOURCE)
    learned = {"example": frozenset({first.blocks[1]})}
    entry = clean(RAW, INFO, SOURCE, boilerplate=learned)
    assert entry.text == "A first paragraph with enough words in it to count."
    assert entry.html == TEXT
    strict = replace(SOURCE, clean=CleanOptions(boilerplate="strip"))
    stripped = clean(RAW, INFO, strict, boilerplate=learned)
    assert stripped.html == TEXT[: TEXT.index("</p>") + 4]
    assert stripped.blocks == first.blocks


def test_notices_stay_out_of_the_text() -> None:
    raw = replace(RAW, content=TEXT + "<p>© 2024 Example. All rights reserved.</p>")
    entry = clean(raw, INFO, SOURCE)
    assert "©" in entry.html
    assert "©" not in entry.text


SEEDS = ["000_6925411ec2544f9b", "001_e062345e75f1cd66", "002_d8636c8287e74d5b", "003_bef200b8a0c60b0a", "004_3ecf1769b78e7ca4"]  # fmt: skip


@pytest.mark.parametrize("name", SEEDS)
def test_bundled_samples(name: str, request: pytest.FixtureRequest) -> None:
    path = request.config.rootpath / "aggregator" / "samples" / f"{name}.txt"
    parsed = parsers.parse(Document(name=path.name, content=path.read_bytes(), format="dump"))
    entry = clean(parsed.entries[0], parsed.info, DUMPS)
    for word in ("weserv", "feedx", "更多RSS", "<time", "<address", "18:41:18", "点击查看"):
        assert word not in entry.html
    assert entry.published is not None
    assert entry.gathered is not None
    assert timedelta() <= entry.gathered - entry.published < timedelta(hours=12)
    assert entry.image.startswith("https://")
    assert len(entry.text) > 1000


@pytest.mark.parametrize("strip", ["keep", "strip"])
@pytest.mark.parametrize("title", ["Headline", ""])
@given(places=st.sets(st.integers(0, 4)))
def test_what_was_learned_touches_nothing_but_grouping(
    title: str, strip: Any, places: set[int]
) -> None:
    """Identity, fingerprint and title use the complete text, whatever was learned."""
    lines = [f"Line number {n} of a text about the harbour." for n in range(5)]
    html = "".join(f"<p>{line}</p>" for line in lines)
    raw = replace(RAW, title=title, content=html)
    source = replace(SOURCE, clean=replace(SOURCE.clean, boilerplate=strip))
    before = clean(raw, INFO, source)
    learned = {before.publisher.id: frozenset(block_hash(lines[n]) for n in places)}
    after = clean(raw, INFO, source, boilerplate=learned)
    assert names("s", after) == names("s", before)
    assert (after.title, after.summary, after.published) == (
        before.title,
        before.summary,
        before.published,
    )
    assert after.text == "\n".join(line for n, line in enumerate(lines) if n not in places)
    assert (after.html == before.html) is (strip == "keep" or not places)
    assert (after.digest == before.digest) is (after.html == before.html)
