"""Ids are permanent: these values are published and may never change."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core import ids


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(ids.entry_key("s", "guid", "g"), "b5e2f323bd7d51c181ebea6ca2136d2c", id="key"),
        pytest.param(
            ids.entry_id("ab"), "urn:uuid:65707ffc-0c58-51bd-8c42-8008061ae063", id="entry"
        ),
        pytest.param(
            ids.story_id("ab"), "urn:uuid:7524c24c-7711-5ec6-9d7e-a5096f986251", id="story"
        ),
        pytest.param(
            ids.feed_id("merged"), "urn:uuid:e6ba282c-8a34-59c8-9480-206743424441", id="feed"
        ),
    ],
)
def test_ids_stay_for_ever(made: str, expected: str) -> None:
    assert made == expected


def test_parts_do_not_run_together() -> None:
    assert ids.entry_key("a", "guid", "bc") != ids.entry_key("ab", "guid", "c")
    assert ids.entry_key("a", "guid", "b") != ids.entry_key("a", "link", "b")


@given(st.text(), st.sampled_from(["guid", "link", "fingerprint"]), st.text())
def test_a_key_is_32_hex_digits_of_any_text(identity: str, kind: str, value: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", ids.entry_key(identity, kind, value))


def test_lone_surrogates_have_keys() -> None:
    assert ids.entry_key("s", "guid", "\ud800") != ids.entry_key("s", "guid", "\ud801")


def test_a_story_whose_id_is_taken_gets_another_and_always_the_same() -> None:
    own = ids.story_id("ab")
    assert ids.free_story_id("ab", set()) == own
    second = ids.free_story_id("ab", {own})
    assert second == ids.free_story_id("ab", {own}) != own
    assert ids.free_story_id("ab", {own, second}) not in {own, second}
