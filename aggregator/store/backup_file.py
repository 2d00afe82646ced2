"""Backups: everything that a data folder holds, in one file that can be restored anywhere."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from aggregator.core.errors import SchemaTooNew, StoreError, explain
from aggregator.core.syncing import sync
from aggregator.store import transfer
from aggregator.store.database import open_server, open_sqlite
from aggregator.store.migrations import HEAD
from aggregator.store.opening import FILE, JOURNAL, find_damage, sqlite_path

_MANIFEST = "manifest.json"
_FORMAT = 1
_CONFIG = "config/aggregator.yaml"
_DATA = "data/"
_PIECE = 1_000_000  # bytes
_LEFT_OUT = ("lock", "requests", ".room")
_LEFT_OUT_ENDS = ("-wal", "-shm", ".part", ".damaged", ".new")
_NAMES = "aggregator-{:%Y%m%dT%H%M%SZ}.tar.gz"  # of nightly backups, in order of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a backup holds: when it was made, its schema, and the digest of each file."""

    made: str
    schema: str
    files: Mapping[str, str]


# --- making --------------------------------------------------------------------------------


def make(
    target: Path,
    *,
    data: Path,
    store: str,
    config: Path,
    now: datetime,
    overwrite: bool = False,
) -> Kept:
    """Write a backup, whole or not at all; a daemon may be at work meanwhile.

    An existing file is replaced only with `overwrite`. The database comes first: what the journal says beyond it is replayed when it is opened.
    """
    if target.exists() and not overwrite:
        raise StoreError(f"{target} exists already: name another file, or use --force")
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".backup-", dir=target.parent) as name:
            copy = Path(name) / FILE
            _copy_database(store, data, copy)
            kept = _pack(aside, _members(data, copy, config), now)
        sync(aside)
        aside.replace(target)
    except OSError as error:
        raise StoreError(f"the backup {target} cannot be written: {explain(error)}") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    return kept


def make_nightly(
    folder: Path, keep: int, *, data: Path, store: str, config: Path, now: datetime
) -> Path:
    """Write a backup into a folder and delete all but the newest ones; return its path."""
    target = folder / _NAMES.format(now)
    make(target, data=data, store=store, config=config, now=now, overwrite=True)
    for old in nightly(folder)[:-keep]:
        if old != target:
            old.unlink(missing_ok=True)
    return target


def nightly(folder: Path) -> list[Path]:
    """Return the nightly backups of a folder, oldest first."""
    return sorted(folder.glob("aggregator-*Z.tar.gz"))


def _copy_database(store: str, data: Path, copy: Path) -> None:
    path = sqlite_path(store, data)
    if path is None:
        with closing(open_server(store)) as old, closing(open_sqlite(copy)) as new:
            transfer.copy(old, new)
        return
    if not path.exists():
        raise StoreError(f"there is nothing to back up: no database {path}")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=20)) as database:
            database.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise StoreError(f"the database {path} cannot be copied: {error}") from error


def _members(data: Path, copy: Path, config: Path) -> Iterator[tuple[str, Path]]:
    """Yield what is kept: names in the backup, and files."""
    yield _DATA + FILE, copy
    journal = data / JOURNAL
    if journal.exists():
        yield _DATA + JOURNAL, journal
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        if path.is_file() and not path.is_symlink() and _is_kept(name):
            yield _DATA + name.as_posix(), path
    if config.exists():
        yield _CONFIG, config


def _is_kept(name: Path) -> bool:
    first, last = name.parts[0], name.name
    if first in _LEFT_OUT or last in {FILE, JOURNAL} or last.startswith(f"{FILE}."):
        return False
    return not last.endswith(_LEFT_OUT_ENDS) and not first.startswith((".backup-", ".restore-"))


def _pack(aside: Path, members: Iterator[tuple[str, Path]], now: datetime) -> Kept:
    files: dict[str, str] = {}
    with tarfile.open(aside, "w:gz", compresslevel=3) as archive:
        for name, path in members:
            try:
                content = path.open("rb")
            except FileNotFoundError:  # a daemon replaced it meanwhile
                continue
            with content:
                files[name] = _add(archive, name, content, path)
        kept = Kept(made=now.isoformat(), schema=HEAD, files=files)
        value = {"format": _FORMAT, "made": kept.made, "schema": kept.schema, "files": files}
        text = json.dumps(value, indent=1).encode()
        member = tarfile.TarInfo(_MANIFEST)
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return kept


