"""The connection to SQLite or PostgreSQL: transactions, upserts, translated errors."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import URL, Connection, Engine, QueuePool, Table, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from aggregator.core.errors import DataFolderBusy, StoreError
from aggregator.store.codec import DamagedValue
from aggregator.store.prepared import CHUNK, write_rows

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.dialects import postgresql

    Upsert = sqlite.Insert | postgresql.Insert

T = TypeVar("T")

_SNAPSHOT = {"postgresql": {"isolation_level": "REPEATABLE READ"}}  # SQLite has it always

APPLICATION_ID = 0x53746F66  # "Stof": marks the file as ours
_BUSY_SECONDS = 20
_WRITER = 0x53746F66  # id of the advisory lock in PostgreSQL of one transaction
_HOLDER = _WRITER + 1  # and of the process that gathers
_TRIES, _PAUSE_SECONDS = 20, 0.1  # to hold it again after a lost connection
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened or written",
    sqlite3.SQLITE_IOERR: "reading or writing failed; is the disk full?",
    sqlite3.SQLITE_BUSY: "another process has locked it for too long",
    sqlite3.SQLITE_PERM: "permission denied",
}


class DamagedStore(StoreError):  # noqa: N818  like its siblings
    """The database file is damaged."""


class DamagedIndex(StoreError):  # noqa: N818  like its siblings
    """The index of the search does not fit its texts; everything else is intact."""


class _Proved(Exception):  # noqa: N818
    """Rolls a transaction back that was only a proof."""


class Database:
    """An open database; reads from any thread, one write at a time in this process."""

    def __init__(self, engine: Engine, place: str) -> None:
        self.engine = engine
        self.place = place
        self._writing = threading.Lock()
        self._holder: Connection | None = None
        self._lock = ""  # the function that takes the lock of the holder
        self._watch: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close all connections."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self.engine.dispose()

    def change_mark(self) -> tuple[int, int] | None:
        """Return a value that differs after every write, of any process; None if unknown.

        SQLite keeps it in memory that all processes share, so that nothing is read.
        """
        if self.engine.dialect.name != "sqlite":
            return None
        with self._translated():
            if self._watch is None:
                self._watch = sqlite3.connect(self.place, check_same_thread=False)
            (version,) = self._watch.execute("PRAGMA data_version").fetchone()
        return id(self), version

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one snapshot of the database."""
        with self._translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**_SNAPSHOT.get(plain.dialect.name, {}))
            with connection.begin():
                yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """Open a connection in a transaction that is committed at the end or rolled back.

        With `durable`, this transaction and all earlier ones are on the disk when this returns.
        Without it, a power cut may roll back the last transactions, each completely.
        """
        with self._writing, self._translated(), self.engine.connect() as plain:
            connection = plain.execution_options(storyfold_write=True, storyfold_durable=durable)
            with connection.begin():
                if durable and plain.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL synchronous_commit TO on")
                yield connection

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """Open a file outside of a transaction, while no other thread of ours writes."""
        with self._writing, self._translated(), closing(self.engine.raw_connection()) as pooled:
            connection = pooled.driver_connection
            if not isinstance(connection, sqlite3.Connection):
                raise StoreError(f"the database {self.place} is no file")
            yield connection

    def prove(self, change: Callable[[Connection], None]) -> None:
        """Make a change and take it back, which raises StoreError if nothing can be written."""
        with suppress(_Proved), self.write() as connection:
            change(connection)
            raise _Proved

    @contextmanager
    def held(self, *, shared: bool = False) -> Iterator[None]:
        """Hold a server's database for gathering; raise DataFolderBusy if another process does.

        Several processes may hold it `shared`. A file is held by the lock of its data folder.
        """
        if self.engine.dialect.name == "sqlite":
            yield
            return
        self._lock = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        self._hold()
        try:
            yield
        finally:
            holder, self._holder = self._holder, None
            if holder is not None:
                _end(holder)

    def prove_held(self) -> None:
        """Hold the database again if the connection to its server was lost meanwhile."""
        if self._holder is None:
            return
        try:
            self._holder.exec_driver_sql("SELECT 1")
        except SQLAlchemyError:
            _end(self._holder)
            self._hold(tries=_TRIES)  # the server may notice the loss a moment later

    def _hold(self, *, tries: int = 1) -> None:
        with self._translated():
            holder = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            while not holder.exec_driver_sql(f"SELECT {self._lock}({_HOLDER})").scalar():
                tries -= 1
                if not tries:
                    _end(holder)
                    raise DataFolderBusy(f"another process works with the database {self.place}")
                time.sleep(_PAUSE_SECONDS)
            self._holder = holder

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise translate(error, self.place) from error
        except DamagedValue as error:
            raise DamagedStore(f"the database {self.place} is damaged: {error}") from error


