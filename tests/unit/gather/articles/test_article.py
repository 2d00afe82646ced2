"""The article of a page: what is taken, what is refused and why, whatever the bytes are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.errors import NotAnArticle
from aggregator.core.model import Document
from aggregator.core.pages import Article
from aggregator.core.settings import CleanOptions, FullText
from aggregator.gather.articles.article import Wanted, read_article
from tests.quality.article_pages import LAYOUTS, Page, Piece, refused
from tests.waiting import cpu_time

URL = "https://news.example/en/2026/03/a.html"
LONG = "The council agreed on Monday to close the old bridge for a year, and the ferry will run at night. "
TEXT = "".join(f"<p>{n}. {LONG * 2}</p>" for n in range(6))


def read(html: str | bytes, content_type: str = "text/html", **kw: object) -> Article:
    content = html.encode() if isinstance(html, str) else html
    document = Document(name="page", content=content, url=URL, content_type=content_type)
    return read_article(document, Wanted(**kw))  # type: ignore[arg-type]


def why(html: str | bytes, content_type: str = "text/html", **kw: object) -> str:
    with pytest.raises(NotAnArticle) as caught:
        read(html, content_type, **kw)
    return str(caught.value)


def page(body: str, head: str = "") -> str:
    return f"<html lang=en><head><title>Bridge</title>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize("one", list(refused()), ids=lambda one: f"{one.name}-{one.lang}")
def test_a_page_without_an_article_is_refused_with_its_reason(one: Page) -> None:
    reasons = {
        "paywall": "a paywall",
        "silent_paywall": "a paywall",
        "consent": "consent",
        "list_page": "too little text",
        "not_found": "not there",
        "challenge": "checks for browsers",
        "login": "log in",
        "empty_shell": "too little text",
        "video_page": "too little text",
    }
    assert reasons[one.name] in why(one.html)


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        (b"%PDF-1.7", "application/pdf", "application/pdf"),
        (b"<html>" + b" " * 8_000_001, "text/html", "larger than 8 MB"),
        (b"plain words", "text/plain", "not an HTML page"),
        (b"", "", "not an HTML page"),
        (page("<p>" + LONG * 5 + "</p>").encode(), "", "less text"),
    ],
)
def test_what_is_no_page_is_refused(content: bytes, content_type: str, reason: str) -> None:
    assert reason in why(content, content_type, letters=1_000)


def test_the_feed_s_own_text_counts_as_much_as_that_of_the_page() -> None:
    assert "less text" in why(page(f"<article>{TEXT}</article>"), letters=10_000)
    assert read(page(f"<article>{TEXT}</article>"), letters=900).letters > 900


@pytest.mark.parametrize(
    ("head", "letters", "is_taken"),
    [
        ("", 0, False),
        ('<meta property="og:type" content="article">', 0, True),
        ('<meta property="og:type" content="website">', 0, False),
        ('<script type="application/ld+json">{"@type": "NewsArticle"}</script>', 100, True),
        ('<meta property="og:type" content="article">', 300, False),
    ],
)
def test_a_brief_text_is_taken_if_the_page_says_it_is_an_article(
    head: str, letters: int, is_taken: bool
) -> None:
    html = page(f"<article><h1>Bridge</h1><p>{LONG}</p><p>{LONG}</p></article>", head)
    if is_taken:
        assert read(html, letters=letters).letters > 150
    else:
        assert "too little text" in why(html, letters=letters)


def test_a_selector_says_where_the_article_is() -> None:
    html = page(
        f"<div class=a><p>{LONG * 9}</p></div><div class=b>{TEXT}<p class=x>Not this</p></div>"
    )
    found = read(html, options=FullText(selector=".b", strip=(".x",)))
    assert found.taken == "selector .b"
    assert "Not this" not in found.text
    assert found.text.startswith("0. The council")
    assert read(html, options=FullText(selector=".nothing")).taken == "trafilatura"


def test_elements_within_selected_ones_come_once() -> None:
    html = page(f"<div class=b><div class=b>{TEXT}</div></div>")
    assert read(html, options=FullText(selector=".b")).text.count("3. The council") == 1


def test_the_cleaning_options_of_the_source_apply() -> None:
    html = page(f"<article>{TEXT}<p class=x>A line for members.</p>{TEXT}</article>")
    assert "for members" in read(html).text
    assert "for members" not in read(html, clean=CleanOptions(strip=(".x",))).text


def test_html_is_cleaned_and_addresses_are_absolute() -> None:
    bad = (
        '<p onclick="x()">Said <a href="/b?utm_source=x">so</a><img src="/i.png" onerror="y()"></p>'
    )
    found = read(page(f"<article>{TEXT}{bad}{TEXT}</article><script>alert(1)</script>"))
    assert "onclick" not in found.html
    assert "onerror" not in found.html
    assert 'href="https://news.example/b"' in found.html
    assert 'src="https://news.example/i.png"' in found.html


def test_what_the_page_says_of_its_article_is_taken() -> None:
    one = Piece(number=3, lang="en")
    for name in ("bbc", "wordpress_classic", "nyt"):
        found = read(LAYOUTS[name](one)[0])
        assert found.image == one.image
        assert [author.name for author in found.authors] == [one.author]
        assert found.published == one.date
        assert found.canonical == one.url
        assert found.title == one.title
        assert found.language == "en"


@pytest.mark.parametrize(
    ("head", "name", "value"),
    [
        ('<link rel=canonical href="/a/b">', "canonical", "https://news.example/a/b"),
        ('<link rel=canonical href="https://other.example/a">', "canonical", ""),
        ('<link rel=canonical href="https://news.example/">', "canonical", ""),
        ('<meta property=og:url content="/c/d">', "canonical", "https://news.example/c/d"),
        ('<meta property=og:image content="/i.jpg">', "image", "https://news.example/i.jpg"),
        ('<meta property=og:image content="javascript:x">', "image", ""),
        (
            '<meta itemprop=datePublished content="2026-03-02T10:00:00+01:00">',
            "published",
            datetime(2026, 3, 2, 9, tzinfo=UTC),
        ),
        ('<meta property=article:published_time content="soon">', "published", None),
        (
            '<script type=application/ld+json>{"@type": "NewsArticle", "author": "x</script>',
            "authors",
            (),
        ),
        ("<script type=application/ld+json>[[[1, null]]]</script>", "authors", ()),
        ('<meta name=author content="https://a.example/me">', "authors", ()),
    ],
)
def test_facts_of_the_head(head: str, name: str, value: object) -> None:
    assert getattr(read(page(f"<article>{TEXT}</article>", head)), name) == value


def test_the_encoding_of_a_page_is_found() -> None:
    one = Piece(number=8, lang="zh")
    html = LAYOUTS["people"](one)[0].replace("utf-8", "gb2312").encode("gb18030")
    assert one.paragraphs[0] in read(html).text


# --- hostile pages -------------------------------------------------------------------------

HOSTILE = {
    "deep": "<div>" * 200_000 + LONG,
    "deep spans": "<span><b>" * 100_000 + LONG * 9,
    "scripts": "<script>" * 300_000,
    "open comments": "<!--" * 500_000,
    "data": '<script type="application/ld+json">' + '{"a":' * 90_000 + "</script>" + TEXT,
    "classes": "".join(f'<div class="{"a-" * 500}comment">{LONG}</div>' for _ in range(3_000)),
    "links": f"<ul>{'<li><a href=/x>Read this</a></li>' * 60_000}</ul>",
    "attributes": f"<p {'a=b ' * 300_000}>{LONG * 9}</p>",
    "paragraphs": f"<article>{f'<p>{LONG}</p>' * 9_000}</article>",
    "tables": "<table><tr><td>" * 30_000 + LONG * 5,
    "one line": "<article><p>" + LONG * 20_000 + "</p></article>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_takes_bounded_time(name: str) -> None:
    with cpu_time(60):
        try:
            read(page(HOSTILE[name]))
        except NotAnArticle as error:
            assert str(error)  # noqa: PT017  either outcome will do


_PARTS = st.sampled_from(
    ["<p>", "</p>", "<div class=comments>", "</div>", "<article>", "<a href=x>", "</a>", "<ul><li>", "<table>", "<br>",
     "<script>", "<!--", "<img src=x>", LONG, "文章，内容。", "<aside hidden>", "<form>", "<h2>T</h2>", "\x00", "&#x0;"]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=60))
def test_any_page_is_read_or_refused(parts: list[str]) -> None:
    try:
        found = read(page("".join(parts)))
    except NotAnArticle:
        return
    assert found.text
    assert "<script" not in found.html
