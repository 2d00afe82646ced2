"""Writes published files atomically and only when their bytes change; creates the signing secret."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from aggregator.core.errors import PublishError
from aggregator.core.syncing import sync

_MODE = 0o644  # so that a web server under another user may read it
_KEY = "links.key"
_SECRET_BYTES = 32


def write(path: Path, content: bytes, *, before: Callable[[], None] = lambda: None) -> bool:
    """Write the content to the path; return False if the file has it already, else call `before` first.

    The content goes to a temporary file in the same folder, is synced and renamed, and the folder is
    synced. On PublishError the last good file is kept.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        if _holds(path, content):
            return False
        before()
        _replace(path, content)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PublishError(f"cannot write {path.name} into {path.parent}: {why}") from error
    return True


def write_dated(path: Path, content: bytes, modified: int) -> bool:
    """Write a copy with the time of its original, in seconds; return False if only the time was set."""
    written = write(path, content)
    try:
        if int(path.stat().st_mtime) != modified:
            os.utime(path, (modified, modified))
    except OSError as error:
        raise PublishError(f"cannot date {path}: {error.strerror}") from error
    return written


def delete(path: Path) -> None:
    """Delete a file if it exists; raises PublishError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(f"cannot delete {path}: {error.strerror}") from error


def secret(folder: Path) -> bytes:
    """Return the secret of a data folder that signs links; created on first use with mode 0600.

    Raises PublishError if it can be neither read nor created.
    """
    path = folder / _KEY
    try:
        if not path.exists():
            _make_secret(path)
        kept = path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PublishError(f"cannot keep the secret {path}: {why}") from error
    if len(kept) < _SECRET_BYTES:
        raise PublishError(
            f"{path} contains no secret: delete it, and a new one is created (old links then stop working)"
        )
    return kept


def _make_secret(path: Path) -> None:
    """Create the secret; if two processes race, the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as aside:  # 0600
        aside.write(secrets.token_bytes(_SECRET_BYTES))
        aside.flush()
        os.fsync(aside.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside.name, path)
    sync(path.parent)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _replace(path: Path, content: bytes) -> None:
    before = _second(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
        if _second(aside) <= before:
            # If-Modified-Since has a resolution of a second, so the time must move by one.
            os.utime(aside, (before + 1, before + 1))
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _second(path: Path) -> int:
    """Return the modification time in seconds; 0 if there is no file."""
    try:
        return int(path.stat().st_mtime)
    except FileNotFoundError:
        return 0


def _sweep(path: Path) -> None:
    """Delete temporary files of writers that were killed."""
    start, end = f".{path.name}.", ".part"
    for left in path.parent.iterdir():
        if left.name.startswith(start) and left.name.endswith(end):
            writer = left.name[len(start) : -len(end)]
            if not (writer.isdigit() and _lives(int(writer))):
                left.unlink(missing_ok=True)


def _lives(writer: int) -> bool:
    if not writer:
        return False
    try:
        os.kill(writer, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return writer != os.getpid()  # our own file does not exist yet
