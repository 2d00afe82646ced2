"""All persistent state: SQLite by default, PostgreSQL by URL, one code path.

`schema` defines the tables, `store` the one class that implements ports.Store. Each concern has a file
of functions over a connection: `gather`, `learned_blocks`, `grouping`, `reading`, `recovery`, `retention`,
`leases`, `clock_repair`. `opening` migrates a database or rebuilds it from the journal; `lock` locks
the data folder; `upkeep` restores lost texts and deletes old ones in each run.
"""

from datetime import datetime
from pathlib import Path

from aggregator.store.lock import lock_folder
from aggregator.store.store import SqlStore
from aggregator.store.window_file import WindowFile

__all__ = ["SqlStore", "WindowFile", "lock_folder", "open_store"]


def open_store(url: str, *, data: Path, now: datetime) -> SqlStore:
    """Open the store of a data folder: `sqlite`, sqlite:///PATH (relative to it) or postgresql://…

    Raise SchemaTooNew, or StoreError if it cannot be used.
    """
    return SqlStore(url, data, now)
