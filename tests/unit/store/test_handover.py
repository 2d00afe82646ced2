"""Requests to a daemon: files that are written whole, taken once and answered."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.core.errors import DataFolderBusy
from aggregator.core.model import Skipped
from aggregator.core.report import RunReport, SourceReport
from aggregator.store import handover, lock_folder
from aggregator.store.handover import FetchRequest, HandoverFailed
from tests.builders import NOW

REPORT = RunReport(
    sources=(
        SourceReport(
            id="a",
            outcome="ok",
            new=2,
            seconds=0.5,
            entries=("k1", "k2"),
            skipped=(Skipped(where="x", reason="old"),),
        ),
        SourceReport(id="b", outcome="error", error="it is “broken”"),
    ),
    stories_new=2,
    written=(Path("/data/feeds/merged.atom"),),
    published=("urn:uuid:1",),
    errors=("disk full",),
)


LATER = datetime(9000, 1, 1, tzinfo=UTC)


class Daemon:
    """Answers requests whenever the command waits."""

    def __init__(self, data: Path, answer: RunReport | str = REPORT) -> None:
        self.data = data
        self.answer = answer
        self.seen: list[FetchRequest] = []

    def sleep(self, _seconds: float) -> None:
        """Take what is there."""
        for request in handover.take_requests(self.data, now=NOW):
            self.seen.append(request)
            handover.answer_request(self.data, request, self.answer)


def left(data: Path) -> list[str]:
    """Return the files of requests that are left."""
    return [path.name for path in (data / "requests").iterdir() if path.name != "daemon"]


def test_a_request_gets_the_report_of_the_run(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with lock_folder(tmp_path), handover.taking_requests(tmp_path):
        found = handover.request_fetch(tmp_path, ["a", "b"], force=True, sleep=daemon.sleep)
        assert found == REPORT
        assert [(one.sources, one.force) for one in daemon.seen] == [(("a", "b"), True)]
        assert left(tmp_path) == []


def test_a_problem_is_raised(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "no source has this id")
    with (
        lock_folder(tmp_path),
        handover.taking_requests(tmp_path),
        pytest.raises(HandoverFailed, match="no source has this id"),
    ):
        handover.request_fetch(tmp_path, [], sleep=daemon.sleep)
    assert left(tmp_path) == []


def test_a_daemon_is_one_that_holds_the_folder_and_takes_requests(tmp_path: Path) -> None:
    assert not handover.has_daemon(tmp_path)
    with lock_folder(tmp_path):
        assert not handover.has_daemon(tmp_path)  # such as a fetch
        with handover.taking_requests(tmp_path):
            assert handover.has_daemon(tmp_path)
        assert not handover.has_daemon(tmp_path)


def test_a_daemon_that_was_killed_is_none(tmp_path: Path) -> None:
    with lock_folder(tmp_path), handover.taking_requests(tmp_path):
        signed = (tmp_path / "requests" / "daemon").read_text("utf-8")
    (tmp_path / "requests" / "daemon").write_text(signed, "utf-8")
    assert not handover.has_daemon(tmp_path)
    (tmp_path / "requests" / "daemon").write_text("1", "utf-8")
    with lock_folder(tmp_path):
        assert not handover.has_daemon(tmp_path)


def test_a_daemon_that_ends_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(HandoverFailed, match="run the command again"):
        handover.request_fetch(tmp_path, [])
    assert left(tmp_path) == []


def test_looking_for_a_daemon_never_takes_the_lock_from_one(tmp_path: Path) -> None:
    """A look lets go at once: a daemon that begins meanwhile begins."""
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "daemon").write_text("7", "utf-8")
    with lock_folder(tmp_path):
        pass
    (tmp_path / "lock").write_text("7", "utf-8")
    assert not handover.has_daemon(tmp_path)
    with lock_folder(tmp_path):
        pass


@given(content=st.binary(max_size=200))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_no_request_is_passed_over_and_removed(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "requests"
    folder.mkdir(exist_ok=True)
    (folder / "x.ask").write_bytes(content)
    assert list(handover.take_requests(tmp_path, now=NOW)) == []
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "text", ['{"id":"other"}', '{"id":"x","sources":[1]}', "[]", "9" * 2_000_000]
)
def test_a_request_has_the_name_of_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "x.ask").write_text(text, "utf-8")
    assert list(handover.take_requests(tmp_path, now=NOW)) == []


def test_requests_and_answers_of_before_are_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "requests"
    folder.mkdir()
    (folder / "old.ask").write_text('{"id":"old"}', "utf-8")
    handover.answer_request(tmp_path, FetchRequest(id="old"), "gone")
    with lock_folder(tmp_path), handover.taking_requests(tmp_path):
        assert list(handover.take_requests(tmp_path, now=LATER)) == []
    assert left(tmp_path) == []


def test_two_commands_get_their_own_answers(tmp_path: Path) -> None:
    answers: dict[str, RunReport] = {}

    def ask(name: str) -> None:
        answers[name] = handover.request_fetch(tmp_path, [name])

    with lock_folder(tmp_path), handover.taking_requests(tmp_path):
        threads = [threading.Thread(target=ask, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for request in handover.take_requests(tmp_path, now=NOW):
                one = SourceReport(id=request.sources[0], outcome="ok")
                handover.answer_request(tmp_path, request, RunReport(sources=(one,)))
            threads[0].join(0.01)
    assert {name: report.sources[0].id for name, report in answers.items()} == {"a": "a", "b": "b"}


def test_an_answer_that_is_damaged_is_told(tmp_path: Path) -> None:
    class Broken(Daemon):
        def sleep(self, _seconds: float) -> None:
            """Write rubbish."""
            for request in handover.take_requests(self.data, now=NOW):
                (self.data / "requests" / f"{request.id}.answer").write_text("{", "utf-8")

    with (
        lock_folder(tmp_path),
        handover.taking_requests(tmp_path),
        pytest.raises(HandoverFailed, match="cannot be read"),
    ):
        handover.request_fetch(tmp_path, [], sleep=Broken(tmp_path).sleep)


def test_who_finds_a_daemon_in_the_folder_is_not_told_to_wait(tmp_path: Path) -> None:
    with lock_folder(tmp_path):
        assert "another process is working" in why_busy(tmp_path)
        with handover.taking_requests(tmp_path):
            told = why_busy(tmp_path)
    assert told == f"aggregator run is working in the data folder {tmp_path}; stop it first"


def why_busy(data: Path) -> str:
    """Return what is said to who would hold the folder too."""
    with pytest.raises(DataFolderBusy) as caught, lock_folder(data):
        raise AssertionError
    return str(caught.value)
