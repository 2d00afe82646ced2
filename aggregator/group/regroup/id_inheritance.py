"""Who keeps an id: old stories are matched with the new ones that their entries went into."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """`kept`: the old id that a new story keeps, by its number; `successor`: where most of an old story went."""

    kept: Mapping[int, str]
    successor: Mapping[str, int]


def inherit(
    shares: Mapping[tuple[str, int], int],
    founders: Mapping[str, int | None],
    published: Mapping[str, datetime],
) -> Inheritance:
    """Say which new story keeps which old id.

    `shares` are how many entries of an old story are in a new one, `founders` where its founder
    is. An old story lives on where most of its entries are, among equals where its founder is.
    Of several that went into one the one published first keeps its id. An id that is then free
    goes to another part of its story that has none, so that as little as can be is new to readers.
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