def _add(archive: tarfile.TarFile, name: str, content: io.BufferedReader, path: Path) -> str:
    """Add an open file as it is now, however it grows meanwhile; return its digest."""
    member = archive.gettarinfo(arcname=name, fileobj=content)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    if path.name == FILE:
        member.mode = 0o644
    reader = _Digesting(content, member.size)
    archive.addfile(member, reader)
    return reader.digest.hexdigest()


class _Digesting(io.RawIOBase):
    """Reads so many bytes of a file, and digests them."""

    def __init__(self, content: io.BufferedReader, size: int) -> None:
        self._content, self._left = content, size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        some = self._content.read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(some)
        self.digest.update(some)
        return some


# --- restoring -----------------------------------------------------------------------------


@contextmanager
def unpacked(source: Path, folder: Path) -> Iterator[tuple[Path, Kept]]:
    """Unpack a backup beside the data folder and check it; it is gone after the block."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=".restore-", dir=folder) as name:
            place = Path(name)
            kept = _unpack(source, place)
            yield place, kept
    except tarfile.ReadError as error:
        raise StoreError(f"{source} is not a backup of the aggregator, or is damaged") from error
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        reason = explain(error) if isinstance(error, OSError) and error.errno else str(error)
        raise StoreError(f"the backup {source} cannot be restored: {reason}") from error


def config_text(place: Path) -> str | None:
    """Return the configuration of an unpacked backup; None if it holds none."""
    path = place / _CONFIG
    return path.read_text("utf-8") if path.exists() else None


def restore(place: Path, *, data: Path, store: str) -> None:
    """Move an unpacked backup into a data folder, and its database into the store.

    Raise StoreError if the folder or the store holds one already.
    """
    held, path = place / _DATA, sqlite_path(store, data)
    occupied = data / JOURNAL if path is None else path
    for there in (occupied, data / JOURNAL):
        if there.exists() and there.stat().st_size:
            raise StoreError(f"{there} exists already: restore into an empty data folder")
    if path is None:
        with closing(open_sqlite(held / FILE)) as old, closing(open_server(store)) as new:
            transfer.copy(old, new)
        (held / FILE).unlink()
    elif path != data / FILE:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(held / FILE, path)
    for file in sorted(held.rglob("*")):
        if file.is_file():
            target = data / file.relative_to(held)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)


def _unpack(source: Path, place: Path) -> Kept:
    digests: dict[str, str] = {}
    with tarfile.open(source, "r:*") as archive:
        for member in archive:
            if member.isfile() and _is_safe(member.name):
                digests[member.name] = _extract(archive, member, place / member.name)
    kept = _read_manifest(place / _MANIFEST, source)
    for name, digest in kept.files.items():
        if digests.get(name) != digest:
            raise StoreError(f"the backup {source} is damaged: {name} is not what it was")
    if kept.schema > HEAD:
        raise SchemaTooNew(
            f"the backup {source} was made by a newer version (schema {kept.schema}, this one"
            f" knows {HEAD}): update the program"
        )
    if problem := find_damage(place / _DATA / FILE):
        raise StoreError(f"the backup {source} is damaged: {problem}")
    return kept


def _read_manifest(path: Path, source: Path) -> Kept:
    try:
        value = json.loads(path.read_text("utf-8"))
        if value["format"] > _FORMAT:
            raise SchemaTooNew(
                f"the backup {source} was made by a newer version: update the program"
            )
        return Kept(
            made=str(value["made"]), schema=str(value["schema"]), files=dict(value["files"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{source} is not a backup of the aggregator") from error


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name == _MANIFEST or (parts[:1] in {("data",), ("config",)} and ".." not in parts)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    content = archive.extractfile(member)
    if content is None:
        raise StoreError(f"{member.name} of the backup cannot be read")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with content, target.open("wb") as file:
        while some := content.read(_PIECE):
            file.write(some)
            digest.update(some)
    target.chmod(member.mode & 0o777 | 0o600)
    os.utime(target, (member.mtime, member.mtime))  # of a feed: If-Modified-Since
    return digest.hexdigest()
