"""The public names, used as a typed program would use them."""

from pathlib import Path

import pytest

import aggregator
from aggregator import Config, RunReport, load, run_once
from tests.integration.conftest import SEEDS


def test_run_once_from_python(tmp_path: Path) -> None:
    """A program can do what the command does."""
    path = tmp_path / "aggregator.yaml"
    path.write_text(f"data: data\nsources: [{{id: s, kind: dump, path: {SEEDS}}}]\n", "utf-8")
    config: Config = load(path, {})
    report: RunReport = run_once(config)
    assert (report.outcome, report.stories_new) == ("ok", 4)


def test_public_names_are_all_there() -> None:
    """Every name of `__all__` can be imported, and no other."""
    assert all(getattr(aggregator, name) for name in aggregator.__all__)
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = aggregator.nothing_of_ours
