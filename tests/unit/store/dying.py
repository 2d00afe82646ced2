"""Processes that die at a bad moment, for the tests: python -m tests.unit.store.dying HOW FOLDER."""

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from aggregator.store import SqlStore, lock_folder
from aggregator.store.journal import Journal, Line
from tests.builders import NOW, at, make_entries
from tests.stores import gather, group_apart


class DyingJournal(Journal):
    """A journal whose process dies when its lines are on the disk, before anything is committed."""

    def append(self, lines: Iterable[Line]) -> int:
        """Write the lines, then die."""
        super().append(lines)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


class DyingStore(SqlStore):
    """A store on a dying journal."""

    def __init__(self, data: Path) -> None:
        super().__init__("sqlite", data, NOW)
        self._journal = DyingJournal(data / "journal.jsonl")


def work(store: SqlStore, rounds: int) -> None:
    """Gather and group, again and again; say when each round is done."""
    for n in range(rounds):
        gather(store, *make_entries(range(1 + 5 * n, 26 + 5 * n)), now=at(n))
        group_apart(store, first_published=at(n), updated=at(n))
        print(n, flush=True)


def main() -> None:
    """Die as asked for: `journal` between journal and commit, `any` when it is killed."""
    how, folder = sys.argv[1], Path(sys.argv[2])
    with lock_folder(folder):
        store = DyingStore(folder) if how == "journal" else SqlStore("sqlite", folder, NOW)
        work(store, 1000)


if __name__ == "__main__":
    main()
