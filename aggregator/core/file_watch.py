"""Notices that a file was changed, once it stays as it is."""

from pathlib import Path

_State = tuple[int, int, int] | None


class FileWatch:
    """Compares a file with its state at the last change, as often as it is asked.

    A file that is being written, or is not there for a moment, is no change yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._before = _look(path)

    def has_changed(self) -> bool:
        """Say once for each change that the file is another one and was so the last time already."""
        now = _look(self._path)
        settled, self._before = now == self._before, now
        if now is None or now == self._known or not settled:
            return False
        self._known = now
        return True


def _look(path: Path) -> _State:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
