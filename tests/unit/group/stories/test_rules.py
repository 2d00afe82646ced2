"""What the user said of pairs of entries."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core import ids
from aggregator.core.model import Decision
from aggregator.core.settings import StorySettings
from aggregator.group.features.features import wide_hash
from aggregator.group.stories import rules
from tests.builders import NOW, make_decision, make_key

A, B, C = (make_key(n) for n in (1, 2, 3))
URLS = {A: "https://one.example/a", B: "https://two.example/b", C: ""}
ENTRIES = [(key, wide_hash(url)) for key, url in URLS.items()]


def test_no_decisions_no_rules() -> None:
    """Nothing is forbidden, nothing wanted."""
    none = rules.from_decisions(())
    assert not none
    assert not none.forbids(A, (B, C))
    assert none.partners(A) == ()
    assert none.between(A, B) == ""


def test_never_and_split_forbid_both_ways() -> None:
    """Either entry is kept out of the other's story, and nobody else is."""
    made = rules.from_decisions([make_decision("never", A, B), make_decision("split", B, C)])
    assert made
    assert made.forbids(A, (B,))
    assert made.forbids(B, (A,))
    assert made.forbids(C, (A, B))
    assert not made.forbids(A, (C,))


def test_join_names_partners_both_ways() -> None:
    """A join forbids nothing."""
    made = rules.from_decisions([make_decision("join", A, B), make_decision("join", C, A)])
    assert set(made.partners(A)) == {B, C}
    assert made.partners(B) == (A,)
    assert not made.forbids(A, (B, C))


def test_the_last_word_holds() -> None:
    """Whichever entry is named first, the later decision on a pair counts."""
    made = rules.from_decisions([make_decision("never", A, B), make_decision("join", B, A)])
    assert (made.between(A, B), made.between(B, A)) == ("join", "join")
    assert not made.forbids(A, (B,))
    back = rules.from_decisions([make_decision("join", A, B), make_decision("split", B, A)])
    assert back.between(A, B) == "split"
    assert back.pairs[frozenset((A, B))] == ("split", A)
    assert back.partners(A) == ()


def test_an_entry_and_itself_make_no_rule() -> None:
    """Nonsense is passed over."""
    assert not rules.from_decisions([make_decision("never", A, A)])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(ids.entry_id(A), ids.entry_id(B), id="ids"),
        pytest.param(A, B, id="keys"),
        pytest.param(URLS[A], URLS[B], id="links"),
        pytest.param("HTTPS://One.Example:443/a#top", URLS[B], id="a link in another form"),
    ],
)
@pytest.mark.parametrize("kind", ["join", "split", "never"])
def test_the_configuration_names_entries(kind: str, a: str, b: str) -> None:
    """Entries are named by id or link."""
    (found,) = rules.configured_decisions(StorySettings(**{kind: ((a, b),)}), ENTRIES)  # type: ignore[arg-type]
    assert (found.kind, found.a, found.b) == (kind, A, B)


@pytest.mark.parametrize(
    "name",
    ["https://three.example/", "urn:uuid:none", "", "not a link"],
    ids=["other link", "other id", "empty", "words"],
)
def test_unknown_names_wait(name: str) -> None:
    """A correction about entries that are not there says nothing, and hits no entry without link."""
    settings = StorySettings(never=((URLS[A], name),))
    assert list(rules.configured_decisions(settings, ENTRIES)) == []


def test_a_command_is_later_than_the_configuration() -> None:
    """What the configuration says has a date before any command."""
    (found,) = rules.configured_decisions(StorySettings(never=((URLS[A], URLS[B]),)), ENTRIES)
    assert found.when < make_decision("join", A, B).when
    assert list(rules.configured_decisions(StorySettings(), ENTRIES)) == []


def said(*kinds: Any) -> tuple[Decision, ...]:
    """Make decisions on one pair, in this order."""
    return tuple(
        make_decision(kind, A, B, NOW + timedelta(hours=n)) for n, kind in enumerate(kinds)
    )


@pytest.mark.parametrize(
    ("kinds", "holds", "undone"),
    [
        (("join", "undo"), "", "join"),
        (("never", "join", "undo"), "never", "join"),
        (("never", "join", "undo", "undo"), "", "never"),
        (("split", "undo", "never"), "never", ""),
        (("undo",), "", ""),
        (("join", "undo", "undo"), "", ""),
    ],
)
def test_an_undone_correction_lets_the_one_before_it_hold(
    kinds: tuple[str, ...], holds: str, undone: str
) -> None:
    made = rules.from_decisions(said(*kinds))
    assert made.between(A, B) == holds
    assert made.undone.get(frozenset((A, B)), ("", ""))[0] == undone
    assert bool(made.partners(A)) is (holds == "join")
    assert made.forbids(A, [B]) is (holds in ("split", "never"))


@given(st.lists(st.sampled_from(["join", "split", "never", "undo"]), max_size=8))
def test_what_is_undone_at_once_was_never_said(kinds: list[str]) -> None:
    before = rules.from_decisions(said(*kinds)).pairs
    for kind in ("join", "split", "never"):
        assert rules.from_decisions(said(*kinds, kind, "undo")).pairs == before


def test_what_the_configuration_says_cannot_be_undone() -> None:
    settings = StorySettings(never=((A, B),))
    known = list(rules.configured_decisions(settings, ENTRIES))
    assert rules.from_decisions([*known, *said("undo")]).between(A, B) == "never"
    assert rules.from_decisions([*known, *said("join", "undo", "undo")]).between(A, B) == "never"
