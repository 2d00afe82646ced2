"""Digests of values and of our own files, by which work that was done before is recognized."""

from functools import cache
from hashlib import blake2b
from pathlib import Path


def digest(*values: object) -> str:
    """Return a digest of the written forms of values."""
    text = repr(values).encode("utf-8", "backslashreplace")
    return blake2b(text, digest_size=16).hexdigest()


@cache
def program(*packages: str) -> tuple[int, int]:
    """Return what changes with another version of these packages: number and age of their files."""
    root = Path(__file__).parents[1]
    ages = [
        path.stat().st_mtime_ns
        for package in packages
        for path in root.glob(f"{package}/**/*")
        if path.suffix != ".pyc" and path.is_file()
    ]
    return len(ages), max(ages)
