"""Published files cached in memory with their headers; each version is compressed once."""

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

from aggregator.publish import archive_files

_FOR_BROWSERS_TOO = ("application/atom+xml", "application/rss+xml", "application/xml")
_GZIP_ETAG_SUFFIX = "-gzip"  # a strong ETag identifies bytes, so the gzip form needs its own
_HEADER_INDEX = {b"accept": 0, b"accept-encoding": 1, b"if-none-match": 2, b"if-modified-since": 3}

Headers = tuple[tuple[bytes, bytes], ...]


class RequestHeaders(NamedTuple):  # created for every request: half the cost of a frozen dataclass
    """The headers that decide which form of a file is sent, and whether it is sent at all."""

    accept: str = ""
    accept_encoding: str = ""
    if_none_match: str = ""
    if_modified_since: str = ""
    with_body: bool = True  # False for HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFile:
    """A file on disk, its media type, and a transformation applied before it is sent."""

    path: Path
    media_type: str
    transform: Callable[[bytes], bytes] = bytes


class RawResponse(NamedTuple):
    """A complete response, ready to send as an ASGI application."""

    status: int
    headers: Headers
    body: bytes = b""

    async def __call__(
        self, _scope: Scope, _receive: Receive, send: Send, extra: Headers = ()
    ) -> None:
        """Send the response with additional headers."""
        headers = [*self.headers, *extra]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """A file's content in one encoding, with the headers of its 200 and 304 responses."""

    content: bytes
    headers: Headers
    not_modified_headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFile:
    """One version of a file, ready to send."""

    stamp: tuple[int, int, int]  # modification time, size and inode
    etag: str  # without quotes
    modified: int  # seconds since 1970
    plain: Representation
    gzipped: Representation

    @property
    def size(self) -> int:
        """Memory used, in bytes."""
        return len(self.plain.content) + len(self.gzipped.content)

    def is_not_modified(self, headers: RequestHeaders) -> bool:
        """Return whether the client has this version; If-None-Match takes precedence."""
        if headers.if_none_match:
            tags = (tag.strip().removeprefix("W/") for tag in headers.if_none_match.split(",")[:50])
            return any(
                tag in {"*", f'"{self.etag}"', f'"{self.etag}{_GZIP_ETAG_SUFFIX}"'} for tag in tags
            )
        return bool(headers.if_modified_since) and self.modified <= _timestamp(
            headers.if_modified_since
        )

    def respond(
        self, headers: RequestHeaders, cache: bytes, media_type: bytes = b""
    ) -> RawResponse:
        """Return 200 in the accepted encoding, or 304; `media_type` replaces the file's own."""
        form = self.gzipped if accepts_gzip(headers.accept_encoding) else self.plain
        caching = (b"cache-control", cache)
        if self.is_not_modified(headers):
            return RawResponse(status=304, headers=(*form.not_modified_headers, caching))
        sent: Headers = (*form.headers, caching)
        if media_type:
            kind = (b"content-type", media_type)
            sent = tuple(kind if one[0] == b"content-type" else one for one in sent)
        return RawResponse(
            status=200, headers=sent, body=form.content if headers.with_body else b""
        )


class FileCache:
    """Serves a fixed set of files by name; no other path can be reached."""

    def __init__(self, files: Mapping[str, ServedFile]) -> None:
        self._files = dict(files)
        self._cached: dict[str, CachedFile] = {}
        self._lock = threading.RLock()

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def get_fresh(self, name: str) -> CachedFile | None:
        """Return the cached file if it is unchanged on disk; costs one `stat`."""
        cached = self._cached.get(name)
        if cached is None:
            return None
        try:
            status = os.stat(self._files[name].path)  # noqa: PTH116  half the time of Path.stat
        except OSError:
            return cached  # the file is being replaced: keep serving the last version
        return cached if cached.stamp == _stamp(status) else None

    def load(self, name: str) -> CachedFile | None:
        """Return the current version, read from disk if it changed; None if there is no file.

        Of several concurrent callers one reads the file and the others wait.
        """
        with self._lock:
            return self.get_fresh(name) or self._read(name)

    def _read(self, name: str) -> CachedFile | None:
        source = self._files[name]
        try:
            with source.path.open("rb") as file:
                stamp = _stamp(status := os.fstat(file.fileno()))
                stored = file.read()
            is_packed = source.path.name.endswith(archive_files.END)
            content = archive_files.decompress(stored) if is_packed else stored
        except OSError:
            return self._cached.get(name)
        sent = source.transform(content)
        cached = make_cached_file(
            sent,
            media_type=source.media_type,
            modified=int(status.st_mtime),
            stamp=stamp,
            gzipped=stored if is_packed and sent == content else b"",
        )
        self._cached[name] = cached
        return cached


