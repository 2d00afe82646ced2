"""Dumps in all their variations."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Author, Document, RawEntry
from aggregator.gather.parsers import dump, parse

STAMP = "<!--1713639542000-->"
AT = datetime(2024, 4, 20, 18, 59, 2, tzinfo=UTC)
LINKED = "[Title](https://example.org/a)"
BODY = "<p>Body</p>"


def read(text: str | bytes, url: str = "") -> RawEntry:
    """Read the one entry of a dump."""
    content = text if isinstance(text, bytes) else text.encode()
    found = dump.parse(Document(name="a.txt", content=content, url=url, format="dump"))
    assert len(found.entries) == 1
    return found.entries[0]


def test_an_ordinary_dump() -> None:
    entry = read(f"{STAMP}\n{LINKED}\n------\n\n{BODY}")
    assert entry == RawEntry(
        where="a.txt",
        link="https://example.org/a",
        base="https://example.org/a",
        title="Title",
        content=BODY,
        gathered=AT,
    )


STAMPS = [
    ("<!--1713639542000-->\n", AT),
    ("<!-- 1713639542000 -->\n", AT),
    ("<!--1713639542-->\n", AT),
    ("<!--1713639542000-->", AT),
    ("<!--2024-04-20T18:59:02Z-->\n", AT),
    ("<!--NaN-->\n", None),
    ("<!--undefined-->\n", None),
    ("<!---->\n", None),
    ("<!--0-->\n", None),
    ("<!---1-->\n", None),
    ("<!--99999999999999999999999-->\n", None),
    ("", None),
    ("\n\n", None),
    ("\ufeff", None),
]


@pytest.mark.parametrize(("stamp", "gathered"), STAMPS)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_the_stamp(stamp: str, gathered: datetime | None, ending: str) -> None:
    text = f"{stamp}{LINKED}\n------\n\n{BODY}".replace("\n", ending)
    entry = read(text)
    assert (entry.gathered, entry.title, entry.link) == (gathered, "Title", "https://example.org/a")
    assert entry.content == BODY


HEADS = [
    ("[[Video] All](https://example.org/a)", "[Video] All", "https://example.org/a"),
    ("[All] of [it](https://example.org/a)", "All] of [it", "https://example.org/a"),
    ("[a [b](c) d](https://example.org/a)", "a [b](c) d", "https://example.org/a"),
    (
        "[a](http://x.example) b](https://example.org/a)",
        "a](http://x.example) b",
        "https://example.org/a",
    ),
    ("[Two\n\nlines\n](https://example.org/a)", "Two lines", "https://example.org/a"),
    ("[T](https://example.org/a\n/b)", "T", "https://example.org/a/b"),
    ("[T](https://example.org/a%20b//c (d) e)", "T", "https://example.org/a%20b//c (d) e"),
    ("[T](https://en.example.org/w/A_(b))", "T", "https://en.example.org/w/A_(b)"),
    ("[T](<https://example.org/a b>)", "T", "https://example.org/a b"),
    ("[T] (https://example.org/a)", "T", "https://example.org/a"),
    ("[T]( https://example.org/a )", "T", "https://example.org/a"),
    ("[T](//example.org/a)", "T", "//example.org/a"),
    ("[T](example.org/a)", "T", "example.org/a"),
    ("[T]()", "T", ""),
    ("[](https://example.org/a)", "", "https://example.org/a"),
    ("Only a title", "Only a title", ""),
]


@pytest.mark.parametrize(("head", "title", "link"), HEADS)
def test_title_and_address(head: str, title: str, link: str) -> None:
    entry = read(f"{STAMP}\n{head}\n------\n\n{BODY}")
    assert (entry.title, entry.link, entry.content) == (title, link, BODY)


def test_a_title_with_markup_says_so() -> None:
    assert read(f"[A &quot;b&quot;](https://example.org/a)\n------\n{BODY}").title_is_html
    assert not read(f"[A & b](https://example.org/a)\n------\n{BODY}").title_is_html


def test_relative_addresses_are_resolved_against_the_document() -> None:
    assert read("[T](/a)\n------\n", "https://example.org/x/").link == "https://example.org/a"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (f"{LINKED}\n{BODY}\n", BODY),
        (f"{LINKED}\n------", ""),
        (f"{LINKED}\n------\n\n", ""),
        (f"{LINKED}\n---\n{BODY}\n------\nmore", f"{BODY}\n------\nmore"),
        (
            f"{LINKED}\n------\nDate: Mon, 22 Jun 2020 22:49:48 +0000\n\n{BODY}",
            f"Date: Mon, 22 Jun 2020 22:49:48 +0000\n\n{BODY}",
        ),
    ],
    ids=["no rule", "nothing", "blank", "rule in the body", "preamble stays"],
)
def test_the_body(text: str, content: str) -> None:
    assert read(text).content == content


FRONT = """---
layout: post
title: "A \\"quoted\\": title"
date: 2024-04-20 18:41:18 +0800
author: Ada Quay
from: https://example.org/a
tags: [ One, 'Two' ]
categories:
  - Three
  - "Four"
lang: zh
image: /a.jpg
---
"""


def test_front_matter_stands_for_a_head() -> None:
    entry = read(FRONT + BODY)
    assert entry == RawEntry(
        where="a.txt",
        link="https://example.org/a",
        base="https://example.org/a",
        title='A "quoted": title',
        content=BODY,
        authors=(Author(name="Ada Quay"),),
        categories=("One", "Two", "Three", "Four"),
        image="https://example.org/a.jpg",
        published="2024-04-20 18:41:18 +0800",
        language="zh",
    )


def test_a_head_behind_front_matter_wins() -> None:
    entry = read(f"{FRONT}\n{STAMP}\n[Other](https://example.org/b)\n------\n\n{BODY}")
    assert (entry.title, entry.link, entry.gathered) == ("Other", "https://example.org/b", AT)
    assert (entry.published, entry.content) == ("2024-04-20 18:41:18 +0800", BODY)


@pytest.mark.parametrize("text", ["", "\n \n", STAMP, "---\n---\n", "<!--NaN-->\n\n"])
def test_an_empty_dump_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


def test_a_text_without_a_head_is_no_dump() -> None:
    with pytest.raises(NotAFeed):
        read("Some words.\nMore words.")


ACCEPTED = [
    (f"{STAMP}\n{LINKED}\n------\n", True),
    (f"\ufeff{LINKED}\n------\n", True),
    ("<!--NaN-->\n[T\n](https://example.org)", True),
    (FRONT, True),
    ("---\nno: thing\n---\n", False),
    ("<!-- a comment --><rss/>", False),
    ("[1, 2]", False),
    ("<rss/>", False),
    ("words", False),
]


@pytest.mark.parametrize(("text", "is_dump"), ACCEPTED)
def test_knows_a_dump_by_its_beginning(text: str, is_dump: bool) -> None:
    assert dump.accepts(Document(name="x", content=text.encode())) is is_dump


def test_is_found_without_being_named() -> None:
    content = f"{STAMP}\n{LINKED}\n------\n\n{BODY}".encode()
    assert parse(Document(name="x", content=content)).entries[0].title == "Title"


def test_dumps_in_other_encodings() -> None:
    text = (
        f"{STAMP}\n[渡轮公司宣布新码头今年开放](https://example.org/a)\n------\n\n这是一个好消息。"
    )
    assert read(text.encode("gbk")).title == "渡轮公司宣布新码头今年开放"


@given(st.text("[]()<>-!# \r\nabhttps:/.中", max_size=120))
def test_raises_nothing_else(text: str) -> None:
    with suppress(ParseError):
        read(text)
