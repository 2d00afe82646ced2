"""Reads local files under the same limits as network responses."""

import os
import stat
from pathlib import Path

from aggregator.core.errors import FetchError
from aggregator.gather.fetchers._inflate import inflate, too_large


def stamp(status: os.stat_result) -> str:
    """Return a validator of a file, from its modification time and size."""
    return f"{status.st_mtime_ns}:{status.st_size}"


def read_file(path: Path, limit: int) -> tuple[bytes, str]:
    """Return a regular file's content, inflated if it is gzip, and its stamp.

    Raises BodyTooLarge over `limit` bytes, and FetchError.
    """
    try:
        # O_NONBLOCK: opening a pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise FetchError(_failure(path, error)) from error
    try:
        content, status = _read_regular(handle, limit + 1)
    except OSError as error:
        raise FetchError(_failure(path, error)) from error
    finally:
        os.close(handle)
    if not stat.S_ISREG(status.st_mode):
        raise FetchError(f"{shown(path)} is no file")
    if len(content) > limit:
        raise too_large(limit)
    return inflate(content, limit), stamp(status)


def _read_regular(handle: int, max_bytes: int) -> tuple[bytes, os.stat_result]:
    """Read up to `max_bytes` of a regular file; anything else is not read."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        return b"", status
    with os.fdopen(handle, "rb", closefd=False) as file:
        return file.read(max_bytes), status


def shown(path: Path | str) -> str:
    """Return a path as printable text, for messages and the store."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _failure(path: Path, error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return f"cannot read {shown(path)}: {(reason or 'not a path').lower()}"
