"""Labelled entries: cleaned in order, boilerplate learned on the way, unknown publishers apart."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.core.model import Entry, FeedInfo, RawEntry, Source
from aggregator.gather import cleaning
from aggregator.group.learning import labelled

DAY = "2026-01-05T08:00:00Z"


def row(n: int, **kw: Any) -> dict[str, Any]:
    """Return a labelled entry."""
    return {"id": f"e{n}", "title": f"Title {n}", "text": f"Text {n}.", "source": "a"} | kw


def test_an_entry_is_read() -> None:
    (one,) = labelled.read(
        [row(1, published=DAY, event="storm", lang="en-GB", link="https://a.example/1")],
        cleaning.clean,
    )
    assert (one.id, one.event, one.ambiguous, one.language) == ("e1", "storm", False, "en")
    assert one.stored.published == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert one.stored.entry.title == "Title 1"
    assert one.stored.entry.text == "Text 1."
    assert one.stored.entry.publisher.id == "a"


def test_html_titles_and_texts() -> None:
    (one,) = labelled.read(
        [row(1, title="A &amp; B", html="<p>x &lt; y</p>", text=None)], cleaning.clean
    )
    assert (one.stored.entry.title, one.stored.entry.text) == ("A & B", "x < y")


def test_text_is_not_taken_for_html() -> None:
    (one,) = labelled.read([row(1, text="a <b> c")], cleaning.clean)
    assert one.stored.entry.text == "a <b> c"


def test_unknown_publishers_equal_none() -> None:
    one, other = labelled.read([row(1, source=None), row(2, source=None)], cleaning.clean)
    assert one.stored.entry.publisher.id != other.stored.entry.publisher.id


def test_two_with_one_id_stay_two() -> None:
    one, other = labelled.read([row(1), row(1)], cleaning.clean)
    assert one.stored.key != other.stored.key


def test_an_entry_without_time_stands_where_the_one_before_it_does() -> None:
    first, second, third = labelled.read(
        [row(1), row(2, published=DAY), row(3, published=None)], cleaning.clean
    )
    assert first.stored.published < second.stored.published == third.stored.published
    assert third.stored.entry.published is None


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"event": None, "ambiguous": 1}, id="other kinds"),
        pytest.param({"id": None, "title": 5, "text": [], "source": {}, "lang": 3}, id="all odd"),
    ],
)
def test_odd_fields_are_taken_for_absent(odd: dict[str, Any]) -> None:
    (one,) = labelled.read([row(1) | odd], cleaning.clean)
    assert (one.event, one.ambiguous) == ("", False)


def test_the_language_may_be_unknown() -> None:
    (one,) = labelled.read([row(1, title="12", text="34")], cleaning.clean)
    assert one.language == "unknown"


class Watcher:
    """Cleans, and notes what it was told is boilerplate."""

    def __init__(self) -> None:
        self.learned: list[frozenset[int]] = []

    def __call__(
        self,
        raw: RawEntry,
        info: FeedInfo,
        source: Source,
        *,
        boilerplate: Mapping[str, frozenset[int]] = {},
    ) -> Entry:
        """Clean one entry."""
        self.learned.append(boilerplate[source.id])
        return cleaning.clean(raw, info, source, boilerplate=boilerplate)


def test_boilerplate_is_learned_on_the_way() -> None:
    footer = "<p>The harbour office answers letters on working days.</p>"
    rows = [row(n, html=f"<p>Story number {n} of many.</p>{footer}") for n in range(6)]
    watcher = Watcher()
    found = labelled.read(rows, watcher)
    assert [len(some) for some in watcher.learned] == [0, 0, 0, 0, 1, 1]
    assert "harbour office" in found[3].stored.entry.text
    assert "harbour office" not in found[4].stored.entry.text
