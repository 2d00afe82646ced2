"""Fetches dumps: one file, or the new and changed files of a folder."""

import asyncio
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aggregator.core.errors import FetchError
from aggregator.core.model import Document, Fetched, NotModified, Skipped, Source, Validators
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._files import read_file, shown, stamp

_SUFFIXES = (".txt", ".md", ".html")
_MAX_FETCH_BYTES = 256_000_000  # of one fetch; further files wait for the next one


def make(settings: FetchSettings) -> "DumpFetcher":
    """Return the fetcher of dumps."""
    return DumpFetcher(settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A listed file, with its validator."""

    name: str
    path: Path
    stamp: str
    size: int


class DumpFetcher:
    """Reads the files that changed since the last fetch, by modification time and size."""

    def __init__(self, settings: FetchSettings, *, max_bytes: int = _MAX_FETCH_BYTES) -> None:
        self._settings = settings
        self._max_bytes = max_bytes

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Return the new and changed files; raises FetchError if the path cannot be read."""
        try:
            return await asyncio.to_thread(self._fetch, source, validators)
        except FetchError as error:
            error.source_id = source.id
            raise

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    def _fetch(self, source: Source, before: Validators) -> Fetched | NotModified:
        if source.path is None:
            raise FetchError("a source of dumps needs a path")
        known = dict(before.documents)
        seen: list[tuple[str, str]] = []
        documents: list[Document] = []
        skipped: list[Skipped] = []
        bytes_left = self._max_bytes
        for file in _files(source.path):
            if known.get(file.name) == file.stamp:
                seen.append((file.name, file.stamp))
            elif file.size > bytes_left:
                skipped.append(Skipped(where=file.name, reason="left for the next fetch"))
            else:
                bytes_left -= file.size
                self._read(file, documents, skipped, seen)
        validators = Validators(documents=tuple(seen))
        if not documents and not skipped:
            return NotModified(validators=validators)
        return Fetched(documents=tuple(documents), validators=validators, skipped=tuple(skipped))

    def _read(
        self,
        file: _File,
        documents: list[Document],
        skipped: list[Skipped],
        seen: list[tuple[str, str]],
    ) -> None:
        """Read one file; an unreadable one is skipped, and reported once until it changes."""
        try:
            content, _ = read_file(file.path, self._settings.max_size)
        except FetchError as error:
            skipped.append(Skipped(where=file.name, reason=str(error)))
        else:
            documents.append(Document(name=file.name, content=content, format="dump"))
        seen.append((file.name, file.stamp))


def _files(path: Path) -> Iterator[_File]:
    """Yield the files of a folder by name, or the one file."""
    try:
        if path.is_dir():
            names = sorted(name for name in os.listdir(path) if _is_dump(name))  # noqa: PTH208  only names are needed
            folder = path.resolve()
        else:
            names = []
            yield _file(path, path.stat())
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a path"
        raise FetchError(f"cannot read {shown(path)}: {reason.lower()}") from error
    for name in names:
        if (found := _stat_inside(folder, name)) is not None:
            yield _file(path / name, found)


def _file(path: Path, found: os.stat_result) -> _File:
    return _File(name=shown(path.name), path=path, stamp=stamp(found), size=found.st_size)


def _is_dump(name: str) -> bool:
    return name.lower().endswith(_SUFFIXES) and not name.startswith(".")


def _stat_inside(folder: Path, name: str) -> os.stat_result | None:
    """Return the stat of a regular file; None for anything else, and for links out of the folder."""
    try:
        found = os.lstat(folder / name)
        if stat.S_ISLNK(found.st_mode):
            target = (folder / name).resolve(strict=True)
            if not target.is_relative_to(folder):
                return None
            found = target.stat()
    except (OSError, RuntimeError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None
