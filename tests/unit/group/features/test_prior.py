"""The prior: counts of hashed terms, kept small, read back the same."""

import numpy as np
import pytest

from aggregator.group.features import prior
from aggregator.group.features.features import extract
from tests.unit.group.news import BRIDGE, PORT, tell

CHINESE = [extract(tell(BRIDGE[n % 3], n, "a.example")) for n in range(9)]
ENGLISH = [extract(tell(PORT[n % 2], n, "a.example")) for n in range(12)]


def test_without_counts_every_term_is_equally_rare() -> None:
    ids = CHINESE[0].words.ids
    assert set(prior.NONE.idf(ids, chinese=True).tolist()) == {8.0}


@pytest.mark.parametrize("chinese", [True, False])
def test_what_all_hold_is_common_and_the_unseen_is_rare(chinese: bool) -> None:
    found = prior.count([*CHINESE, *ENGLISH])
    own = (CHINESE if chinese else ENGLISH)[0].words.ids
    known = found.idf(own, chinese=chinese)
    unseen = found.idf(np.array([1, 2, 3], "<u4"), chinese=chinese)
    assert known.min() < 1.0
    assert (unseen > known.min()).all()


def test_scripts_are_counted_apart() -> None:
    found = prior.count(CHINESE)
    assert found.other.idf.size == 0
    assert set(found.idf(CHINESE[0].words.ids, chinese=False).tolist()) == {8.0}


def test_stored_and_read() -> None:
    found = prior.count([*CHINESE, *ENGLISH])
    back = prior.read(found.to_bytes())
    for one, other in ((found.chinese, back.chinese), (found.other, back.other)):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_allclose(one.idf, other.idf, atol=1e-6)
        assert one.unseen == other.unseen


def test_the_shipped_one_knows_common_words() -> None:
    ids = extract(tell(("", "记者表示，据报道，中国和美国"), 1, "a.example")).words.ids
    assert prior.built_in().idf(ids, chinese=True).min() < 2.5
