"""The methods of the store for workers on several machines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from aggregator.core.model import SourceState
from aggregator.store import due_sources, editions, gather, meta, roles
from aggregator.store.database import hold_writer
from aggregator.store.due_sources import Claim, Fetched
from aggregator.store.editions import PublishedFile
from aggregator.store.sql_database import SqlDatabase

T = TypeVar("T")

_MIGRATED = "queue migration"  # the name of the last one

Defer = Callable[[Connection, Sequence[Claim]], None]
"""Queues claims, in the transaction that makes them."""


class WorkerTables(SqlDatabase):
    """What workers share, over the transactions of a store."""

    def working(self) -> AbstractContextManager[None]:
        """Work with a server's database beside other workers; raise DataFolderBusy beside a daemon."""
        return self._database.held(shared=True)

    def prove_at_work(self) -> None:
        """Go on working beside other workers after a lost connection; raise DataFolderBusy."""
        self._database.prove_held()

    def prepare_queues(self, prepare: Callable[[Connection, str], str]) -> None:
        """Let the queues make or migrate their tables, which one process does at a time."""
        with self._write(quiet=True) as connection:
            hold_writer(connection)
            applied = meta.recall(connection, _MIGRATED)
            if (done := prepare(connection, applied)) != applied:
                meta.remember(connection, _MIGRATED, done)

    def ask_queues(self, question: Callable[[Connection], T]) -> T:
        """Return what a query of the queues says."""
        with self._read() as connection:
            return question(connection)

    # due sources

    def states_of(self, identities: Sequence[str]) -> Mapping[str, SourceState]:
        """Return the states of these sources, by identity; sources without one are left out."""
        with self._read() as connection:
            return gather.load_states_of(connection, identities)

    def register_sources(
        self, hosts: Mapping[str, str], due: Mapping[str, datetime | None]
    ) -> None:
        """Make the due sources match the configured ones; see `due_sources.register`."""
        with self._write(quiet=True) as connection:
            due_sources.register(connection, hosts, due)

    def claim_sources(
        self, now: datetime, span: timedelta, defer: Defer, *, most: int, most_of_host: int
    ) -> tuple[Claim, ...]:
        """Claim sources that are due, and queue them in the same transaction."""
        with self._write(quiet=True) as connection:
            claims = due_sources.claim(connection, now, span, most=most, most_of_host=most_of_host)
            if claims:
                defer(connection, claims)
            return claims

    def begin_sources(
        self, claimed: Claim, span: timedelta, now: datetime
    ) -> tuple[Claim, datetime | None]:
        """Return what is still ours of a claim, and until when its host asked to wait."""
        with self._write(quiet=True) as connection:
            ours = due_sources.begin(connection, claimed, span)
            return ours, due_sources.host_wait(connection, claimed.host, now)

    def finish_sources(self, token: int, fetched: Iterable[Fetched]) -> None:
        """Give sources back that were fetched."""
        with self._write(quiet=True) as connection:
            due_sources.finish(connection, token, fetched)

    def take_back_sources(self, lost: Claim, now: datetime) -> tuple[str, ...]:
        """Release the sources of a worker that died or hangs; return those that are set aside."""
        with self._write(quiet=True) as connection:
            return due_sources.take_back(connection, lost, now)

    def sources_set_aside(self) -> Mapping[str, datetime]:
        """Return the sources that workers died of, by identity, and since when they are set aside."""
        with self._read() as connection:
            return due_sources.set_aside(connection)

    def count_due_sources(self, now: datetime) -> int:
        """Return how many sources are due or claimed."""
        with self._read() as connection:
            return due_sources.count_due(connection, now)

    # roles

    def take_role(self, name: str, holder: str, span: timedelta) -> bool:
        """Take or renew a role for this span from now; False if another worker has it."""
        with self._write(quiet=True) as connection:
            return roles.take(connection, name, holder, span)

    def leave_role(self, name: str, holder: str) -> None:
        """Give a role up."""
        with self._write(quiet=True) as connection:
            roles.leave(connection, name, holder)

    def write_only_as(self, name: str, holder: str) -> None:
        """Let every later change of stories fail unless the role is held."""
        self._guard = lambda connection: roles.prove(connection, name, holder)

    # editions

    def edition_files(self) -> tuple[PublishedFile, ...]:
        """Return the published files, without their contents."""
        with self._read() as connection:
            return editions.load_files(connection)

    def edition_content(self, digest: str) -> bytes | None:
        """Return the content with this digest; None if a later edition replaced it."""
        with self._read() as connection:
            return editions.load_content(connection, digest)

    def save_edition_files(
        self,
        changed: Iterable[tuple[PublishedFile, bytes]],
        gone: Iterable[str],
        role: tuple[str, str],
    ) -> None:
        """Save files that changed, as the holder of a role (name, holder)."""
        with self._write(quiet=True) as connection:
            roles.prove(connection, *role)
            editions.save_files(connection, changed, gone)
