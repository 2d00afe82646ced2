"""Reads a response body and inflates it, up to a limit."""

import re
import zlib
from collections.abc import AsyncIterable

from aggregator.core.errors import BodyTooLarge, FetchError

_NULL_CODINGS = frozenset({"", "identity", "none", "binary", "utf-8", "utf8"})  # seen on the web
_NOT_A_CODING = re.compile(
    r"/|^(?:utf|iso|us-ascii|windows|cp\d|gb|big5|euc|shift|koi8|charset)|^8bit$|^7bit$"
)
_GZIP_CODINGS = frozenset({"gzip", "x-gzip"})
_SUPPORTED_CODINGS = _GZIP_CODINGS | {"deflate"}
_SNIFF_BYTES = 64  # enough to tell text from compressed data
_BLANK = b" \t\r\n\xef\xbb\xbf"
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MAX_SMALL_PIECES, _SMALL_PIECE_BYTES = 10_000, 128  # pieces this small on average are limited
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_MEMBERS = 100  # of one gzip body; each costs as much CPU time as a small document


async def read_body(pieces: AsyncIterable[bytes], coding: str, limit: int) -> bytes:
    """Return the complete body, inflated; raises BodyTooLarge over `limit` bytes, FetchError.

    `coding` is the Content-Encoding header. Text is not inflated even if the header names a
    coding; gzip is inflated even if the header does not announce it.
    """
    names = _codings(coding)
    content = bytearray()
    inflater: Inflater | None = None
    is_started = False
    count = size = 0
    async for piece in pieces:
        count, size = count + 1, size + len(piece)
        if size > limit:
            raise too_large(limit)
        if count > _MAX_SMALL_PIECES and size < count * _SMALL_PIECE_BYTES:
            raise FetchError("the body arrives in too many small pieces")
        if inflater is None:
            content += piece
        else:
            inflater.feed(piece)
        if not is_started and size >= _SNIFF_BYTES:
            is_started = True
            inflater, content = _start(content, names, limit)
    if not is_started and content:
        inflater, content = _start(content, names, limit)
    return bytes(content) if inflater is None else inflater.finish()


def _codings(header: str) -> frozenset[str]:
    """Return the codings of a Content-Encoding header, without charsets and media types."""
    names = {name.strip() for name in header.lower().split(",")}
    return frozenset(
        name for name in names if name not in _NULL_CODINGS and not _NOT_A_CODING.search(name)
    )


def _start(
    content: bytearray, names: frozenset[str], limit: int
) -> tuple["Inflater | None", bytearray]:
    """Choose an inflater by the start of a body; return it, fed, and the content that is plain."""
    inflater = _inflater(bytes(content), names, limit)
    if inflater is None:
        return None, content
    inflater.feed(bytes(content))
    return inflater, bytearray()


def _is_text(start: bytes) -> bool:
    """Return whether a body begins like an uncompressed feed."""
    begins = start.lstrip(_BLANK)[:1] in (b"<", b"{", b"[")
    return begins and not _CONTROLS.search(start[:_SNIFF_BYTES])


def inflate(content: bytes, limit: int) -> bytes:
    """Return a file's content, inflated if it is gzip."""
    if not content.startswith(_GZIP_MAGIC):
        return content
    inflater = Inflater("gzip", limit)
    inflater.feed(content)
    return inflater.finish()


def too_large(limit: int) -> BodyTooLarge:
    """Return the error for a document over the limit."""
    return BodyTooLarge(f"larger than {limit / 1e6:g} MB (fetch.max_size)")


def _inflater(start: bytes, names: frozenset[str], limit: int) -> "Inflater | None":
    """Return an inflater for a body, None for a plain one; raises FetchError for other codings."""
    if start.startswith(_GZIP_MAGIC[: len(start)]):  # deflate never begins like gzip
        if not (names & _GZIP_CODINGS and names - _SUPPORTED_CODINGS):
            return Inflater("gzip", limit)
    elif _is_text(start) or names <= _GZIP_CODINGS:
        return None
    elif names == {"deflate"}:
        return Inflater("deflate", limit)
    name = ", ".join(sorted(names))
    raise FetchError(f"the body has the unsupported coding {name[:20]!a}")


class Inflater:
    """Inflates gzip or deflate, up to a limit, and detects truncation."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding
        self._limit = limit
        self._engine = None if coding == "deflate" else zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._content = bytearray()
        self._members = 1
        self._pending = b""

    def feed(self, piece: bytes) -> None:
        """Inflate one piece; raises BodyTooLarge, FetchError."""
        rest = self._pending + piece
        self._pending = b""
        if self._engine is None:
            if len(rest) < 2:
                self._pending = rest
                return
            self._engine = zlib.decompressobj(_deflate_bits(rest))
        while rest:
            engine = self._engine
            if engine.eof:
                if self._coding != "gzip" or not rest.startswith(_GZIP_MAGIC):
                    return  # padding after the end
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise FetchError("the gzip body has too many parts")
                self._engine = engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
            rest = self._step(engine, rest)

    def finish(self) -> bytes:
        """Return the inflated body; raises FetchError if it is truncated."""
        if self._engine is None or not self._engine.eof:
            raise FetchError(f"the {self._coding} body is cut short")
        if self._content.startswith(_GZIP_MAGIC):
            raise FetchError("the body is compressed more than once")
        return bytes(self._content)

    def _step(self, engine: "zlib._Decompress", rest: bytes) -> bytes:
        try:
            self._content += engine.decompress(rest, self._limit - len(self._content) + 1)
        except zlib.error as error:
            raise FetchError(f"the {self._coding} body is damaged") from error
        if len(self._content) > self._limit:
            raise too_large(self._limit)
        return engine.unused_data if engine.eof else engine.unconsumed_tail


def _deflate_bits(start: bytes) -> int:
    """Return the window bits: servers send deflate with the zlib header of the standard, or raw."""
    zlib_header = start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
    return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS
