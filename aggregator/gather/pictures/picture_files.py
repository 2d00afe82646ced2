"""The files of pictures in the data folder: named after the URL of the image, removed by age."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

WIDTHS = (400, 960)  # the longest sides in pixels: in lists, and on the page of a story
SUFFIX = ".webp"
_FAILED = ".none"


@dataclass(frozen=True, slots=True)
class PictureFiles:
    """The folder `pictures` of a data folder."""

    folder: Path

    def path(self, name: str, width: int) -> Path:
        """Return the path of a picture."""
        return self.folder / name[:2] / f"{name}-{width}{SUFFIX}"

    def has(self, name: str) -> bool:
        """Return whether the picture was made."""
        return self.path(name, WIDTHS[0]).exists()

    def failures(self, name: str) -> tuple[int, float]:
        """Return how often the picture could not be made, and when last."""
        path = self._failure_path(name)
        try:
            return max(path.stat().st_size, 1), path.stat().st_mtime
        except OSError:
            return 0, 0.0

    def save(self, name: str, contents: Sequence[bytes]) -> None:
        """Write a picture in all its widths, the one that `has` looks for last."""
        for width, content in reversed(list(zip(WIDTHS, contents, strict=True))):
            _write(self.path(name, width), content)
        self._failure_path(name).unlink(missing_ok=True)

    def save_failure(self, name: str, tries: int) -> None:
        """Remember that a picture could not be made, so many times."""
        _write(self._failure_path(name), b"." * tries)

    def prune(self, before: datetime, max_bytes: int) -> int:
        """Delete the files made before a time, and the oldest above a total; return how many."""
        files = sorted(_files(self.folder), reverse=True)  # the newest first
        total = deleted = 0
        for when, size, path in files:
            total += size
            if when < before.timestamp() or total > max_bytes:
                with contextlib.suppress(OSError):
                    path.unlink()
                    deleted += 1
        return deleted

    def _failure_path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}{_FAILED}"


def picture_name(url: str) -> str:
    """Return the name of the picture of an image: 32 hexadecimal digits."""
    return blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically; it can be made again, so it is not synced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    aside.replace(path)


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    for path in folder.glob("??/*"):
        with contextlib.suppress(OSError):
            status = path.stat()
            yield status.st_mtime, status.st_size, path
