"""Writes a published file whole or not at all, and only if its bytes changed; keeps a secret beside."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from aggregator.core.errors import PublishError

_MODE = 0o644  # a web server of another user may serve the folder
_KEY = "links.key"
_SECRET_BYTES = 32


def write(path: Path, content: bytes) -> bool:
    """Put the content at the path; False if it was there already.

    Written aside in the same folder, synced, renamed, and the folder synced. Raises PublishError;
    then the last good file stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        if _holds(path, content):
            return False
        _replace(path, content)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PublishError(f"cannot write {path.name} into {path.parent}: {why}") from error
    return True


def secret(folder: Path) -> bytes:
    """Return the secret of a data folder that signs links; made on first use, for our user alone.

    Raises PublishError if it can be neither read nor made.
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
        raise PublishError(f"{path} holds no secret: delete it, and links are signed anew")
    return kept


def _make_secret(path: Path) -> None:
    """Write it aside and give it its name if it has none yet: of two makers one is heard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as aside:  # 0600
        aside.write(secrets.token_bytes(_SECRET_BYTES))
        aside.flush()
        os.fsync(aside.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside.name, path)
    _sync_folder(path.parent)


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
            # Readers ask by the second whether a file changed, so its time has to move.
            os.utime(aside, (before + 1, before + 1))
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _second(path: Path) -> int:
    """Return the second in which a file was written; 0 if there is none."""
    try:
        return int(path.stat().st_mtime)
    except FileNotFoundError:
        return 0


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(path: Path) -> None:
    """Remove what writers that were killed left beside the file."""
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
    return writer != os.getpid()  # ours is not under way: it is just starting
