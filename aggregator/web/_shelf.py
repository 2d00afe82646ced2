"""The published files, kept in memory with their headers and packed once an edition."""

import gzip
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from hashlib import blake2b
from math import inf
from pathlib import Path
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

_PACKED = "-gzip"  # ends the ETag of the packed form: a strong one names bytes
_ASKED = {b"accept": 0, b"accept-encoding": 1, b"if-none-match": 2, b"if-modified-since": 3}

Head = tuple[tuple[bytes, bytes], ...]


class Asked(NamedTuple):  # one a request, and made in half the time of a frozen dataclass
    """What a request says of the form it wants, and of what the reader has."""

    accept: str = ""
    coding: str = ""
    tags: str = ""  # If-None-Match
    since: str = ""  # If-Modified-Since
    whole: bool = True  # False: only the head


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file lies, what it is, and what is done to it before it is sent."""

    path: Path
    media_type: str
    change: Callable[[bytes], bytes] = bytes


class Answer(NamedTuple):
    """An answer, ready to send."""

    status: int
    head: Head
    body: bytes = b""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send, more: Head = ()) -> None:
        """Send it, with more headers if given."""
        head = [*self.head, *more]
        await send({"type": "http.response.start", "status": self.status, "headers": head})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An edition plain or packed, with the heads of 200 and 304."""

    content: bytes
    head: Head
    held: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One published state of a file, ready to send."""

    stamp: tuple[int, int, int]
    tag: str  # without quotes
    modified: int  # seconds since 1970
    plain: Form
    packed: Form

    @property
    def size(self) -> int:
        """The bytes that it takes in memory."""
        return len(self.plain.content) + len(self.packed.content)

    def is_held(self, asked: Asked) -> bool:
        """Say whether the reader has this state; the tag decides if it sent one."""
        if asked.tags:
            tags = (tag.strip().removeprefix("W/") for tag in asked.tags.split(",")[:50])
            return any(tag in {"*", f'"{self.tag}"', f'"{self.tag}{_PACKED}"'} for tag in tags)
        return bool(asked.since) and self.modified <= _seconds(asked.since)

    def answer(self, asked: Asked, cache: bytes, media_type: bytes = b"") -> Answer:
        """Return the document in the form that was asked for, or 304; of another type if given."""
        form = self.packed if takes_gzip(asked.coding) else self.plain
        caching = (b"cache-control", cache)
        if self.is_held(asked):
            return Answer(status=304, head=(*form.held, caching))
        head: Head = (*form.head, caching)
        if media_type:
            kind = (b"content-type", media_type)
            head = tuple(kind if one[0] == b"content-type" else one for one in head)
        return Answer(status=200, head=head, body=form.content if asked.whole else b"")


class Shelf:
    """Finds files by name among those it was made with: no name leads anywhere else."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = dict(places)
        self._editions: dict[str, Edition] = {}
        self._turn = threading.RLock()

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def fresh(self, name: str) -> Edition | None:
        """Return the edition in memory if it is still the one on disk; cheap."""
        held = self._editions.get(name)
        if held is None:
            return None
        try:
            status = os.stat(self._places[name].path)  # noqa: PTH116  half the time of Path.stat
        except OSError:
            return held  # gone for a moment: the last good one stays
        return held if held.stamp == _stamp(status) else None

    def read(self, name: str) -> Edition | None:
        """Read the edition from disk and pack it; None if there is none.

        Of many who ask when a new edition is out, one reads it and the others wait.
        """
        with self._turn:
            return self.fresh(name) or self._read(name)

    def _read(self, name: str) -> Edition | None:
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


class Drawer(Shelf):
    """A shelf that takes places as they are asked for, and keeps the latest in so many bytes."""

    def __init__(self, most: int) -> None:
        super().__init__({})
        self._most = most

    def get(self, name: str, place: Place) -> Edition | None:
        """Return the edition of a place, from memory if it is there; None if there is none."""
        with self._turn:
            self._places[name] = place
            edition = self.read(name)
            self._editions.pop(name, None)
            if edition is None:
                del self._places[name]
                return None
            self._editions[name] = edition  # as the latest
            while len(self._editions) > 1 and self.size > self._most:
                oldest = next(iter(self._editions))
                del self._editions[oldest], self._places[oldest]
            return edition

    @property
    def size(self) -> int:
        """The bytes of all editions in memory."""
        return sum(one.size for one in self._editions.values())


def pack(
    content: bytes, *, media_type: str, modified: int, stamp: tuple[int, int, int] = (0, 0, 0)
) -> Edition:
    """Return a document ready to send, also packed."""
    tag = blake2b(content, digest_size=16).hexdigest()
    packed = gzip.compress(content, 6, mtime=0)
    shared = ((b"last-modified", formatdate(modified, usegmt=True).encode()), _vary(media_type))
    kind = (b"content-type", media_type.encode())
    coding = (b"content-encoding", b"gzip")
    return Edition(
        stamp=stamp,
        tag=tag,
        modified=modified,
        plain=_form(content, ((b"etag", f'"{tag}"'.encode()), *shared), (kind,)),
        packed=_form(packed, ((b"etag", f'"{tag}{_PACKED}"'.encode()), *shared), (kind, coding)),
    )


def read_asked(scope: Scope) -> Asked:
    """Return what a request asks; lines of one name count as one."""
    found = ["", "", "", ""]
    for name, value in scope["headers"]:
        place = _ASKED.get(name)
        if place is not None:
            said = value.decode("latin-1")
            found[place] = f"{found[place]},{said}" if found[place] else said
    accept, coding, tags, since = found
    return Asked(accept, coding, tags, since, scope["method"] != "HEAD")


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str) -> bool:
    """Say whether a reader asked for gzip."""
    for part in accept_encoding.lower().split(",")[:20]:
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "x-gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _form(content: bytes, held: Head, more: Head) -> Form:
    length = (b"content-length", str(len(content)).encode())
    return Form(content=content, head=(*held, *more, length), held=held)


def _vary(media_type: str) -> tuple[bytes, bytes]:
    """Browsers get Atom under another type, see Feeds."""
    also = b", Accept" if media_type.startswith("application/atom+xml") else b""
    return b"vary", b"Accept-Encoding" + also


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _seconds(date: str) -> float:
    """Return a date as seconds since 1970; one that is none is before all others."""
    try:
        return parsedate_to_datetime(date[:100]).timestamp()
    except (ValueError, OverflowError, OSError):
        return -inf
