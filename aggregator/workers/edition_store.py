"""Keeps the published files in the database, and brings them to the disk of other machines."""

from pathlib import Path

from aggregator.core.errors import PublishError
from aggregator.publish import files
from aggregator.store import SqlStore
from aggregator.store.editions import PublishedFile, digest

_NANOSECONDS = 1_000_000_000


class EditionStore:
    """The folder of the published feeds, and the same files in the database."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._known: dict[str, tuple[PublishedFile, tuple[int, int]]] = {}  # size and time on disk
        self.role = ("", "")  # name and holder, with which `save` proves that it may

    def restore(self) -> tuple[Path, ...]:
        """Write the files of the database that the folder lacks or has otherwise; return them.

        A file that is newer on disk stays: a worker on this machine is about to save it.
        """
        written: list[Path] = []
        for file in self._store.edition_files():
            path = self._folder / file.path
            if self._is_here(path, file) or not _is_inside(file.path):
                continue
            if _measured(path)[1] // _NANOSECONDS > file.modified:
                continue
            content = self._store.edition_content(file.digest)
            if content is None:
                continue  # replaced in this moment: the next call gets the newer one
            if files.write_dated(path, content, file.modified):
                written.append(path)
            self._note(path, file)
        return tuple(written)

    def save(self) -> int:
        """Save the files of the folder that changed, as the holder of a role; return how many."""
        held = {one.path: one for one in self._store.edition_files()}
        changed: list[tuple[PublishedFile, bytes]] = []
        here: set[str] = set()
        for path in _published(self._folder):
            name = path.relative_to(self._folder).as_posix()
            here.add(name)
            before = held.get(name)
            if before and self._is_here(path, before):
                continue
            content = path.read_bytes()
            file = PublishedFile(
                path=name, digest=digest(content), modified=int(path.stat().st_mtime)
            )
            if before is None or before.digest != file.digest:
                changed.append((file, content))
            self._note(path, before if before and before.digest == file.digest else file)
        gone = held.keys() - here
        if changed or gone:
            self._store.save_edition_files(changed, sorted(gone), self.role)
        return len(changed)

    def _is_here(self, path: Path, file: PublishedFile) -> bool:
        """Say whether the folder has a file as it was when it was last compared."""
        known = self._known.get(file.path)
        return known is not None and known[0] == file and known[1] == _measured(path)

    def _note(self, path: Path, file: PublishedFile) -> None:
        self._known[file.path] = (file, _measured(path))


def _published(folder: Path) -> list[Path]:
    """Return the files of the folder; hidden ones are about to be written."""
    try:
        return sorted(
            path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.name)
        )
    except OSError as error:
        raise PublishError(f"cannot read {folder}: {error.strerror}") from error


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name.endswith(".part")


def _is_inside(name: str) -> bool:
    """Say whether a path stays in the folder."""
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts


def _measured(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns
