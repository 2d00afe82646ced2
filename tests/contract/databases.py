"""The databases that the contract of the stores is tried on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

from aggregator.stores import open_store
from aggregator.stores.opening import FILE
from tests.builders import NOW

SERVER = os.environ.get("STORYFOLD_TEST_POSTGRES", "")
"""URL of a PostgreSQL server where databases may be made; the tests leave it out without one."""


def databases() -> tuple[str, ...]:
    """Return the kinds of database at hand."""
    return ("sqlite", "postgresql") if SERVER else ("sqlite",)


@contextmanager
def database_url(kind: str, data: Path) -> Iterator[str]:
    """Give the URL of an empty database for a data folder; it is gone afterwards."""
    if kind == "sqlite":
        (data / FILE).write_bytes(_empty())
        yield "sqlite"
        return
    from sqlalchemy import create_engine, text  # noqa: PLC0415  only where there is a server

    name = f"test_{uuid4().hex}"
    engine = create_engine(
        SERVER.replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
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
