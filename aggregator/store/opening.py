"""Opens a database: checks, migrates, and brings it in line with the journal."""

import sqlite3
from contextlib import closing, nullcontext, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from aggregator.core.errors import DataFolderBusy, SchemaTooNew, StoreError
from aggregator.core.logger import get_logger
from aggregator.store import clock_repair, due_sources, generation, recovery
from aggregator.store.database import (
    APPLICATION_ID,
    CORRUPT,
    Database,
    hold_writer,
    open_server,
    open_sqlite,
)
from aggregator.store.journal import Journal
from aggregator.store.lock import is_held, lock_folder
from aggregator.store.meta import recall, remember
from aggregator.store.migrations import HEAD

FILE = "aggregator.db"
JOURNAL = "journal.jsonl"
CHECKED = 64_000_000  # bytes; a larger file is checked only after damage was found in it
_WRITTEN = "journal bytes"
_REPLAYED = "journal replayed"
_REBUILT = "made anew"
_YES = "yes"
_STORIES_DATED = "stories dated"
_PROVED = "proved writable"
_log = get_logger()


def open_database(url: str, data: Path, journal: Journal, now: datetime) -> tuple[Database, bool]:
    """Open the database of a data folder; return it and whether texts are missing.

    They are after a rebuild from the journal, until `forget_rebuild`. A damaged SQLite file is moved
    aside first. Raise StoreError if the database cannot be used.
    """
    path = sqlite_path(url, data)
    _make_folder(data if path is None else path.parent)
    if path is not None:
        _mend_file(path, data, now)
    database = open_server(url) if path is None else open_sqlite(path)
    try:
        return database, _prepare(database, journal, data, now)
    except BaseException:
        database.close()
        raise


def sqlite_path(url: str, data: Path) -> Path | None:
    """Return the SQLite file of the setting `store`; None for another database."""
    if "\0" in url:
        raise StoreError("the address of the store contains a null byte: remove it")
    if url == "sqlite":
        return (data / FILE).absolute()
    if url.startswith("sqlite:///"):
        return (data / url.removeprefix("sqlite:///")).absolute()
    return None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be created: {error.strerror}") from error


# --- damage --------------------------------------------------------------------------------


def find_damage(path: Path) -> str:
    """Return what is wrong with a SQLite file; empty if it is intact or missing."""
    size = path.stat().st_size if path.exists() else 0
    if not size:
        return ""
    if flag(path).exists():
        return "an earlier query found it damaged"
    check = "quick_check(1)" if size <= CHECKED else "schema_version"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection:
            found = str(connection.execute(f"PRAGMA {check}").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error) if error.sqlite_errorcode & 0xFF in CORRUPT else ""
    return "" if found == "ok" or found.isdigit() else found


def flag(path: Path) -> Path:
    """Return the marker file of a damaged database."""
    return path.with_name(path.name + ".damaged")


def _mend_file(path: Path, data: Path, now: datetime) -> None:
    problem = find_damage(path)
    if not problem:
        return
    if is_held(data):
        _move_aside(path, now, problem)
        return
    try:
        with lock_folder(data):
            _move_aside(path, now, problem)
    except DataFolderBusy:
        raise StoreError(f"the database {path} is damaged, and another process uses it") from None


def _move_aside(path: Path, now: datetime, problem: str) -> None:
    """Rename a damaged file, with the time in its name."""
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}")
    try:
        path.rename(aside)
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        flag(path).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the damaged {path} cannot be moved: {error.strerror}") from error
    _log.warning("database damaged, rebuilding", problem=problem, moved_to=str(aside))


# --- schema and journal --------------------------------------------------------------------


def _prepare(database: Database, journal: Journal, data: Path, now: datetime) -> bool:
    """Migrate the schema, repair times, and reconcile journal and database."""
    with database.read() as connection:
        version = version_of(connection, database.place)
        current = version == HEAD and recall(connection, _REPLAYED) != ""
        doubtful = current and (
            clock_repair.is_doubtful(connection, now)
            or not generation.load(connection)
            or not recall(connection, _STORIES_DATED)
        )
    if version not in {"", HEAD}:
        _keep_copy(database, version)
    if not current or doubtful:
        with database.write(durable=True) as connection:
            hold_writer(connection)
            _bring_up(connection, database.place, journal)
            clock_repair.mend(connection, now)
            _date_stories(connection)
            generation.move(connection)
    with database.read() as connection:
        written = int(recall(connection, _WRITTEN) or 0)
        shared = due_sources.is_shared(connection)  # then no journal has all lines
    if journal.size() != written and not shared:
        _reconcile(database, journal, data)
    with database.read() as connection:
        return recall(connection, _REBUILT) == _YES


