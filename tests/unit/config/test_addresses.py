"""The id of a source that has none of its own."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.addresses import source_id


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
