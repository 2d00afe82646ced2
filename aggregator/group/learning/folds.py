"""What is held out together: all versions of a file, and files of neighbouring days."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.learning.pairs import Pairs

Bits = NDArray[np.bool_]
Part = tuple[Pairs, Bits]
"""A file, and which of its pairs are meant."""
_FOLDS, _SEVERAL = 6, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Pairs to learn from and, held out from them, pairs to test on."""

    learn: tuple[Part, ...]
    tests: tuple[Part, ...]


def parts(files: Sequence[Pairs], kinds: Sequence[int]) -> list[Part]:
    """Return the files that hold pairs of some kinds, and which of their pairs these are."""
    found = [(one, np.isin(one.kinds, kinds)) for one in files]
    return [(one, bits) for one, bits in found if bits.any()]


def weights(chosen: Sequence[Part], most: float) -> list[float]:
    """Return what a pair of each file counts: versions of one stream share what one would count.

    A stream with more than `most` pairs counts as if it had so many.
    """
    versions = Counter(one.stream for one, _ in chosen)
    pairs = Counter[str]()
    for one, bits in chosen:
        pairs[one.stream] += int(bits.sum())
    return [
        min(1.0, most * versions[one.stream] / pairs[one.stream]) / versions[one.stream]
        for one, _ in chosen
    ]


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
            yield Fold(
                learn=tuple(part for number, part in enumerate(chosen) if number not in group),
                tests=tuple(part for number, part in enumerate(chosen) if number in group),
            )
        return
    for fold in range(_FOLDS):
        inside = [one.topics * 7919 % 1009 % _FOLDS == fold for one, _ in chosen]
        learn = tuple(
            (one, bits & ~held[one.left] & ~held[one.right])
            for (one, bits), held in zip(chosen, inside, strict=True)
        )
        # What a pair reports is new to the model if it is for the later entry's topic.
        tests = tuple(
            (one, bits & held[one.left]) for (one, bits), held in zip(chosen, inside, strict=True)
        )
        yield Fold(learn=learn, tests=tests)


def _neighbours(chosen: Sequence[Part]) -> list[set[int]]:
    """Return the numbers of files that neighbours join, and their neighbours, and so on."""
    groups: list[set[int]] = []
    for number, (one, _) in enumerate(chosen):
        touched = [group for group in groups if any(near(one, chosen[n][0]) for n in group)]
        groups = [group for group in groups if group not in touched]
        groups.append({number}.union(*touched))
    return groups
