"""Bounds and small repairs."""

import pytest

from aggregator.core.model import Author
from aggregator.gather.parsers import _text


@pytest.mark.parametrize(
    ("text", "one"),
    [(None, ""), ("", ""), (" a\n b\u00a0c ", "a b c"), ("x" * 2000, "x" * 1000)],
)
def test_line(text: str | None, one: str) -> None:
    assert _text.line(text) == one


def test_cut() -> None:
    assert _text.cut(None) == ""
    assert _text.cut("  abc def ", 4) == "abc"


@pytest.mark.parametrize(
    ("text", "base", "url"),
    [
        (None, "https://example.org/", ""),
        ("  ", "https://example.org/", ""),
        (" /a ", "https://example.org/b", "https://example.org/a"),
        ("a", "", "a"),
        ("https://example.org/\n  a\tb", "", "https://example.org/ab"),
        ("?x=1", "https://example.org/a?y", "https://example.org/a?x=1"),
        ("//[x", "https://example.org/", "//[x"),
        ("x" * 9000, "https://example.org/", ""),
    ],
)
def test_address(text: str | None, base: str, url: str) -> None:
    assert _text.address(text, base) == url


@pytest.mark.parametrize(
    ("text", "is_html"),
    [
        ("plain", False),
        ("a < b & c > d", False),
        ("Tom & Jerry;", False),
        ("&nosuchname;", False),
        ("a <b>c</b>", True),
        ("a <b> c", False),
        ("a<br>b", True),
        ("<img src=x>", True),
        ("<imgx>", False),
        ("&eacute;", True),
        ("&#39;", True),
        ("&#x27;", True),
        ("x" * 3000 + "</b>", False),
    ],
)
def test_looks_like_html(text: str, is_html: bool) -> None:
    assert _text.looks_like_html(text) is is_html


PEOPLE = [
    (None, None),
    ("  ", None),
    ("Ada Quay", Author(name="Ada Quay")),
    ("ada@example.org", Author(name="", email="ada@example.org")),
    ("ada@example.org (Ada Quay)", Author(name="Ada Quay", email="ada@example.org")),
    ("Ada Quay <ada@example.org>", Author(name="Ada Quay", email="ada@example.org")),
    ('"Ada Quay" <mailto:ada@example.org>', Author(name="Ada Quay", email="ada@example.org")),
    ("Ada\n Quay (ada@example.org)", Author(name="Ada Quay", email="ada@example.org")),
]


@pytest.mark.parametrize(("text", "author"), PEOPLE)
def test_person(text: str | None, author: Author | None) -> None:
    assert _text.person(text) == author


def test_authors_stand_once_and_nameless_ones_only_alone() -> None:
    ada, mail = Author(name="Ada"), Author(name="", email="x@example.org")
    assert _text.authors([mail, ada, None, Author(name="ADA", email="a@example.org")]) == (ada,)
    assert _text.authors([mail, Author(name=""), mail]) == (mail,)
    assert _text.authors([]) == ()


def test_words_stand_once_and_are_bounded() -> None:
    assert _text.words(["a", None, " ", "b c", "a"]) == ("a", "b c")
    assert len(_text.words(map(str, range(1_000)))) == _text.MAX_ITEMS


def test_flat_takes_markup_off() -> None:
    assert _text.flat("<b>A</b>\n&amp; B <") == "A & B <"
