"""The journal: what must survive the loss of the database, as append-only lines of JSON.

There are three kinds of line: an entry with its story and its names; a story that was merged into
another; a decision of the user. Later lines replace earlier ones about the same entry or story.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from aggregator.core.errors import StoreError
from aggregator.core.model import Decision, Publisher, Tombstone
from aggregator.core.syncing import sync
from aggregator.gather.identity import Kind

_LINE_MOST = 200_000  # bytes; our own lines are much shorter
_KINDS = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """An entry, its story, and its names (kind, digest).

    Its outline (effective date, link, title, publisher) allows listing it if the database is lost
    and the source no longer has it.
    """

    key: str
    story: str
    source: str
    first_published: datetime
    published: datetime
    link: str = ""
    title: str = ""
    publisher: Publisher
    shown: bool = True
    names: tuple[tuple[str, str], ...] = ()


Line = EntryLine | Tombstone | Decision


class Journal:
    """The journal of one data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._span: tuple[int, int] | None = None  # appended in the current block of `undone`

    def size(self) -> int:
        """Return the bytes of the file, 0 if there is none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, lines: Iterable[Line]) -> int:
        """Append lines and sync; return the size of the file.

        If there is no room, raise StoreError and leave the file as it was.
        """
        text = "".join(_write(line) + "\n" for line in lines).encode()
        with _reported(self.path):
            before, after = _append(self.path, text)
        self._span = (before if self._span is None else self._span[0], after)
        return after

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Take back what the block appended if it raises, unless others have written since.

        Else each attempt to store something that fails would leave its lines.
        """
        self._span = None
        try:
            yield
        except BaseException:
            self._take_back()
            raise
        finally:
            self._span = None

    def _take_back(self) -> None:
        if self._span is not None:
            with suppress(OSError):  # the lines that stay say nothing wrong
                _cut(self.path, *self._span)

    def replace(self, lines: Iterable[Line]) -> int:
        """Rewrite the complete journal, to replace a truncated one; return its size."""
        aside = self.path.with_name(self.path.name + ".new")
        with _reported(self.path):
            aside.unlink(missing_ok=True)
            _, size = _append(aside, "".join(_write(line) + "\n" for line in lines).encode())
            aside.replace(self.path)
            sync(self.path.parent)
        return size

    def read(self, start: int = 0) -> Iterator[Line]:
        """Yield the readable lines, oldest first; torn or foreign lines are skipped.

        `start` is a size that the journal had; if no line ends there, all lines are read.
        """
        if not self.path.exists():
            return
        with _reported(self.path), self.path.open("rb") as file:
            file.seek(max(0, start - 1))
            if start and file.read(1) != b"\n":
                file.seek(0)
            while raw := file.readline(_LINE_MOST):
                if line := _read(raw):
                    yield line


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise StoreError(f"cannot use {path}: {reason}") from error


def _append(path: Path, text: bytes) -> tuple[int, int]:
    """Append to a file; return its sizes before and after."""
    fresh = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # a command may write while the daemon runs
        size = os.fstat(descriptor).st_size
        torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
        try:
            _write_all(descriptor, b"\n" + text if torn else text)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        after = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if fresh:
        sync(path.parent)
    return size, after


def _cut(path: Path, before: int, after: int) -> None:
    """Cut a file to the size that it had, if nothing was appended since."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_size == after:
            os.ftruncate(descriptor, before)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


# --- lines ---------------------------------------------------------------------------------


def _write(line: Line) -> str:
    return json.dumps(_plain(line), ensure_ascii=True, separators=(",", ":"))


def _plain(line: Line) -> Mapping[str, Any]:
    if isinstance(line, EntryLine):
        hidden = {} if line.shown else {"shown": False}
        return {
            "entry": line.key,
            "story": line.story,
            "first": line.first_published.isoformat(),
            "source": line.source,
            **hidden,
            "names": dict(line.names),
            "published": line.published.isoformat(),
            "link": line.link,
            "title": line.title,
            "publisher": [line.publisher.id, line.publisher.title, line.publisher.url],
        }
    if isinstance(line, Tombstone):
        return {"dead": line.id, "into": line.into, "at": line.when.isoformat()}
    return {"decision": line.kind, "a": line.a, "b": line.b, "at": line.when.isoformat()}


def _read(raw: bytes) -> Line | None:
    try:
        value = json.loads(raw)
        return _line(value) if isinstance(value, dict) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _line(value: Mapping[str, Any]) -> Line | None:
    if "entry" in value:
        return EntryLine(
            key=_word(value["entry"]),
            story=_word(value["story"]),
            source=_word(value["source"]),
            first_published=_time(value["first"]),
            published=_time(value["published"]),
            link=_word(value["link"]),
            title=_word(value["title"]),
            publisher=_publisher(value["publisher"]),
            shown=value.get("shown") is not False,
            names=tuple(
                (kind, _word(digest)) for kind, digest in value["names"].items() if kind in _KINDS
            ),
        )
    if "dead" in value:
        return Tombstone(
            id=_word(value["dead"]), into=_word(value["into"]), when=_time(value["at"])
        )
    kind: Literal["join", "split", "never", "undo"] = value["decision"]
    if kind not in {"join", "split", "never", "undo"}:
        return None
    return Decision(kind=kind, a=_word(value["a"]), b=_word(value["b"]), when=_time(value["at"]))


def _publisher(value: Sequence[object]) -> Publisher:
    id_, title, url = (_word(one) for one in value)
    return Publisher(id=id_, title=title, url=url)


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not text: {value!r}")
    return value


def _time(value: object) -> datetime:
    when = datetime.fromisoformat(_word(value))
    if when.tzinfo is None:
        raise ValueError("a time without zone")
    return when
