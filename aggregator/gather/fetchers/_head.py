"""Cleans the head of a response as browsers do: a line that is not a header is discarded.

A malformed line that another parser could read as framing (Content-Length, Transfer-Encoding) is
kept, so that the HTTP library rejects the response: parsers could disagree on where its body ends.
"""

import re
from typing import Final

_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)([ \t]*):")
_INTERIM: Final = re.compile(rb"HTTP/\d\.\d[ \t]+1(?!01)\d\d")
_NON_LETTERS: Final = re.compile(rb"[^a-z]+")
_FRAMING: Final = (b"contentlength", b"transferencoding")
_NULL_CODINGS: Final = frozenset({b"", b"identity"})


class Head:
    """Filters a head line by line; `done` after the blank line that ends it."""

    def __init__(self) -> None:
        self.done = False
        self._line = bytearray()
        self._is_first = True
        self._is_interim = False
        self._is_discarded = False
        self._is_chunked = False

    def feed(self, content: bytes) -> bytes:
        """Return the complete lines so far; bytes after the head are unchanged."""
        kept: list[bytes] = []
        at = 0
        while not self.done and (end := content.find(b"\n", at)) >= 0:
            self._line += content[at : end + 1]
            at = end + 1
            kept.append(self._filter(bytes(self._line)))
            self._line.clear()
        if self.done:
            kept.append(content[at:])
        else:
            self._line += content[at:]
        return b"".join(kept)

    def rest(self) -> bytes:
        """Return the incomplete last line of a closed connection."""
        partial = bytes(self._line)
        self._line.clear()
        return partial

    def _filter(self, line: bytes) -> bytes:
        """Return a line to pass on; empty if it is discarded."""
        if self._is_first:
            self._is_first = False
            self._is_interim = bool(_INTERIM.match(line))
            return line
        if not line.strip(b"\r\n"):
            self.done = not self._is_interim
            self._is_first, self._is_discarded, self._is_chunked = True, False, False
            return line
        if line[:1] not in (b" ", b"\t"):  # otherwise it continues the line before
            line = self._filter_header(line)
            self._is_discarded = not line
        return b"" if self._is_discarded else line

    def _filter_header(self, line: bytes) -> bytes:
        if field := _FIELD.match(line):
            return self._filter_field(line, field)
        return line if _affects_framing(line) or b"\x00" in line else b""

    def _filter_field(self, line: bytes, field: re.Match[bytes]) -> bytes:
        """Return a header; a redundant Transfer-Encoding is discarded."""
        name, blank = field[1].lower(), field[2]
        if blank:
            return line if _affects_framing(name) else line[: field.end(1)] + line[field.end(2) :]
        if name != b"transfer-encoding":
            return line
        codings = {each.strip().lower() for each in line[field.end() :].split(b",")} - _NULL_CODINGS
        if codings - {b"chunked"}:
            return line
        if not codings or self._is_chunked:
            return b""
        self._is_chunked = True
        return b"Transfer-Encoding: chunked\r\n"


def _affects_framing(line: bytes) -> bool:
    letters = _NON_LETTERS.sub(b"", line.lower())
    return any(name in letters for name in _FRAMING)
