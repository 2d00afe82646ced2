"""Words and expressions, and what they may cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.errors import ConfigError
from aggregator.publish.selection.expressions import Haystack, matcher
from tests.waiting import cpu_time


@pytest.mark.parametrize(
    ("word", "text", "fits"),
    [
        ("art", "The art of the deal", True),
        ("art", "A party", False),
        ("ART", "the art.", True),
        ("New York", "in new york, today", True),
        ("C++", "Written in C++ again", True),
        ("U.S.", "the u.s. said", True),
        ("布林肯", "美国国务卿布林肯访华", True),
        ("習近平", "习近平会见布林肯", True),
        ("习近平", "習近平會見布林肯", True),
        ("ＡＩ", "new ai model", True),
        ("/blinken|布林肯/", "BLINKEN in Beijing", True),
        ("/^the/", "other the", False),
        ("/20\\d\\d/", "in 2026", True),
        ("/", "a/b", True),
        ("//", "a // b", True),
    ],
)
def test_words(word: str, text: str, *, fits: bool) -> None:
    assert matcher(word)(Haystack("", text)) is fits
    assert matcher(word)(Haystack(text, "")) is fits


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("", "an empty word"),
        ("\u200b", "an empty word"),
        ("/(/", "missing"),
        ("/(a+)+b/", "a repeated group"),
        ("/(a|aa)*b/", "a repeated group"),
        ("/((a?)){9}b/", "a repeated group"),
        ("/(?:x(?P<n>a*))+b/", "a repeated group"),
        ("/a*b*c*d*/", "more than 3 repeats"),
        ("/.{1,99}.{1,99}.{1,99}.{1,99}/", "more than 3 repeats"),
        ("/" + "a?" * 9 + "/", "more than 8 options"),
        ("/" + "a" * 201 + "/", "longer than 200"),
        ("/a{1,9999999999}/", "/a{1,9999999999}/"),
    ],
)
def test_what_cannot_be_used_is_refused(word: str, why: str) -> None:
    with pytest.raises(ConfigError, match=r"^feeds\.include: ") as caught:
        matcher(word, key="feeds.include")
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "word",
    [
        "/(ab)+/",
        r"/\(a+\)+/",
        "/[*+?(]{3}/",
        "/[]a]+/",
        r"/[^\]*]*/",
        "/a+?b*+/",
        "/(?i:a)(?=b)(?<!c)/",
        "/(a|b) (c|d)/",
        "/)/ x",
    ],
)
def test_harmless_expressions_are_taken(word: str) -> None:
    matcher(word)


def test_a_costly_expression_ends_soon() -> None:
    with cpu_time(30):
        assert not matcher("/a.*b.*c.*d/")(Haystack("", "ab" * 5_000))


def test_an_expression_sees_the_seams_and_a_limited_text() -> None:
    assert matcher("/needle/")(Haystack("", "x" * 297 + "needle"))
    assert matcher("/needle/")(Haystack("", "x" * 9_900 + "needle"))
    assert not matcher("/needle/")(Haystack("", "x" * 10_100 + "needle"))


@given(st.text(max_size=40))
def test_any_expression_is_taken_or_refused(source: str) -> None:
    try:
        found = matcher(f"/{source}/")
    except ConfigError:
        return
    found(Haystack("title", "text " * 100))
