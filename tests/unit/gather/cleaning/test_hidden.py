"""Hidden content is removed unless it is most of the text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.gather.cleaning.hidden import hiding_kind
from aggregator.gather.cleaning.html import clean_html

BODY = "<p>The first paragraph tells at some length what happened and who said so.</p>"
LINE = "A line for the lists of mail programs"


@pytest.mark.parametrize(
    ("attributes", "how"),
    [
        ({"hidden": ""}, "hidden"),
        ({"hidden": "until-found"}, "hidden"),
        ({"style": "color: red; DISPLAY : None"}, "hidden"),
        ({"style": "visibility:hidden"}, "scripted"),
        ({"style": "display:none; display:block"}, ""),
        ({"style": "backface-visibility: hidden"}, ""),
        ({"style": "opacity: 0"}, ""),
        ({"style": "overflow:hidden"}, ""),
        ({"class": "x sr-only"}, "hidden"),
        ({"class": "sr-only-not"}, ""),
    ],
)
def test_hiding(attributes: dict[str, str | None], how: str) -> None:
    assert hiding_kind(attributes) == how


GONE = {
    "by style": f'<div style="display:none">{LINE}</div>',
    "by attribute": f"<span hidden>{LINE}</span>",
    "by visibility": f'<div style="visibility: hidden">{LINE}</div>',
    "by class": f'<span class="off-screen">{LINE}</span>',
}


@pytest.mark.parametrize("hidden", GONE.values(), ids=GONE)
def test_hidden_beside_a_body_goes(hidden: str) -> None:
    assert clean_html(hidden + BODY) == BODY


SHOWN = {
    "a body that a script reveals": f'<div id="content" style="visibility: hidden; opacity: 0;">{BODY}</div>',
    "all of it in an attribute": f"<div hidden>{BODY}</div>",
    "all of it in a style": f'<div style="display:none">{BODY}</div>',
    "all of it in a class": f'<div class="visually-hidden">{BODY}</div>',
    "with a preheader within": f'<div style="visibility:hidden"><p style="display:none">{LINE}</p>{BODY}</div>',
    "with a preheader before": f'<p style="display:none">{LINE}</p><div style="visibility:hidden">{BODY}</div>',
    "both of one kind": f'<p style="display:none">{LINE}</p><div style="display:none">{BODY}</div>',
}


@pytest.mark.parametrize("html", SHOWN.values(), ids=SHOWN)
def test_most_of_the_text_shows(html: str) -> None:
    made = clean_html(html)
    assert "first paragraph" in made
    assert LINE not in made


def test_paragraphs_hidden_one_by_one_show() -> None:
    html = "".join(f'<p style="visibility:hidden">paragraph {name}</p>' for name in "abc")
    assert clean_html(html) == "<p>paragraph a</p><p>paragraph b</p><p>paragraph c</p>"


def test_a_line_for_mail_lists_never_shows() -> None:
    hidden = f'<div style="display:none;max-height:0;mso-hide:all">{LINE * 3}</div>'
    assert clean_html(f"{hidden}<p>Short.</p>") == "<p>Short.</p>"


WAYS = st.sampled_from(["hidden", "style='display:none'", "style='visibility:hidden'", ""])
PARTS = st.lists(st.tuples(WAYS, st.integers(1, 40)), min_size=1, max_size=6)


@given(PARTS)
@settings(max_examples=200, deadline=None)
def test_at_least_half_of_the_text_stays(parts: list[tuple[str, int]]) -> None:
    texts = [f"<p {way}>{'x' * letters}</p>" for way, letters in parts]
    made = clean_html("".join(texts))
    assert made.count("x") * 2 >= sum(letters for _, letters in parts)
    assert clean_html(made) == made
