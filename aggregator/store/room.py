"""Proves that a folder takes a write, before work is done that could not be saved."""

import errno
import os
from pathlib import Path

from aggregator.core.errors import StoreError, explain

_PROOF = ".room"
_BYTES = 1_000_000  # what one source may bring
_UNKNOWN = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}  # the file system reserves nothing


def prove(folder: Path) -> None:
    """Reserve some room in the folder and give it back; raise StoreError if that fails."""
    path = folder / _PROOF
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _reserve(descriptor)
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the data folder {folder} cannot be written: {explain(error)}") from error


def prove_file(path: Path) -> None:
    """Open a file for writing, if there is one; raise StoreError if that fails."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot write {path}: {explain(error)}") from error


def _reserve(descriptor: int) -> None:
    reserve = getattr(os, "posix_fallocate", None)
    try:
        if reserve is not None:
            reserve(descriptor, 0, _BYTES)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
