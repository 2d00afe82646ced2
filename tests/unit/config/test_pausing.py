"""Pausing a source in the configuration file."""

from pathlib import Path

import pytest

from aggregator.config import load
from aggregator.config.pausing import set_paused
from aggregator.core.errors import AggregatorError

TEXT = """\
# mine
sources:
  - id: one
    url: https://one.example/feed  # the first
  - https://two.example/feed
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a configuration."""
    file = tmp_path / "aggregator.yaml"
    file.write_text(TEXT, "utf-8")
    file.chmod(0o640)
    return file


def paused(path: Path) -> list[bool]:
    return [one.paused for one in load(path, {}).sources]


def test_a_source_is_paused_and_resumed(path: Path) -> None:
    set_paused(path, {}, "one", paused=True)
    assert paused(path) == [True, False]
    assert "# mine" in path.read_text("utf-8")
    assert path.stat().st_mode & 0o777 == 0o640
    set_paused(path, {}, "one", paused=True)
    set_paused(path, {}, "one", paused=False)
    assert path.read_text("utf-8") == TEXT
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_link_stays_a_link_and_a_mark_stays(path: Path) -> None:
    path.write_text("\ufeff" + TEXT, "utf-8")
    link = path.with_name("link.yaml")
    link.symlink_to(path)
    set_paused(link, {}, "one", paused=True)
    assert link.is_symlink()
    assert path.read_text("utf-8").startswith("\ufeff# mine")
    assert paused(path) == [True, False]


@pytest.mark.parametrize("text", ["sources: [", "", None])
def test_a_file_that_cannot_be_read_is_left_alone(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.write_text(text, "utf-8")
    with pytest.raises(AggregatorError):
        set_paused(path, {}, "one", paused=True)
    assert text is None or path.read_text("utf-8") == text


def test_an_unknown_source_is_an_error(path: Path) -> None:
    with pytest.raises(AggregatorError, match="no source has this id"):
        set_paused(path, {}, "three", paused=True)
