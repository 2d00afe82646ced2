"""`init` and `check`, and how errors end."""

import json
from pathlib import Path

import pytest

from aggregator.config import template
from tests.unit.cli.conftest import Run


def test_init_writes_a_sound_file_and_never_over_another(run: Run, home: Path) -> None:
    made = run("init", home / "new")
    path = home / "new" / "config" / "aggregator.yaml"
    assert made.status == 0
    assert path.read_text(encoding="utf-8") == template.text("../samples")
    assert len(list((home / "new" / "samples").iterdir())) == 5
    assert run("check", "--config", path).status == 0
    again = run("init", home / "new", "--quiet")
    assert again.status == 2
    assert "already exists" in again.err


def test_check_says_that_all_is_well(run: Run) -> None:
    assert "OK: 2 sources, 1 feed\n" in run("check").out
    assert run("check", "--quiet").out == ""
    (row,) = run("check", "--json").rows
    assert row == {"config": "config/aggregator.yaml", "sources": 2, "feeds": 1}


def test_check_says_file_line_key_and_what_is_wrong(run: Run, home: Path) -> None:
    file = home / "bad.yaml"
    file.write_text("sources: []\nfetch: {interval: 5, max_size: 3}\n", encoding="utf-8")
    result = run("check", "--config", file)
    assert result.status == 2
    assert not result.out
    first, second = result.err.splitlines()
    assert first.startswith(f"{file}:2: fetch.interval: needs a unit")
    assert second.startswith(f"{file}:2: fetch.max_size: needs a unit")


@pytest.mark.parametrize(
    "feed",
    ["{name: a, include: ['/(a+)+/']}", "{name: a, exclude: ['/x{1,9}*y*z*w*v*/']}"],
)
def test_check_refuses_expressions_that_could_cost_too_much(
    run: Run, home: Path, feed: str
) -> None:
    file = home / "bad.yaml"
    file.write_text(f"feeds: [{feed}]", encoding="utf-8")
    result = run("check", "--config", file)
    assert result.status == 2
    assert "feeds" in result.err


def test_check_prints_the_schema(run: Run) -> None:
    (schema,) = run("check", "--schema").rows
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "sources" in schema["properties"]


def test_the_environment_names_the_file(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "other.yaml"
    file.write_text("sources: [https://a.example/]", encoding="utf-8")
    monkeypatch.setenv("AGGREGATOR_CONFIG", str(file))
    assert json.loads(run("check", "--json").out)["sources"] == 1
    assert (
        json.loads(run("check", "--json", "--config", "config/aggregator.yaml").out)["sources"] == 2
    )
