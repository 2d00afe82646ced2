"""Properties of every input: idempotent, never raises, never longer, no new hosts."""

import re
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from aggregator.core.model import FeedInfo, RawEntry, Source
from aggregator.gather.cleaning import clean, clean_html, clean_link, unwrap_image
from aggregator.gather.cleaning.sanitize import remove_invisible_chars
from aggregator.text.urls import host

WORDS = st.sampled_from(
    [
        *("text", " ", "正文", "2024-04-20", "By Jane Doe", "read more", "Related posts:", "广告"),
        *("&amp;", "&lt;", "&nbsp;", "&#8203;", "<", ">", '"', "\n", "\n\n", "\u200b", "a & b"),
        *("© 2024 Example", "A Title", "3 hours ago", "]]>", "<!--", "-->", "Source: Example"),
    ]
)
TAGS = st.sampled_from(
    [
        *("p", "div", "b", "i", "span", "ul", "li", "h1", "h2", "table", "tr", "td", "section"),
        *("a href='/x'", "a href='https://a.example/?utm_id=1'", "a", "a href='#n'", "foo", "form"),
        *("noscript", "picture", "video src='/v.mp4'", "object", "pre", "blockquote", "script"),
        *("svg", "style", "time", "address", "small", "p hidden", "div class='sharedaddy'"),
        *(
            "math",
            "msup",
            "mi",
            "code",
            "center",
            "figure",
            "canvas",
            "bdo dir='rtl'",
            "td",
            "label",
        ),
        *("p style='visibility:hidden'", "div style='display:none'", "span class='sr-only'", "h2"),
        *("span class='MathJax'", "span class='katex-html'", "mjx-container", "font", "dl", "dt"),
        *("i style='background:url(/bg.jpg)'", "script type='math/tex'", "text", "title"),
    ]
)
VOID = st.sampled_from(
    [
        *("<br>", "<hr>", "<img src='/a.png'>", "<img src='https://wsrv.nl/?url=b.example/c.png'>"),
        *(
            "<img data-src='/b.png'>",
            "<source srcset='/c.png 1x, /d.png 2x'>",
            "<img width=1 src=x>",
        ),
        *("<img src='/i/star.png' width=16>", "<img src='data:image/gif;base64,R0' alt='words'>"),
        *("<img src='/e.png' alt='🐍' style='height:1em'>", "<img src='/f.svg' style='width:2ex'>"),
        *("<img src='/lazy.gif' data-x='/true.jpg'>", "<img src='https://pixel.a.example/a?b'>"),
        *("<input type='checkbox' checked>", "<iframe src='https://a.example/f'></iframe>"),
        *("<iframe src='//www.youtube.com/embed/abcdefghijk'></iframe>", "<span> </span>"),
        *("(Feed generated with FetchRSS)", "Follow us on X", "关注我们", "Advertisement", "\t"),
        *("</p>", "</div>", "</a>", "<p>", "<div>", "<a href=/y>", "<td>", "<li>"),
    ]
)
TREES = st.recursive(
    WORDS | VOID,
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag.split()[0]}>",
        TAGS,
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)
HTML = st.lists(TREES | st.text(max_size=12), max_size=6).map("".join)
BASE = "https://site.example/p/1"
PARTS = st.sampled_from(
    [
        *(
            "https://wsrv.nl/?url=",
            "https://i0.wp.com/",
            "https%3A%2F%2F",
            "http://",
            "a.example/b.png",
        ),
        *("https://t.example/unsafe/", "https://link.zhihu.com/?target=", "?", "&", "#", "%", "//"),
        *("https://c.example/cdn-cgi/image/w=1/", "aHR0cHM6Ly9hLmV4YW1wbGUv", "utm_source=x", "中"),
        *(
            "https://r.example/image/fetch/",
            "127.0.0.1",
            "\\",
            "@",
            "%00",
            "ssl:",
            "javascript:",
            ":80",
        ),
    ]
)
URLS = st.lists(PARTS | st.text(max_size=5), max_size=8).map("".join)


def letters(html: str) -> str:
    """Return the text of HTML without white space."""
    try:
        tree = lxml_html.fragment_fromstring(html, create_parent="div")
    except (etree.ParserError, ValueError):
        return ""
    return re.sub(r"\W+", "", str(tree.text_content()))


@given(HTML)
@settings(max_examples=300, deadline=None)
def test_cleaning_twice_is_cleaning_once(html: str) -> None:
    once = clean_html(html, base=BASE, title="A Title")
    assert clean_html(once, base=BASE, title="A Title") == once


@given(HTML)
@settings(max_examples=200, deadline=None)
def test_text_never_grows_and_no_host_is_made_up(html: str) -> None:
    made = clean_html(html, base=BASE)
    assert len(letters(made)) <= len(
        letters(remove_invisible_chars(html).replace("<![", "<"))
    ) + len(re.sub(r"\W+", "", unescape(html)))
    known = unescape(html) + BASE
    for url in re.findall(r'(?:href|src|poster)="([^"]*)"', made):
        assert not url.startswith("http") or host(unescape(url)) in known


@given(URLS)
@settings(max_examples=500, deadline=None)
def test_addresses_are_final_at_once(url: str) -> None:
    for change in (unwrap_image, clean_link):
        once = change(url)
        assert change(once) == once


@given(URLS)
@settings(max_examples=300, deadline=None)
def test_what_comes_out_of_a_wrapper_stood_in_it(url: str) -> None:
    made = unwrap_image(url)
    assert made == url or host(made) != ""


@given(st.text(max_size=60), HTML, URLS, st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_cleaning_never_fails(title: str, html: str, url: str, date: str) -> None:
    raw = RawEntry(
        where="x",
        title=title,
        title_is_html=True,
        content=html,
        link=url,
        image=url,
        published=date,
    )
    entry = clean(raw, FeedInfo(title=title, link=url), Source(id="x", url="https://a.example/"))
    assert entry.title
    assert "broken" not in entry.removed
