"""Front matter of text files."""

import pytest

from aggregator.gather.parsers._front_matter import first, split

CASES = [
    ("---\ntitle: A\n---\nrest", {"title": ("A",)}, "rest"),
    ("---\r\ntitle: A\r\n---\r\nrest".replace("\r\n", "\n"), {"title": ("A",)}, "rest"),
    ("---\ntitle: 'it''s'\n...\n", {"title": ("it's",)}, ""),
    ('---\ntitle: "a \\\\ \\"b\\""\n---', {"title": ('a \\ "b"',)}, ""),
    ("---\ntitle: [not, a list]\n---\n", {"title": ("[not, a list]",)}, ""),
    ("---\nauthors: [A, B,, ]\n---\n", {"author": ("A", "B")}, ""),
    ("---\nauthors:\n- A\n- B\nlayout: x\n- C\n---\n", {"author": ("A", "B")}, ""),
    ("---\ntags: one\nkeywords: two\n---\n", {"category": ("one", "two")}, ""),
    (
        "---\ntitle: null\nurl: https://example.org/a: b\n---\n",
        {"link": ("https://example.org/a: b",)},
        "",
    ),
    ("---\nOriginal URL: https://example.org/\n---\n", {"link": ("https://example.org/",)}, ""),
    (
        "---\ntitle: >-\n  A long\n  title\ndate: |\n  2024\n---\n",
        {"title": ("A long title",), "date": ("2024",)},
        "",
    ),
    ("---\ntitle: A long\n  title\n\nlayout: x\n---\n", {"title": ("A long title",)}, ""),
    ("---\nlayout: a\n  b\n\ntitle: A\n---\n", {"title": ("A",)}, ""),
    ("---\nExpires: 2024\n---\n", {}, "---\nExpires: 2024\n---\n"),
    ("---\ntitle: never ends\n", {}, "---\ntitle: never ends\n"),
    ("title: A\n---\n", {}, "title: A\n---\n"),
    ("------\ntitle: A\n---\n", {}, "------\ntitle: A\n---\n"),
    ("", {}, ""),
]


@pytest.mark.parametrize(("text", "fields", "rest"), CASES)
def test_split(text: str, fields: dict[str, tuple[str, ...]], rest: str) -> None:
    assert split(text) == (fields, rest)


def test_first() -> None:
    assert first({"author": ("A", "B")}, "author") == "A"
    assert first({}, "author") == ""


def test_a_long_head_is_no_front_matter() -> None:
    text = "---\n" + "title: A\n" * 1_000 + "---\n"
    assert split(text) == ({}, text)
