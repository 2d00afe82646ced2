"""Who keeps an id when stories are cut anew."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.group.regroup import id_inheritance
from tests.builders import at

Shares = dict[tuple[str, int], int]


def inherit(shares: Shares, founders: dict[str, int] | None = None) -> id_inheritance.Inheritance:
    """Inherit ids of stories that were published in the order of their names."""
    names = sorted({name for name, _ in shares})
    published = {name: at(n) for n, name in enumerate(names)}
    homes = {name: (founders or {}).get(name) for name in names}
    return id_inheritance.inherit(shares, homes, published)


@pytest.mark.parametrize(
    ("shares", "founders", "kept"),
    [
        ({("a", 0): 2}, {}, {0: "a"}),
        ({("a", 0): 2, ("b", 0): 5}, {}, {0: "a"}),
        ({("a", 0): 1, ("a", 1): 2}, {"a": 0}, {1: "a"}),
        ({("a", 0): 1, ("a", 1): 1}, {"a": 1}, {1: "a"}),
        ({("a", 0): 1, ("a", 1): 1}, {}, {0: "a"}),
        ({("a", 0): 3, ("b", 0): 3, ("b", 1): 1}, {}, {0: "a", 1: "b"}),
        ({("a", 0): 3, ("b", 0): 4, ("b", 1): 1, ("b", 2): 2}, {}, {0: "a", 2: "b"}),
        ({("b", 0): 2, ("a", 0): 1, ("a", 1): 4}, {"a": 0}, {0: "b", 1: "a"}),
    ],
    ids=[
        "as it was",
        "merged: published first",
        "split: most",
        "split in halves: founder",
        "split in halves: the earlier",
        "merged but for one: that has the free id",
        "of two parts the larger has the free id",
        "one entry went over",
    ],
)
def test_who_keeps_an_id(shares: Shares, founders: dict[str, int], kept: dict[int, str]) -> None:
    assert dict(inherit(shares, founders).kept) == kept


def test_of_stories_published_at_once_the_one_with_most_in_it_keeps_its_id() -> None:
    both: dict[str, datetime] = {"a": at(0), "b": at(0)}
    found = id_inheritance.inherit({("a", 0): 1, ("b", 0): 2}, {"a": 0, "b": 0}, both)
    assert found.kept == {0: "b"}
    assert found.successor == {"a": 0, "b": 0}


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcde"), st.integers(0, 4)), st.integers(1, 5), min_size=1
    )
)
def test_no_id_is_kept_twice_and_none_is_lost_that_a_part_could_have(shares: Shares) -> None:
    found = inherit(shares)
    ids = list(found.kept.values())
    assert len(ids) == len(set(ids))
    assert all((id_, number) in shares for number, id_ in found.kept.items())
    assert found.successor.keys() == {id_ for id_, _ in shares}
    free = found.successor.keys() - set(ids)
    assert not any(id_ in free and number not in found.kept for id_, number in shares)
