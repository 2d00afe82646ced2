"""Links: one address brings entries together, one cites another, crowds tell nothing."""

import dataclasses

import numpy as np
import pytest

from aggregator.core.model import GroupContext, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import prior
from aggregator.group.features.feature_rows import Rows, gather
from aggregator.group.pairs import links
from tests.builders import at, make_publisher, make_stored

PAGE = "https://paper.example/harbour"


def told(number: int, link: str, source: str = "", cites: tuple[str, ...] = ()) -> StoredEntry:
    """Return an entry on an address."""
    return make_stored(
        number,
        title=f"Report number {number}",
        text="",
        link=link,
        canonical=link,
        cites=cites,
        source_id=source or f"s{number}",
        publisher=make_publisher(source or f"s{number}"),
        published=at(number, days=-9),
    )


def rows_of(*entries: StoredEntry) -> Rows:
    """Return the rows of new entries."""
    return gather(entries, GroupContext(), StorySettings(), prior.NONE)


def met(rows: Rows) -> set[tuple[int, int]]:
    """Return the pairs that links bring together."""
    left, right = links.pairs(rows)
    return set(zip(left.tolist(), right.tolist(), strict=True))


def test_entries_on_one_address_meet() -> None:
    rows = rows_of(told(1, PAGE), told(2, "https://other.example/"), told(3, PAGE))
    assert met(rows) == {(0, 2), (2, 0)}


def test_an_entry_meets_what_it_cites() -> None:
    rows = rows_of(told(1, PAGE), told(2, "https://other.example/", cites=(PAGE,)))
    assert met(rows) == {(0, 1), (1, 0)}


def test_two_that_cite_a_third_page_do_not_meet() -> None:
    other = ("https://wire.example/1",)
    rows = rows_of(told(1, PAGE, cites=other), told(2, "https://other.example/", cites=other))
    assert met(rows) == set()


def test_what_cites_itself_meets_nobody() -> None:
    assert met(rows_of(told(1, PAGE, cites=(PAGE,)))) == set()


def test_entries_without_an_address_do_not_meet() -> None:
    assert met(rows_of(told(1, ""), told(2, ""))) == set()


@pytest.mark.parametrize(("count", "pairs"), [(4, 12), (5, 0)], ids=["few", "a crowd"])
def test_an_address_of_many_is_a_front_page(count: int, pairs: int) -> None:
    rows = rows_of(*(told(n, PAGE) for n in range(1, count + 1)))
    assert len(met(rows)) == pairs
    left, right = np.array([1]), np.array([0])
    assert links.one_address(rows, left, right).tolist() == [pairs > 0]


def test_only_what_is_new_asks() -> None:
    rows = rows_of(told(1, PAGE), told(2, PAGE))
    old = dataclasses.replace(rows, arrived=np.array([-1, 0]))
    assert met(old) == {(1, 0)}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (told(1, PAGE, "a"), told(2, PAGE, "b"), True),
        (told(1, PAGE, "a"), told(2, PAGE, "a"), False),
        (told(1, PAGE, "a"), told(2, PAGE + "2", "b"), False),
        (told(1, "", "a"), told(2, "", "b"), False),
    ],
    ids=["two sources", "one source: a tracker", "two addresses", "none"],
)
def test_two_sources_on_one_address(one: StoredEntry, other: StoredEntry, same: bool) -> None:
    found = links.one_address(rows_of(one, other), np.array([1]), np.array([0]))
    assert found.tolist() == [same]
