"""Everything that is remembered: SQLite by default, PostgreSQL by URL, one code path.

`schema` holds the tables, `store` the one class that the rest of the house sees through
ports.Store; each concern has a file of functions over a connection: `gather`, `blocks`,
`grouping`, `reading`, `keep` (journal, restoring), `retention`, `leases` and `clock`. `opening` brings
a database up to date or makes a new one from the journal; `lock` is the data folder's.
"""

from datetime import datetime
from pathlib import Path

from aggregator.store.lock import lock_folder
from aggregator.store.store import SqlStore

__all__ = ["SqlStore", "lock_folder", "open_store"]


def open_store(url: str, *, data: Path, now: datetime) -> SqlStore:
    """Open the store of a data folder: `sqlite`, sqlite:///PATH (relative to it) or postgresql://…

    Raise SchemaTooNew, or StoreError if it cannot be used.
    """
    return SqlStore(url, data, now)
