"""Which entry is shown for a story."""

import pytest

from aggregator.stories import representative
from aggregator.stories.representative import Claim


def claim(key: str, **kw: int) -> Claim:
    """Return a claim; entries came in the order of their keys."""
    given = {"priority": 0, "length": 400} | kw
    return Claim(
        key=key,
        priority=given["priority"],
        length=given["length"],
        place=(float(ord(key[0])), key),
        copy=bool(given.get("copy")),
    )


@pytest.mark.parametrize(
    ("claims", "current", "expected"),
    [
        pytest.param([], "a", "a", id="nothing known"),
        pytest.param([claim("a"), claim("b")], "a", "a", id="equal, it stays"),
        pytest.param([claim("a"), claim("b")], "b", "b", id="equal, the later one stays"),
        pytest.param([claim("b"), claim("a")], "gone", "a", id="gone, the first takes over"),
        pytest.param([claim("a"), claim("b", priority=1)], "a", "b", id="preferred source"),
        pytest.param([claim("a", length=0), claim("b")], "a", "b", id="complete text"),
        pytest.param([claim("a", length=300), claim("b")], "a", "a", id="a little longer"),
        pytest.param([claim("a"), claim("b", length=9000)], "a", "a", id="full is full"),
        pytest.param([claim("a", copy=1), claim("b")], "a", "a", id="a copy alone is not clear"),
        pytest.param([claim("a", copy=1), claim("b")], "gone", "b", id="original before copy"),
        pytest.param(
            [claim("a", priority=1, length=0), claim("b")], "a", "a", id="preferred though short"
        ),
    ],
)
def test_choose(claims: list[Claim], current: str, expected: str) -> None:
    """The one that stands stays unless another is clearly better."""
    assert representative.choose(claims, current) == expected


def test_the_order_of_claims_does_not_matter() -> None:
    """The same entries give the same choice."""
    claims = [claim(key, length=length) for key, length in (("a", 10), ("b", 399), ("c", 399))]
    assert {representative.choose(claims[n:] + claims[:n], "gone") for n in range(3)} == {"b"}


def test_claims_of_known_members() -> None:
    """Members out of sight make no claim; sources without priority have 0."""
    found = representative.claims(
        ("a", "b", "c"),
        {"a": (11, 50), "b": (12, 60)},
        {"a": (1.0, "a"), "b": (2.0, "b")},
        {12: 3},
    )
    assert found == [
        Claim(key="a", priority=0, length=50, place=(1.0, "a")),
        Claim(key="b", priority=3, length=60, place=(2.0, "b")),
    ]
