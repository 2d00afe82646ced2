"""The names of an entry, which of them are none, and which are forgotten."""

from typing import Any

import pytest

from aggregator.core.model import Entry
from aggregator.gather import identity
from aggregator.gather.identity import Name
from tests.builders import at, make_entry, make_publisher

# --- names -------------------------------------------------------------------------------------


def kinds(entry: Entry, **kw: Any) -> list[str]:
    """Return the kinds of names that an entry has."""
    return [name.kind for name in identity.names("s", entry, **kw)]


@pytest.mark.parametrize(
    ("entry", "standalone", "expected"),
    [
        pytest.param(
            make_entry(), False, ["guid", "link", "fingerprint", "headline", "all"], id="full"
        ),
        pytest.param(
            make_entry(guid=""), False, ["link", "fingerprint", "headline", "all"], id="no guid"
        ),
        pytest.param(
            make_entry(link=""), False, ["guid", "fingerprint", "headline", "all"], id="no link"
        ),
        pytest.param(
            make_entry(guid="", link="", fingerprint=""), False, ["all"], id="nothing at all"
        ),
        pytest.param(make_entry(guid=""), True, ["link", "all"], id="dump"),
        pytest.param(
            make_entry(guid="", link=""), True, ["fingerprint", "all"], id="dump without link"
        ),
    ],
)
def test_names_are_what_an_entry_has(entry: Entry, standalone: bool, expected: list[str]) -> None:
    assert kinds(entry, standalone=standalone) == expected


def name(entry: Entry, kind: str) -> str:
    """Return the digest of one name."""
    return next(one.digest for one in identity.names("s", entry) if one.kind == kind)


@pytest.mark.parametrize(
    ("kind", "one", "two", "same"),
    [
        pytest.param(
            "link",
            {"link": "http://www.example.org/a/"},
            {"link": "https://example.org/a"},
            True,
            id="scheme and www do not matter",
        ),
        pytest.param(
            "link",
            {"link": "https://example.org/a"},
            {"link": "https://example.org/b"},
            False,
            id="pages do",
        ),
        pytest.param(
            "fingerprint",
            {"publisher": make_publisher("a.example", stated=True)},
            {"publisher": make_publisher("b.example", stated=True)},
            False,
            id="a text counts within one publisher",
        ),
        pytest.param(
            "fingerprint",
            {"publisher": make_publisher("example")},
            {"publisher": make_publisher("a.example")},
            True,
            id="a publisher that is found out later changes no name",
        ),
        pytest.param(
            "fingerprint",
            {"published": at(1)},
            {"published": at(2)},
            False,
            id="a short text counts with its date",
        ),
        pytest.param(
            "fingerprint",
            {"text": "long " * 40, "published": at(1)},
            {"text": "long " * 40, "published": at(2)},
            True,
            id="a long text counts alone",
        ),
        pytest.param(
            "fingerprint", {"published": None}, {"published": None}, True, id="undated text"
        ),
    ],
)
def test_names_are_equal(kind: str, one: dict[str, Any], two: dict[str, Any], same: bool) -> None:
    equal = name(make_entry(1, **one), kind) == name(make_entry(1, **two), kind)
    assert equal is same


def test_an_address_without_form_is_its_own_name() -> None:
    assert identity.link_name("odd:thing") == "odd:thing"


def test_names_differ_between_sources() -> None:
    one, two = identity.names("a", make_entry()), identity.names("b", make_entry())
    assert not {name.digest for name in one} & {name.digest for name in two}


def test_worn_names_are_the_oldest_of_a_kind_but_the_first() -> None:
    held = [(Name("guid", str(n)), at(n)) for n in range(12)] + [(Name("link", "l"), at(-9))]
    assert [name.digest for name in identity.surplus_aliases("0", held)] == ["3", "2", "1"]
