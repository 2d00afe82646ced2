"""What every format shows of a story."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core import ids
from aggregator.core.model import Author, Enclosure, FeedInfo, Publisher, ShownStory
from aggregator.publish.renderers import _content, _writable
from aggregator.publish.renderers._content import Rendition
from tests.builders import (
    NOW,
    at,
    make_edition,
    make_member,
    make_publisher,
    make_shown,
    make_spec,
    make_stored,
    make_tombstone,
)


def render(*stories: ShownStory, **kw: object) -> tuple[Rendition, ...]:
    return _content.renditions(make_edition(*stories, **kw))


def one(**kw: object) -> Rendition:
    """Return the rendition of a story of one entry with these fields."""
    return render(make_shown(make_stored(1, **kw)))[0]


@pytest.mark.parametrize(
    ("link", "written"),
    [
        ("https://example.org/a?b=1#c", "https://example.org/a?b=1#c"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/[x]|y", "https://example.org/%5Bx%5D%7Cy"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/世", "https://example.org/%E4%B8%96"),
        ("HTTP://example.org/", "http://example.org/"),
        ("https://me:secret@example.org/", "https://example.org/"),
        ("https://example.org:/a", "https://example.org/a"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("https://example.org:x/", ""),
        ("javascript:alert(1)", ""),
        ("//example.org/", ""),
        ("http://", ""),
        ("", ""),
        ("https://example.org/\ud800", "https://example.org/"),
    ],
)
def test_addresses_are_uris_without_credentials(link: str, written: str) -> None:
    assert _writable.uri(link) == written


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Plain & simple", "Plain & simple"),
        ("A <b>bold</b> claim", "A ‹b›bold‹/b› claim"),
        ("Use &lt;b&gt; here", "Use ‹b› here"),
        ("&#38;#60;i&#62;", "‹i›"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("AT&amp;T", "AT&amp;T"),
        ("a\x00b\ud800c\ufffe", "abc"),
        ("  two \n lines ", "two lines"),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_titles_are_no_markup_however_they_are_read(title: str, shown: str) -> None:
    assert _writable.plain_title(title) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_a_plain_title_stays_as_it_is(title: str) -> None:
    once = _writable.plain_title(title)
    assert _writable.plain_title(once) == once


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"title": "A title"}, "A title"),
        ({"title": "", "summary": "A summary"}, "A summary"),
        ({"title": "\x00", "text": "A text"}, "A text"),
        ({"title": "", "text": ""}, "Example.Org"),
        ({"title": "", "text": "", "publisher": Publisher(id="", title="")}, "?"),
    ],
)
def test_a_title_is_never_empty(fields: dict[str, object], title: str) -> None:
    assert one(**fields).title == title


def test_the_excerpt_is_the_summary_else_the_text_else_the_title() -> None:
    assert one(summary="In short").excerpt == "In short"
    assert one(text="word " * 200).excerpt.endswith("word…")
    assert one(text="", title="T").excerpt == "T"


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh-Hans", "zh-Hans"), ("zh_CN", "zh-CN"), ("Chinese!", ""), ("", ""), ("x", "")],
)
def test_only_language_tags_are_written(tag: str, language: str) -> None:
    assert one(language=tag).language == language


def test_an_entry_without_text_shows_its_summary() -> None:
    assert one(html=" ", summary="a < b").html == "<p>a &lt; b</p>"


def test_a_lead_image_is_shown_where_the_text_has_none() -> None:
    image = "https://example.org/a.png?x=1&y=2"
    assert one(image=image, html="<p>x</p>").html == (
        '<p><img src="https://example.org/a.png?x=1&amp;y=2" alt=""></p><p>x</p>'
    )
    assert one(image=image, html='<p><img src="b.png"></p>').html == '<p><img src="b.png"></p>'


def test_the_list_of_the_others_has_a_line_for_each() -> None:
    shown = make_shown(
        make_stored(1),
        make_stored(
            2,
            title="Other <words>",
            publisher=make_publisher("b.org", title="B & C"),
            link="https://b.org/?a=1&b=2",
            published=at(-3),
        ),
        make_stored(3, link="", publisher=make_publisher("c.org")),
    )
    members = (*shown.story.members[:2], make_member(shown.entries[2].key, "same text"))  # type: ignore[arg-type]
    (rendition,) = render(replace(shown, story=replace(shown.story, members=members)))
    assert rendition.html.endswith(
        "\n<hr>\n<p>Also reported by</p>\n<ul>"
        '\n<li dir="auto"><a href="https://b.org/?a=1&amp;b=2">Other ‹words›</a>'
        ' – <span dir="auto">B &amp; C</span>, <span dir="ltr">2026-03-02 06:30 UTC</span></li>'
        '\n<li dir="auto">Headline 3 – <span dir="auto">C.Org</span>, <span dir="ltr">2026-03-01 12:30 UTC</span> (same text)</li>\n</ul></div>'
    )
    assert rendition.publishers == 3


def test_the_copied_one_is_marked_when_the_copy_is_shown() -> None:
    original, copy = make_stored(1), make_stored(2)
    shown = make_shown(original, copy)
    members = (
        make_member(original.key),
        make_member(copy.key, "same text", nearest=original.key),  # type: ignore[arg-type]
    )
    story = replace(shown.story, members=members, representative=copy.key)
    (rendition,) = render(ShownStory(story=story, entries=(copy, original)))
    assert [mention.same_text for mention in rendition.mentions] == [True]


def test_each_related_link_is_written_once() -> None:
    links = ("https://a.org/", "https://b.org/", "https://a.org/", "", "https://b.org/")
    shown = make_shown(*(make_stored(n, link=link) for n, link in enumerate(links)))
    (rendition,) = render(shown)
    assert [mention.link for mention in rendition.related] == ["https://b.org/"]


def test_dates_stay_when_another_member_is_shown() -> None:
    first, second = make_stored(1, published=at(-9)), make_stored(2, published=at(-20))
    shown = make_shown(first, second)
    swapped = ShownStory(story=shown.story, entries=(second, first))
    assert render(shown)[0].published == render(swapped)[0].published == at(-9)


def test_the_earliest_date_counts_when_the_founder_has_left() -> None:
    shown = make_shown(make_stored(1, published=at(-5)), make_stored(2, published=at(-7)))
    assert render(replace(shown, story=replace(shown.story, founder="gone")))[0].published == at(-7)


def test_updated_is_never_before_published_and_no_two_are_alike() -> None:
    late = make_shown(make_stored(1, published=at(3)))
    others = [make_shown(make_stored(n)) for n in range(2, 24)]
    shown = render(late, *others)
    assert shown[0].updated == at(3)
    assert len({rendition.updated for rendition in shown}) == 23
    assert all(NOW <= rendition.updated < NOW + timedelta(seconds=1) for rendition in shown[1:])


def test_the_feed_is_as_new_as_its_newest_change() -> None:
    edition = make_edition(make_shown(make_stored(1)))
    shown = _content.renditions(edition)
    assert _content.last_change(edition, shown) == shown[0].updated
    stone = make_tombstone("urn:x:a", "urn:x:b", at(5))
    assert _content.last_change(replace(edition, tombstones=(stone,)), shown) == at(5)
    assert _content.last_change(make_edition(updated=at(-1)), ()) == at(-1)


def test_a_story_that_lives_has_no_tombstone() -> None:
    living = make_shown(make_stored(1))
    dead = (
        make_tombstone("urn:x:dead", "urn:x:b", at(2)),
        make_tombstone(living.story.id, "urn:x:b", at(1)),
        make_tombstone("urn:x:dead", "urn:x:c", at(0)),
    )
    assert _content.tombstones(make_edition(living, tombstones=dead)) == (dead[0],)


def test_writers_come_first_and_their_publisher_last() -> None:
    authors = (
        Author(name="Jane Doe", email="jane@example.org", url="https://example.org/jane"),
        Author(name="jane@example.org (Jane)", email="not an address"),
        Author(name="only@example.org"),
        Author(name="Jane Doe"),
    )
    assert one(authors=authors).authors == (
        Author(name="Jane Doe"),
        Author(name="Jane"),
        Author(name="Example.Org", url="https://example.org/"),
    )


def test_a_publisher_that_signs_is_named_once() -> None:
    assert [author.name for author in one(authors=(Author(name="example.ORG"),)).authors] == [
        "example.ORG"
    ]


def test_categories_are_distinct_and_not_endless() -> None:
    categories = ("World", "world", "", *(f"c{n}" for n in range(50)))
    assert one(categories=categories).categories[:2] == ("World", "c0")
    assert len(one(categories=categories).categories) == 30


def test_media_files_have_a_type_and_each_stands_once() -> None:
    files = (
        Enclosure(url="https://example.org/a.MP3?x", length=-1),
        Enclosure(url="https://example.org/a.MP3?x", type="audio/ogg"),
        Enclosure(url="https://example.org/b", type="Video/MP4", length=5, title="B"),
        Enclosure(url="https://example.org/c", type="nonsense"),
        Enclosure(url="not an address"),
    )
    assert one(enclosures=files).enclosures == (
        Enclosure(url="https://example.org/a.MP3?x", type="audio/mpeg"),
        Enclosure(url="https://example.org/b", type="video/mp4", length=5, title="B"),
        Enclosure(url="https://example.org/c", type="application/octet-stream"),
    )
    many = tuple(Enclosure(url=f"https://example.org/{n}") for n in range(50))
    assert len(one(enclosures=many).enclosures) == 30


@pytest.mark.parametrize(
    ("publisher", "origin"),
    [
        (make_publisher(feed_id="https://example.org/feed"), "https://example.org/feed"),
        (make_publisher(feed_id="tag:example.org,2026:x"), "tag:example.org,2026:x"),
        (
            make_publisher(feed_id="urn:uuid:8f1f2a5e-6c0b-4f55-9d63-2b7d3a0e41c7"),
            "urn:uuid:8f1f2a5e-6c0b-4f55-9d63-2b7d3a0e41c7",
        ),
        (make_publisher(feed_id="urn:uuid:not-a-uuid"), "https://example.org/"),
        (make_publisher(feed_id="https://example.org/f?token=s3cret"), "https://example.org/"),
        (make_publisher(feed_id="nonsense"), "https://example.org/"),
        (Publisher(id="p", title="P"), ids.feed_id("publisher p")),
    ],
)
def test_the_origin_has_an_id_that_is_a_uri_and_no_secret(
    publisher: Publisher, origin: str
) -> None:
    assert one(publisher=publisher).origin.id == origin


def test_what_the_feed_says_of_itself_is_told_if_it_is_the_publishers() -> None:
    info = FeedInfo(
        id="tag:x.org,2026:f", link="https://x.org/", self_url="https://x.org/f", rights="© X"
    )
    own = make_publisher("x.org", feed_id=info.id, url="")
    other = make_publisher("y.org", feed_id="tag:y.org,2026:f")
    shown = (make_shown(make_stored(1, publisher=own)), make_shown(make_stored(2, publisher=other)))
    ours, theirs = render(*shown, sources={"example": info})
    assert (ours.origin.link, ours.origin.self_url, ours.origin.rights) == (
        "https://x.org/",
        "https://x.org/f",
        "© X",
    )
    assert (theirs.origin.link, theirs.origin.self_url) == ("https://y.org/", "")


def test_only_whole_stories_have_a_page() -> None:
    shown = make_shown(make_stored(1))
    slug = shown.story.id.removeprefix("urn:uuid:")
    assert render(shown)[0].page == f"http://127.0.0.1:8080/stories/{slug}"
    assert render(shown, spec=make_spec(group="none"))[0].page == ""


def test_via_is_told_where_it_leads_elsewhere() -> None:
    assert one(via="https://original.org/").via == "https://original.org/"
    assert one(link="https://a.org/", via="https://a.org/").via == ""


def test_a_feed_is_called_something() -> None:
    assert _content.feed_title(make_edition(spec=make_spec(title=""))) == "merged"


def test_a_text_that_runs_leftward_says_so() -> None:
    html = "<p>خبر عاجل</p>"
    (rendition,) = render(make_shown(make_stored(language="ar", html=html)))
    assert rendition.html == f'<div dir="rtl">{html}</div>'
    (again,) = render(make_shown(make_stored(language="ar", html=rendition.html)))
    assert again.html == rendition.html
