"""Values come back as they were, and damaged bytes are told from whole ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import Entry, FeedInfo, Hints, Publisher, Reason, SourceState, Validators
from aggregator.store import codec
from tests.builders import NOW, make_entry, make_info, make_state

TIMES = st.datetimes(
    min_value=datetime(1, 1, 2),
    max_value=datetime(9998, 12, 30),
    timezones=st.just(UTC),
)
ENTRIES = st.builds(
    Entry,
    title=st.text(),
    html=st.text(),
    guid=st.text(alphabet=st.characters(exclude_categories=())),
    publisher=st.builds(Publisher, id=st.text(), title=st.text()),
    categories=st.lists(st.text()).map(tuple),
    blocks=st.lists(st.integers(0, 2**63 - 1)).map(tuple),
    published=st.none() | TIMES,
)


@given(ENTRIES)
def test_entries_survive_packing(entry: Entry) -> None:
    assert codec.unpack(Entry, codec.pack(entry)) == entry


@given(TIMES)
def test_times_survive(when: datetime) -> None:
    assert codec.from_ticks(codec.to_ticks(when)) == when


@pytest.mark.parametrize("when", [None, NOW])
def test_times_may_be_none(when: datetime | None) -> None:
    assert codec.maybe_time(codec.maybe_ticks(when)) == when


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(make_state(), id="state"),
        pytest.param(SourceState(validators=Validators(documents=(("a", "b"),))), id="pairs"),
        pytest.param(
            make_info(hints=Hints(ttl=timedelta(minutes=5), skip_hours=(1, 2))), id="spans"
        ),
        pytest.param(Reason(kind="user", weights=(("a", 0.5),), score=0.1), id="floats"),
        pytest.param(FeedInfo(), id="nothing but defaults"),
    ],
)
def test_values_survive_as_json(value: Any) -> None:
    assert codec.from_json(type(value), codec.to_json(value)) == value


def test_defaults_take_no_room() -> None:
    assert codec.to_json(FeedInfo()) == "{}"


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert codec.from_json(FeedInfo, '{"title":"T","mood":"good"}') == FeedInfo(title="T")


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no zlib", id="foreign"),
        pytest.param(codec.pack(make_entry())[:-9], id="cut"),
        pytest.param(codec.pack(make_entry())[:30] + b"\0" * 40, id="overwritten"),
        pytest.param(codec.pack(("a", "b")), id="another type"),
        pytest.param(codec.pack(FeedInfo()), id="fields missing"),
    ],
)
def test_damaged_bytes_are_an_error(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|not a"):
        codec.unpack(Entry, packed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain 中文 😀", "plain 中文 😀", id="plain"),
        pytest.param("a\0b", "ab", id="NUL"),
        pytest.param("a\ud800b", "a?b", id="lone surrogate"),
    ],
)
def test_text_that_every_database_takes(text: str, expected: str) -> None:
    assert codec.storable(text) == expected
