"""Makes images for tests."""

from io import BytesIO
from struct import pack
from typing import Any
from zlib import compress, crc32

from PIL import Image

from aggregator.core.model import Document


def make_image(
    width: int = 640, height: int = 480, form: str = "JPEG", mode: str = "RGB", **kw: Any
) -> bytes:
    """Make an image of one colour."""
    written = BytesIO()
    colour: Any = kw.pop("colour", (200, 40, 40, 128)[: len(mode)] if mode != "L" else 90)
    Image.new(mode, (width, height), colour).save(written, form, **kw)
    return written.getvalue()


def make_bomb(width: int, height: int) -> bytes:
    """Make a PNG of a few bytes that declares many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        """Return one chunk of a PNG."""
        return pack(">I", len(body)) + kind + body + pack(">I", crc32(kind + body))

    head = chunk(b"IHDR", pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", compress(b"\0" * 9)) + chunk(b"IEND", b"")


def document(content: bytes) -> Document:
    """Make the document of an image."""
    return Document(name="i", content=content, url="https://a.example/i")
