"""The cache of the grouping window: one file beside the database, which may be deleted at any time."""

import contextlib
import mmap
import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

FILE = "window.cache"
_HEAD = struct.Struct("<16sQI4x")  # the format, the size of the content, its CRC-32
_FORMAT = b"agg-window 1"
_MAX_BYTES = 1 << 30


class WindowFile:
    """Keeps bytes in a file of the data folder; what cannot be read or written is as good as missing."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def load(self) -> memoryview | None:
        """Return the content, mapped into memory; changes of it are private. None without a sound file."""
        with contextlib.suppress(OSError, ValueError, struct.error):
            with self._path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            form, size, check = _HEAD.unpack_from(mapped)
            content = memoryview(mapped)[_HEAD.size :]
            if form.rstrip(b"\0") == _FORMAT and len(content) == size:
                return content if zlib.crc32(content) == check else None
        return None

    def save(self, parts: Iterable[bytes | memoryview]) -> None:
        """Replace the content at once, or leave the old file.

        A power cut may leave a file of zeros, which is not sound, so nothing is synced.
        """
        aside = self._path.with_name(f".{FILE}.{os.getpid()}.part")
        size, check = 0, 0
        try:
            with aside.open("wb") as file:
                file.write(bytes(_HEAD.size))
                for part in parts:
                    file.write(part)
                    size += len(part)
                    check = zlib.crc32(part, check)
                file.seek(0)
                file.write(_HEAD.pack(_FORMAT, size, check))
            if size <= _MAX_BYTES:
                aside.replace(self._path)
        except OSError:
            pass  # the next grouping reads the database
        finally:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
