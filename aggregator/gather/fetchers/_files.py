"""Reads files of the user's own, within the same limits as the network."""

import os
import stat
from pathlib import Path

from aggregator.core.errors import FetchError
from aggregator.gather.fetchers._inflate import inflate, too_large


def stamp(found: os.stat_result) -> str:
    """Return what changes when a file does: its time and its size."""
    return f"{found.st_mtime_ns}:{found.st_size}"


def read_file(path: Path, limit: int) -> tuple[bytes, str]:
    """Return a regular file's content, inflated if it is gzip, and its stamp.

    Raises BodyTooLarge over `limit` bytes, FetchError.
    """
    try:
        # A pipe would keep us waiting for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise FetchError(_words(path, error)) from error
    try:
        content, found = _content(handle, limit + 1)
    except OSError as error:
        raise FetchError(_words(path, error)) from error
    finally:
        os.close(handle)
    if not stat.S_ISREG(found.st_mode):
        raise FetchError(f"{shown(path)} is no file")
    if len(content) > limit:
        raise too_large(limit)
    return inflate(content, limit), stamp(found)


def _content(handle: int, most: int) -> tuple[bytes, os.stat_result]:
    """Read a regular file, up to so many bytes; anything else is left unread."""
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        return b"", found
    with os.fdopen(handle, "rb", closefd=False) as file:
        return file.read(most), found


def shown(path: Path | str) -> str:
    """Return a file's name as it may stand in messages and in the store."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _words(path: Path, error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return f"cannot read {shown(path)}: {(reason or 'not a path').lower()}"
