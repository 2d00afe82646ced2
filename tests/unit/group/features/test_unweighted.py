"""Features as bytes: the same features come back, and only for what they were extracted from."""

from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import StoredEntry
from aggregator.group.features.features import extract
from aggregator.group.features.unweighted import extract_to_bytes, from_bytes
from tests.builders import make_stored
from tests.unit.group.news import week

NAMES = (("张三丰", "Zhang Sanfeng"),)


def plain(value: Any) -> Any:
    """Return a value with its arrays as lists, beside their types."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    return value


def carried(stored: StoredEntry) -> StoredEntry:
    """Return an entry that comes with its features."""
    return replace(stored, extracted=extract_to_bytes(stored))


@pytest.mark.parametrize("stored", week())
def test_the_same_features_come_back(stored: StoredEntry) -> None:
    assert plain(from_bytes(carried(stored))) == plain(extract(stored))


@given(st.text(max_size=60), st.text(max_size=200))
def test_features_of_any_text_come_back(title: str, text: str) -> None:
    stored = make_stored(1, title=title, text=text)
    assert plain(from_bytes(carried(stored))) == plain(extract(stored))


def test_features_of_another_day_or_with_other_names_are_not_used() -> None:
    stored = carried(make_stored(1))
    assert from_bytes(make_stored(1)) is None
    assert from_bytes(stored, NAMES) is None
    assert from_bytes(replace(stored, published=stored.published - timedelta(days=1))) is None
    named = replace(stored, extracted=extract_to_bytes(stored, NAMES))
    assert plain(from_bytes(named, NAMES)) == plain(extract(stored, names=NAMES))


def test_an_entry_whose_features_cannot_be_extracted_is_taken_without() -> None:
    broken = make_stored(1)
    broken = replace(broken, entry=replace(broken.entry, text=None))  # type: ignore[arg-type]
    assert extract_to_bytes(broken) == b""
