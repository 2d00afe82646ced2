"""Every contract of the store is kept on every kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.databases import KINDS, database_url

# One worker runs all that need the server, so that it starts once.
_PARAMS = [pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in KINDS]


@pytest.fixture(params=_PARAMS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty database."""
    with database_url(request.param, tmp_path) as one:
        yield one
