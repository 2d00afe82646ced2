"""Decides which new story keeps the id of which old one."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """`kept`: the id that each new story keeps; `successor`: the new story with most of an old one."""

    kept: Mapping[int, str]
    successor: Mapping[str, int]


def inherit(
    shares: Mapping[tuple[str, int], int],
    founders: Mapping[str, int | None],
    published: Mapping[str, datetime],
) -> Inheritance:
    """Return which new story keeps which old id.

    `shares` is the number of entries of each old story in each new one, `founders` the new story
    of each founder. An old id goes to the new story with most of its entries; in a tie, to the one
    with the founder. If several old stories were merged, the one published first keeps its id. An
    id that is left over goes to another new story with entries of the old one, if that has no id.
    """
    successor = _successors(shares, founders)
    kept: dict[int, str] = {}
    for id_ in sorted(
        successor, key=lambda one: (published[one], -shares[one, successor[one]], one)
    ):
        kept.setdefault(successor[id_], id_)
    free = set(successor) - set(kept.values())
    rest = sorted(
        (-count, published[id_], id_, number)
        for (id_, number), count in shares.items()
        if id_ in free and number not in kept
    )
    for _, _, id_, number in rest:
        if id_ in free and number not in kept:
            kept[number] = id_
            free.discard(id_)
    return Inheritance(kept=kept, successor=successor)


def _successors(
    shares: Mapping[tuple[str, int], int], founders: Mapping[str, int | None]
) -> dict[str, int]:
    parts: dict[str, list[tuple[int, bool, int]]] = defaultdict(list)
    for (id_, number), count in shares.items():
        parts[id_].append((count, founders[id_] == number, -number))
    return {id_: -max(some)[2] for id_, some in parts.items()}
