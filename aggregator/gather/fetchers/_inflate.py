"""Gathers a body piece by piece and inflates it, never beyond a limit."""

import re
import zlib
from collections.abc import AsyncIterable

from aggregator.core.errors import BodyTooLarge, FetchError

_PLAIN = frozenset({"", "identity", "none", "binary", "utf-8", "utf8"})  # seen on the web
_NO_CODING = re.compile(
    r"/|^(?:utf|iso|us-ascii|windows|cp\d|gb|big5|euc|shift|koi8|charset)|^8bit$|^7bit$"
)
_GZIPS = frozenset({"gzip", "x-gzip"})
_OURS = _GZIPS | {"deflate"}
_LOOKED_AT = 64  # bytes that tell text from what is coded
_BLANK = b" \t\r\n\xef\xbb\xbf"
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CRUMBS, _CRUMB = 10_000, 128  # so many pieces may come that are so small on average (bytes)
_GZIP = b"\x1f\x8b"
_MEMBERS = 100  # parts of one gzip body; each costs as much as a small document


async def read_body(pieces: AsyncIterable[bytes], coding: str, limit: int) -> bytes:
    """Return the whole body, inflated; raises BodyTooLarge over `limit` bytes, FetchError.

    `coding` is the Content-Encoding. What is plainly text is taken as it is, whatever it is
    said to be, and gzip that nobody announced is inflated.
    """
    names = _codings(coding)
    content = bytearray()
    inflater: Inflater | None = None
    is_known = False
    count = size = 0
    async for piece in pieces:
        count, size = count + 1, size + len(piece)
        if size > limit:
            raise too_large(limit)
        if count > _CRUMBS and size < count * _CRUMB:
            raise FetchError("the body comes in crumbs")
        if inflater is None:
            content += piece
        else:
            inflater.feed(piece)
        if not is_known and size >= _LOOKED_AT:
            is_known = True
            inflater, content = _start(content, names, limit)
    if not is_known and content:
        inflater, content = _start(content, names, limit)
    return bytes(content) if inflater is None else inflater.finish()


def _codings(written: str) -> frozenset[str]:
    """Return the codings that a header names; what is a charset or a type is none."""
    names = {name.strip() for name in written.lower().split(",")}
    return frozenset(name for name in names if name not in _PLAIN and not _NO_CODING.search(name))


def _start(
    content: bytearray, names: frozenset[str], limit: int
) -> tuple["Inflater | None", bytearray]:
    """Judge the start of a body; return what inflates it, fed, and what is plain of it."""
    inflater = _inflater(bytes(content), names, limit)
    if inflater is None:
        return None, content
    inflater.feed(bytes(content))
    return inflater, bytearray()


def _is_text(start: bytes) -> bool:
    """Say whether a body begins as a feed does that nobody has coded."""
    begins = start.lstrip(_BLANK)[:1] in (b"<", b"{", b"[")
    return begins and not _CONTROLS.search(start[:_LOOKED_AT])


def inflate(content: bytes, limit: int) -> bytes:
    """Return a file's content, inflated if it is gzip."""
    if not content.startswith(_GZIP):
        return content
    inflater = Inflater("gzip", limit)
    inflater.feed(content)
    return inflater.finish()


def too_large(limit: int) -> BodyTooLarge:
    """Return the error for a document over the limit."""
    return BodyTooLarge(f"larger than {limit / 1e6:g} MB (fetch.max_size)")


def _inflater(start: bytes, names: frozenset[str], limit: int) -> "Inflater | None":
    """Return what inflates a body, None for a plain one; raises FetchError for other codings."""
    if start.startswith(_GZIP[: len(start)]):  # no deflate begins so
        if not (names & _GZIPS and names - _OURS):
            return Inflater("gzip", limit)
    elif _is_text(start) or names <= _GZIPS:
        return None
    elif names == {"deflate"}:
        return Inflater("deflate", limit)
    name = ", ".join(sorted(names))
    raise FetchError(f"the body is coded as {name[:20]!a}, which was not asked for")


class Inflater:
    """Inflates gzip or deflate, stops at a limit of bytes, and knows if the end is missing."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding
        self._limit = limit
        self._engine = None if coding == "deflate" else zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._content = bytearray()
        self._members = 1
        self._held = b""

    def feed(self, piece: bytes) -> None:
        """Take one piece; raises BodyTooLarge, FetchError."""
        rest = self._held + piece
        self._held = b""
        if self._engine is None:
            if len(rest) < 2:
                self._held = rest
                return
            self._engine = zlib.decompressobj(_deflate_bits(rest))
        while rest:
            engine = self._engine
            if engine.eof:
                if self._coding != "gzip" or not rest.startswith(_GZIP):
                    return  # padding after the end
                self._members += 1
                if self._members > _MEMBERS:
                    raise FetchError("the gzip body has too many parts")
                self._engine = engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
            rest = self._step(engine, rest)

    def finish(self) -> bytes:
        """Return everything; raises FetchError if the end is missing."""
        if self._engine is None or not self._engine.eof:
            raise FetchError(f"the {self._coding} body is cut short")
        if self._content.startswith(_GZIP):
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
    """Tell a zlib header, which the standard asks for, from the bare stream that some send."""
    zlib_header = start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
    return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS
