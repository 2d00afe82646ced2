"""The open database of a store, with its journal: transactions, loss, damage, upkeep."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from aggregator.core.logger import get_logger
from aggregator.store import generation, opening, room, search_index, tidying
from aggregator.store.database import DamagedIndex, DamagedStore, hold_writer
from aggregator.store.journal import Journal
from aggregator.store.lock import is_held
from aggregator.store.opening import JOURNAL, flag, open_database, sqlite_path

_log = get_logger()


class SqlDatabase:
    """Opens a database, and opens it anew when it was lost or damaged."""

    def __init__(self, url: str, data: Path, now: datetime) -> None:
        self._url = url
        self._data = data
        self._now = now
        self._journal = Journal(data / JOURNAL)
        self._rescuing = threading.Lock()
        self._guard: Callable[[Connection], None] = lambda _: None  # asked before stories change
        self._open()

    @property
    def rebuilt(self) -> bool:
        """Return whether texts are missing that the published feeds may contain."""
        return self._rebuilt

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def prove_writable(self) -> None:
        """Raise StoreError unless disk, journal and database take a write now."""
        room.prove(self._data)
        room.prove_file(self._journal.path)
        self.notice_loss()
        self._database.prove_held()
        with self._rescued():
            self._database.prove(opening.prove)

    def tidy(self) -> tuple[int, int]:
        """Return the bytes that database and journal were made smaller by."""
        with self._rescued():
            saved = tidying.compact(self._database, self._journal)
            return tidying.vacuum(self._database), saved

    def size(self) -> tuple[int, int]:
        """Return the bytes of database and journal."""
        with self._rescued():
            return tidying.size(self._database), self._journal.size()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a server's database for gathering; raise DataFolderBusy if another process does."""
        with self._database.held():
            if sqlite_path(self._url, self._data) is None:
                opening.end_sharing(self._database, self._journal)
            yield

    def notice_loss(self) -> bool:
        """Open the database anew if its file was removed or replaced, and say so."""
        path = sqlite_path(self._url, self._data)
        if path is None or opening.identity(path) == self._file:
            return False
        with self._rescuing:
            _log.warning("database file removed or replaced, opening it again", path=str(path))
            self._reopen()
        return True

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._rescued(), self._database.read() as connection:
            yield connection

    @contextmanager
    def _write(self, *, durable: bool = False, quiet: bool = False) -> Iterator[Connection]:
        """Open a transaction; unless it is quiet, the feeds may show something else after it."""
        with self._rescued(), self._database.write(durable=durable) as connection:
            yield connection
            if not quiet:
                generation.move(connection)

    @contextmanager
    def _journaled(self) -> Iterator[Connection]:
        """Open a transaction whose journal lines are taken back if it is not committed."""
        with self._journal.undone(), self._write(durable=True) as connection:
            hold_writer(connection)
            self._guard(connection)
            yield connection

    @contextmanager
    def _rescued(self) -> Iterator[None]:
        """On damage, rebuild what is damaged, so that the next call works."""
        database = self._database
        try:
            yield
        except DamagedIndex:
            _log.warning("index of the search damaged, building it anew")
            with database.write() as connection:
                search_index.forget(connection)
            raise
        except DamagedStore:
            with self._rescuing:
                if self._database is database:
                    self._rescue()
            raise

    def _rescue(self) -> None:
        path = sqlite_path(self._url, self._data)
        if path is None:
            return
        with suppress(OSError):
            flag(path).touch()
        if is_held(
            self._data
        ):  # else another process may be at work, and the next start repairs it
            self._reopen()

    def _reopen(self) -> None:
        self._database.close()
        self._open()

    def _open(self) -> None:
        found = open_database(self._url, self._data, self._journal, self._now)
        self._database, self._rebuilt = found
        path = sqlite_path(self._url, self._data)
        self._file = None if path is None else opening.identity(path)
