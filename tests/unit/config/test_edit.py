"""Sources are added; nothing else moves."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import config
from aggregator.config import template
from aggregator.config.edit import add_sources

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