class LruFileCache(FileCache):
    """Caches files that are added on request; evicts the least recently used above `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__({})
        self._max_bytes = max_bytes

    def get(self, name: str, file: ServedFile) -> CachedFile | None:
        """Return a file's current version, from memory if it is unchanged; None if there is no file."""
        with self._lock:
            self._files[name] = file
            cached = self.load(name)
            self._cached.pop(name, None)
            if cached is None:
                del self._files[name]
                return None
            self._cached[name] = cached  # now the most recently used
            while len(self._cached) > 1 and self.size > self._max_bytes:
                oldest = next(iter(self._cached))
                del self._cached[oldest], self._files[oldest]
            return cached

    @property
    def size(self) -> int:
        """Memory used by all cached files, in bytes."""
        return sum(one.size for one in self._cached.values())


def make_cached_file(
    content: bytes,
    *,
    media_type: str,
    modified: int,
    stamp: tuple[int, int, int] = (0, 0, 0),
    gzipped: bytes = b"",
) -> CachedFile:
    """Return content ready to send, plain and compressed; `gzipped` is that form if it is known."""
    etag = blake2b(content, digest_size=16).hexdigest()
    gzipped = gzipped or gzip.compress(content, 6, mtime=0)
    shared = ((b"last-modified", formatdate(modified, usegmt=True).encode()), _vary(media_type))
    kind = (b"content-type", media_type.encode())
    coding = (b"content-encoding", b"gzip")
    return CachedFile(
        stamp=stamp,
        etag=etag,
        modified=modified,
        plain=_represent(content, ((b"etag", f'"{etag}"'.encode()), *shared), (kind,)),
        gzipped=_represent(
            gzipped, ((b"etag", f'"{etag}{_GZIP_ETAG_SUFFIX}"'.encode()), *shared), (kind, coding)
        ),
    )


def read_headers(scope: Scope) -> RequestHeaders:
    """Return the request's headers; repeated fields are joined with commas."""
    found = ["", "", "", ""]
    for name, value in scope["headers"]:
        index = _HEADER_INDEX.get(name)
        if index is not None:
            text = value.decode("latin-1")
            found[index] = f"{found[index]},{text}" if found[index] else text
    accept, accept_encoding, if_none_match, if_modified_since = found
    with_body = scope["method"] != "HEAD"
    return RequestHeaders(accept, accept_encoding, if_none_match, if_modified_since, with_body)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip."""
    for part in accept_encoding.lower().split(",")[:20]:
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "x-gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _represent(content: bytes, shared: Headers, more: Headers) -> Representation:
    length = (b"content-length", str(len(content)).encode())
    return Representation(
        content=content, headers=(*shared, *more, length), not_modified_headers=shared
    )


def _vary(media_type: str) -> tuple[bytes, bytes]:
    """Return the Vary header; Atom and RSS also vary by Accept, see `Feeds`."""
    also = b", Accept" if media_type.startswith(_FOR_BROWSERS_TOO) else b""
    return b"vary", b"Accept-Encoding" + also


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _timestamp(date: str) -> float:
    """Return an HTTP date as seconds since 1970; minus infinity if it is invalid."""
    try:
        return parsedate_to_datetime(date[:100]).timestamp()
    except (ValueError, OverflowError, OSError):
        return -inf
