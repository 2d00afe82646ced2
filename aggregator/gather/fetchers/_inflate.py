"""Gathers a body piece by piece and inflates it, never beyond a limit."""

import zlib
from collections.abc import AsyncIterable

from aggregator.core.errors import BodyTooLarge, FetchError

_PLAIN = frozenset({"", "identity", "none", "binary", "utf-8", "utf8"})  # seen on the web
_CRUMBS, _CRUMB = 10_000, 128  # so many pieces may come that are so small on average (bytes)
_GZIP = b"\x1f\x8b"
_MEMBERS = 100  # parts of one gzip body; each costs as much as a small document


async def read_body(pieces: AsyncIterable[bytes], coding: str, limit: int) -> bytes:
    """Return the whole body, inflated; raises BodyTooLarge over `limit` bytes, FetchError.

    `coding` is the Content-Encoding. What says gzip but is not is taken as it is, and gzip
    that nobody announced is inflated.
    """
    name = coding.strip().lower()
    if name not in _PLAIN and name not in {"gzip", "x-gzip", "deflate"}:
        raise FetchError(f"the body is coded as {name[:20]!a}, which was not asked for")
    content = bytearray()
    inflater: Inflater | None = None
    count = size = 0
    async for piece in pieces:
        count, size = count + 1, size + len(piece)
        if size > limit:
            raise too_large(limit)
        if count > _CRUMBS and size < count * _CRUMB:
            raise FetchError("the body comes in crumbs")
        if size == len(piece):  # the first one that holds anything
            inflater = _inflater(piece, name, limit)
        if inflater is None:
            content += piece
        else:
            inflater.feed(piece)
    return bytes(content) if inflater is None else inflater.finish()


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


def _inflater(first: bytes, name: str, limit: int) -> "Inflater | None":
    if first.startswith(_GZIP[: len(first)]):  # no deflate begins so
        return Inflater("gzip", limit)
    return Inflater("deflate", limit) if name == "deflate" else None


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
