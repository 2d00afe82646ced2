"""The lock on the data folder: one process at a time gathers, groups and publishes there."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aggregator.core.errors import DataFolderBusy, StoreError
from aggregator.store.handover import has_daemon

_held: set[Path] = set()  # by this process, which flock does not reveal


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock the folder, created if necessary; raise DataFolderBusy at once if it is locked.

    The lock ends with the process, however that ends.
    """
    descriptor = _open(folder)
    place = folder.resolve()
    try:
        _lock(descriptor, folder)
        _held.add(place)
        try:
            _sign(descriptor)
            yield
        finally:
            _held.discard(place)
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Return whether this process has locked the folder."""
    return folder.resolve() in _held


def _open(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise StoreError(f"the data folder {folder} cannot be written: {reason}") from error


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who, mend = "another process", "wait until it is done, or stop it"
        if has_daemon(folder):
            who, mend = "aggregator run", "stop it first"
        raise DataFolderBusy(f"{who} is working in the data folder {folder}; {mend}") from None


def _sign(descriptor: int) -> None:
    """Write our process id, for error messages."""
    with suppress(OSError):  # the lock works on a full disk too
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
