"""Lists of other readers, sound and unsound."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.opml import MAX_FILE_BYTES, Subscription, read_list
from aggregator.core.errors import ConfigError

HEAD = '<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><head/><body>'
TAIL = "</body></opml>"


def listed(inner: str, *, encoding: str = "utf-8") -> tuple[Subscription, ...]:
    return read_list((HEAD + inner + TAIL).encode(encoding)).feeds


def test_reads_addresses_titles_and_folders() -> None:
    found = listed(
        '<outline text="新闻"><outline text="甲 &amp; 乙" type="rss" xmlUrl="https://a.example/?x=1&amp;y=2"/>'
        '</outline><outline title="B" text="B" xmlUrl="http://b.example/"/>'
    )
    assert found == (
        Subscription(url="https://a.example/?x=1&y=2", title="甲 & 乙", category="新闻"),
        Subscription(url="http://b.example/", title="B"),
    )


@pytest.mark.parametrize(
    "inner",
    [
        '<outline text="a & b" xmlUrl="https://a.example/?x=1&y=2">',
        '<OUTLINE TEXT="a" XMLURL="https://a.example/">',
        '<outline text="a" xmlUrl="https://a.example/"/><outline text="b" xmlUrl="https://a.example/"/>',
        '<outline text="a" xmlUrl="https://a.example/"/></body></opml><rubbish',
    ],
    ids=["bare ampersand", "capitals", "twice", "rubbish"],
)
def test_is_tolerant(inner: str) -> None:
    (found,) = listed(inner)
    assert found.url.startswith("https://a.example/")


def test_reads_other_encodings() -> None:
    text = (HEAD + '<outline text="新闻" xmlUrl="https://a.example/"/>' + TAIL).replace(
        "UTF-8", "GBK"
    )
    assert read_list(text.encode("gbk")).feeds[0].title == "新闻"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "contains no feed"),
        (b"\x00\xff\xfe", "contains no feed"),
        (b"https://a.example/", "contains no feed"),
        (b"x" * (MAX_FILE_BYTES + 1), "is larger than"),
        (
            b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body/></opml>',
            "entities",
        ),
        (
            f'{HEAD}<outline text="x" xmlUrl="file:///etc/passwd"/>{TAIL}'.encode(),
            "contains no feed",
        ),
        (f'{HEAD}<outline text="x" xmlUrl="exec:rm"/>{TAIL}'.encode(), "contains no feed"),
        (f'{HEAD}<outline text="x" xmlUrl="https:///"/>{TAIL}'.encode(), "contains no feed"),
    ],
    ids=["nothing", "bytes", "address", "large", "entity", "file", "exec", "no host"],
)
def test_refuses(content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_list(content)


def test_deep_lists_do_no_harm() -> None:
    inner = '<outline text="x">' * 50_000 + '<outline xmlUrl="https://a.example/"/>'
    with contextlib.suppress(ConfigError):
        assert len(listed(inner)) == 1


@given(st.binary(max_size=200))
def test_never_raises_anything_else(content: bytes) -> None:
    with contextlib.suppress(ConfigError):
        assert read_list(HEAD.encode() + content).feeds
