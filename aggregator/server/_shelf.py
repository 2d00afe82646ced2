"""The published files, kept in memory with their validators and packed once an edition."""

import gzip
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime
from hashlib import blake2b
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_PACKED = "-gzip"  # ends the ETag of the packed form: a strong one names bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file lies, what it is, and what is done to it before it is sent."""

    path: Path
    media_type: str
    change: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One published state of a file, ready to send."""

    stamp: tuple[int, int, int]
    content: bytes
    packed: bytes
    tag: str  # without quotes
    modified: int  # seconds since 1970
    media_type: str

    def headers(self, *, packed: bool) -> dict[str, str]:
        """Return the validators and what else describes this form of the file."""
        tag = self.tag + _PACKED if packed else self.tag
        headers = {
            "Content-Type": self.media_type,
            "ETag": f'"{tag}"',
            "Last-Modified": formatdate(self.modified, usegmt=True),
            "Vary": "Accept-Encoding",
        }
        return headers | {"Content-Encoding": "gzip"} if packed else headers

    def is_held(self, if_none_match: str, if_modified_since: str) -> bool:
        """Say whether the reader has this state; the tag decides if it sent one."""
        if if_none_match:
            tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")[:50])
            return any(tag in {"*", f'"{self.tag}"', f'"{self.tag}{_PACKED}"'} for tag in tags)
        since = _parse_date(if_modified_since)
        return since is not None and self.modified <= since.timestamp()


class Shelf:
    """Finds files by name among those it was made with: no name leads anywhere else."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._editions: dict[str, Edition] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def fresh(self, name: str) -> Edition | None:
        """Return the edition in memory if it is still the one on disk; cheap."""
        held = self._editions.get(name)
        if held is None:
            return None
        try:
            status = self._places[name].path.stat()
        except OSError:
            return held  # gone for a moment: the last good one stays
        return held if held.stamp == _stamp(status) else None

    def read(self, name: str) -> Edition | None:
        """Read the edition from disk and pack it; None if there is none."""
        place = self._places[name]
        try:
            with place.path.open("rb") as file:
                stamp = _stamp(status := os.fstat(file.fileno()))
                content = place.change(file.read())
        except OSError:
            return self._editions.get(name)
        edition = pack(
            content, media_type=place.media_type, modified=int(status.st_mtime), stamp=stamp
        )
        self._editions[name] = edition
        return edition


def pack(
    content: bytes, *, media_type: str, modified: int, stamp: tuple[int, int, int] = (0, 0, 0)
) -> Edition:
    """Return a document ready to send, also packed."""
    return Edition(
        stamp=stamp,
        content=content,
        packed=gzip.compress(content, 6, mtime=0),
        tag=blake2b(content, digest_size=16).hexdigest(),
        modified=modified,
        media_type=media_type,
    )


def send(edition: Edition, request: Request, *, cache: str) -> Response:
    """Answer with the document in the form that was asked for, or with 304."""
    asked = request.headers
    packed = takes_gzip(asked.get("accept-encoding", ""))
    headers = edition.headers(packed=packed) | {"Cache-Control": cache}
    if edition.is_held(asked.get("if-none-match", ""), asked.get("if-modified-since", "")):
        del headers["Content-Type"]
        headers.pop("Content-Encoding", "")
        return Response(status_code=304, headers=headers)
    return Response(edition.packed if packed else edition.content, headers=headers)


def takes_gzip(accept_encoding: str) -> bool:
    """Say whether a reader asked for gzip."""
    for part in accept_encoding.lower().split(",")[:20]:
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "x-gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _parse_date(written: str) -> datetime | None:
    try:
        return parsedate_to_datetime(written) if written else None
    except (ValueError, OverflowError):
        return None