def _end(connection: Connection) -> None:
    """Close a connection for good, and with it the locks of its session."""
    connection.invalidate()
    connection.close()


def translate(error: SQLAlchemyError | sqlite3.Error, place: str) -> StoreError:
    """Return the cause of a database error, in words for the user."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    whole_code = getattr(cause, "sqlite_errorcode", 0)
    if whole_code == sqlite3.SQLITE_CORRUPT_VTAB:  # the search has the only virtual table
        return DamagedIndex(f"the index of the search in the database {place} is damaged")
    code = whole_code & 0xFF
    if code in CORRUPT or "Could not decode to UTF-8" in str(cause):
        return DamagedStore(f"the database {place} is damaged")
    reason = _REASONS.get(code) or str(cause).strip().partition("\n")[0]
    return StoreError(f"the database {place} cannot be used: {reason}")


# --- opening -------------------------------------------------------------------------------


def open_sqlite(path: Path) -> Database:
    """Open a SQLite file, and create it if necessary."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=12,
        connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return Database(engine, str(path))


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = (
        None  # we send BEGIN ourselves, so that reads are part of the transaction
    )
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "cache_size=-16000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("storyfold_write"):
        connection.exec_driver_sql("BEGIN")
        return
    # In WAL both are safe against a crash of ours; FULL also keeps the last commits in a power cut.
    level = "FULL" if options.get("storyfold_durable") else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def open_server(url: str) -> Database:
    """Open a database by URL; PostgreSQL through psycopg."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("store: this is neither `sqlite` nor the URL of a database") from None
    place = parsed.render_as_string(hide_password=True)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "postgresql+psycopg":
        raise StoreError(f"store: {place}: only sqlite and postgresql are known")
    try:
        engine = create_engine(parsed, pool_pre_ping=True, pool_size=4, max_overflow=12)
    except (ImportError, NoSuchModuleError):
        raise StoreError(
            f"store: {place} needs the PostgreSQL driver: pip install 'storyfold[postgres]'"
        ) from None
    event.listen(engine, "connect", _do_not_wait)
    return Database(engine, place)


def _do_not_wait(connection: "psycopg.Connection", _: object) -> None:
    """Let commits return before they are on the disk, as with a file; durable ones wait."""
    connection.execute("SET synchronous_commit TO off")
    connection.commit()


# --- statements ----------------------------------------------------------------------------


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    update: Iterable[str] = (),
) -> None:
    """Insert rows; where the primary key exists, set the columns `update`, by default none."""
    statement = _upsert_columns(connection.dialect.name, table, tuple(update))
    write_rows(connection, statement, rows)


@cache
def _upsert_columns(dialect: str, table: Table, columns: tuple[str, ...]) -> "Upsert":
    """Return the statement, which takes longer to build than to execute."""
    statement, keys = insert_of(dialect, table), list(table.primary_key.columns)
    if not columns:
        return statement.on_conflict_do_nothing(index_elements=keys)
    changes = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def insert(connection: Connection, table: Table) -> "Upsert":
    """Return the insert statement of the dialect, which supports ON CONFLICT."""
    return insert_of(connection.dialect.name, table)


@cache
def insert_of(dialect: str, table: Table) -> "Upsert":
    """Return the insert statement of a dialect; always the same one."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415  slow, and SQLite is usual

        return postgresql.insert(table)
    return sqlite.insert(table)


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Split values into lists that fit into one IN (...)."""
    rest = list(values)
    for start in range(0, len(rest), CHUNK):
        yield rest[start : start + CHUNK]


def hold_writer(connection: Connection) -> None:
    """Hold the writer lock of the database until the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")
