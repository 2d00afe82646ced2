"""Bodies are inflated up to a limit, and a cut one is an error."""

import asyncio
import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.errors import BodyTooLarge, FetchError
from aggregator.gather.fetchers._inflate import inflate, read_body
from tests.unit.gather.fetchers.responses import pieces

TEXT = b"<rss><channel><title>Seven</title></channel></rss>" * 20
GZIPPED = gzip.compress(TEXT, mtime=0)  # the same in each process that collects the tests


def bare(content: bytes) -> bytes:
    """Deflate without the header that the standard asks for."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(content) + engine.flush()


def read(parts: Iterable[bytes], coding: str = "", limit: int = 1_000_000) -> bytes:
    """Read a body of these parts."""
    return asyncio.run(read_body(pieces(parts), coding, limit))


def cut(content: bytes, size: int) -> list[bytes]:
    """Cut the content into parts of a size."""
    return [content[at : at + size] for at in range(0, len(content), size)] or [b""]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 10_000])
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("UTF-8", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("GZIP ", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", bare(TEXT)),
        ("gzip", TEXT),
        ("", gzip.compress(TEXT)),
        ("deflate", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT) + b"\0" * 40),
    ],
    ids=["plain", "identity", "misused", "gzip", "case", "x-gzip", "zlib", "bare", "lie", "unsaid", "mistaken", "padded"],
)  # fmt: skip
def test_codings(coding: str, body: bytes, size: int) -> None:
    """Every coding that we ask for, and what servers make of it, in parts of any size."""
    assert read(cut(body, size), coding) == TEXT


def test_a_body_of_several_members() -> None:
    """Concatenated gzip files are one body; thousands of them are an attack."""
    assert read([gzip.compress(b"a") + gzip.compress(b"b")], "gzip") == b"ab"
    with pytest.raises(FetchError, match="too many parts"):
        read([gzip.compress(b"") * 200], "gzip")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "compress", "\xff\x1b"])
def test_codings_that_were_not_asked_for(coding: str) -> None:
    """Nothing else can be inflated within a bound, so nothing else is."""
    with pytest.raises(FetchError, match="unsupported coding"):
        read([b"\x1b\x03\x40\xf8" * 40], coding)
    with pytest.raises(FetchError, match="unsupported coding"):
        read([gzip.compress(TEXT)], "gzip, br")


@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("utf-8", TEXT),
        ("UTF-8", GZIPPED),
        ("text/xml", TEXT),
        ("text/xml;charset=utf-8", TEXT),
        ("iso-8859-1", TEXT),
        ("8bit", TEXT),
        ("gzip, identity", GZIPPED),
        ("identity, gzip", GZIPPED),
        ("gzip,utf-8", GZIPPED),
        ("gzip, gzip", GZIPPED),
        ("gzip, deflate", GZIPPED),
        ("br", TEXT),
        ("br", b'\xef\xbb\xbf\n{"version": "x"}' + b" " * 100),
        ("br", GZIPPED),
        ("deflate", TEXT),
        ("zstd", b"<rss/>"),
    ],
)
def test_codings_that_are_none_or_that_the_body_has_not(
    coding: str, body: bytes, size: int
) -> None:
    """The first bytes tell what a body is."""
    plain = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    assert read(cut(body, size), coding) == plain


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(TEXT)[:-9]),
        ("gzip", gzip.compress(TEXT)[:12]),
        ("deflate", zlib.compress(TEXT)[:-9]),
        ("deflate", b"x"),
        ("deflate", b""),
    ],
    ids=["gzip", "gzip head", "deflate", "deflate head", "nothing"],
)
def test_a_cut_body_is_an_error(coding: str, body: bytes) -> None:
    """A cut feed must not look like a shorter one."""
    if not body:
        assert read([], coding) == b""
        return
    with pytest.raises(FetchError, match="cut short"):
        read([body], coding)


def test_a_damaged_body_is_an_error() -> None:
    """A wrong checksum or garbage is not read."""
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 0xFF
    with pytest.raises(FetchError, match="damaged"):
        read([bytes(body)], "gzip")
    with pytest.raises(FetchError, match="damaged"):
        read([b"\xff\xff\xff\xff"], "deflate")


def test_a_body_compressed_twice_is_an_error() -> None:
    """One layer is inflated, never more."""
    with pytest.raises(FetchError, match="more than once"):
        read([gzip.compress(gzip.compress(TEXT))], "gzip")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_stopped_at_the_limit(coding: str) -> None:
    """Memory stays near the limit, however much a body would become."""
    engine = zlib.compressobj(9, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    bomb = b"".join(engine.compress(bytes(1_000_000)) for _ in range(200)) + engine.flush()
    tracemalloc.start()
    with pytest.raises(BodyTooLarge, match="larger than 2 MB"):
        read([bomb], coding, 2_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_the_limit_is_exact() -> None:
    """A body of the limit's size passes, one byte more does not."""
    assert read([b"a" * 100], limit=100) == b"a" * 100
    assert read([gzip.compress(b"a" * 100)], "gzip", 100) == b"a" * 100
    for coding, body in (("", b"a" * 101), ("gzip", gzip.compress(b"a" * 101))):
        with pytest.raises(BodyTooLarge):
            read([body], coding, 100)


def test_crumbs() -> None:
    """A body in tens of thousands of tiny chunks is an attack on our time."""
    with pytest.raises(FetchError, match="too many small pieces"):
        read([b"ab"] * 20_000)


def test_files() -> None:
    """A file that is gzip is inflated, by the same rules."""
    assert inflate(TEXT, 1_000_000) == TEXT
    assert inflate(gzip.compress(TEXT), 1_000_000) == TEXT
    with pytest.raises(BodyTooLarge):
        inflate(gzip.compress(TEXT), 100)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate"]), st.integers(1, 50))
def test_anything_may_come(body: bytes, coding: str, size: int) -> None:
    """Garbage gives bytes or a FetchError, nothing else."""
    with contextlib.suppress(FetchError):
        assert len(read(cut(body, size), coding, 1000)) <= 1000
