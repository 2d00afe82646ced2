"""Requests to the daemon that holds a data folder, as files in that folder.

A command writes `requests/ID.ask`, the daemon looks every few seconds and writes `requests/ID.answer`.
The file `requests/daemon` holds the process id of a daemon that does so; it counts only while that
process holds the lock.
"""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from aggregator.core.errors import AggregatorError, StoreError
from aggregator.core.report import RunReport
from aggregator.store.codec import DamagedValue, from_json, to_json

LOOK_SECONDS = 5
"""How often the daemon looks for requests."""

_POLL = 0.1  # seconds between two looks for the answer
_ANSWER_KEPT = 3600.0  # seconds that an answer nobody fetched is kept
_LARGEST = 1_000_000  # bytes of a request


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """A run that a command asks the daemon for; no sources: all that are not paused."""

    id: str = ""
    sources: tuple[str, ...] = ()
    force: bool = False


class HandoverFailed(AggregatorError):  # noqa: N818
    """The daemon did not do what it was asked for."""


# --- the command's side --------------------------------------------------------------------


def has_daemon(data: Path) -> bool:
    """Say whether a daemon that takes requests holds the data folder."""
    return _read(data / "lock") == _read(_folder(data) / "daemon") != "" and _is_locked(data)


def request_fetch(
    data: Path,
    sources: Sequence[str],
    *,
    force: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> RunReport:
    """Ask the daemon for a run and wait for its report; raise HandoverFailed if it has none."""
    request = FetchRequest(id=uuid.uuid4().hex, sources=tuple(sources), force=force)
    asked, answer = _folder(data) / f"{request.id}.ask", _folder(data) / f"{request.id}.answer"
    _write(asked, to_json(request))
    try:
        while not answer.exists():
            if not has_daemon(data) and not answer.exists():
                raise HandoverFailed("the daemon ended before it was done: run the command again")
            sleep(_POLL)
        return _read_answer(answer)
    finally:
        for path in (asked, answer):
            path.unlink(missing_ok=True)


def _read_answer(path: Path) -> RunReport:
    try:
        value = json.loads(path.read_text("utf-8"))
        if problem := value.get("problem"):
            raise HandoverFailed(str(problem))
        report: RunReport = from_json(RunReport, json.dumps(value["report"]))
    except (OSError, ValueError, KeyError) as error:
        raise HandoverFailed("the answer of the daemon cannot be read") from error
    return replace(report, written=tuple(map(Path, value["written"])))


# --- the daemon's side ---------------------------------------------------------------------


@contextmanager
def taking_requests(data: Path) -> Iterator[None]:
    """Let commands hand requests over until the block ends; the folder has to be locked."""
    folder = _folder(data)
    for path in _requests(data, ".ask"):
        path.unlink(missing_ok=True)  # of commands that have given up
    _write(folder / "daemon", str(os.getpid()))
    try:
        yield
    finally:
        (folder / "daemon").unlink(missing_ok=True)


def take_requests(data: Path, *, now: datetime) -> Iterator[FetchRequest]:
    """Yield what commands ask for, each once; what is no request is removed."""
    _forget(data, now)
    for path in _requests(data, ".ask"):
        try:
            text = path.read_text("utf-8") if path.stat().st_size <= _LARGEST else ""
            request: FetchRequest = from_json(FetchRequest, text)
            usable = request.id == path.stem and all(
                isinstance(one, str) for one in request.sources
            )
        except (OSError, UnicodeDecodeError, DamagedValue):
            usable = False
        path.unlink(missing_ok=True)
        if usable:
            yield request


def answer_request(data: Path, request: FetchRequest, report: RunReport | str) -> None:
    """Give the command its report, or say why there is none."""
    value: dict[str, object] = {"problem": report}
    if isinstance(report, RunReport):
        plain = json.loads(to_json(replace(report, written=())))
        value = {"report": plain, "written": [str(path) for path in report.written]}
    with suppress(StoreError):  # a full disk does not stop the daemon; the command sees no answer
        _write(_folder(data) / f"{request.id}.answer", json.dumps(value))


def _forget(data: Path, now: datetime) -> None:
    """Remove answers that nobody fetched."""
    for path in _requests(data, ".answer"):
        with suppress(OSError):
            if now.timestamp() - path.stat().st_mtime > _ANSWER_KEPT:
                path.unlink()


# --- files ---------------------------------------------------------------------------------


def _folder(data: Path) -> Path:
    return data / "requests"


def _requests(data: Path, suffix: str) -> list[Path]:
    try:
        return sorted(path for path in _folder(data).iterdir() if path.suffix == suffix)
    except OSError:
        return []


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside.write_text(text, "utf-8")
        aside.replace(path)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be written: {error.strerror}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _is_locked(data: Path) -> bool:
    """Say whether a process holds the lock, without taking it for longer than a look."""
    try:
        descriptor = os.open(data / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
