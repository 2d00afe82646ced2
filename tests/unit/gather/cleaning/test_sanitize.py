"""Safety: no active content passes, and the work is bounded."""

import pytest

from aggregator.gather.cleaning.html import clean_html
from aggregator.gather.cleaning.sanitize import (
    MAX_CHARS,
    MAX_DEPTH,
    limit_html,
    remove_invisible_chars,
    sanitize,
)
from tests.waiting import cpu_time

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java&#x09;script:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<svg onload=alert(1)><script>1</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<math><mtext><table><mglyph><style><img title="--&gt;&lt;img src=x onerror=alert(1)&gt;">',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=/x><button formaction=javascript:alert(1)>x</button></form>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    '<textarea><img title="</textarea><img src=x onerror=alert(1)>"></textarea>',
    "<base href=https://evil.example/><link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    '<object data="javascript:alert(1)"></object><embed src="data:text/html,x">',
    '<video poster="javascript:alert(1)" src="vbscript:x" onplay=x></video>',
    '<img src="https://wsrv.nl/?url=javascript:alert(1)">',
    '<img src="https://wsrv.nl/?url=x%22%3E%3Cscript%3Ealert(1)%3C/script%3E">',
    '<img srcset="javascript:alert(1) 1x, x:y 2x">',
    "]]><script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script><![CDATA[",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<p id=location name=body>x</p><a name=cookie href=#x>y</a>",
]


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_alive_comes_through(html: str) -> None:
    made = clean_html(html, base="https://news.example.org/").lower()
    for word in (
        "<script",
        "<style",
        "<svg",
        "<math",
        "<iframe",
        "<form",
        "<base",
        "<meta",
        "<link",
    ):
        assert word not in made
    for word in (
        " onerror",
        " onload",
        '="javascript:',
        '="data:',
        "srcdoc",
        " id=",
        " name=",
        "style=",
    ):
        assert word not in made


def test_own_attributes_only() -> None:
    html = '<p class="a" id="b" dir="rtl" lang="he">x</p><td colspan="2">y</td>'
    assert sanitize(html) == '<p dir="rtl" lang="he">x</p>y'


def test_only_sizes_of_images_are_styled() -> None:
    html = '<p style="width:1em">x<img src="https://a.example/b" style="position:fixed;width:1em;background:url(x)"></p>'
    assert sanitize(html) == '<p>x<img src="https://a.example/b" style="width:1em"></p>'


def test_only_characters_of_xml() -> None:
    assert sanitize(remove_invisible_chars("a\x0bb\ufffec\ud800d&#1;e")) == "abcde"
    assert remove_invisible_chars("&#8203;&#x200B;&shy;&#xfeff;a\u200db") == "a\u200db"


SLOW = {
    "deep blocks": "<div>" * 100_000,
    "deep formatting": "<b><i><font>" * 20_000,
    "formatting in every block": "".join(f"<p><font a={n}>" for n in range(20_000)),
    "deep tables": "<table><tr><td>" * 20_000,
    "deep lists, closed": "<ul><li>" * 20_000 + "</li></ul>" * 20_000,
    "attributes": "<a " + " ".join(f"a{n}=1" for n in range(20_000)) + ">x</a>",
    "one attribute": f'<img src="data:image/png;base64,{"A" * 3_000_000}" alt="x">',
    "unclosed tags": "<a href='" * 50_000,
    "open brackets": "<" * 300_000,
    "open quotes": '<p title="' * 50_000,
    "images": "".join(f'<img src="https://a.example/{n}.png">' for n in range(5_000)),
    "breaks": "<br>" * 100_000,
    "entities": "&amp;" * 100_000,
    "one line": "继续 " * 200_000,
    "paragraphs": "<p>read more</p>" * 20_000,
    "links": '<a href="/a">read more</a>' * 10_000,
    "set": f'<img srcset="{"a, " * 100_000}">',
    "spaces": "<p>a</p>" + " " * 900_000 + "\n<p>b</p>",
    "line breaks": "<p>a</p>" + "\n " * 400_000 + "x",
    "names": "<p>By " + "Aa·甲" * 70 + "!</p>",
    "dates": "<p>2024-01-01</p>" * 5_000,
}


@pytest.mark.parametrize("html", SLOW.values(), ids=SLOW)
def test_no_fragment_takes_long(html: str) -> None:
    with cpu_time(10):
        made = clean_html(html, base="https://a.example/")
    assert len(made) <= 2 * MAX_CHARS


def test_bounds_leave_usual_html_alone() -> None:
    html = "<div><p>a</p></div>" * 1_000
    assert limit_html(html) == html
    assert len(limit_html("<p>a</p>" * 500_000)) <= MAX_CHARS
    assert limit_html("<div>" * 500).count("<div>") == MAX_DEPTH
    assert limit_html("<p/>" + "<br>" * 300) == "<p/>" + "<br>" * 300
