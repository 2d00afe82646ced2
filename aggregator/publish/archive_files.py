"""The files of archive pages: `archive-0001.atom.gz`, and the newest one, which changes once more, plain.

Earlier versions compressed none. Their pages are read as well, and compressed little by little.
"""

import gzip
import os
import re
import zlib
from pathlib import Path

from aggregator.publish import files

END = ".gz"
_LEVEL = 4  # 6 saves another 3 % and takes half as long again
_NAME = re.compile(r"archive-\d{4,9}\.[a-z]{1,9}", re.ASCII)


class DamagedPage(OSError):  # noqa: N818  the field's word
    """A compressed page cannot be decompressed."""


def page_name(page: int, extension: str) -> str:
    """Return the name of a page, as in its address."""
    return f"archive-{page:04}.{extension}"


def find(page: Path) -> Path | None:
    """Return the file of a page, given its path without the `.gz`; None if there is none."""
    return next((path for path in (_compressed(page), page) if path.exists()), None)


def read(page: Path) -> bytes:
    """Return the content of a page; raises OSError."""
    path = find(page) or page
    content = path.read_bytes()
    return decompress(content) if path.name.endswith(END) else content


def decompress(content: bytes) -> bytes:
    """Return the content of a compressed file; raises DamagedPage."""
    try:
        return gzip.decompress(content)
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise DamagedPage(f"damaged: {error}") from error


def write_newest(page: Path, content: bytes) -> None:
    """Write the newest page; raises PublishError."""
    files.write(page, content)
    files.delete(_compressed(page))


def write(page: Path, content: bytes) -> None:
    """Write a page; raises PublishError."""
    files.write(_compressed(page), gzip.compress(content, _LEVEL, mtime=0))
    files.delete(page)


def delete(page: Path) -> None:
    """Delete a page; raises PublishError."""
    files.delete(_compressed(page))
    files.delete(page)


def compress_old(folder: Path, most: int) -> int:
    """Compress at most this many pages that are not; return how many. Raises PublishError, OSError."""
    plain = _old_pages(folder)[:most]
    for page in plain:
        target, status = _compressed(page), page.stat()
        if not target.exists():  # else it is newer
            files.write(target, gzip.compress(page.read_bytes(), _LEVEL, mtime=0))
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))  # the content is the same
        files.delete(page)
    return len(plain)


def _old_pages(folder: Path) -> list[Path]:
    """Return the pages that are not compressed, except the newest of each archive."""
    found = (path for path in folder.glob("*/archive-*") if _NAME.fullmatch(path.name))
    archives: dict[tuple[Path, str], list[Path]] = {}
    for path in sorted(found, key=lambda one: (len(one.name), one.name)):
        archives.setdefault((path.parent, path.suffix), []).append(path)
    return [path for pages in archives.values() for path in pages[:-1]]


def _compressed(page: Path) -> Path:
    return page.with_name(page.name + END)