def _date_stories(connection: Connection) -> None:
    """Mend stories that an earlier version dated by a clock that was behind, once."""
    if not recall(connection, _STORIES_DATED):
        if count := clock_repair.raise_early_stories(connection):
            _log.warning("stories dated before their entries, mended", stories=count)
        remember(connection, _STORIES_DATED, _YES)


def _keep_copy(database: Database, version: str) -> None:
    """Copy a file beside itself before its schema changes, to be able to go back."""
    if database.engine.dialect.name != "sqlite":
        return
    copy = Path(f"{database.place}.schema-{version}")
    aside = copy.with_name(f".{copy.name}.part")
    try:
        aside.unlink(missing_ok=True)
        with database.alone() as connection:
            connection.execute("VACUUM INTO ?", (str(aside),))
        aside.replace(copy)
    except OSError as error:
        raise StoreError(f"the copy {copy} cannot be written: {error.strerror}") from error
    _log.info("database copied before its schema changes", copy=str(copy))


def version_of(connection: Connection, place: str) -> str:
    """Return the schema version, empty for an empty database; raise StoreError for a foreign one."""
    if connection.dialect.name == "sqlite":
        found = connection.scalar(text("PRAGMA application_id"))
        if found not in {0, APPLICATION_ID}:
            raise StoreError(f"the database {place} belongs to another program")
    tables = inspect(connection)
    if not tables.has_table("alembic_version"):
        if tables.has_table("entry") or tables.has_table("source"):
            raise StoreError(f"the database {place} belongs to another program")
        return ""
    version = str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")
    if version > HEAD:
        raise SchemaTooNew(
            f"the database {place} was written by a newer version (schema {version}, this one"
            f" knows {HEAD}): update the program, or use another data folder"
        )
    return version


def _bring_up(connection: Connection, place: str, journal: Journal) -> None:
    """Migrate, and replay the journal into a new database."""
    if version_of(connection, place) != HEAD:
        migrate(connection)
    if recall(connection, _REPLAYED):
        return
    if recovery.replay(connection, journal.read()):
        remember(connection, _REBUILT, _YES)
    remember(connection, _REPLAYED, _YES)
    remember_journal(connection, journal.size())


def migrate(connection: Connection) -> None:
    """Bring the schema to HEAD, in the connection's transaction."""
    # Imported here: alembic takes as long as all other imports, and a current store does not need it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA application_id = {APPLICATION_ID}"))
    config = Config()
    config.set_main_option("script_location", "aggregator.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _reconcile(database: Database, journal: Journal, data: Path) -> None:
    """Bring database and journal in line, unless another process is at work.

    A journal that is shorter than the database remembers was truncated or lost, and is rewritten.
    One that is longer has lines that the database lacks: it is an older copy, or a process died.
    """
    with (
        suppress(DataFolderBusy),
        nullcontext() if is_held(data) else lock_folder(data),
        database.write(durable=True) as connection,
    ):
        hold_writer(connection)
        written, size = int(recall(connection, _WRITTEN) or 0), journal.size()
        if size < written:
            recovery.catch_up(connection, journal.read())  # it may be a later, compacted one
            size = journal.replace(recovery.journal_lines(connection))
            _log.warning("journal truncated, rewritten", path=str(journal.path))
        elif size > written and (caught := recovery.catch_up(connection, journal.read(written))):
            generation.move(connection)
            if caught.missing:
                remember(connection, _REBUILT, _YES)
            _log.warning("database older than the journal, brought up to date", **caught._asdict())
        remember_journal(connection, size)


def end_sharing(database: Database, journal: Journal) -> None:
    """Let one process have the database again, with a complete journal, after workers shared it."""
    with database.write(durable=True) as connection:
        hold_writer(connection)
        if due_sources.is_shared(connection):
            due_sources.end_sharing(connection)
            remember_journal(connection, journal.replace(recovery.journal_lines(connection)))


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def prove(connection: Connection) -> None:
    """Write something into the database, which fails if nothing can be written."""
    remember(connection, _PROVED, _YES)


def forget_rebuild(connection: Connection) -> None:
    """Save that the texts were restored, as far as possible."""
    remember(connection, _REBUILT, "")


def remember_journal(connection: Connection, size: int) -> None:
    """Save the length of the journal, so that truncation is noticed."""
    remember(connection, _WRITTEN, str(size))
