"""Folds: all versions of a file, and files of neighbouring days, are held out together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.learning.pairs import Pairs

Bits = NDArray[np.bool_]
Part = tuple[Pairs, Bits]
"""A file, and which of its pairs are used."""
_FOLDS, _SEVERAL = 6, 3
_STREAMS_AT_ONCE = 6  # that are held out together


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Pairs to learn from and, held out from them, pairs to test on."""

    learn: tuple[Part, ...]
    tests: tuple[Part, ...]


def parts(files: Sequence[Pairs], kinds: Sequence[int], *, invented: bool = False) -> list[Part]:
    """Return the files of news with pairs of some kinds, and which of their pairs these are.

    With `invented` it returns the invented bulletins instead of the news.
    """
    found = [(one, np.isin(one.kinds, kinds)) for one in files if one.invented == invented]
    return [(one, bits) for one, bits in found if bits.any()]


def weights(chosen: Sequence[Part], max_pairs: float) -> list[float]:
    """Return the weight of the pairs of each file: 1, less in a stream of more than `max_pairs`."""
    versions = Counter(one.stream for one, _ in chosen)
    pairs = Counter[str]()
    for one, bits in chosen:
        pairs[one.stream] += int(bits.sum())
    return [min(1.0, max_pairs * versions[one.stream] / pairs[one.stream]) for one, _ in chosen]


def near(one: Pairs, other: Pairs) -> bool:
    """Return whether two files are of one stream or of days that overlap or follow each other."""
    if one.stream == other.stream:
        return True
    return overlap(one.days, other.days)


def overlap(one: NDArray[np.int32], other: NDArray[np.int32]) -> bool:
    """Return whether two stretches of days overlap or follow each other; 0 is no day."""
    (a, b), (c, d) = one.tolist(), other.tolist()
    return bool(a and c and a <= d + 1 and c <= b + 1)


def folds(chosen: Sequence[Part]) -> Iterator[Fold]:
    """Hold out the files of neighbouring days together if that leaves several, else topic by topic."""
    groups = _neighbours(chosen)
    if len(groups) >= _SEVERAL:
        for group in groups:
            held = tuple(part for number, part in enumerate(chosen) if number in group)
            far = [part for part in chosen if not any(near(part[0], one) for one, _ in held)]
            yield Fold(learn=tuple(far), tests=held)
        return
    for fold in range(_FOLDS):
        inside = [one.topics * 7919 % 1009 % _FOLDS == fold for one, _ in chosen]
        learn = tuple(
            (one, bits & ~held[one.left] & ~held[one.right])
            for (one, bits), held in zip(chosen, inside, strict=True)
        )
        # A pair is new to the model if the topic of the later entry is.
        tests = tuple(
            (one, bits & held[one.left]) for (one, bits), held in zip(chosen, inside, strict=True)
        )
        yield Fold(learn=learn, tests=tests)


def _neighbours(chosen: Sequence[Part]) -> list[set[int]]:
    """Return the numbers of files that are tested together: neighbours, and their neighbours.

    Of a long chain of days a part is tested at a time, so that enough is left to learn from.
    """
    groups: list[set[int]] = []
    for number, (one, _) in enumerate(chosen):
        touched = [group for group in groups if any(near(one, chosen[n][0]) for n in group)]
        groups = [group for group in groups if group not in touched]
        groups.append({number}.union(*touched))
    return [part for group in groups for part in _parts_of(group, chosen)]


def _parts_of(group: set[int], chosen: Sequence[Part]) -> list[set[int]]:
    """Return the parts of a chain of neighbours, of at most _STREAMS_AT_ONCE streams each."""
    first_days = {chosen[n][0].stream: int(chosen[n][0].days[0]) for n in sorted(group)}
    streams = sorted(first_days, key=lambda one: first_days[one])
    some = [streams[n : n + _STREAMS_AT_ONCE] for n in range(0, len(streams), _STREAMS_AT_ONCE)]
    return [{n for n in group if chosen[n][0].stream in part} for part in some]
