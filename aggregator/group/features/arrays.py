"""Operations on arrays that numpy lacks: runs of equal values, ranges side by side."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def starts_of(sizes: Numbers) -> Numbers:
    """Return where each of some lists starts if they stand one after another, and where all end."""
    return np.concatenate(([0], np.cumsum(sizes)))


def ranges(begins: Numbers, sizes: Numbers) -> Numbers:
    """Return the numbers of many ranges in turn: begins 5 and 9 with sizes 2 and 3 give 5 6 9 10 11."""
    ends = np.cumsum(sizes)
    found: Numbers = np.arange(ends[-1] if len(ends) else 0)
    found += np.repeat(begins - ends + sizes, sizes)
    return found


def runs(values: NDArray[Any]) -> tuple[Numbers, Numbers]:
    """Return where each run of equal values begins, and its length; the values are not negative."""
    begins = np.flatnonzero(np.diff(values, prepend=-1))
    return begins, np.diff(begins, append=len(values))
