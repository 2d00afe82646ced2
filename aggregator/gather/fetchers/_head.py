"""Mends the head of an answer as browsers read it: a line that is no header is left out.

A line that could mean how long the body is, if somebody else read it, stays as it is: the HTTP
library refuses the answer then, as one that two readers may understand differently.
"""

import re
from typing import Final

_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)([ \t]*):")
_INTERIM: Final = re.compile(rb"HTTP/\d\.\d[ \t]+1(?!01)\d\d")
_NO_LETTERS: Final = re.compile(rb"[^a-z]+")
_FRAMING: Final = (b"contentlength", b"transferencoding")
_NO_CODINGS: Final = frozenset({b"", b"identity"})


class Head:
    """The lines of a head as they come in; `done` after the blank line that ends the last one."""

    def __init__(self) -> None:
        self.done = False
        self._line = bytearray()
        self._is_first = True
        self._is_interim = False
        self._left_out = False
        self._is_coded = False

    def feed(self, content: bytes) -> bytes:
        """Return what of the head is whole by now; behind its end everything as it is."""
        kept: list[bytes] = []
        at = 0
        while not self.done and (end := content.find(b"\n", at)) >= 0:
            self._line += content[at : end + 1]
            at = end + 1
            kept.append(self._take(bytes(self._line)))
            self._line.clear()
        if self.done:
            kept.append(content[at:])
        else:
            self._line += content[at:]
        return b"".join(kept)

    def rest(self) -> bytes:
        """Return the line that the end of the connection cut."""
        cut = bytes(self._line)
        self._line.clear()
        return cut

    def _take(self, line: bytes) -> bytes:
        """Return a line as it is handed on, b'' for one that is left out."""
        if self._is_first:
            self._is_first = False
            self._is_interim = bool(_INTERIM.match(line))
            return line
        if not line.strip(b"\r\n"):
            self.done = not self._is_interim
            self._is_first, self._left_out, self._is_coded = True, False, False
            return line
        if line[:1] not in (b" ", b"\t"):  # else the line before goes on
            line = self._header(line)
            self._left_out = not line
        return b"" if self._left_out else line

    def _header(self, line: bytes) -> bytes:
        if field := _FIELD.match(line):
            return self._field(line, field)
        return line if _means_framing(line) or b"\x00" in line else b""

    def _field(self, line: bytes, field: re.Match[bytes]) -> bytes:
        """Return a header; Transfer-Encoding once, if it says the same again or nothing."""
        name, blank = field[1].lower(), field[2]
        if blank:
            return line if _means_framing(name) else line[: field.end(1)] + line[field.end(2) :]
        if name != b"transfer-encoding":
            return line
        codings = {each.strip().lower() for each in line[field.end() :].split(b",")} - _NO_CODINGS
        if codings - {b"chunked"}:
            return line
        if not codings or self._is_coded:
            return b""
        self._is_coded = True
        return b"Transfer-Encoding: chunked\r\n"


def _means_framing(line: bytes) -> bool:
    letters = _NO_LETTERS.sub(b"", line.lower())
    return any(name in letters for name in _FRAMING)
