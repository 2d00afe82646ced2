"""The head of an answer, mended line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.gather.fetchers._head import Head

START = b"HTTP/1.1 200 OK\r\n"
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=12)
LINES = st.builds(lambda name, value: f"{name}: {value}".encode("latin-1"), NAMES, VALUES)


def mended(content: bytes, size: int = 0) -> bytes:
    """Return a head and body, mended, fed in pieces of a size."""
    head = Head()
    pieces = [content[at : at + size] for at in range(0, len(content), size)] if size else [content]
    return b"".join(head.feed(piece) for piece in pieces) + head.rest()


@given(
    st.lists(LINES.filter(lambda line: not line.lower().startswith(b"transfer-encoding"))),
    st.binary(max_size=40),
    st.integers(1, 30),
)
def test_a_right_head_stays_as_it_is(lines: list[bytes], body: bytes, size: int) -> None:
    content = START + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body
    assert mended(content) == content
    assert mended(content, size) == content


@given(st.binary(max_size=200), st.integers(1, 30))
def test_it_does_not_matter_how_the_bytes_come(noise: bytes, size: int) -> None:
    content = START + noise + b"\r\n\r\nbody"
    assert mended(content) == mended(content, size)


MENDED = [
    (b'"X: 0"\r\nA: b\r\n', b"A: b\r\n"),
    (b"X/Y: 0\r\nA: b\r\n", b"A: b\r\n"),
    (b"X Y: 0\r\n and on\r\nA: b\r\n", b"A: b\r\n"),
    (b"noise\n\tand on\nA: b\n", b"A: b\n"),
    (b"A : b\r\n", b"A: b\r\n"),
    (b"A: b\r\n c\r\n", b"A: b\r\n c\r\n"),
    (
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding:chunked\r\n",
        b"Transfer-Encoding: chunked\r\n",
    ),
    (b"Transfer-Encoding: identity\r\n", b""),
    (b"Content-Length : 5\r\n", b"Content-Length : 5\r\n"),
    (b'"Content-Length: 5"\r\n', b'"Content-Length: 5"\r\n'),
    (b"x\rTransfer-Encoding: chunked\r\n", b"x\rTransfer-Encoding: chunked\r\n"),
]


@pytest.mark.parametrize(("lines", "left"), MENDED)
@pytest.mark.parametrize("size", [0, 1, 7])
def test_lines_that_are_no_headers_are_left_out(lines: bytes, left: bytes, size: int) -> None:
    body = b"\r\nno header\r\n"
    assert mended(START + lines + body, size) == START + left + body


def test_an_early_hint_is_not_the_end_of_the_head() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
    assert mended(hint + START + b"noise\r\n\r\nbody\n") == hint + START + b"\r\nbody\n"
