"""Which of several links is which."""

import pytest

from aggregator.gather.parsers._links import (
    Link,
    article,
    deduplicate,
    enclosure,
    is_web,
    related,
    relation,
)

PAGE = Link(href="https://example.org/page", type="text/html; charset=utf-8")
DATA = Link(href="https://example.org/data", type="application/json")
SELF = Link(href="https://example.org/self", rel="self")


@pytest.mark.parametrize(
    ("links", "chosen"),
    [
        ([], ""),
        ([SELF], ""),
        ([DATA, PAGE], PAGE.href),
        ([DATA], DATA.href),
        ([SELF, Link(href=""), Link(href="a"), Link(href="b")], "a"),
    ],
)
def test_article(links: list[Link], chosen: str) -> None:
    assert article(links) == chosen


def test_related() -> None:
    assert related([PAGE, SELF], "self") == SELF.href
    assert related([PAGE], "hub") == ""


@pytest.mark.parametrize(
    ("written", "short"),
    [
        (None, "alternate"),
        ("", "alternate"),
        ("SELF", "self"),
        ("http://www.iana.org/assignments/relation/Via", "via"),
    ],
)
def test_relation(written: str | None, short: str) -> None:
    assert relation(written) == short


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("HTTPS://example.org", True),
        ("http://x", True),
        ("urn:x", False),
        ("//x", False),
        ("", False),
    ],
)
def test_is_web(url: str, answer: bool) -> None:
    assert is_web(url) is answer


@pytest.mark.parametrize(
    ("length", "number"),
    [("5", 5), (" 5 ", 5), ("", 0), ("-5", 0), ("5 MB", 0), ("٥", 0), ("9" * 30, 0)],
)
def test_enclosure(length: str, number: int) -> None:
    assert enclosure("https://example.org/a", "Audio/MPEG", length).length == number
    assert enclosure("https://example.org/a", "Audio/MPEG", length).type == "audio/mpeg"


def test_each_file_once() -> None:
    one, two, none = enclosure("a"), enclosure("b"), enclosure("")
    assert deduplicate([none, one, two, enclosure("a", "x/y")]) == (one, two)
    assert len(deduplicate(enclosure(str(number)) for number in range(500))) == 100
