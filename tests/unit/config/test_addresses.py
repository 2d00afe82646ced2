"""The id of a source that has none of its own."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import config
from aggregator.config import addresses
from aggregator.config.addresses import source_id

FILE = Path("/x/config/a.yaml")


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("https://example.org/feed.xml", "example.org-feed.xml"),
        ("http://www.example.org/", "example.org"),
        ("https://user:secret@example.org/a/b?token=hidden#x", "example.org-a-b"),
        ("https://example.org/${TOKEN}/feed", "example.org-feed"),
        ("https://新闻.example/世界", "新闻.example-世界"),
        ("../fixtures/dumps", "fixtures-dumps"),
        ("https://example.org/" + "long/" * 50, "example.org-long-long-long-long-long-long-long-l"),
    ],
)
def test_is_readable(address: str, slug: str) -> None:
    assert re.fullmatch(re.escape(slug) + "-[0-9a-f]{8}", source_id(address))


def test_a_given_address_keeps_its_id_for_ever() -> None:
    assert source_id("https://example.org/feed.xml") == "example.org-feed.xml-d74f9ca5"


def test_a_new_password_changes_nothing() -> None:
    assert source_id("https://a:b@example.org/x") == source_id("https://example.org/x")


@pytest.mark.parametrize(
    "other",
    ["https://example.org/a", "http://example.org/b", "https://example.org/b?x=1"],
)
def test_other_addresses_get_other_ids(other: str) -> None:
    assert source_id(other) != source_id("https://example.org/b")


@given(st.text())
def test_is_always_an_id(address: str) -> None:
    made = source_id(address)
    assert made == source_id(f" {address} ")
    assert 8 <= len(made) <= 57
    assert re.fullmatch(r"\w[\w.\-]*", made)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://a.example/f", ("https://a.example/f",)),
        (" <http://a.example/f> ", ("http://a.example/f",)),
        ("feed://a.example/f", ("https://a.example/f", "http://a.example/f")),
        ("feed:https://a.example/f", ("https://a.example/f",)),
        ("FEED:a.example", ("https://a.example", "http://a.example")),
        (
            "rss://a.example:8080/f?x=1",
            ("https://a.example:8080/f?x=1", "http://a.example:8080/f?x=1"),
        ),
        ("a.example/f", ("https://a.example/f", "http://a.example/f")),
        ("//a.example/f", ("https://a.example/f", "http://a.example/f")),
        ("127.0.0.1:8801/f", ("https://127.0.0.1:8801/f", "http://127.0.0.1:8801/f")),
        ("localhost:8801", ("https://localhost:8801", "http://localhost:8801")),
        ("新闻.example/源", ("https://新闻.example/源", "http://新闻.example/源")),
        ("https://a.example/my feed.xml", ("https://a.example/my%20feed.xml",)),
        ("https://a.example/a%20b c", ("https://a.example/a%20b%20c",)),
    ],
)
def test_what_an_address_means(written: str, meant: tuple[str, ...]) -> None:
    assert addresses.candidates(written) == meant


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "the URL is empty"),
        ("  ", "the URL is empty"),
        ("feed:", "the URL is empty"),
        ("feed://", "the URL is empty"),
        ("x", "write one that begins with https://"),
        ("ftp://a.example/", "ftp: is not supported"),
        ("file:///etc/passwd", "file: is not supported"),
        ("javascript:alert(1)", "javascript: is not supported"),
        ("mailto:a@b.example", "mailto: is not supported"),
        ("feed:file:///etc/passwd", "the URL has no host"),
    ],
)
def test_what_is_no_address(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        addresses.candidates(written)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("https://a.example/f", "http://www.A.example:80/f/", True),
        ("https://a.example/f%C3%A9", "https://a.example/fé", True),
        ("https://bücher.example/", "https://xn--bcher-kva.example", True),
        ("https://a.example/f?x=1", "https://a.example/f?x=2", False),
        ("https://a.example:8443/f", "https://a.example/f", False),
        ("https://u:p@a.example/f", "https://a.example/f", False),
        ("https://a.example/f", "https://a.example/F", False),
    ],
)
def test_spellings(a: str, b: str, same: bool) -> None:
    assert (addresses.comparison_key(a) == addresses.comparison_key(b)) is same


@given(st.text(max_size=60), st.sampled_from(["", "Title", "新闻", "--", "a" * 200]))
def test_a_readable_id_is_an_id_and_free(url: str, title: str) -> None:
    taken: set[str] = set()
    for _ in range(3):
        made = addresses.readable_id(title, f"https://a.example/{url}", taken)
        assert made not in taken
        assert config.loads(
            f"sources: [{{id: '{made}', url: https://a.example/}}]", FILE, {}
        ).sources
        taken.add(made)
