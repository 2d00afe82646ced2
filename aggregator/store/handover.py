"""Requests to the daemon that has locked a data folder, as files in that folder.

A command writes `requests/ID.ask`; the daemon polls and writes `requests/ID.answer`. The file
`requests/daemon` contains the process id of the daemon; it is valid only while that process holds
the lock.
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
"""The interval at which the daemon polls for requests."""

_POLL = 0.1  # seconds between two polls for the answer
_ANSWER_KEPT = 3600.0  # seconds after which an answer that was not read is deleted
_LARGEST = 1_000_000  # bytes of a request


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """A run requested by a command; without sources, of all that are not paused."""

    id: str = ""
    sources: tuple[str, ...] = ()
    force: bool = False


class HandoverFailed(AggregatorError):  # noqa: N818
    """The daemon could not carry out the request."""


# --- the command's side --------------------------------------------------------------------


def has_daemon(data: Path) -> bool:
    """Return whether a daemon that takes requests has locked the data folder."""
    return _read(data / "lock") == _read(_folder(data) / "daemon") != "" and _is_locked(data)


def leave_request(data: Path, sources: Sequence[str]) -> None:
    """Request a run from the daemon without waiting for its report."""
    request = FetchRequest(id=uuid.uuid4().hex, sources=tuple(sources), force=True)
    _write(_folder(data) / f"{request.id}.ask", to_json(request))


def request_fetch(
    data: Path,
    sources: Sequence[str],
    *,
    force: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> RunReport:
    """Request a run from the daemon and return its report; raise HandoverFailed if it fails."""
    request = FetchRequest(id=uuid.uuid4().hex, sources=tuple(sources), force=force)
    asked, answer = _folder(data) / f"{request.id}.ask", _folder(data) / f"{request.id}.answer"
    _write(asked, to_json(request))
    try:
        while not answer.exists():
            if not has_daemon(data) and not answer.exists():
                raise HandoverFailed(
                    "the daemon stopped before the run ended: run the command again"
                )
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
    """Accept requests of commands until the block ends; the folder must be locked."""
    folder = _folder(data)
    for path in _requests(data, ".ask"):
        path.unlink(missing_ok=True)  # of commands that no longer wait
    _write(folder / "daemon", str(os.getpid()))
    try:
        yield
    finally:
        (folder / "daemon").unlink(missing_ok=True)


def take_requests(data: Path, *, now: datetime) -> Iterator[FetchRequest]:
    """Yield the requests of commands, each once; invalid files are deleted."""
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
    """Write the report for the command, or the reason why there is none."""
    value: dict[str, object] = {"problem": report}
    if isinstance(report, RunReport):
        plain = json.loads(to_json(replace(report, written=())))
        value = {"report": plain, "written": [str(path) for path in report.written]}
    with suppress(StoreError):  # a full disk does not stop the daemon; the command sees no answer
        _write(_folder(data) / f"{request.id}.answer", json.dumps(value))


def _forget(data: Path, now: datetime) -> None:
    """Delete old answers that were not read."""
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
    """Write a file atomically."""
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
    """Return whether a process holds the lock; takes it only for a moment."""
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
