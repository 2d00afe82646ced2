"""Reads and writes files named on the command line: bounded, atomic, with readable errors."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from aggregator.core.errors import AggregatorError, explain

MAX_FILE_BYTES = 64_000_000


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, or raise AggregatorError."""
    try:
        if stat.S_ISDIR(path.stat().st_mode):  # opening a folder does not fail on every system
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    with file:
        yield file


def read(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return a file's content, or raise AggregatorError if it has more than `max_bytes`."""
    with opened(path) as file:
        try:
            content = file.read(max_bytes + 1)
        except OSError as error:
            raise unreadable(path, error) from None
    if len(content) > max_bytes:
        raise AggregatorError(f"{path} is larger than {max_bytes // 10**6} MB, which is too large")
    return content


def read_text(path: Path) -> str:
    """Return a file's text, or raise AggregatorError."""
    try:
        return read(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AggregatorError(f"{path} is not UTF-8 text") from None


def write(path: Path, content: bytes) -> None:
    """Write a file atomically (temporary file, fsync, rename); its permissions are preserved.

    A symbolic link stays a link; its target is written. Raises AggregatorError.
    """
    try:
        place = path.resolve()
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if place.exists() and not place.is_file():  # a pipe, or /dev/stdout
            place.write_bytes(content)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            _replace(place, content)
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(path, error) from None


def check_writable(path: Path) -> None:
    """Raise AggregatorError if a file cannot be written; called before long work."""
    try:
        folder = next(one for one in path.resolve().parents if one.exists())
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a directory")
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, "permission denied")
    except (OSError, ValueError, RuntimeError) as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError | ValueError | RuntimeError) -> AggregatorError:
    known = OSError(errno.ELOOP, "loop") if isinstance(error, RuntimeError) else error
    return AggregatorError(f"{path} cannot be written: {explain(known)}")


def _replace(place: Path, content: bytes) -> None:
    temporary = place.with_name(f".{place.name[:100]}.{os.getpid()}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            temporary.chmod(stat.S_IMODE(place.stat().st_mode))
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def unreadable(path: Path | str, error: OSError | ValueError) -> AggregatorError:
    """Return the error for a file that cannot be read."""
    return AggregatorError(f"{path or 'the empty file name'} cannot be read: {explain(error)}")
