"""Fixtures of the tests that run several parts together."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aggregator.bootstrap import Application, open_application
from aggregator.config import load
from tests.contract.databases import chosen_url
from tests.integration.loopback import Site, serving

SEEDS = Path(__file__).parent.parent.parent / "aggregator" / "samples"


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve feeds on loopback."""
    with serving() as one:
        yield one


Opener = Callable[[str], Application]


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Opener]:
    """Open applications from the text of a configuration; closed at the end."""
    opened: list[Application] = []

    def open_one(text: str) -> Application:
        path = tmp_path / "aggregator.yaml"
        store = "" if "store:" in text else f"store: {chosen_url(tmp_path / 'data')}\n"
        path.write_text(f"data: data\n{store}{text}", encoding="utf-8")
        one = open_application(load(path, {}))
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.close()
