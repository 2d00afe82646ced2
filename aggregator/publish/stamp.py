"""Remembers what the published files were made from, so that unchanged feeds are not made again."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from aggregator.core import digests
from aggregator.core.errors import PublishError
from aggregator.core.model import Source
from aggregator.core.settings import FeedSpec
from aggregator.publish import files

NAME = "published.json"  # in the data folder

File = tuple[str, int, int]  # path in the folder, size, modification time in nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a publication was made from, and the files that it left."""

    generation: str  # of the store
    settings: str  # see `digest`
    made: datetime
    until: datetime | None = None  # after it, time alone changes a feed
    files: tuple[File, ...] = ()
    stories: tuple[str, ...] = ()  # ids of the shown ones

    def is_current(self, generation: str, settings: str, now: datetime, folder: Path) -> bool:
        """Return whether publishing now would write the same files again."""
        return (
            bool(generation and settings)
            and (generation, settings) == (self.generation, self.settings)
            and self.made <= now
            and (self.until is None or now <= self.until)
            and self.has_files(folder)
        )

    def has_files(self, folder: Path) -> bool:
        """Return whether the files are those that were left."""
        return self.files == measure(folder, [name for name, _, _ in self.files])


class LastStamp:
    """The stamp of the last publication, read again only when its file changes."""

    def __init__(self) -> None:
        self._status: tuple[File, ...] = ()
        self._stamp: Stamp | None = None

    def read(self, path: Path) -> Stamp | None:
        """Return the stamp; None if there is none to rely on."""
        status = measure(path.parent, [path.name])
        if status != self._status:
            self._stamp, self._status = read(path), status
        return self._stamp


def read(path: Path) -> Stamp | None:
    """Return the stamp of the last publication; None if there is none to rely on."""
    try:
        said = json.loads(path.read_bytes())
        until = said["until"]
        return Stamp(
            generation=str(said["generation"]),
            settings=str(said["settings"]),
            made=datetime.fromisoformat(said["made"]),
            until=None if until is None else datetime.fromisoformat(until),
            files=tuple((str(name), int(size), int(time)) for name, size, time in said["files"]),
            stories=tuple(map(str, said["stories"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, stamp: Stamp) -> None:
    """Save the stamp; without it, the next publication makes everything again."""
    said = asdict(stamp) | {"made": stamp.made.isoformat()}
    said["until"] = None if stamp.until is None else stamp.until.isoformat()
    with suppress(PublishError):
        files.write(path, json.dumps(said, ensure_ascii=False).encode())


def measure(folder: Path, names: Iterable[str]) -> tuple[File, ...]:
    """Return name, size and modification time of the files; those that are missing are left out."""
    found: list[File] = []
    for name in names:
        with suppress(OSError):
            status = (folder / name).stat()
            found.append((name, status.st_size, status.st_mtime_ns))
    return tuple(found)


def digest(feeds: Sequence[FeedSpec], sources: Iterable[Source], *more: object) -> str:
    """Return a digest of all that feeds depend on besides the store and the time."""
    named = [(one.id, one.identity, one.category) for one in sources]
    return digests.digest(feeds, named, more, digests.program("publish", "text"))
