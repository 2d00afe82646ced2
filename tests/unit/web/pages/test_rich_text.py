"""The text of an entry on our own pages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from aggregator.web.pages.rich_text import rich_text

PIECES = st.sampled_from(
    "<script>alert(1)</script> <img src=x onerror=alert(1)> <iframe src=//a.example> <b> </b> <p>"
    " <a href=javascript:alert(1)> <a href='//a.example/x'> <a href=https://a.example/> </a> <svg>"
    " <style>@import'x'</style> <h1> </h1> <main id=main> <nav> <form action=/x> <input autofocus>"
    " <div style=position:fixed onclick=x class=top> <video poster=https://a.example/> <base href=//x>"
    " <link rel=stylesheet> \" ' > &lt;script&gt; <!-- --> <math> <template> <object data=x> 新闻".split()
)
ALLOWED = set("href hreflang rel lang dir value start reversed colspan rowspan scope".split())


@given(st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=30).map(" ".join))
def test_nothing_but_text_comes_through(source: str) -> None:
    found = rich_text(source, "")
    tree: Any = html.fragment_fromstring(str(found), create_parent="div")
    for element in tree.iterdescendants():
        assert element.tag not in set(
            "script style img iframe svg math form input button video audio source object embed base"
            " link meta main nav header footer section article h1 template".split()
        )
        assert set(element.attrib) <= ALLOWED
        assert element.get("href", "https:").startswith(("http:", "https:", "mailto:"))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<h1>A</h1><h3>B</h3><h5>C</h5>", "<h2>A</h2><h3>B</h3><h4>C</h4>"),
        ("<section><p>A</p></section>", "<div><p>A</p></div>"),
        ("<figure><img src='https://a.example/i.png'></figure><p>A</p>", "<p>A</p>"),
        ("<p> <br>\n</p><p>A</p>", "<p>A</p>"),
        (
            '<a href="https://a.example/" class="x">A</a>',
            '<a href="https://a.example/" rel="noopener noreferrer nofollow">A</a>',
        ),
        ('<p lang="ar" dir="rtl" id="main">A</p>', '<p lang="ar" dir="rtl">A</p>'),
        ("", "<p>One &lt;line&gt;</p><p>and another</p>"),
        ("x" * 400_001, "<p>One &lt;line&gt;</p><p>and another</p>"),
    ],
)
def test_texts_are_shown(source: str, shown: str) -> None:
    assert rich_text(source, "One <line>\n\nand another") == shown
