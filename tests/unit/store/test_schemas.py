"""Databases of every earlier schema open, keep all that they hold, and leave a copy of themselves."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from aggregator.core.errors import SchemaTooNew
from aggregator.store import migrations, open_store
from aggregator.store.database import APPLICATION_ID
from aggregator.store.migrations import HEAD
from aggregator.store.opening import FILE, JOURNAL
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_entries,
    make_key,
)
from tests.stores import gather, group_apart

FOLDER = Path(str(migrations.__file__)).parent / "versions"
EARLIER = sorted(version for path in FOLDER.glob("v*.py") if (version := path.stem[1:5]) < HEAD)


def at_schema(connection: Connection, version: str) -> None:
    """Bring an empty database to a version."""
    config = Config()
    config.set_main_option("script_location", "aggregator.store:migrations")
    config.attributes["connection"] = connection
    connection.execute(text(f"PRAGMA application_id = {APPLICATION_ID}"))
    command.upgrade(config, version)


def make_old(data: Path, version: str) -> list[object]:
    """Make a data folder whose database has an earlier schema; return what it holds."""
    with closing(open_store("sqlite", data=data, now=NOW)) as store:
        gather(store, *make_entries(range(4)))
        group_apart(store)
        store.decide(make_decision("never", make_key(1), make_key(2)))
        held: list[object] = [
            list(store.newest_stories()),
            store.decisions(),
            store.source_states(),
        ]
    new = data / "new.db"
    shutil.move(data / FILE, new)
    engine = create_engine(f"sqlite:///{data / FILE}")
    with engine.begin() as connection:
        at_schema(connection, version)
    engine.dispose()
    with closing(sqlite3.connect(data / FILE)) as old:
        old.execute("ATTACH ? AS new", (str(new),))
        tables = [
            row[0] for row in old.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in set(tables) - {"alembic_version"}:
            names = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
            copy = f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}"  # noqa: S608  our own names
            old.execute(copy)
        old.commit()
    new.unlink()
    return held


@pytest.mark.parametrize("version", EARLIER)
def test_an_earlier_schema_is_migrated_after_a_copy(tmp_path: Path, version: str) -> None:
    held = make_old(tmp_path, version)
    journal = (tmp_path / JOURNAL).read_bytes()
    for hours in (1, 2):
        with closing(open_store("sqlite", data=tmp_path, now=at(hours))) as store:
            found = [list(store.newest_stories()), store.decisions(), store.source_states()]
            assert found == held
            assert not store.rebuilt
    assert (tmp_path / JOURNAL).read_bytes() == journal
    with closing(sqlite3.connect(tmp_path / f"{FILE}.schema-{version}")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(version,)]
        assert copy.execute("SELECT count(*) FROM entry").fetchone() == (4,)


def test_there_are_earlier_schemas() -> None:
    assert EARLIER


def test_a_newer_schema_is_refused_with_a_sentence(tmp_path: Path) -> None:
    make_old(tmp_path, HEAD)
    with closing(sqlite3.connect(tmp_path / FILE)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    with pytest.raises(SchemaTooNew, match="update the program"):
        open_store("sqlite", data=tmp_path, now=NOW)
    with closing(sqlite3.connect(tmp_path / FILE)) as newer:
        assert newer.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
        assert newer.execute("SELECT count(*) FROM entry").fetchone() == (4,)
