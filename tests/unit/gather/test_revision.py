"""What a fetched copy of an entry changes, and which times are trusted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.core.model import Entry
from aggregator.gather import revision
from aggregator.gather.changes import Difference
from aggregator.gather.identity import Known
from tests.builders import NOW, at, make_entry
from tests.unit.gather.shelf import Shelf, edited

# --- change ------------------------------------------------------------------------------------


def history(*matches: tuple[float, Entry]) -> list[str]:
    """Return the verdicts on copies of one entry, each so many hours after NOW."""
    shelf = Shelf()
    return [shelf.verdicts(entry, now=at(hours))[0] for hours, entry in matches]


A, B, C = make_entry(1), edited(1, "b"), edited(1, "c")


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        pytest.param([(0, A), (1, A), (2, A)], ["new", "same", "same"], id="the same"),
        pytest.param([(0, A), (1, B), (2, C)], ["new", "modified", "modified"], id="edited"),
        pytest.param(
            [(0, A), (1, B), (2, A), (3, B), (4, A)],
            ["new", "modified", "modified", "modified", "older"],
            id="two texts in turn",
        ),
        pytest.param(
            [(0, A), (1, B), (2, A), (20, A), (26, A), (27, A)],
            ["new", "modified", "modified", "same", "same", "same"],
            id="taken back for good",
        ),
        pytest.param(
            [(h, (A, B)[h % 8 > 0]) for h in range(0, 80, 4)],
            ["new", "modified", "modified", "modified", *["older", "same"] * 8],
            id="in turn for days",
        ),
        pytest.param(
            [(0, A), (1, B), (2, replace(A, modified=at(1.5)))],
            ["new", "modified", "modified"],
            id="taken back, and says so",
        ),
        pytest.param(
            [(0, replace(B, modified=at(-1))), (1, replace(A, modified=at(-2)))],
            ["new", "older"],
            id="older by modified",
        ),
        pytest.param(
            [
                (0, replace(B, modified=at(-1))),
                *((h, replace(A, modified=at(-2))) for h in (1, 26)),
            ],
            ["new", "older", "modified"],
            id="older, and nothing else for a day",
        ),
        pytest.param(
            [
                (0, replace(B, modified=at(-1))),
                *(
                    (h, replace((A, B)[h % 8 > 0], modified=at(-1 - (h % 8 == 0))))
                    for h in range(4, 80, 4)
                ),
            ],
            ["new", *["same", "older"] * 9, "same"],
            id="older, in turn with the newer for days",
        ),
        pytest.param(
            [(0, replace(B, modified=at(-1))), (1, A)], ["new", "older"], id="older by published"
        ),
        pytest.param(
            [(0, replace(A, modified=at(days=900))), (1, B)],
            ["new", "modified"],
            id="a claim in the future is none",
        ),
        pytest.param(
            [(0, replace(A, published=None)), (1, replace(B, published=None))],
            ["new", "modified"],
            id="undated",
        ),
    ],
)
def test_verdicts(matches: list[tuple[float, Entry]], expected: list[str]) -> None:
    assert history(*matches) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"link": "https://example.org/1?session=7"}, "refreshed", id="a session"),
        pytest.param({"link": "http://www.example.org/1"}, "refreshed", id="another form"),
        pytest.param({"link": "https://example.org/1?id=7"}, "modified", id="an id"),
        pytest.param({"link": "https://example.org/elsewhere"}, "modified", id="another page"),
        pytest.param(
            {"link": "https://example.org/1?session=7", "title": "Other"}, "modified", id="title"
        ),
        pytest.param(
            {"link": "https://example.org/1?session=7", "text": "Other"}, "modified", id="text"
        ),
        pytest.param(
            {"html": "<p>Read otherwise.", "sent": make_entry(1).sent},
            "refreshed",
            id="the rules changed",
        ),
        pytest.param({"digest": "by other rules"}, "same", id="the digest alone"),
    ],
)
def test_an_address_may_carry_a_session(change: Any, expected: str) -> None:
    assert history((0, make_entry(1)), (1, make_entry(1, **change))) == ["new", expected]


def test_what_came_back_without_its_text_takes_it_without_a_word() -> None:
    blank = Known(key="k", title="", digest="", blank=True)
    assert revision.classify(blank, A, Difference(kind="material"), NOW) == "refreshed"


def test_texts_are_remembered_in_bounds() -> None:
    known = Known(key="k", title="", digest="0")
    for n in range(1, 40):
        entry = make_entry(1, fingerprint=str(n))
        texts = revision.variants_if_modified(known, entry, Difference(kind="material"), at(n))
        known = replace(known, fingerprint=str(n), variants=texts)
    assert [text for text, _ in known.variants] == [str(n) for n in range(28, 40)]


@pytest.mark.parametrize(
    ("variants", "hours", "expected"),
    [
        pytest.param((), 100, False, id="one text"),
        pytest.param((("a", NOW), ("b", NOW)), 1, False, id="seen lately"),
        pytest.param((("a", NOW), ("b", NOW)), 3, True, id="some time ago"),
    ],
)
def test_the_last_sight_is_written_now_and_then(
    variants: Any, hours: float, expected: bool
) -> None:
    known = Known(key="k", title="", digest="b", variants=variants)
    assert revision.should_record_seen(known, at(hours)) is expected


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param({"published": at(-5)}, at(-5), id="as claimed"),
        pytest.param({"published": at(5)}, NOW, id="never after first seen"),
        pytest.param({"published": None}, NOW, id="no date"),
        pytest.param({"published": datetime(1970, 1, 1, tzinfo=UTC)}, NOW, id="no true date"),
        pytest.param({"published": None, "gathered": at(-9)}, at(-9), id="the stamp of a dump"),
        pytest.param({"published": at(-9), "gathered": at(-5)}, at(-9), id="written before"),
    ],
)
def test_effective_date(claims: Any, expected: datetime) -> None:
    assert revision.published(make_entry(1, **claims), NOW) == expected


@pytest.mark.parametrize(
    ("hours", "most", "expected"),
    [
        pytest.param([1, 3, 2], 2, {1, 2}, id="newest"),
        pytest.param([1, 1, 1], 2, {0, 1}, id="of equals the first"),
        pytest.param([1, 2], None, {0, 1}, id="all"),
        pytest.param([1, 2], 0, set(), id="none"),
    ],
)
def test_newest(hours: Sequence[float], most: int | None, expected: set[int]) -> None:
    assert revision.newest([at(hour) for hour in hours], most) == expected


@pytest.mark.parametrize(
    ("now", "latest", "claims", "expected"),
    [
        pytest.param(NOW, None, [], NOW, id="nothing known"),
        pytest.param(NOW, at(-1), [at(5)] * 9, NOW, id="clock goes on"),
        pytest.param(NOW, NOW + timedelta(minutes=2), [at(5)] * 9, NOW, id="a small step back"),
        pytest.param(NOW, at(days=700), [at(-5)] * 9, NOW, id="was ahead"),
        pytest.param(at(days=-700), NOW, [at(-5)] * 9, NOW, id="is behind"),
        pytest.param(at(days=-700), NOW, [], at(days=-700), id="no witness"),
    ],
)
def test_which_clock_to_trust(
    now: datetime, latest: datetime | None, claims: list[datetime], expected: datetime
) -> None:
    assert revision.trusted(now, latest, claims) == expected
