"""Which entry of a story is shown: complete, preferred, original; and it stays unless clearly beaten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_FULL = 400  # characters from which on a body is complete enough
_CLEARLY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What speaks for an entry: the source's priority, characters of the body, when it came."""

    key: str
    priority: int
    length: int
    place: tuple[float, str]
    copy: bool = False

    @property
    def worth(self) -> float:
        """How good it is to show; one point is a clear difference."""
        fullness = min(self.length / _FULL, 1.0) * 2
        return 10 * self.priority + fullness - (0.9 if self.copy else 0)


def choose(claims: Iterable[Claim], current: str) -> str:
    """Return the key of the entry to show; the current one if no other is clearly better."""
    ranked = sorted(claims, key=lambda claim: (-claim.worth, claim.place))
    standing = next((claim for claim in ranked if claim.key == current), None)
    if not ranked:
        return current
    if standing is not None and ranked[0].worth - standing.worth < _CLEARLY:
        return current
    return ranked[0].key


def claims(
    keys: Iterable[str],
    heads: Mapping[str, tuple[int, int]],
    places: Mapping[str, tuple[float, str]],
    priorities: Mapping[int, int],
) -> list[Claim]:
    """Return the claims of the members that are known; `heads` are (source, length)."""
    return [
        Claim(
            key=key,
            priority=priorities.get(heads[key][0], 0),
            length=heads[key][1],
            place=places[key],
        )
        for key in keys
        if key in heads
    ]
