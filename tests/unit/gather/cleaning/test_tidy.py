"""White space is significant in preformatted text, in code and between words."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from aggregator.gather.cleaning.html import clean_html

KEPT = {
    "blank span in pre": (
        "<pre><span>if</span> ok:\n<span>    </span>go()</pre>",
        "if ok:\n    go()",
    ),
    "blank span in code": ("<code><i>x</i><span>  </span><i>y</i></code>", "x  y"),
    "tabs": ("<pre>\ta\n\t\tb<span>\t</span>c</pre>", "\ta\n\t\tb\tc"),
    "blank lines": ("<pre>a\n\n\n\nb</pre>", "a\n\n\n\nb"),
    "lines of code": ("<p>t</p><code>a\n    b\n    <b>c</b></code>", "a\n    b\n    c"),
    "blank span": ("<p><em>alpha</em><span> </span><em>beta</em></p>", "alpha beta"),
    "blank bold": ("<p>foo<b> </b>bar</p>", "foo bar"),
    "blank link": ("<p>foo<a name=x> </a>bar</p>", "foo bar"),
    "no-break space": ("<p>foo<span>&nbsp;</span>bar</p>", "foo\xa0bar"),
}


@pytest.mark.parametrize(("html", "text"), KEPT.values(), ids=KEPT)
def test_white_space_stays(html: str, text: str) -> None:
    made = clean_html(html)
    assert text in str(lxml_html.fragment_fromstring(made, create_parent="div").text_content())
    assert clean_html(made) == made


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<pre>a<br><br><br><br>b</pre>", "<pre>a<br><br><br><br>b</pre>"),
        ("<p>a<br><br>b</p>", "<p>a<br><br>b</p>"),
        ("<p>a<span><br></span>b</p>", "<p>a<br>b</p>"),
        ("<p>a<br><br><span><br></span>b</p>", "<p>a<br><br>b</p>"),
        ("<pre><div>a</div><div> </div><div>b</div></pre>", None),
        ("<p>a<span></span></p><p> <b> </b></p>", "<p>a</p>"),
    ],
)
def test_line_breaks(html: str, wanted: str | None) -> None:
    assert clean_html(html) == (html if wanted is None else wanted)


PIECES = st.lists(
    st.sampled_from(
        ["a", "bc", " ", "  ", "\t", "<b>x</b>", "<span> </span>", "<i>\t</i>", "\n", "<b></b>"]
    ),
    min_size=1,
    max_size=10,
)


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_preformatted_text_keeps_every_character(pieces: list[str]) -> None:
    html = f"<p>t</p><pre>x{''.join(pieces)}y</pre>"
    made = clean_html(html)
    assert re.sub(r"<[^>]*>", "", made) == re.sub(r"<[^>]*>", "", html)
    assert clean_html(made) == made


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_no_words_grow_together(pieces: list[str]) -> None:
    html = f"<p>x{''.join(pieces)}y</p>"
    made = clean_html(html)
    assert re.sub(r"<[^>]*>", "", made).split() == re.sub(r"<[^>]*>", "", html).split()
