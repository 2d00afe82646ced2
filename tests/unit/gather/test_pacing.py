"""What keeps the daemon from asking too often."""

from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.report import SourceReport
from aggregator.core.settings import FetchSettings
from aggregator.gather.network import Network
from aggregator.gather.pacing import Backoff, Pacing
from tests.builders import make_folder, make_source

ONE = make_source()
OTHER = make_source(id="other", url="https://example.net/feed.xml")
UNSAVED = SourceReport(id="example", outcome="error", unsaved=True)
SAVED = SourceReport(id="example", outcome="ok")


def make_pacing() -> Pacing:
    """Make a pacing without jitter."""
    return Pacing(FetchSettings(), Network(), lambda: 0.5)


def test_a_source_is_not_asked_again_at_once_whatever_its_state_says() -> None:
    pacing = make_pacing()
    pacing.started([ONE], 0)
    pacing.ended(ONE, SAVED, 1)
    assert pacing.ready([ONE, OTHER], 5) == (OTHER,)
    assert pacing.ready([ONE, OTHER], 31) == (ONE, OTHER)


def test_a_short_interval_is_kept() -> None:
    source = make_source(interval=timedelta(seconds=2))
    pacing = make_pacing()
    pacing.started([source], 0)
    assert pacing.ready([source], 1.5) == (source,)


def test_a_source_that_cannot_be_saved_waits_longer_each_time() -> None:
    pacing, now, asked = make_pacing(), 0.0, 0
    while now < 3600:
        if pacing.ready([ONE], now):
            pacing.started([ONE], now)
            pacing.ended(ONE, UNSAVED, now)
            asked += 1
        now += 5
    assert asked <= 12


def test_everything_is_asked_once_saving_works_again() -> None:
    pacing = make_pacing()
    for _ in range(9):
        pacing.started([ONE], 0)
        pacing.ended(ONE, UNSAVED, 0)
        pacing.pause.failed(0)
    assert pacing.pause.is_waiting(1)
    pacing.recovered()
    assert not pacing.pause.is_waiting(1)
    assert pacing.ready([ONE], 1) == (ONE,)


def test_a_source_that_was_not_asked_has_not_to_wait() -> None:
    pacing = make_pacing()
    pacing.started([ONE], 0)
    pacing.not_asked(ONE)
    assert pacing.ready([ONE], 1) == (ONE,)


def test_in_an_outage_one_feed_is_asked_and_folders_are_read(tmp_path: Path) -> None:
    pacing, folder = make_pacing(), make_folder(tmp_path)
    pacing.network.judge(frozenset(), frozenset({"example.org", "example.com"}), 0)
    assert pacing.ready([ONE, OTHER, folder], 1) == (folder,)
    assert pacing.ready([ONE, OTHER, folder], 6) == (folder, OTHER)


@given(st.lists(st.booleans(), max_size=60))
def test_pauses_double_up_to_a_bound_and_end_with_a_success(results: list[bool]) -> None:
    backoff, row = Backoff(5, 300), 0
    for now, succeeded in enumerate(results):
        if succeeded:
            backoff.succeeded()
            row = 0
            assert not backoff.is_waiting(now)
        else:
            assert backoff.failed(now) == min(5 * 2**row, 300)
            row += 1
