"""Which pairs are worth comparing at all."""

import numpy as np
import pytest

from aggregator.group.features import packing
from aggregator.group.features.columns import Columns
from aggregator.group.features.feature_rows import EARLIER, NEVER_SUPERSEDED, Rows
from aggregator.group.pairs.blocking import Pairs
from aggregator.group.pairs.candidates import close_enough

_BOTH = packing.CHINESE | packing.DATED


@pytest.mark.parametrize(
    ("shared", "hours", "flags", "urls", "kept"),
    [
        pytest.param(0.041, 0.5, _BOTH, (1, 2), True, id="little, but at once"),
        pytest.param(0.041, 48, _BOTH, (1, 2), False, id="little, days apart"),
        pytest.param(0.2, 48, _BOTH, (1, 2), True, id="much, days apart"),
        pytest.param(0.041, 48, _BOTH, (3, 3), True, id="one address"),
        pytest.param(0.041, 48, _BOTH, (0, 0), False, id="no address is not one address"),
        pytest.param(0.041, 48, packing.DATED, (1, 2), True, id="other languages are not judged"),
        pytest.param(0.041, 48, packing.CHINESE, (1, 2), True, id="nor is what has no date"),
    ],
)
def test_what_is_shared_must_make_up_for_the_time_between(
    shared: float, hours: float, flags: int, urls: tuple[int, int], kept: bool
) -> None:
    heads = np.zeros(2, packing.HEADER)
    heads["flags"], heads["url"] = flags, urls
    rows = Rows(
        keys=["a", "b"],
        published=np.array([0.0, 3600 * hours]),
        heads=heads,
        arrived=np.array([EARLIER, 0]),
        superseded=np.array([NEVER_SUPERSEDED, NEVER_SUPERSEDED]),
        slots=np.array([0, 1]),
        window=Columns.read(()),
        added=Columns.read([packing.EMPTY] * 2),
        whole={},
    )
    found = Pairs(
        left=np.array([1]),
        right=np.array([0]),
        strength=np.array([shared], np.float32),
        keys=np.array([2]),
    )
    assert close_enough(rows, found).tolist() == [kept]
