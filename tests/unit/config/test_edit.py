"""Sources are added; nothing else moves."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import config
from aggregator.config import template
from aggregator.config.edit import (
    EditError,
    add_sources,
    remove_key,
    remove_source,
    rename_in_feeds,
    set_key,
)
from aggregator.core.model import Source

URL = "https://new.example/feed.xml"
FILE = Path("/x/config/a.yaml")

TEXTS = {
    "empty": ("", f"sources:\n  - {URL}\n"),
    "no list": ("data: x", f"data: x\nsources:\n  - {URL}\n"),
    "block": (
        "sources:\n  - https://a.example/ # first\n\n# the end\nfeeds: []\n",
        f"sources:\n  - https://a.example/ # first\n  - {URL}\n\n# the end\nfeeds: []\n",
    ),
    "not indented": (
        "sources:\n- https://a.example/\nfeeds: []\n",
        f"sources:\n- https://a.example/\n- {URL}\nfeeds: []\n",
    ),
    "no end of line": (
        "sources:\n  - https://a.example/",
        f"sources:\n  - https://a.example/\n  - {URL}\n",
    ),
    "mapping last": (
        "sources:\n  - id: a\n    url: https://a.example/\n    strip:\n      - .x\n\n# end",
        f"sources:\n  - id: a\n    url: https://a.example/\n    strip:\n      - .x\n  - {URL}\n\n# end",
    ),
    "flow item last": (
        "sources:\n  - {id: a,\n     url: https://a.example/}   # long\n",
        f"sources:\n  - {{id: a,\n     url: https://a.example/}}   # long\n  - {URL}\n",
    ),
    "flow": (
        "sources: [https://a.example/]  # few\n",
        f"sources: [https://a.example/, {URL}]  # few\n",
    ),
    "nothing": (
        "sources:   # none yet\nfeeds: []\n",
        f"sources:   # none yet\n  - {URL}\nfeeds: []\n",
    ),
    "nothing at the end": ("sources:", f"sources:\n  - {URL}\n"),
    "null": ("sources: ~\nfeeds: []\n", f"sources:\n  - {URL}\nfeeds: []\n"),
    "empty list": ("sources: []\nfeeds: []\n", f"sources:\n  - {URL}\nfeeds: []\n"),
}


@pytest.mark.parametrize(("before", "after"), TEXTS.values(), ids=TEXTS)
def test_adds_one(before: str, after: str) -> None:
    assert add_sources(before, [{"url": URL}]) == after
    added = config.loads(after, FILE, {}).sources
    assert added[-1].url == URL
    assert len(added) == len(config.loads(before, FILE, {}).sources) + 1


def test_adds_to_the_shipped_file() -> None:
    before = template.text()
    after = add_sources(
        before, [{"url": URL, "title": "新 “聞”: #1"}, {"url": "https://b.example/$x"}]
    )
    *_, one, two = config.loads(after, FILE, {}).sources
    assert (one.title, two.url) == ("新 “聞”: #1", "https://b.example/$x")
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [
        '  - {url: https://new.example/feed.xml, title: "新 “聞”: #1"}',
        '  - "https://b.example/$$x"',
    ]


@given(st.text(min_size=1, max_size=40).filter(lambda title: title.strip()))
def test_whatever_a_title_is_it_reads_back(title: str) -> None:
    title = title.encode("utf-8", "replace").decode()
    after = add_sources("", [{"url": URL, "title": title}])
    if title.isprintable():
        assert config.loads(after, FILE, {}).sources[0].title == title


# --- one source ----------------------------------------------------------------------------

STYLES = {
    "block": "# head\nsources:\n  # first\n  - https://a.example/   # why\n  - id: b\n    url: https://b.example/  # note\n    strip:\n      - .x\n  - {id: c, url: https://c.example/}\n# end\nfeeds:\n  - {name: all}\n",
    "not indented": "sources:\n- https://a.example/\n- id: b\n  url: https://b.example/\n- {id: c, url: 'https://c.example/'}   # last\nfeeds: [{name: all}]\n",
    "flow": 'sources: [https://a.example/, {id: b, url: "https://b.example/", title: B}, {id: c, url: https://c.example/}]  # few\n',
    "long flow": "sources:\n  [\n    https://a.example/,\n    {id: b,\n     url: https://b.example/},\n    {id: c, url: https://c.example/}\n  ]\n",
    "text": "sources:\n  - https://a.example/\n  - url: https://b.example/\n    id: b\n    title: |\n      B\n\n  - id: c\n    url: https://c.example/",
    "windows": "sources:\r\n  - https://a.example/ # 新\r\n  - id: b\r\n    url: https://b.example/\r\n  - {id: c, url: https://c.example/}\r\n",
}
PLACES = [(style, number) for style in STYLES for number in range(3)]


def sources(text: str) -> tuple[Source, ...]:
    return config.loads(text, FILE, {}).sources


def others(text: str, *, but: str) -> list[Source]:
    return [one for one in sources(text) if one.id != but]


@pytest.mark.parametrize(("style", "number"), PLACES)
def test_a_source_is_paused_and_resumed_and_all_else_stays(style: str, number: int) -> None:
    before = STYLES[style]
    paused = set_key(before, number, "paused", "true")
    old, new = sources(before)[number], sources(paused)[number]
    assert new == dataclasses.replace(old, paused=True)
    assert others(paused, but=old.id) == others(before, but=old.id)
    assert remove_key(before, number, "paused") == before
    resumed = remove_key(paused, number, "paused")
    assert sources(resumed) == sources(before)
    if number:  # an address by itself has become a mapping
        assert resumed.rstrip() == before.rstrip()
    assert [line for line in before.splitlines() if "#" in line and "example" not in line] == [
        line for line in paused.splitlines() if "#" in line and "example" not in line
    ]


@pytest.mark.parametrize(("style", "number"), PLACES)
def test_a_source_is_taken_out(style: str, number: int) -> None:
    before = STYLES[style]
    gone = sources(before)[number].id
    after = remove_source(before, number)
    assert list(sources(after)) == others(before, but=gone)
    kept = after.splitlines(keepends=True)
    assert all(
        line in kept for line in before.splitlines(keepends=True) if line.startswith(("#", "  #"))
    )
    while sources(after):
        after = remove_source(after, 0)
    assert config.loads(after, FILE, {}).sources == ()


@pytest.mark.parametrize(("style", "number"), PLACES)
def test_a_source_gets_another_id(style: str, number: int) -> None:
    before = STYLES[style]
    old = sources(before)[number]
    after = set_key(set_key(before, number, "id", "new"), number, "formerly", [old.id])
    assert sources(after)[number].id == "new"
    assert sources(after)[number].identity == old.identity
    assert others(after, but="new") == others(before, but=old.id)
    again = set_key(set_key(after, number, "id", "newer"), number, "formerly", [old.id, "new"])
    assert sources(again)[number].formerly == (old.id, "new")
    if "\r\n" in before:
        assert "\n" not in again.replace("\r\n", "")


@pytest.mark.parametrize(
    ("feeds", "renamed", "without"),
    [
        (
            "[{name: x, sources: [a, b]}]",
            "[{name: x, sources: [z, b]}]",
            "[{name: x, sources: [b]}]",
        ),
        (
            "[{name: x, sources: [b, a]}]",
            "[{name: x, sources: [b, z]}]",
            "[{name: x, sources: [b]}]",
        ),
        ("[{name: x, sources: a}]", "[{name: x, sources: z}]", None),
        ("[{name: x, sources: [a]}]", "[{name: x, sources: [z]}]", None),
        (
            "\n  - name: x\n    sources:\n      - a  # one\n      - b\n",
            "\n  - name: x\n    sources:\n      - z  # one\n      - b\n",
            "\n  - name: x\n    sources:\n      - b\n",
        ),
        ("[{name: a}]", "[{name: a}]", "[{name: a}]"),
    ],
)
def test_feeds_follow(feeds: str, renamed: str, without: str | None) -> None:
    text = f"feeds: {feeds}"
    assert rename_in_feeds(text, "a", "z") == f"feeds: {renamed}"
    if without is None:
        with pytest.raises(EditError, match="a feed lists only the source a"):
            rename_in_feeds(text, "a", "")
    else:
        assert rename_in_feeds(text, "a", "") == f"feeds: {without}"


@pytest.mark.parametrize(
    "text",
    [
        "x: &a {id: a, url: https://a.example/}\nsources: [*a]",
        "sources:\n  - &a {id: a, url: https://a.example/}\n  - *a",
        "sources: &s\n  - {id: a, url: https://a.example/}\nfeeds: *s",
    ],
)
def test_what_stands_elsewhere_is_left_to_people(text: str) -> None:
    number = text.count("- ") - 1 if "- *a" in text else 0
    if text.startswith("sources: &s"):
        assert "paused" in set_key(text, 0, "paused", "true")
        return
    with pytest.raises(EditError, match="edit the file by hand"):
        remove_source(text, number)
    with pytest.raises(EditError, match="edit the file by hand"):
        set_key(text, number, "paused", "true")


_TITLES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)


@given(
    st.lists(st.tuples(st.integers(0, 3), _TITLES), min_size=1, max_size=6),
    st.integers(0, 5),
    st.booleans(),
)
def test_whatever_the_list_looks_like_only_one_source_changes(
    rows: list[tuple[int, str]], at: int, crlf: bool
) -> None:
    lines = ["# a comment: with 'signs'", "sources:"]
    for n, (form, title) in enumerate(rows):
        url = f"https://s{n}.example/feed"
        written = json.dumps(title, ensure_ascii=False).replace("$", "$$")
        lines += (
            [f"  - {url}  # {n}"],
            [f"  - {{id: s{n}, url: {url}, title: {written}}}"],
            [f"  - id: s{n}", "", f"    url: '{url}'   # here", f"    title: {written}"],
            [f"  -   url: {url}", f"      title: {written}", f"      id: s{n}", "  # below"],
        )[form]
    text = ("\r\n" if crlf else "\n").join([*lines, "data: x"])
    number = at % len(rows)
    before = sources(text)
    paused = set_key(text, number, "paused", "true")
    expected = [dataclasses.replace(one, paused=n == number) for n, one in enumerate(before)]
    assert list(sources(paused)) == expected
    assert sources(remove_key(paused, number, "paused")) == before
    left = remove_source(text, number)
    assert sources(left) == before[:number] + before[number + 1 :]
    comments = [line for line in lines if line.lstrip().startswith("#")]
    assert all(comment in left for comment in comments)
