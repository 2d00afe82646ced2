"""What is wrong with an installation, and how to mend it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.cli.doctor import _source
from aggregator.model import Source, SourceState
from tests.unit.cli.conftest import Run

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=10)
SOURCE = Source(id="a", url="https://a.example/")


def states(run: Run, *arguments: str) -> dict[str, str]:
    return {row["what"]: row["state"] for row in run("doctor", "--json", *arguments).rows}


def test_all_is_well_after_a_run(run: Run) -> None:
    run("fetch", "--quiet")
    result = run("doctor")
    assert result.status == 0
    assert "fault" not in result.out
    assert "published: " in result.out


def test_before_the_first_run_it_says_what_to_do(run: Run) -> None:
    found = states(run)
    assert found["no source was ever asked"] == "warning"
    assert found["merged.atom is not published yet"] == "warning"


@pytest.mark.parametrize(
    ("text", "what"),
    [("fetch: {interval: 3}", "needs a unit"), ("sources: []", "no source is followed")],
)
def test_a_faulty_configuration(run: Run, home: Path, text: str, what: str) -> None:
    (home / "config" / "aggregator.yaml").write_text(text, encoding="utf-8")
    result = run("doctor", "--quiet")
    assert result.status == 1
    assert what in result.out
    assert "ok " not in result.out


def test_a_data_folder_that_is_none(run: Run, home: Path) -> None:
    (home / "data").write_text("", encoding="utf-8")
    result = run("doctor")
    assert result.status == 1
    assert "cannot be written" in result.out


def test_a_store_that_cannot_be_opened(run: Run, home: Path) -> None:
    (home / "data" / "aggregator.db").mkdir(parents=True)
    result = run("doctor")
    assert result.status == 1
    assert "store: " in result.out


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (SourceState(last_success=NOW), None),
        (SourceState(error="404", last_success=NOW), None),
        (SourceState(error="404", last_success=LONG_AGO), "a: 404"),
        (SourceState(error="404"), "a: 404"),
        (SourceState(gone=True), "a is gone"),
        (SourceState(last_success=NOW, permanent="https://b.example/"), "a has moved for good"),
    ],
    ids=["fine", "short trouble", "long trouble", "never", "gone", "moved"],
)
def test_sources_in_trouble(state: SourceState, said: str | None) -> None:
    found = _source(SOURCE, state, NOW)
    assert (found.what if found else None) == said
    assert found is None or found.mend
