"""Signed links by which a reader removes a report from a story."""

import hmac
from collections.abc import Iterable
from datetime import datetime

from aggregator.core import ids
from aggregator.core.errors import AggregatorError
from aggregator.core.model import Decision, ShownStory

_APART = frozenset({"split", "never"})
_URN = "urn:uuid:"


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


def holds(decisions: Iterable[Decision], wanted: Decision) -> bool:
    """Return whether the last decision on these two entries already keeps them apart."""
    pair = {wanted.a, wanted.b}
    kind = ""
    for one in decisions:
        if {one.a, one.b} == pair:
            kind = one.kind
    return kind in _APART


def split_path(secret: bytes, story_id: str, entry_id: str) -> str:
    """Return path and query of the page that splits, relative to the root of the site."""
    story, entry = story_id.removeprefix(_URN), entry_id.removeprefix(_URN)
    return f"stories/{story}/split/{entry}?sig={sign(secret, story_id, entry_id)}"


def sign(secret: bytes, story_id: str, entry_id: str) -> str:
    """Return the signature that allows removing this entry from this story, and nothing else."""
    return hmac.digest(secret, f"split\n{story_id}\n{entry_id}".encode(), "sha256").hex()[:40]


def is_signed(secret: bytes, story_id: str, entry_id: str, signature: str) -> bool:
    """Verify the signature in constant time."""
    ours = sign(secret, story_id, entry_id)
    return hmac.compare_digest(ours.encode(), signature.encode("utf-8", "replace"))
