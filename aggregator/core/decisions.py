"""Decisions of the user on stories: made from a story, and compared with those recorded."""

from collections.abc import Iterable
from datetime import datetime

from aggregator.core import ids
from aggregator.core.errors import AggregatorError
from aggregator.core.model import Decision, ShownStory

_APART = frozenset({"split", "never"})


def split(shown: ShownStory, key: str, *, when: datetime) -> Decision:
    """Return the decision that removes the entry of this key from a story.

    Raises AggregatorError if the entry is not in the story, or is its only one.
    """
    rest = [one for one in shown.entries if one.key != key]
    if len(rest) == len(shown.entries):
        raise AggregatorError(f"{ids.entry_id(key)} is not in the story {shown.story.id}")
    if not rest:
        raise AggregatorError(f"{ids.entry_id(key)} is alone in its story already")
    stays = next((one for one in rest if one.key == shown.story.founder), rest[0])
    return Decision(kind="split", a=stays.key, b=key, when=when)


def are_apart(decisions: Iterable[Decision], wanted: Decision) -> bool:
    """Return whether the last decision on the two entries of `wanted` already keeps them apart."""
    pair = {wanted.a, wanted.b}
    kind = ""
    for one in decisions:
        if {one.a, one.b} == pair:
            kind = one.kind
    return kind in _APART
