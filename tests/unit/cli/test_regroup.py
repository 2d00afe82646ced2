"""Regrouping by command: what moves is told, what does not move is left alone."""

from pathlib import Path

import pytest

from aggregator.store import lock_folder
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_stories import BREAD, FERRY, story_of


def feeds(home: Path) -> dict[str, bytes]:
    """Return the published files."""
    return {path.name: path.read_bytes() for path in (home / "data" / "feeds").glob("*.*")}


def configure(home: Path, stories: str) -> None:
    """Add settings of grouping to the configuration."""
    path = home / "config" / "aggregator.yaml"
    path.write_text(path.read_text("utf-8") + f"stories: {stories}\n", encoding="utf-8")


def test_nothing_moves_if_nothing_has_changed(run: Run, home: Path) -> None:
    run("fetch", "--quiet")
    before = feeds(home)
    done = run("stories", "regroup")
    assert done.status == 0
    assert "3 entries grouped again, 0 of them moved" in done.out
    assert feeds(home) == before
    assert run("stories", "regroup", "--quiet").out == ""


def test_what_the_configuration_joins_moves(run: Run, home: Path) -> None:
    run("fetch", "--quiet")
    before, parts = feeds(home), (story_of(run, FERRY), story_of(run, BREAD))
    configure(home, f"{{join: [[{FERRY}, {BREAD}]]}}")
    dry = run("stories", "regroup", "--dry-run", "--json")
    assert dry.err == "dry run: nothing was changed\n"
    assert feeds(home) == before
    assert story_of(run, BREAD)["id"] == parts[1]["id"]
    (told,) = dry.rows
    assert told["dry_run"] is True
    (done,) = run("stories", "regroup", "--json").rows
    assert done == told | {"dry_run": False}
    joined = story_of(run, BREAD)
    assert joined["id"] == story_of(run, FERRY)["id"]
    assert joined["id"] in {one["id"] for one in parts}
    assert {one["to"] for one in done["moved"]} == {joined["id"]}
    assert done["stories_after"] == done["stories_before"] - 1
    dead = next(one["id"] for one in parts if one["id"] != joined["id"])
    assert f'ref="{dead}"'.encode() in feeds(home)["merged.atom"]


def test_the_table_names_entries_and_stories(run: Run, home: Path) -> None:
    run("fetch", "--quiet")
    configure(home, f"{{join: [[{FERRY}, {BREAD}]]}}")
    said = run("stories", "regroup").out
    assert said.splitlines()[0].split() == ["entry", "from", "story", "to", "story"]
    assert story_of(run, BREAD)["id"].rpartition(":")[2][:8] in said
    assert "1 story lost entries, 1 story gained some" in said


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)], ids=["real", "dry"])
def test_a_folder_that_is_held_is_left_alone_but_looked_at(
    run: Run, home: Path, arguments: tuple[str, ...]
) -> None:

    run("fetch", "--quiet")
    with lock_folder(home / "data"):
        done = run("stories", "regroup", *arguments)
    assert done.status == (0 if arguments else 3)
