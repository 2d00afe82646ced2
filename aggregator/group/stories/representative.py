"""Chooses the representative of a story: the member that is shown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from aggregator.core.model import Reason
from aggregator.group.features.features import wide_hash
from aggregator.text.fold import language_key

_COMPLETE_BODY = 400  # characters
_CLEAR_LEAD = 1.0  # points of quality by which another entry replaces the one shown
_SCRIPT = 4  # letters of a script in a tag
_UNCLEAR = "hani"  # a script that may be simplified or traditional

Position = tuple[float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The properties by which a member is chosen as the representative."""

    key: str
    priority: int = 0
    language: int = 0
    length: int
    position: Position
    copy: bool = False

    @property
    def preference(self) -> tuple[int, int]:
        """What the user configured; it outweighs quality."""
        return self.priority, self.language

    @property
    def quality(self) -> float:
        """How complete and original the text is; one point is a clear difference."""
        fullness = min(self.length / _COMPLETE_BODY, 1.0) * 2
        return fullness - (0.9 if self.copy else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The user's preferences: priorities by hash of the source's identity, languages in order.

    A language has a script, '' for any.
    """

    priorities: Mapping[int, int] = field(default_factory=dict)
    languages: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_settings(
        cls, priorities: Mapping[str, int], languages: Iterable[str]
    ) -> "Preferences":
        """Return the preferences for priorities by source identity and for language tags."""
        return cls(
            priorities={wide_hash(name): one for name, one in priorities.items()},
            languages=tuple(map(_language, languages)),
        )

    def claim(self, key: str, head: np.void, position: Position, *, copy: bool = False) -> Claim:
        """Return the claim of an entry; `head` is the header of its features."""
        return Claim(
            key=key,
            priority=self.priorities.get(int(head["source"]), 0),
            language=-self._language_rank(head) if self.languages else 0,
            length=int(head["length"]),
            position=position,
            copy=copy,
        )

    def _language_rank(self, head: np.void) -> int:
        """Return the rank of an entry's language among the preferred ones; others rank last."""
        language, script = head["language"].decode(), head["script"].decode().casefold()
        for rank, (wanted, written) in enumerate(self.languages):
            if language == wanted and (not written or script in {written, _UNCLEAR}):
                return rank
        return len(self.languages)


def _language(tag: str) -> tuple[str, str]:
    """Return the language and the script of a tag; the region is ignored."""
    language, *rest = language_key(tag).split("-")
    return language, next((one for one in rest if len(one) == _SCRIPT), "")


def copies(members: Mapping[str, Reason], position: Callable[[str], Position]) -> set[str]:
    """Return the members whose text an earlier member of the story has too."""
    return {
        max(key, why.nearest, key=position)
        for key, why in members.items()
        if why.kind == "same text" and why.nearest in members
    }


def choose(claims: Iterable[Claim], current: str) -> str:
    """Return the key of the entry to show; the current one if no other is clearly better."""
    ranked = sorted(
        claims, key=lambda one: (*(-part for part in one.preference), -one.quality, one.position)
    )
    standing = next((claim for claim in ranked if claim.key == current), None)
    if not ranked:
        return current
    best = ranked[0]
    if standing is None or best.preference != standing.preference:
        return best.key
    return current if best.quality - standing.quality < _CLEAR_LEAD else best.key
