"""Corrections by a reader."""

import pytest

from aggregator.core import ids
from aggregator.core.errors import AggregatorError
from aggregator.publish import signed_links
from tests.builders import NOW, at, make_decision, make_key, make_shown, make_stored

A, B, C = (make_key(n) for n in (1, 2, 3))


def test_the_founder_is_whom_the_others_part_from() -> None:
    shown = make_shown(make_stored(1), make_stored(2), make_stored(3))
    assert signed_links.split(shown, C, when=NOW) == make_decision("split", A, C)


def test_a_founder_parts_from_the_one_that_is_shown() -> None:
    shown = make_shown(make_stored(1), make_stored(2), make_stored(3))
    assert signed_links.split(shown, A, when=NOW) == make_decision("split", B, A)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((1,), "is alone in its story"), ((2, 3), "is not in the story")],
    ids=["alone", "elsewhere"],
)
def test_what_cannot_part_is_said(numbers: tuple[int, ...], words: str) -> None:
    with pytest.raises(AggregatorError, match=words):
        signed_links.split(make_shown(*map(make_stored, numbers)), A, when=NOW)


@pytest.mark.parametrize(
    ("kinds", "apart"),
    [((), False), (("split",), True), (("never",), True), (("split", "join"), False),
     (("join", "never"), True)],
)  # fmt: skip
def test_the_last_decision_on_a_pair_holds(kinds: tuple[str, ...], apart: bool) -> None:
    wanted = make_decision("split", A, B, at(9))
    said = [make_decision(kind, B, A, at(n)) for n, kind in enumerate(kinds)]  # type: ignore[arg-type]
    said.append(make_decision("never", A, C))
    assert signed_links.holds(said, wanted) is apart


def test_a_signature_names_secret_story_and_entry() -> None:
    story, entry, other = ids.story_id(A), ids.entry_id(B), ids.entry_id(C)
    ours = signed_links.sign(b"k" * 32, story, entry)
    assert signed_links.is_signed(b"k" * 32, story, entry, ours)
    for secret, a, b, given in (
        (b"x" * 32, story, entry, ours),
        (b"k" * 32, other, entry, ours),
        (b"k" * 32, story, other, ours),
        (b"k" * 32, story, entry, ours[:-1]),
        (b"k" * 32, story, entry, ours.upper()),
        (b"k" * 32, story, entry, "中\ud800"),
        (b"k" * 32, story, entry, ""),
    ):
        assert not signed_links.is_signed(secret, a, b, given)


def test_the_path_is_the_same_each_time() -> None:
    story, entry = ids.story_id(A), ids.entry_id(B)
    path = signed_links.split_path(b"k" * 32, story, entry)
    assert path == signed_links.split_path(b"k" * 32, story, entry)
    assert path.startswith(f"stories/{story[9:]}/split/{entry[9:]}?sig=")
